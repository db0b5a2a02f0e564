#pragma once

#include "analysis/substitution.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <tuple>
#include <vector>

namespace pare {

/// All of a site but its name: equal keys have equal candidates and costs.
using SiteKey = std::tuple<std::array<std::int64_t, 15>, bool, Baseline>;

inline SiteKey key_of(const ConvSite &s) {
  return {{s.input.channels, s.input.height, s.input.width, s.output.channels, s.kernel.height, s.kernel.width, s.stride.height,
           s.stride.width, s.padding.vertical.before, s.padding.vertical.after, s.padding.horizontal.before,
           s.padding.horizontal.after, s.dilation.height, s.dilation.width, s.groups},
          s.bias,
          s.baseline};
}

/// Of all places of a layer, its own first.
inline std::vector<SiteKey> keys_of(std::span<const ConvSite> sites) {
  std::vector<SiteKey> out;
  out.reserve(sites.size());
  for (const ConvSite &site : sites) out.push_back(key_of(site));
  return out;
}

} // namespace pare

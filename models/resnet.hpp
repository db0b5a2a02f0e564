#pragma once

#include "models/network.hpp"

#include <string_view>

namespace pare {

/// Post-activation residual networks for 224 x 224: stem of 64 channels, four stages of inner width int(64 width 2^i),
/// outputs `expansion` times that.
class ResNetFamily : public NetworkFamily {
public:
  /// `depth`, `expansion`: fixed by the family instead of being keys.
  explicit ResNetFamily(std::optional<std::int64_t> depth = {}, std::optional<std::int64_t> expansion = {})
      : depth_(depth), expansion_(expansion) {}
  std::vector<std::int64_t> channels(const NetworkValues &values) const override;
  Graph build(const NetworkValues &values, const Shape &input) const override;

private:
  std::int64_t groups_of(const spec::Reader &read) const;

  std::optional<std::int64_t> depth_;
  std::optional<std::int64_t> expansion_;
};

} // namespace pare

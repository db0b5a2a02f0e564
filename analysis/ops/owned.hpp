#pragma once

#include "analysis/ops/start.hpp"
#include "analysis/shape.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

namespace pare {

/// What network files and builders say of the parameters that a layer has itself. Which of these fields an op has, and what
/// files call them, says its visit_owned(); an op without parameters has none.
struct Owned {
  std::int64_t out = 0; ///< channels or features
  Pair kernel{1, 1};
  bool bias = false;
  bool affine = true; ///< whether a norm scales and shifts

  bool operator==(const Owned &) const = default;
};

/// A parameter that comes with it, in the order of the op's inputs behind x.
struct OwnedParameter {
  std::string_view leaf;
  Extents extents;
  Start start;
};
using OwnedParameters = std::vector<OwnedParameter>;

} // namespace pare

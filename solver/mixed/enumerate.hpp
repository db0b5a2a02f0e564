#pragma once

#include "solver/mixed/instance.hpp"
#include "solver/mixed/watch.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace pare::mixed {

/// What to look for among the plans of an instance.
struct Query {
  std::span<const Price> prices; ///< one at least, all with the same unit: bounds to discard with, the sharpest first
  int shift = 30;                ///< that of their unit
  std::optional<Wide> at_least;  ///< only plans of at least this value; none: any
  bool scored = true;            ///< else scores count as 0, and any plan will do; so do the prices' units
  std::size_t states = 1;        ///< of partial plans, the most to go on with from layer to layer
  bool all_or_none = false;      ///< gives up where there are more states
  std::size_t memory_bytes = std::size_t{1} << 30; ///< and no more than fit in this, about; one at least
};

/// What came up.
struct Found {
  bool complete = true;     ///< nothing was left out but what cannot be better
  bool full = false;        ///< it was memory that bound the states
  std::optional<Plan> plan; ///< the best plan that came up
};

/// Looks for the best plan: dynamic programming over the layers, whose states are the room that is left under the limits and
/// the value so far. States that no completion takes to `at_least`, or that another state dominates, are dropped; beyond
/// `states` the most promising are kept, and the result is no proof then. Throws Stopped.
Found enumerate(const Instance &instance, const Query &query, Watch &watch);

} // namespace pare::mixed

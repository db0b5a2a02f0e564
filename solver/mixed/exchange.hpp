#pragma once

#include "solver/mixed/instance.hpp"
#include "solver/mixed/watch.hpp"

#include <cstdint>

namespace pare::mixed {

/// Improves a plan that meets the limits: by the best choices for pairs of layers, and then by those for three and four at
/// once of candidates that `price` leaves in plans that are better; until none is better, one reaches `enough`, or about a
/// tenth of a second is over. Throws Stopped, with what was found in `plan`.
void exchange(const Instance &instance, const Price &price, std::int64_t enough, Watch &watch, Plan &plan);

} // namespace pare::mixed

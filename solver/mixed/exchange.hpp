#pragma once

#include "solver/mixed/instance.hpp"
#include "solver/mixed/watch.hpp"

#include <cstdint>

namespace pare {

/// Improves a plan that meets the limits by the best choices for pairs of layers, until none is better or one reaches
/// `enough`; pairs are tried at a few distances only. Does nothing beyond two constraints. Throws Stopped, with what was found
/// in `plan`.
void exchange_pairs(const Instance &instance, std::int64_t enough, Watch &watch, Plan &plan);

} // namespace pare

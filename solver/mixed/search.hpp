#pragma once

#include "solver/mixed/dual.hpp"
#include "solver/mixed/mixed_solver.hpp"

#include <functional>
#include <vector>

namespace pare::mixed {

/// Improves multipliers of the scored dual; what it has found is in them where it is stopped, too.
using DualMethod = std::function<void(const Relaxation &relaxation, Watch &watch, std::vector<double> &multipliers)>;

/// What the methods share: leaves out what cannot matter, proves by phase 1 of the dual that there is no plan, or takes the
/// multipliers that `dual` finds, and enumerates plans with more and more states, until one of these passes leaves nothing out.
MixedResult search_mixed(const CandidateTable &table, const Control &control, const DualMethod &dual);

} // namespace pare::mixed

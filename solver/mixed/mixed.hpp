#pragma once

#include "solver/control.hpp"
#include "solver/mixed/problem.hpp"
#include "solver/mixed/request.hpp"
#include "solver/solver.hpp"

namespace pare {

/// A family and a setting for each layer: the best in the request's objective that meets all budgets. What is called optimal
/// or infeasible was proven by prove(), which shares no code with the search, and the plan's costs are those of its lowered
/// graph. Throws Error for a request that makes no sense; an infeasible one is a result.
Solution solve_mixed(const Network &network, const MixedRequest &request, const Control &control = {});
/// The same of candidates that are made already.
Solution solve_mixed(const Network &network, const MixedProblem &problem, const Control &control = {});

} // namespace pare

#pragma once

#include "analysis/convention.hpp"
#include "analysis/lower.hpp"
#include "models/network.hpp"
#include "solver/budget.hpp"
#include "solver/problem.hpp"
#include "solver/result.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pare {

struct SolverInfo {
  std::string_view name;
  std::string_view description;
};

/// A method for uniform fits: one setting for the whole network, the largest number of parameters that meets all budgets.
class UniformSolver {
public:
  virtual ~UniformSolver() = default;
  virtual const SolverInfo &info() const = 0;
  /// Throws Error{kInvalidConfig} where the method cannot solve this kind of problem.
  virtual SolveResult solve(const UniformProblem &problem) const = 0;
};

/// The registry: list.def.
std::span<const UniformSolver *const> solvers();
/// Throws Error{kUnknownName}.
const UniformSolver &find_solver(std::string_view name);
inline constexpr std::string_view kDefaultMethod = "exact"; ///< the solver where none is named

struct SolveRequest {
  std::string substitution;            ///< "Generic", "tensor_train:dimensions=4", or "width"
  std::vector<Budget> budgets;         ///< all must hold; one of them at most is kNearest
  std::vector<Convention> conventions; ///< that the answer is counted by; budgets may name these, and those that Pare knows
  std::string method = std::string(kDefaultMethod);
  WhereRefused where_refused = WhereRefused::kThrow;
};

/// What a fit gives: the network that is to be trained (another one than the original where its width was solved for), the plan
/// for its layers (each named), and the result.
struct Solution {
  Network network;
  std::optional<std::string> original; ///< the network's spec before its width changed
  Plan plan;
  std::optional<std::string> substitution; ///< the uniform setting; none for width, and where layers stay as they were
  SolveResult result;
  std::vector<Convention> conventions; ///< that all costs are counted by: the request's, and those of its budgets
  Costs original_costs;                ///< of the original network, baselines in place: what percentages are of
};

/// The lowered network's own count, by these conventions.
Costs costs_of(const Graph &graph, const Plan &plan, std::span<const Convention> conventions);

/// Fits one setting to the budgets. Throws Error for a request that makes no sense; an infeasible one is a result.
Solution solve_uniform(const Network &network, const SolveRequest &request);

} // namespace pare

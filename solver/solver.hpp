#pragma once

#include "analysis/convention.hpp"
#include "analysis/lower.hpp"
#include "models/network.hpp"
#include "models/width.hpp"
#include "solver/budget.hpp"
#include "solver/mixed/answer.hpp"
#include "solver/result.hpp"
#include "solver/uniform/uniform_solver.hpp"

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pare {

struct SolveRequest {
  std::string substitution;            ///< "Generic", "tensor_train:dimensions=4", or "width"
  std::vector<Budget> budgets;         ///< all must hold; one of them at most is kNearest
  std::vector<Convention> conventions; ///< that the answer is counted by; budgets may name these, and those that Pare knows
  std::string method = std::string(kDefaultMethod);
  WhereRefused where_refused = WhereRefused::kThrow;
  double max_width = kStandardWidthTimes; ///< of `width`: how many times the network's own is tried
};

/// What solving gives. The plan is set, and `costs`, where the budgets are met; it names each replaceable layer.
struct Solution {
  Network network;                     ///< that is to be trained: another one than the original where its width was solved for
  std::optional<std::string> original; ///< the network's spec before its width changed
  double original_width = 1;           ///< of one from a file, whose name is no spec
  std::optional<double> max_width;     ///< where its width was solved for: how many times the original's was tried
  Termination termination;
  std::vector<Budget> budgets; ///< with their limits resolved
  Plan plan;
  std::optional<Costs> costs;              ///< of the plan, counted on its lowered graph
  Costs original_costs;                    ///< of the original network, baselines in place: what percentages are of
  std::vector<Lowered::Kept> kept;         ///< layers that stay as they were
  std::vector<Convention> conventions;     ///< that all costs are counted by: the request's, and those of its budgets
  std::optional<std::string> substitution; ///< the uniform setting; none for width, and where layers differ
  // What else is known, of the kind of solving that was asked for.
  std::optional<UniformResult> uniform;
  std::optional<MixedAnswer> mixed;
};

/// The lowered network's own count, by these conventions.
Costs costs_of(const Graph &graph, const Plan &plan, std::span<const Convention> conventions);

/// What a request's budgets and conventions come to for a network.
struct SolveSetting {
  std::vector<Convention> conventions; ///< the request's, and those that only budgets name
  Costs original;                      ///< of the network, baselines in place
  std::vector<Budget> budgets;         ///< by these conventions' own names, percentages resolved
};
/// A solution that says no more than what was asked for.
Solution unsolved(const Network &network, const SolveSetting &setting);
/// Throws Error{kUsage} or {kUnknownName}.
SolveSetting resolve_budgets(const Network &network, std::span<const Budget> budgets, std::span<const Convention> conventions);

/// Whether it is the network's width that a substitution of a request names.
bool is_width(std::string_view substitution);

/// What a request leaves free, as a function of one setting; layers that stay as they are go to `kept`. `setting`: its budgets
/// resolved. Throws Error for a request that makes no sense.
std::unique_ptr<UniformProblem> make_uniform_problem(const Network &network, const SolveRequest &request,
                                                     const SolveSetting &setting, std::vector<Lowered::Kept> &kept,
                                                     SettingRange range = SettingRange::kAllApply);

/// Fits one setting to the budgets. Throws Error for a request that makes no sense; an infeasible one is a result.
Solution solve_uniform(const Network &network, const SolveRequest &request);

} // namespace pare

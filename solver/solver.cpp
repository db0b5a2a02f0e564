#include "solver/solver.hpp"

#include "analysis/cost_model.hpp"
#include "analysis/error.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace pare {

#define PARE_SOLVER(name) const UniformSolver &solver_##name();
#include "solver/list.def"
#undef PARE_SOLVER

std::span<const UniformSolver *const> solvers() {
  static const std::array all = {
#define PARE_SOLVER(name) &solver_##name(),
#include "solver/list.def"
#undef PARE_SOLVER
  };
  return all;
}

const UniformSolver &find_solver(std::string_view name) {
  std::vector<std::string_view> known;
  for (const UniformSolver *solver : solvers()) {
    if (solver->info().name == name) return *solver;
    known.push_back(solver->info().name);
  }
  throw Error(ErrorCode::kUnknownName, "method", fmt::format("unknown method \"{}\"; known: {}", name, fmt::join(known, ", ")));
}

namespace {

constexpr std::string_view kWidth = "width";

/// The request's conventions, and those that only budgets name.
std::vector<Convention> all_conventions(const SolveRequest &request) {
  std::vector<Convention> out = request.conventions;
  for (const Budget &budget : request.budgets)
    if (budget.metric == Metric::kMultAdds &&
        std::none_of(out.begin(), out.end(), [&](const Convention &c) { return c.name == budget.convention; }))
      out.push_back(find_convention(budget.convention));
  return out;
}

/// Percentages are of the original network, its baselines in place.
std::vector<Budget> resolve_budgets(const Network &network, const SolveRequest &request,
                                    const std::vector<Convention> &conventions) {
  if (request.budgets.empty())
    throw Error(ErrorCode::kUsage, "budget", "at least one budget is needed, such as parameters<=0.8M");
  if (std::count_if(request.budgets.begin(), request.budgets.end(),
                    [](const Budget &b) { return b.relation == Relation::kNearest; }) > 1)
    throw Error(ErrorCode::kUsage, "budget", "one budget at most can be ~ (nearest); <= would be accepted for the others");
  std::vector<Budget> out = request.budgets;
  if (std::none_of(out.begin(), out.end(), [](const Budget &b) { return b.is_percentage; })) return out;
  const CostReport original = count(lower(network.graph, {}).graph);
  for (Budget &budget : out) {
    Count value = original.parameters;
    for (const Convention &convention : conventions)
      if (budget.metric == Metric::kMultAdds && convention.name == budget.convention) value = original.mult_adds(convention);
    budget = resolve_percentage(budget, value);
  }
  return out;
}

/// What is reported is what the network costs once lowered, not what the solver thought.
void verify(const Solution &solution, const std::vector<Convention> &conventions) {
  const CostReport report = count(lower(solution.network.graph, solution.plan).graph);
  const Setting &answer = *solution.result.answer;
  bool same = report.parameters == answer.parameters;
  for (const Convention &convention : conventions) {
    const Count counted = report.mult_adds(convention);
    const Count &solved = answer.mult_adds.at(convention.name);
    const double difference = counted.to_double() - solved.to_double();
    same = same && (counted.is_whole() && solved.is_whole() ? counted == solved
                                                            : std::abs(difference) <= 1e-12 * std::abs(counted.to_double()));
  }
  if (!same)
    throw std::logic_error(fmt::format("{}: the solver's cost differs from the lowered network's ({} parameters, {} counted)",
                                       answer.text, answer.parameters, report.parameters));
}

} // namespace

Solution solve_uniform(const Network &network, const SolveRequest &request) {
  const UniformSolver &solver = find_solver(request.method);
  const std::vector<Convention> conventions = all_conventions(request);
  const std::vector<Budget> budgets = resolve_budgets(network, request, conventions);

  if (request.substitution == kWidth) {
    if (network.from_file())
      throw Error(
          ErrorCode::kInvalidConfig, "width",
          "the width of a network from a file is not a setting; a substitution, or a network by its name, would be accepted");
    const auto problem = make_width_problem(network, budgets, conventions);
    Solution out{.network = network, .original = {}, .plan = {}, .substitution = {}, .result = solver.solve(*problem)};
    if (!out.result.answer) return out;
    NetworkValues values = network.values;
    values[std::string(network.family->info().width_key)] = shortest(out.result.answer->knob);
    out.network = make_network(*network.family, values, {.input = network.input});
    if (out.network.name != network.name) out.original = network.name;
    verify(out, conventions);
    return out;
  }

  const Substitute substitute = parse_substitute(request.substitution, FreeKnob::kAllow);
  if (!substitute.has_free_knob())
    throw Error(
        ErrorCode::kUsage, "substitution",
        fmt::format("{} leaves no setting to solve for; a family without its setting, such as Generic, would be accepted",
                    request.substitution));
  std::vector<Lowered::Kept> kept;
  const auto problem = make_substitution_problem(network, substitute, budgets, conventions, request.where_refused, kept);
  Solution out{.network = network, .original = {}, .plan = {}, .substitution = {}, .result = solver.solve(*problem)};
  out.result.kept = kept;
  if (!out.result.answer) return out;
  Substitute solved = substitute;
  solved.knob = out.result.answer->knob;
  for (const Graph::Replaceable &mark : network.graph.replaceable())
    out.plan.layers.emplace(network.graph.layer(network.graph.node(mark.node).layer).name, solved);
  for (const Lowered::Kept &layer : kept) out.plan.layers.at(layer.layer) = parse_substitute("Conv");
  if (kept.empty()) out.substitution = solved.text();
  verify(out, conventions);
  return out;
}

} // namespace pare

#include "solver/solver.hpp"

#include "analysis/cost_model.hpp"
#include "base/error.hpp"
#include "base/names.hpp"
#include "base/text.hpp"

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
  for (const UniformSolver *solver : solvers()) known.push_back(solver->info().name);
  if (const auto found = find_name(name, known)) return *solvers()[*found];
  throw Error(ErrorCode::kUnknownName, "method",
              fmt::format("unknown method {}; known: {}{}", shown(name), fmt::join(known, ", "), did_you_mean(name, known)));
}

namespace {

/// The request's conventions, and those that only budgets name.
std::vector<Convention> all_conventions(const SolveRequest &request) {
  std::vector<Convention> out = request.conventions;
  for (const Budget &budget : request.budgets)
    if (budget.metric == Metric::kMultAdds &&
        std::none_of(out.begin(), out.end(), [&](const Convention &c) { return c.name == budget.convention; }))
      out.push_back(find_convention(budget.convention));
  return out;
}

/// Conventions are named in any case, and go by the names that they have; a user's own may differ in case only.
std::vector<Budget> named_budgets(const SolveRequest &request) {
  std::vector<std::string_view> known;
  for (const Convention &convention : request.conventions) known.push_back(convention.name);
  for (const Convention &convention : conventions())
    if (std::find(known.begin(), known.end(), convention.name) == known.end()) known.push_back(convention.name);
  std::vector<Budget> out = request.budgets;
  for (Budget &budget : out)
    if (budget.metric == Metric::kMultAdds)
      if (const auto found = find_name(budget.convention, known)) budget = budget.by(known[*found]);
  return out;
}

/// Percentages are of the original network, its baselines in place.
std::vector<Budget> resolve_budgets(const SolveRequest &request, const Costs &original) {
  if (request.budgets.empty())
    throw Error(ErrorCode::kUsage, "budget", "at least one budget is needed, such as parameters<=0.8M");
  if (std::count_if(request.budgets.begin(), request.budgets.end(),
                    [](const Budget &b) { return b.relation == Relation::kNearest; }) > 1)
    throw Error(ErrorCode::kUsage, "budget", "one budget at most can be ~ (nearest); <= would be accepted for the others");
  std::vector<Budget> out = request.budgets;
  for (Budget &budget : out) budget = resolve_percentage(budget, original.value(budget).value());
  return out;
}

/// What is reported is what the network costs once lowered, not what the solver thought.
void verify(const Solution &solution) {
  const Costs counted = costs_of(solution.network.graph, solution.plan, solution.conventions);
  const Setting &answer = *solution.result.answer;
  const bool same = counted.parameters == answer.costs.parameters &&
                    std::all_of(counted.mult_adds.begin(), counted.mult_adds.end(), [&](const auto &entry) {
                      return entry.second.to_string() == answer.costs.mult_adds.at(entry.first).to_string();
                    });
  if (!same)
    throw std::logic_error(fmt::format("{}: the solver's cost differs from the lowered network's ({} parameters, {} counted)",
                                       answer.text, answer.costs.parameters, counted.parameters));
}

} // namespace

Costs costs_of(const Graph &graph, const Plan &plan, std::span<const Convention> conventions) {
  const CostReport report = count(lower(graph, plan).graph);
  Costs out{.parameters = report.parameters, .mult_adds = {}};
  for (const Convention &convention : conventions) out.mult_adds.emplace(convention.name, report.mult_adds(convention));
  return out;
}

Solution solve_uniform(const Network &network, const SolveRequest &asked) {
  SolveRequest request = asked;
  request.budgets = named_budgets(asked);
  const UniformSolver &solver = find_solver(request.method);
  const std::vector<Convention> conventions = all_conventions(request);
  const Costs original = costs_of(network.graph, {}, conventions);
  const std::vector<Budget> budgets = resolve_budgets(request, original);
  const auto solution = [&](SolveResult result) {
    return Solution{.network = network,
                    .original = {},
                    .plan = {},
                    .substitution = {},
                    .result = std::move(result),
                    .conventions = conventions,
                    .original_costs = original};
  };

  constexpr std::array<std::string_view, 1> kWidths = {kWidth};
  if (find_name(request.substitution, kWidths)) {
    if (network.from_file())
      throw Error(
          ErrorCode::kInvalidConfig, "width",
          "the width of a network from a file is not a setting; a substitution, or a network by its name, would be accepted");
    const auto problem = make_width_problem(network, budgets, conventions);
    Solution out = solution(solver.solve(*problem));
    if (!out.result.answer) return out;
    NetworkValues values = network.values;
    values[std::string(network.family->info().width_key)] = shortest(out.result.answer->knob);
    out.network = make_network(*network.family, values, {.input = network.input});
    if (out.network.name != network.name) out.original = network.name;
    verify(out);
    return out;
  }

  const Substitute substitute = parse_substitute(request.substitution, FreeKnob::kAllow);
  if (!substitute.has_free_knob()) {
    Substitute free = parse_substitute(example_family().info().example);
    free.knob.reset();
    throw Error(ErrorCode::kUsage, "substitution",
                fmt::format("{} leaves no setting to solve for; a family without its setting, such as {}, would be accepted",
                            request.substitution, free.text()));
  }
  std::vector<Lowered::Kept> kept;
  const auto problem = make_substitution_problem(network, substitute, budgets, conventions, request.where_refused, kept);
  Solution out = solution(solver.solve(*problem));
  out.result.kept = kept;
  if (!out.result.answer) return out;
  Substitute solved = substitute;
  solved.knob = out.result.answer->knob;
  for (const Graph::Replaceable &mark : network.graph.replaceable())
    out.plan.layers.emplace(network.graph.layer(network.graph.node(mark.node).layer).name, solved);
  for (const Lowered::Kept &layer : kept) out.plan.layers.at(layer.layer) = baseline_substitute();
  if (kept.empty()) out.substitution = solved.text();
  verify(out);
  return out;
}

} // namespace pare

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

namespace {

/// What is reported is what the network costs once lowered, not what the solver thought.
void verify(Solution &solution) {
  const Setting &answer = *solution.uniform->answer;
  solution.costs = costs_of(solution.network.graph, solution.plan, solution.conventions);
  for (const auto &[quantity, counted] : *solution.costs)
    if (counted.to_string() != answer.costs.at(quantity).to_string())
      throw std::logic_error(fmt::format("{}: the solver's cost differs from the lowered network's ({} {}, {} counted)",
                                         answer.text, quantity.text(), answer.costs.at(quantity).to_string(),
                                         counted.to_string()));
}

} // namespace

bool is_width(std::string_view substitution) {
  constexpr std::array kNames = {kWidth};
  return find_name(substitution, kNames).has_value();
}

Costs costs_of(const Graph &graph, const Plan &plan, std::span<const Convention> conventions) {
  return {count(lower(graph, plan).graph), conventions};
}

SolveSetting resolve_budgets(const Network &network, std::span<const Budget> budgets, std::span<const Convention> asked) {
  if (budgets.empty()) throw Error(ErrorCode::kUsage, "budget", "at least one budget is needed, such as parameters<=0.8M");
  SolveSetting out{.conventions = {asked.begin(), asked.end()}, .original = {}, .budgets = {budgets.begin(), budgets.end()}};
  // Conventions are named in any case, and go by the names that they have; a user's own may differ in case only.
  std::vector<std::string_view> known;
  for (const Convention &convention : asked) known.push_back(convention.name);
  for (const Convention &convention : conventions())
    if (std::find(known.begin(), known.end(), convention.name) == known.end()) known.push_back(convention.name);
  for (Budget &budget : out.budgets) {
    if (budget.quantity.metric != Metric::kMultAdds) continue;
    if (const auto found = find_name(budget.quantity.convention, known)) budget = budget.by(known[*found]);
    if (std::none_of(out.conventions.begin(), out.conventions.end(),
                     [&](const Convention &c) { return c.name == budget.quantity.convention; }))
      out.conventions.push_back(find_convention(budget.quantity.convention));
  }
  out.original = costs_of(network.graph, {}, out.conventions);
  // Percentages are of the original network, its baselines in place.
  for (Budget &budget : out.budgets) budget = resolve_percentage(budget, out.original.at(budget.quantity));
  return out;
}

Solution unsolved(const Network &network, const SolveSetting &setting) {
  Solution out;
  out.network = network;
  out.budgets = setting.budgets;
  out.original_costs = setting.original;
  out.conventions = setting.conventions;
  return out;
}

std::unique_ptr<UniformProblem> make_uniform_problem(const Network &network, const SolveRequest &request,
                                                     const SolveSetting &setting, std::vector<Lowered::Kept> &kept,
                                                     SettingRange range) {
  if (is_width(request.substitution))
    return make_width_problem(network, request.max_width, setting.budgets, setting.conventions);
  const Substitute substitute = parse_substitute(request.substitution, FreeKnob::kAllow);
  if (!substitute.has_free_knob()) {
    Substitute free = parse_substitute(example_family().info().example);
    free.knob.reset();
    throw Error(ErrorCode::kUsage, "substitution",
                fmt::format("{} leaves no setting to solve for; a family without its setting, such as {}, would be accepted",
                            request.substitution, free.text()));
  }
  return make_substitution_problem(network, substitute, setting.budgets, setting.conventions, request.where_refused, kept,
                                   range);
}

Solution solve_uniform(const Network &network, const SolveRequest &request) {
  const UniformSolver &solver = find_solver(request.method);
  if (std::count_if(request.budgets.begin(), request.budgets.end(),
                    [](const Budget &b) { return b.relation == Relation::kNearest; }) > 1)
    throw Error(ErrorCode::kUsage, "budget", "one budget at most can be ~ (nearest); <= would be accepted for the others");
  const SolveSetting setting = resolve_budgets(network, request.budgets, request.conventions);
  Solution out = unsolved(network, setting);
  out.uniform = solver.solve(*make_uniform_problem(network, request, setting, out.kept));
  out.termination = out.uniform->termination;
  if (is_width(request.substitution)) out.max_width = request.max_width;
  if (!out.uniform->answer) return out;
  if (is_width(request.substitution)) {
    out.network = Widths(network).at(out.uniform->answer->knob);
    if (out.network.name != network.name) out.original = network.name;
    out.original_width = network.file_width.factor;
    verify(out);
    return out;
  }
  Substitute solved = parse_substitute(request.substitution, FreeKnob::kAllow);
  solved.knob = out.uniform->answer->knob;
  for (const Graph::Replaceable &mark : network.graph.replaceable())
    out.plan.layers.emplace(network.graph.layer(network.graph.node(mark.node).layer).name, solved);
  for (const Lowered::Kept &layer : out.kept) out.plan.layers.at(layer.layer) = baseline_substitute();
  if (out.kept.empty()) out.substitution = solved.text();
  verify(out);
  return out;
}

} // namespace pare

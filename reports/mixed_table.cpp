#include "reports/mixed_table.hpp"

#include "analysis/site_costs.hpp"
#include "reports/numbers.hpp"
#include "solver/mixed/problem.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

namespace pare {

namespace {

std::string in_score_units(std::int64_t value) { return digits(static_cast<double>(value) / static_cast<double>(kScoreUnit)); }

std::string level_text(const std::pair<std::int64_t, std::int64_t> &level) {
  return fmt::format("{} / {} = {:.4f} %", level.first, level.second,
                     100 * static_cast<double>(level.first) / static_cast<double>(level.second));
}

Cell share_cell(const Count &part, const Count &whole) {
  Cell out;
  if (const auto share = percent(part, whole)) out = Percent{*share};
  return out;
}

/// What the plan is the best in, its value, and what is known of better ones.
std::string objective_note(const Solution &solution) {
  const MixedAnswer &answer = *solution.mixed;
  std::string out;
  if (answer.request.objective == Objective::kBalanced) {
    out = "objective: the least share of degrees of freedom that a layer keeps";
    if (answer.level) out += fmt::format(", {}", level_text(*answer.level));
    if (answer.next_level)
      out += fmt::format(" (the next level, {}, {})", level_text(*answer.next_level),
                         answer.next_certificate ? "cannot be met" : "may be met: that is not known");
    out += ", then parameters";
  } else {
    out = fmt::format("objective: the sum of {}", answer.request.score);
  }
  if (answer.value) out += fmt::format("; value {}", in_score_units(*answer.value));
  if (solution.termination.bound) out += fmt::format(", bound {}", in_score_units(solution.termination.bound->whole()));
  if (solution.termination.gap) out += fmt::format(", gap {}", in_score_units(solution.termination.gap->whole()));
  return out;
}

std::string shape_text(const ConvSite &site) {
  std::string out = fmt::format("{} -> {}", site.in_channels(), site.out_channels());
  if (!site.pointwise()) out += fmt::format(", {} x {}", site.kernel.height, site.kernel.width);
  if (site.stride.height != 1 || site.stride.width != 1) out += fmt::format(" / {}", site.stride.height);
  return out;
}

Report head(const SolveView &view) {
  const Solution &solution = view.solution;
  const MixedAnswer &answer = *solution.mixed;
  Report out{
      .title = {view.network, fmt::format("per layer, method {}: {}", view.method, to_string(solution.termination.reason))},
      .columns = {},
      .rows = {},
      .notes = {}};
  if (solution.termination.limit != Limit::kNone)
    out.title.back() += fmt::format(" (limit: {})", to_string(solution.termination.limit));
  out.notes.push_back(objective_note(solution));
  out.notes.push_back(solution.termination.detail);
  if (answer.proof.proven != Proven::kNothing) out.notes.push_back("proven apart from the search: " + answer.proof.detail);
  if (answer.request.objective == Objective::kSum)
    out.notes.push_back(fmt::format("{}: {}; it assumes {}", answer.request.score,
                                    find_score(answer.request.score).info().description,
                                    find_score(answer.request.score).info().assumes));
  return out;
}

/// The families of a plan whose degrees of freedom are an upper estimate.
std::set<std::string_view> estimated(const Solution &solution) {
  std::set<std::string_view> out;
  for (const ConvSites &sites : replaceable_sites(solution.network.graph)) {
    const Substitute &own = *solution.plan.find(sites.front().name);
    if (degrees_of_freedom(sites.front(), own).is_estimate) out.insert(own.family->info().name);
  }
  return out;
}

Report costs(const SolveView &view) {
  const Solution &solution = view.solution;
  const MixedAnswer &answer = *solution.mixed;
  Report out = head(view);
  out.columns = {{.heading = "quantity"},
                 number_column("plan", true),
                 {.heading = "of the original", .unit = "%", .align = Align::kRight}};
  std::vector<std::string> above;
  for (const auto &[quantity, count] : *solution.costs) {
    const Count &original = solution.original_costs.at(quantity);
    out.rows.push_back({quantity.text(), count, share_cell(count, original)});
    if (count > original) above.push_back(quantity.text());
  }
  const bool is_of_freedom =
      answer.request.objective == Objective::kBalanced || find_score(answer.request.score).info().of_freedom;
  if (const auto families = estimated(solution); is_of_freedom && !families.empty())
    out.notes.push_back(fmt::format("degrees of freedom are an upper estimate of: {}", fmt::join(families, ", ")));
  if (!above.empty()) out.notes.push_back(fmt::format("above the original's: {}", fmt::join(above, ", ")));
  return out;
}

Report budget_rows(const Solution &solution) {
  Report out{.title = {},
             .columns = {{.heading = "budget"}, number_column("limit"), number_column("achieved"), number_column("left")},
             .rows = {},
             .notes = {}};
  for (const Budget &budget : solution.budgets) {
    const Count &achieved = solution.costs->at(budget.quantity);
    const Count left = budget.relation == Relation::kAtLeast ? achieved - budget.limit : budget.limit - achieved;
    out.rows.push_back({budget.written, budget.limit, achieved, left});
  }
  return out;
}

Report layers(const SolveView &view) {
  const Solution &solution = view.solution;
  Report out{
      .title = {}, .columns = {{.heading = "layer"}, {.heading = "shape"}, {.heading = "choice"}}, .rows = {}, .notes = {}};
  // One column of costs for each quantity of a budget, and its share of the limit.
  std::vector<Quantity> quantities;
  std::vector<Count> limits;
  for (const Budget &budget : solution.budgets) {
    if (std::find(quantities.begin(), quantities.end(), budget.quantity) != quantities.end()) continue;
    quantities.push_back(budget.quantity);
    limits.push_back(budget.limit);
    out.columns.push_back(number_column(budget.quantity.text()));
    out.columns.push_back({.heading = "of the budget", .unit = "%", .align = Align::kRight});
  }
  std::vector<Count> rest;
  for (const Quantity &quantity : quantities) rest.push_back(solution.costs->at(quantity));
  const auto add = [&](std::string name, std::string shape, std::string choice, const std::vector<Count> &costs) {
    std::vector<Cell> row{std::move(name), std::move(shape), std::move(choice)};
    for (std::size_t i = 0; i < costs.size(); ++i) {
      row.emplace_back(costs[i]);
      row.push_back(share_cell(costs[i], limits[i]));
    }
    out.rows.push_back(std::move(row));
  };
  for (const ConvSites &sites : replaceable_sites(solution.network.graph)) {
    const Substitute &substitute = *solution.plan.find(sites.front().name);
    const CandidateCosts own = candidate_costs(sites, {&substitute, 1}, solution.conventions);
    std::vector<Count> costs;
    for (std::size_t i = 0; i < quantities.size(); ++i) {
      costs.push_back(amount(own, 0, quantities[i], solution.conventions));
      rest[i] -= costs.back();
    }
    add(sites.front().name, shape_text(sites.front()), substitute.text(), costs);
  }
  add("all that is not replaceable", "", "", rest);
  if (const std::string how = lower(solution.network.graph, solution.plan).evaluation_text(); !how.empty())
    out.notes.push_back(fmt::format("evaluation: {}", how));
  return out;
}

/// Where there is no plan.
Report unmet(const SolveView &view) {
  const Solution &solution = view.solution;
  Report out = head(view);
  out.columns = {
      {.heading = "budget"}, number_column("limit"), number_column("nearest alone"), number_column("nearest with the others")};
  std::vector<std::string> would_do;
  bool is_proven = true;
  for (const Budget &budget : solution.budgets) out.rows.push_back({budget.written, budget.limit, Cell(), Cell()});
  for (const Relaxation &relaxation : solution.mixed->relaxations) {
    const Budget &budget = solution.budgets[relaxation.budget];
    out.rows[relaxation.budget][2] = Count(relaxation.alone);
    is_proven = is_proven && relaxation.is_proven;
    if (relaxation.with_others)
      out.rows[relaxation.budget][3] = Count(*relaxation.with_others);
    else
      out.rows[relaxation.budget][3] = relaxation.is_proven ? "none" : "unknown";
    if (!relaxation.with_others) continue;
    would_do.push_back(fmt::format("{}{}{}{}", budget.quantity.text(), to_string(budget.relation), *relaxation.with_others,
                                   relaxation.is_proven ? "" : " (nearer may be possible)"));
  }
  if (solution.termination.reason != Reason::kInfeasible) return out; // whether another limit is needed is not known
  out.notes.push_back(would_do.empty() ? is_proven ? "no other limit of one budget alone would do"
                                                   : "no other limit of one budget alone is known that would do"
                                       : fmt::format("in place of one budget would do: {}", fmt::join(would_do, ", or ")));
  return out;
}

Report binding(const Solution &solution) {
  Report out{.title = {"the layers that take most of a budget at their cheapest"},
             .columns = {{.heading = "budget"}, {.heading = "layer"}, {.heading = "cheapest candidate"}, number_column("cost")},
             .rows = {},
             .notes = {}};
  for (const Binding &one : solution.mixed->binding)
    out.rows.push_back(
        one.layer == kRest && one.candidate == kRest
            ? std::vector<Cell>{solution.budgets[one.budget].written, "all that is not chosen for", "", Count(one.cost)}
            : std::vector<Cell>{solution.budgets[one.budget].written, one.layer, one.candidate, Count(one.cost)});
  return out;
}

} // namespace

std::vector<Report> mixed_reports(const SolveView &view) {
  if (view.solution.costs) return {costs(view), budget_rows(view.solution), layers(view)};
  std::vector<Report> out{unmet(view)};
  if (!view.solution.mixed->binding.empty()) out.push_back(binding(view.solution));
  return out;
}

Report mixed_table(const SolveView &view) { return view.solution.costs ? layers(view) : unmet(view); }

} // namespace pare

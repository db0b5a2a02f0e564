#include "reports/pareto_table.hpp"

#include "base/json.hpp"
#include "reports/numbers.hpp"
#include "reports/solve_table.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace pare {

namespace {

double in_scores(const Count &units) { return units.to_double() / static_cast<double>(kScoreUnit); }

/// "optimal", "bound (time)"
std::string proof_text(const Termination &termination) {
  if (termination.reason == Reason::kOptimal) return std::string(to_string(Reason::kOptimal));
  return fmt::format("{} ({})", termination.gap ? "bound" : "feasible", to_string(termination.limit));
}

void add_costs(const Costs &costs, std::vector<Cell> &row) {
  for (const auto &[quantity, count] : costs) row.emplace_back(count);
}

void add_columns(const Costs &costs, Report &out) {
  for (const auto &[quantity, count] : costs) out.columns.push_back(number_column(quantity.text()));
}

/// What all of them must hold, but the last where that is the point's own.
std::string budgets_note(std::vector<Budget> budgets, bool without_last) {
  if (without_last) budgets.pop_back();
  std::vector<std::string> written;
  for (const Budget &budget : budgets) written.push_back(budget.written);
  return written.empty() ? std::string() : fmt::format("within {}", fmt::join(written, ", "));
}

/// A document as a value further in: no line breaks stand inside JSON's texts.
std::string inside(std::string_view document, std::string_view indent) {
  std::string out;
  while (document.ends_with('\n')) document.remove_suffix(1);
  for (const char c : document) {
    out += c;
    if (c == '\n') out += indent;
  }
  return out;
}

std::string quoted(const std::string &text) { return json::Value(text).dump(); }

} // namespace

Report pareto_table(const std::string &network, const std::vector<Solution> &points) {
  const Solution &first = points.front();
  const MixedRequest &request = first.mixed->request;
  const bool is_balanced = request.objective == Objective::kBalanced;
  const std::string quantity = first.budgets.back().quantity.text();
  Report out{.title = {network, fmt::format("per layer, the best under {} limits on {}", points.size(), quantity)},
             .columns = {number_column(fmt::format("limit of {}", quantity))},
             .rows = {},
             .notes = {}};
  if (is_balanced) out.columns.push_back({.heading = "level", .unit = "%", .align = Align::kRight});
  const bool is_whole =
      std::all_of(points.begin(), points.end(), [](const Solution &point) { return *point.mixed->value % kScoreUnit == 0; });
  out.columns.push_back({.heading = request.score, .align = Align::kRight, .decimals = is_whole ? 0 : 4});
  add_columns(*first.costs, out);
  out.columns.push_back({.heading = "proof"});
  const bool has_gap = std::any_of(points.begin(), points.end(),
                                   [](const Solution &point) { return point.termination.reason != Reason::kOptimal; });
  if (has_gap) out.columns.push_back({.heading = "gap", .align = Align::kRight, .decimals = is_whole ? 0 : 4});
  for (const Solution &point : points) {
    std::vector<Cell> row{point.budgets.back().limit};
    if (is_balanced) {
      const auto level = point.mixed->level;
      row.push_back(level ? Cell(Percent{100 * static_cast<double>(level->first) / static_cast<double>(level->second)})
                          : Cell());
    }
    row.emplace_back(Measured{in_scores(*point.mixed->value)});
    add_costs(*point.costs, row);
    row.emplace_back(proof_text(point.termination));
    if (has_gap) row.push_back(point.termination.gap ? Cell(Measured{in_scores(*point.termination.gap)}) : Cell());
    out.rows.push_back(std::move(row));
  }
  const ScoreInfo &score = find_score(request.score).info();
  out.notes.push_back(fmt::format("{}: {}; it assumes {}", score.name, score.description, score.assumes));
  if (std::string note = budgets_note(first.budgets, true); !note.empty()) out.notes.push_back(std::move(note));
  out.notes.push_back(fmt::format("{} candidates for {} layers, the same for all limits", first.mixed->candidate_count,
                                  first.mixed->layer_count));
  out.notes.emplace_back("evaluation: each family's own way, but where a choice says another");
  return out;
}

Report front_table(const std::string &network, const std::string &substitution, const UniformFront &front) {
  Report out{.title = {network, fmt::format("{}: {} plans by {}", substitution, front.plans.size(), front.quantity.text())},
             .columns = {{.heading = "setting"}},
             .rows = {},
             .notes = {}};
  add_columns(front.plans.front().costs, out);
  for (const Setting &plan : front.plans) {
    std::vector<Cell> row{plan.text};
    add_costs(plan.costs, row);
    out.rows.push_back(std::move(row));
  }
  if (front.steps == 0)
    out.notes.emplace_back("the plans of limits that are spaced geometrically; there are others between them");
  else if (front.steps == front.plans.size())
    out.notes.emplace_back("all plans of these settings");
  else
    out.notes.push_back(fmt::format("all plans of these settings but {} that have no more parameters than another with no more "
                                    "{}",
                                    front.steps - front.plans.size(), front.quantity.text()));
  add_evaluations(out, {substitution});
  return out;
}

std::string why_unmet(const Solution &solution) {
  if (solution.termination.reason != Reason::kInfeasible || !solution.uniform) return solution.termination.detail;
  const UniformResult &result = *solution.uniform;
  const auto breach = [&](const std::optional<Setting> &setting, Relation relation) -> std::optional<std::string> {
    if (!setting) return std::nullopt;
    for (const Budget &budget : solution.budgets) {
      const Count value = setting->costs.at(budget.quantity);
      if (budget.relation == relation && !budget.holds(value))
        return fmt::format("at {} {} {}", relation == Relation::kAtLeast ? "most" : "least", thousands(rounded(value)),
                           budget.quantity.text());
    }
    return std::nullopt;
  };
  if (!result.below)
    if (const auto text = breach(result.above, Relation::kAtMost)) return "infeasible: " + *text;
  if (!result.above)
    if (const auto text = breach(result.below, Relation::kAtLeast)) return "infeasible: " + *text;
  return "infeasible: no setting meets all budgets";
}

Report fits_table(const std::string &network, const std::vector<FamilyFit> &fits) {
  Report out{.title = {network}, .columns = {{.heading = "family"}, {.heading = "setting"}}, .rows = {}, .notes = {}};
  const Costs *costs = nullptr;
  bool any_without = false;
  for (const FamilyFit &fit : fits) {
    if (fit.solution) {
      if (out.title.size() == 1) out.title.push_back(budgets_note(fit.solution->budgets, false));
      costs = &fit.solution->original_costs;
    }
    any_without = any_without || !fit.reason.empty();
  }
  if (costs != nullptr) add_columns(*costs, out);
  if (any_without) out.columns.push_back({.heading = "why there is none"});
  for (const FamilyFit &fit : fits) {
    std::vector<Cell> row{fit.family, Cell()};
    if (fit.reason.empty()) {
      row.back() = fit.solution->uniform->answer->text;
      add_costs(*fit.solution->costs, row);
    }
    row.resize(out.columns.size());
    if (!fit.reason.empty()) row.back() = fit.reason;
    out.rows.push_back(std::move(row));
  }
  std::vector<std::string> families;
  for (const FamilyFit &fit : fits)
    if (fit.reason.empty()) families.push_back(fit.family);
  add_evaluations(out, families);
  return out;
}

std::string pareto_json(const std::string &network, const Quantity &quantity, const std::vector<std::int64_t> &limits,
                        const std::vector<std::string> &solved, const std::string &unmet) {
  std::string out =
      fmt::format("{{\n  \"schema\": \"pare.pareto/1\",\n  \"network\": {},\n  \"quantity\": {},\n  \"points\": [",
                  quoted(network), quoted(quantity.text()));
  for (std::size_t i = 0; i < solved.size(); ++i)
    out += fmt::format("{}\n    {{\n      \"limit\": {},\n      \"solved\": {}\n    }}", i == 0 ? "" : ",", limits[i],
                       inside(solved[i], "      "));
  out += solved.empty() ? "]" : "\n  ]";
  if (!unmet.empty()) out += fmt::format(",\n  \"unmet\": {}", inside(unmet, "  "));
  return out + "\n}\n";
}

std::string fits_json(const std::string &network, const std::vector<FamilyFit> &fits, const std::vector<std::string> &solved) {
  std::string out = fmt::format("{{\n  \"schema\": \"pare.fits/1\",\n  \"network\": {},\n  \"fits\": [", quoted(network));
  for (std::size_t i = 0; i < fits.size(); ++i)
    out += fmt::format("{}\n    {{\n      \"family\": {},\n      \"reason\": {},\n      \"solved\": {}\n    }}",
                       i == 0 ? "" : ",", quoted(fits[i].family), fits[i].reason.empty() ? "null" : quoted(fits[i].reason),
                       solved[i].empty() ? "null" : inside(solved[i], "      "));
  return out + (fits.empty() ? "]\n}\n" : "\n  ]\n}\n");
}

} // namespace pare

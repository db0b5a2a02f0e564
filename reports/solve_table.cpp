#include "reports/solve_table.hpp"

#include "reports/numbers.hpp"

#include <fmt/format.h>

#include <set>

namespace pare {

namespace {

std::string quantity_of(const std::string &convention) { return fmt::format("mult-adds[{}]", convention); }

/// The conventions that any of the settings is counted by: those that are shown, and those of budgets.
std::vector<std::string> counted_by(const SolveView &view, std::initializer_list<const std::optional<Setting> *> settings) {
  std::vector<std::string> out;
  std::set<std::string> seen;
  for (const Convention &convention : view.conventions)
    if (seen.insert(convention.name).second) out.push_back(convention.name);
  for (const std::optional<Setting> *setting : settings)
    if (*setting)
      for (const auto &[name, value] : (*setting)->mult_adds)
        if (seen.insert(name).second) out.push_back(name);
  return out;
}

Cell text_cell(const std::optional<Setting> &setting) { return setting ? Cell(setting->text) : Cell(); }

/// "[0.053125, 0.0546875)": all settings that give the same network; nothing where that is one whole number.
Cell interval_cell(const std::optional<Setting> &setting) {
  if (!setting || setting->first == setting->end) return {};
  return fmt::format("[{}, {})", digits(setting->first), digits(setting->end));
}

Cell parameters_cell(const std::optional<Setting> &setting) { return setting ? Cell(Count(setting->parameters)) : Cell(); }

Cell mult_adds_cell(const std::optional<Setting> &setting, const std::string &convention) {
  if (!setting) return {};
  const auto found = setting->mult_adds.find(convention);
  return found == setting->mult_adds.end() ? Cell() : Cell(found->second);
}

Cell percent_cell(const Cell &part, const Count &whole) {
  const Count *count = std::get_if<Count>(&part);
  if (count == nullptr || whole.is_zero()) return {};
  return Percent{100 * count->to_double() / whole.to_double()};
}

/// What a budget's quantity is at a setting.
Cell achieved(const Budget &budget, const std::optional<Setting> &setting) {
  return budget.metric == Metric::kParameters ? parameters_cell(setting) : mult_adds_cell(setting, budget.convention);
}

/// Rows of two settings side by side; `with_share` puts the first one's share of the original between them.
void add_settings(Report &report, const SolveView &view, const std::optional<Setting> &one, const std::optional<Setting> &other,
                  bool with_share) {
  const auto add = [&](std::string quantity, const Cell &a, const Cell &b, const std::optional<Count> &original = {}) {
    std::vector<Cell> row{std::move(quantity), a};
    if (with_share) row.push_back(original ? percent_cell(a, *original) : Cell());
    row.push_back(b);
    report.rows.push_back(std::move(row));
  };
  add("setting", text_cell(one), text_cell(other));
  const Cell a = interval_cell(one);
  const Cell b = interval_cell(other);
  if (!std::holds_alternative<std::monostate>(a) || !std::holds_alternative<std::monostate>(b)) add("same network for", a, b);
  add("parameters", parameters_cell(one), parameters_cell(other), Count(view.original.parameters));
  for (const std::string &name : counted_by(view, {&one, &other})) {
    std::optional<Count> original;
    for (const Convention &convention : view.conventions)
      if (convention.name == name) original = view.original.mult_adds(convention);
    add(quantity_of(name), mult_adds_cell(one, name), mult_adds_cell(other, name), original);
  }
}

std::string range_text(const SolveResult &result) {
  const std::string quantity = result.budgets.empty() ? "" : result.budgets.front().quantity();
  return fmt::format("attainable: {} from {} {}", quantity, thousands(result.smallest.to_string()),
                     result.largest ? "to " + thousands(result.largest->to_string()) : "up without end");
}

Report answer(const SolveView &view) {
  const SolveResult &result = view.solution.result;
  Report out{.title = {view.network, fmt::format("method {}: {}", view.method, to_string(result.termination.reason))},
             .columns = {},
             .rows = {},
             .notes = {}};
  out.notes.push_back(result.termination.detail);
  if (result.answer) {
    out.columns = {{.heading = "quantity"},
                   number_column("answer", true),
                   {.heading = "of the original", .unit = "%", .align = Align::kRight},
                   number_column("next up")};
    add_settings(out, view, result.answer, result.next, true);
    if (result.next && result.termination.detail.find(result.next_reason) == std::string::npos)
      out.notes.push_back(fmt::format("{} is not the answer: {}", result.next->text, result.next_reason));
  } else {
    out.columns = {{.heading = "quantity"}, number_column("nearest below"), number_column("nearest above")};
    add_settings(out, view, result.below, result.above, false);
  }
  out.notes.push_back(range_text(result));
  return out;
}

Report budgets(const SolveResult &result) {
  Report out{.title = {}, .columns = {{.heading = "budget"}, number_column("limit")}, .rows = {}, .notes = {}};
  if (result.answer) {
    out.columns.push_back(number_column("achieved"));
  } else {
    out.columns.push_back(number_column("nearest below"));
    out.columns.push_back(number_column("nearest above"));
  }
  for (const Budget &budget : result.budgets) {
    std::vector<Cell> row{budget.written, budget.limit};
    if (result.answer) {
      row.push_back(achieved(budget, result.answer));
    } else {
      row.push_back(achieved(budget, result.below));
      row.push_back(achieved(budget, result.above));
    }
    out.rows.push_back(std::move(row));
  }
  return out;
}

} // namespace

std::vector<Report> solve_reports(const SolveView &view) {
  const SolveResult &result = view.solution.result;
  std::vector<Report> out{answer(view), budgets(result)};
  if (!result.kept.empty()) {
    Report kept{
        .title = {"left as they were"}, .columns = {{.heading = "layer"}, {.heading = "reason"}}, .rows = {}, .notes = {}};
    for (const Lowered::Kept &layer : result.kept) kept.rows.push_back({layer.layer, layer.reason});
    out.push_back(std::move(kept));
  }
  return out;
}

Report solve_table(const SolveView &view) {
  const SolveResult &result = view.solution.result;
  Report out = answer(view);
  const auto add = [&](std::string name, const Cell &value) {
    std::vector<Cell> row{std::move(name), value};
    row.resize(out.columns.size());
    out.rows.push_back(std::move(row));
  };
  for (const Budget &budget : result.budgets) add(fmt::format("limit of {}", budget.written), budget.limit);
  add("smallest attainable", result.smallest);
  if (result.largest) add("largest attainable", *result.largest);
  return out;
}

} // namespace pare

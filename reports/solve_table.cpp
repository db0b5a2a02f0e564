#include "reports/solve_table.hpp"

#include "base/enums.hpp"
#include "base/error.hpp"
#include "reports/mixed_table.hpp"
#include "reports/numbers.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace pare {

namespace {

Cell text_cell(const std::optional<Setting> &setting) { return setting ? Cell(setting->text) : Cell(); }

Cell interval_cell(const std::optional<Setting> &setting) { return setting ? pare::interval_cell(*setting) : Cell(); }

/// What a budget's quantity is at a setting.
Cell value_cell(const Quantity &quantity, const std::optional<Setting> &setting) {
  const auto value = setting ? setting->costs.find(quantity) : std::nullopt;
  return value ? Cell(*value) : Cell();
}

Cell percent_cell(const Cell &part, const Count &whole) {
  const Count *count = std::get_if<Count>(&part);
  const auto share = count == nullptr ? std::nullopt : percent(*count, whole);
  return share ? Cell(Percent{*share}) : Cell();
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
  for (const Quantity &quantity : quantities(view.solution.conventions))
    add(quantity.text(), value_cell(quantity, one), value_cell(quantity, other), view.solution.original_costs.find(quantity));
}

std::string range_text(const Solution &solution) {
  const UniformResult &result = *solution.uniform;
  const std::string quantity = solution.budgets.front().quantity.text();
  return fmt::format("attainable: {} from {} {}", quantity, thousands(rounded(result.smallest)),
                     result.largest ? "to " + thousands(rounded(*result.largest)) : "up without end");
}

Report answer(const SolveView &view) {
  const UniformResult &result = *view.solution.uniform;
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
  out.notes.push_back(range_text(view.solution));
  for (const std::optional<Setting> *known : {&result.answer, &result.below, &result.above})
    if (*known) {
      add_evaluations(out, {(*known)->text});
      break;
    }
  return out;
}

Report budgets(const Solution &solution) {
  const UniformResult &result = *solution.uniform;
  Report out{.title = {}, .columns = {{.heading = "budget"}, number_column("limit")}, .rows = {}, .notes = {}};
  if (result.answer) {
    out.columns.push_back(number_column("achieved"));
  } else {
    out.columns.push_back(number_column("nearest below"));
    out.columns.push_back(number_column("nearest above"));
  }
  for (const Budget &budget : solution.budgets) {
    std::vector<Cell> row{budget.written, budget.limit};
    if (result.answer) {
      row.push_back(value_cell(budget.quantity, result.answer));
    } else {
      row.push_back(value_cell(budget.quantity, result.below));
      row.push_back(value_cell(budget.quantity, result.above));
    }
    out.rows.push_back(std::move(row));
  }
  return out;
}

} // namespace

Cell interval_cell(const Setting &setting) {
  if (setting.first == setting.end) return {};
  const auto end = [](double value, std::string_view own, std::string_view beyond) {
    const double before = std::nextafter(value, -std::numeric_limits<double>::infinity());
    constexpr std::size_t kMuch = 8; // digits: neighbours of doubles that people write are that much longer
    const bool is_beyond = digits(before).size() + kMuch < digits(value).size();
    return std::pair(digits(is_beyond ? before : value), is_beyond ? beyond : own);
  };
  const auto [first, opens] = end(setting.first, "[", "(");
  const auto [last, closes] = end(setting.end, ")", "]");
  return fmt::format("{}{}, {}{}", opens, first, last, closes);
}

void add_evaluations(Report &report, const std::vector<std::string> &settings) {
  std::vector<std::string> ways;
  for (const std::string &setting : settings) {
    try {
      const Substitute substitute = parse_substitute(setting, FreeKnob::kAllow);
      std::string way = fmt::format("{} {}", substitute.family->info().name, name_of(kEvaluations, substitute.evaluated()));
      if (std::find(ways.begin(), ways.end(), way) == ways.end()) ways.push_back(std::move(way));
    } catch (const Error &) { // a width is no substitute
    }
  }
  if (!ways.empty()) report.notes.push_back(fmt::format("evaluation: {}", fmt::join(ways, ", ")));
}

std::vector<Report> solve_reports(const SolveView &view) {
  if (view.solution.mixed) return mixed_reports(view);
  std::vector<Report> out{answer(view), budgets(view.solution)};
  if (!view.solution.kept.empty()) {
    Report kept{
        .title = {"left as they were"}, .columns = {{.heading = "layer"}, {.heading = "reason"}}, .rows = {}, .notes = {}};
    for (const Lowered::Kept &layer : view.solution.kept) kept.rows.push_back({layer.layer, layer.reason});
    out.push_back(std::move(kept));
  }
  return out;
}

Report solve_table(const SolveView &view) {
  if (view.solution.mixed) return mixed_table(view);
  const UniformResult &result = *view.solution.uniform;
  Report out = answer(view);
  const auto add = [&](std::string name, const Cell &value) {
    std::vector<Cell> row{std::move(name), value};
    row.resize(out.columns.size());
    out.rows.push_back(std::move(row));
  };
  for (const Budget &budget : view.solution.budgets) add(fmt::format("limit of {}", budget.written), budget.limit);
  const std::string attainable = view.solution.budgets.front().quantity.text();
  add(fmt::format("smallest attainable {}", attainable), result.smallest);
  if (result.largest) add(fmt::format("largest attainable {}", attainable), *result.largest);
  return out;
}

} // namespace pare

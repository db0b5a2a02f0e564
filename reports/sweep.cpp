#include "reports/sweep.hpp"

#include "base/json.hpp"
#include "reports/numbers.hpp"
#include "reports/solve_table.hpp"
#include "reports/writers/csv.hpp"
#include "solver/setting_json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <variant>
#include <vector>

namespace pare {

namespace {

enum class For : std::uint8_t { kFiles, kPeople };

/// Files have all that is counted, and of what share of the original that is; people the most looked at.
bool is_shown(const Quantity &quantity, For reader) { return reader == For::kFiles || quantity.metric != Metric::kStoredBytes; }
bool has_share(const Quantity &quantity, For reader) {
  return quantity.metric == Metric::kParameters || (reader == For::kFiles && quantity.metric == Metric::kMultAdds);
}

void add_count_columns(const Sweep &sweep, For reader, std::vector<Column> &out) {
  for (const Quantity &quantity : quantities(sweep.conventions())) {
    if (!is_shown(quantity, reader)) continue;
    out.push_back(number_column(quantity.text()));
    if (has_share(quantity, reader))
      out.push_back({.heading = quantity.text() + " of the original", .unit = "%", .align = Align::kRight});
  }
}

void add_counts(const Sweep &sweep, const SweptPlan &plan, For reader, std::vector<Cell> &out) {
  for (const Quantity &quantity : quantities(sweep.conventions())) {
    if (!is_shown(quantity, reader)) continue;
    const Count &count = plan.setting.costs.at(quantity);
    out.emplace_back(count);
    if (!has_share(quantity, reader)) continue;
    out.emplace_back();
    if (const auto share = percent(count, sweep.original().at(quantity))) out.back() = Percent{*share};
  }
}

class SweepCsv final : public SweepWriter {
public:
  explicit SweepCsv(Sink sink) : sink_(std::move(sink)) {}

  void begin(const Sweep &sweep) override {
    sweep_ = &sweep;
    if (!columns_.empty()) return; // all families have the same
    columns_ = {{.heading = "family"}, {.heading = "setting"}};
    for (const char *heading : {"knob", "from", "below"}) columns_.push_back(number_column(heading));
    if (sweep.leaves_layers()) columns_.push_back(number_column("kept layers"));
    add_count_columns(sweep, For::kFiles, columns_);
    sink_(csv_heading(columns_));
  }
  void add(const SweptPlan &plan) override {
    const Setting &setting = plan.setting;
    std::vector<Cell> row{sweep_->substitution(), setting.text, Measured{setting.knob}};
    constexpr std::size_t kEnds = 2; // empty where the setting is one whole number
    row.resize(row.size() + kEnds);
    if (setting.first < setting.end) {
      row[row.size() - 2] = Measured{setting.first};
      row.back() = Measured{setting.end};
    }
    if (sweep_->leaves_layers()) row.emplace_back(Count(plan.kept));
    add_counts(*sweep_, plan, For::kFiles, row);
    sink_(csv_row(columns_, row));
  }
  void end(bool /*is_cut*/) override {}

private:
  Sink sink_;
  const Sweep *sweep_ = nullptr;
  std::vector<Column> columns_;
};

/// A plan to a line, as network files have their layers.
class SweepJson final : public SweepWriter {
public:
  SweepJson(const Network &network, Sink sink) : network_(network), sink_(std::move(sink)) {}

  void begin(const Sweep &sweep) override {
    const Shape &input = network_.graph.input_shape();
    if (sweep_ == nullptr)
      sink_(
          fmt::format("{{\n  \"schema\": \"pare.sweep/1\",\n  \"network\": {},\n  \"input\": [{}, {}, {}],\n  \"batch\": {},\n"
                      "  \"original\": {},\n  \"sweeps\": [\n",
                      json::dumped(network_.name), input.channels, input.height, input.width, input.batch,
                      json::dumped(solved::costs_json(sweep.original()))));
    else
      sink_("\n      ]\n    },\n");
    sweep_ = &sweep;
    json::Value kept = json::Value::array();
    for (const Lowered::Kept &layer : sweep.kept()) kept.push_back({{"layer", layer.layer}, {"reason", layer.reason}});
    sink_(fmt::format("    {{\n      \"family\": {},\n      \"knob\": {},\n      \"complete\": {},\n      \"notes\": {},\n"
                      "      \"kept\": {},\n      \"plans\": [",
                      json::dumped(sweep.substitution()), json::dumped(sweep.knob()), sweep.is_complete(),
                      json::dumped(sweep.notes()), json::dumped(kept)));
    is_first_ = true;
  }
  void add(const SweptPlan &plan) override {
    const Setting &setting = plan.setting;
    json::Value out = {{"setting", nullptr}, {"knob", setting.knob}}; // in this order
    if (setting.first == setting.end) out["knob"] = static_cast<std::int64_t>(setting.knob);
    out.update(solved::setting_json(setting));
    if (sweep_->leaves_layers()) out["kept_layers"] = plan.kept;
    out["percent_of_original"] = solved::percent_json(setting.costs, sweep_->original());
    sink_(fmt::format("{}\n        {}", std::exchange(is_first_, false) ? "" : ",", json::dumped(out)));
  }
  void end(bool is_cut) override { sink_(fmt::format("\n      ]\n    }}\n  ],\n  \"interrupted\": {}\n}}\n", is_cut)); }

private:
  const Network &network_;
  Sink sink_;
  const Sweep *sweep_ = nullptr;
  bool is_first_ = true;
};

/// A table for each family.
class SweepTables final : public SweepWriter {
public:
  SweepTables(Format format, const Network &network, Sink sink) : format_(format), network_(network), sink_(std::move(sink)) {}

  void begin(const Sweep &sweep) override {
    const bool is_first = tables_.empty();
    sweep_ = &sweep;
    Report &table = tables_.emplace_back();
    if (is_first) table.title.push_back(network_.name);
    table.title.push_back(fmt::format("{} of {}", sweep.is_complete() ? "every plan" : "plans", sweep.substitution()));
    table.columns = {{.heading = "setting"}, {.heading = "same network for"}};
    if (sweep.leaves_layers()) table.columns.push_back(number_column("kept layers"));
    add_count_columns(sweep, For::kPeople, table.columns);
    table.notes = sweep.notes();
    add_evaluations(table, {sweep.substitution()});
    if (!sweep.kept().empty())
      table.notes.push_back(fmt::format("{} of the layers kept accept no setting, such as {} ({})", sweep.kept().size(),
                                        sweep.kept().front().layer, sweep.kept().front().reason));
  }
  void add(const SweptPlan &plan) override {
    std::vector<Cell> row{plan.setting.text, interval_cell(plan.setting)};
    if (sweep_->leaves_layers()) row.emplace_back(Count(plan.kept));
    add_counts(*sweep_, plan, For::kPeople, row);
    tables_.back().rows.push_back(std::move(row));
  }
  void end(bool is_cut) override {
    if (is_cut) tables_.back().notes.emplace_back("interrupted: there are more");
    for (Report &table : tables_) { // whole numbers are no intervals
      const auto says_nothing = [](const std::vector<Cell> &row) {
        return std::holds_alternative<std::monostate>(row[kInterval]);
      };
      if (!std::all_of(table.rows.begin(), table.rows.end(), says_nothing)) continue;
      table.columns.erase(table.columns.begin() + kInterval);
      for (std::vector<Cell> &row : table.rows) row.erase(row.begin() + kInterval);
    }
    sink_(write(tables_, format_));
  }

private:
  static constexpr std::ptrdiff_t kInterval = 1; ///< the column

  Format format_;
  const Network &network_;
  Sink sink_;
  const Sweep *sweep_ = nullptr;
  std::vector<Report> tables_;
};

} // namespace

std::unique_ptr<SweepWriter> make_sweep_writer(Format format, const Network &network, Sink sink) {
  switch (format) {
  case Format::kCsv: return std::make_unique<SweepCsv>(std::move(sink));
  case Format::kJson: return std::make_unique<SweepJson>(network, std::move(sink));
  case Format::kText:
  case Format::kMarkdown:
  case Format::kLatex:
  case Format::kHtml: break;
  }
  return std::make_unique<SweepTables>(format, network, std::move(sink));
}

} // namespace pare

#include "reports/cost_table.hpp"

#include "base/enums.hpp"
#include "base/error.hpp"
#include "base/names.hpp"
#include "base/text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <unordered_map>

namespace pare {

GroupBy parse_group_by(std::string_view name) {
  if (const auto found = find_value(kGroupings, name)) return *found;
  const std::vector<std::string_view> known = names_of(kGroupings);
  throw Error(ErrorCode::kUsage, "--group-by",
              fmt::format("group-by = {} must be one of {}{}", plain(name), fmt::join(known, ", "), did_you_mean(name, known)));
}

namespace {

constexpr std::string_view kNoGroup = "-";

/// What a layer's kernel is called, by layer; empty for those without one.
std::vector<std::string> kernels(const Graph &graph) {
  std::vector<std::string> out(graph.layer_count());
  std::vector<const TensorShape *> shapes;
  for (NodeId id = 0; id < graph.node_count(); ++id) {
    const Node &node = graph.node(id);
    graph.input_shapes(id, shapes);
    if (std::string name = kernel_text(node.op, shapes); !name.empty()) out[node.layer] = std::move(name);
  }
  return out;
}

std::string shape_text(const Shape &shape) { return fmt::format("{} x {} x {}", shape.channels, shape.height, shape.width); }

/// "mult-adds[macs]", as budgets write it.
std::string mult_adds_heading(const Convention &convention) { return fmt::format("mult-adds[{}]", convention.name); }
std::string per_batch_heading(const Convention &convention) { return fmt::format("per batch[{}]", convention.name); }

/// Columns for work on weights only where there is any.
std::vector<bool> has_per_batch(const CostView &view) {
  std::vector<bool> out;
  for (const Convention &convention : view.conventions) out.push_back(!view.cost.per_batch(convention).is_zero());
  return out;
}

std::vector<std::string> title_of(const CostView &view) {
  const Shape &input = view.lowered.graph.input_shape();
  const auto layers = view.lowered.graph.layers();
  const bool mixed = std::any_of(layers.begin(), layers.end(), [](const Layer &layer) { return layer.substituted; });
  const std::string evaluation = view.lowered.evaluation_text();
  return {view.network.name,
          fmt::format("substitution: {}; {}input: {}; batch: {}{}", view.substitution.value_or(mixed ? "mixed" : "none"),
                      evaluation.empty() ? "" : fmt::format("evaluation: {}; ", evaluation), shape_text(input), input.batch,
                      view.has_auxiliary_head ? "; with the auxiliary head" : "")};
}

/// "relu.module.element", as a convention's weights name it.
std::string event_name(const EventCount &event) {
  return fmt::format("{}.{}.{}", kind_name(event.op_kind), to_string(event.spelling), to_string(event.event));
}

Report totals(const CostView &view) {
  const CostReport &cost = view.cost;
  Report out{.title = title_of(view),
             .columns = {{.heading = "quantity"}, number_column("total", true)},
             .rows = {},
             .notes = {"activation elements: of all tensors that ops make in one pass, views and dropout not counted"}};
  out.rows = {{"parameters", Count(cost.parameters)},
              {"parameters of substitutes", Count(cost.substituted_parameters)},
              {"parameters with scaled weight decay", Count(cost.scaled_decay_parameters)},
              {"parameters of batch norm", Count(cost.batch_norm_parameters)},
              {"stored indices and signs", Count(cost.buffer_elements())},
              {"stored bytes", Count(cost.stored_bytes())},
              {"activation elements", Count(cost.activation_elements)}};
  for (const Convention &convention : view.conventions) {
    out.rows.push_back({mult_adds_heading(convention), cost.mult_adds(convention)});
    out.rows.push_back({per_batch_heading(convention), cost.per_batch(convention)});
  }
  return out;
}

Report not_counted(const CostView &view) {
  Report out{.title = {"not counted"},
             .columns = {{.heading = "convention"}, {.heading = "event"}, number_column("amount"), {.heading = "once per"}},
             .rows = {},
             .notes = {}};
  for (const Convention &convention : view.conventions) {
    for (const EventCount &event : view.cost.not_counted(convention))
      out.rows.push_back({convention.name, event_name(event), event.amount, event.per_batch ? "batch" : "run"});
    out.notes.push_back(fmt::format("{}: {}", convention.name, convention.source));
    for (const EventCount &event : view.cost.events)
      if (event.event == Event::kTransform && convention.weight(event.op_kind, event.spelling, event.event).value_or(0) > 0)
        out.notes.push_back(fmt::format("{}: {} of its mult-adds are {}, as reckoned and not as executed", convention.name,
                                        event.amount.to_string(), event_name(event)));
  }
  return out;
}

Report groups(const CostView &view, GroupBy group_by) {
  Report out{.title = title_of(view),
             .columns = {{.heading = std::string(name_of(kGroupings, group_by))},
                         number_column("layers"),
                         number_column("parameters")},
             .rows = {},
             .notes = {}};
  const std::vector<bool> work = has_per_batch(view);
  for (std::size_t i = 0; i < view.conventions.size(); ++i) {
    out.columns.push_back(number_column(mult_adds_heading(view.conventions[i])));
    if (work[i]) out.columns.push_back(number_column(per_batch_heading(view.conventions[i])));
  }
  for (const CostGroup &group : cost_groups(view, group_by)) {
    std::vector<Cell> row{group.name, Count(group.layers), Count(group.parameters)};
    for (std::size_t i = 0; i < view.conventions.size(); ++i) {
      row.emplace_back(group.mult_adds[i]);
      if (work[i]) row.emplace_back(group.per_batch[i]);
    }
    out.rows.push_back(std::move(row));
  }
  return out;
}

Report layers(const CostView &view) {
  Report out{.title = title_of(view),
             .columns = {{.heading = "layer"},
                         {.heading = "op"},
                         {.heading = "substituted", .brief = "subst."},
                         number_column("parameters")},
             .rows = {},
             .notes = {}};
  const std::vector<bool> work = has_per_batch(view);
  for (std::size_t i = 0; i < view.conventions.size(); ++i) {
    out.columns.push_back(number_column(mult_adds_heading(view.conventions[i])));
    if (work[i]) out.columns.push_back(number_column(per_batch_heading(view.conventions[i])));
  }
  out.columns.push_back({.heading = "output", .unit = {}, .align = Align::kRight});
  out.rows.reserve(view.cost.layers.size());
  for (const LayerCost &cost : view.cost.layers) {
    const Layer &layer = view.lowered.graph.layer(cost.layer);
    if (layer.kind == Input::kKind) continue;
    std::vector<Cell> row{layer.name, layer.kind, layer.substituted ? "yes" : "", Count(cost.parameters)};
    for (std::size_t i = 0; i < view.conventions.size(); ++i) {
      row.emplace_back(weigh(cost.events, view.conventions[i], false));
      if (work[i]) row.emplace_back(weigh(cost.events, view.conventions[i], true));
    }
    Cell &output = row.emplace_back();
    if (cost.output) output = shape_text(*cost.output);
    out.rows.push_back(std::move(row));
  }
  return out;
}

} // namespace

std::vector<CostGroup> cost_groups(const CostView &view, GroupBy group_by) {
  const Graph &graph = view.lowered.graph;
  const std::vector<std::string> kernel = group_by == GroupBy::kKernel ? kernels(graph) : std::vector<std::string>();
  const auto name_of = [&](const LayerCost &cost) -> std::string {
    switch (group_by) {
    case GroupBy::kStage: return cost.output ? fmt::format("{} x {}", cost.output->height, cost.output->width) : std::string();
    case GroupBy::kKernel: return kernel[cost.layer];
    case GroupBy::kKind: return graph.layer(cost.layer).kind;
    }
    return {};
  };
  std::vector<CostGroup> out;
  std::unordered_map<std::string, std::size_t> positions;
  for (const LayerCost &cost : view.cost.layers) {
    if (graph.layer(cost.layer).kind == Input::kKind) continue;
    std::string name = name_of(cost);
    if (name.empty()) name = kNoGroup;
    const auto [entry, added] = positions.try_emplace(name, out.size());
    if (added) {
      out.push_back({.name = name, .mult_adds = {}, .per_batch = {}});
      out.back().mult_adds.resize(view.conventions.size());
      out.back().per_batch.resize(view.conventions.size());
    }
    CostGroup &group = out[entry->second];
    ++group.layers;
    group.parameters = checked_add(group.parameters, cost.parameters);
    for (std::size_t i = 0; i < view.conventions.size(); ++i) {
      group.mult_adds[i] += weigh(cost.events, view.conventions[i], false);
      group.per_batch[i] += weigh(cost.events, view.conventions[i], true);
    }
  }
  return out;
}

std::vector<Report> cost_reports(const CostView &view) {
  std::vector<Report> out{totals(view)};
  out.push_back(not_counted(view));
  if (!view.lowered.kept.empty()) {
    Report kept{
        .title = {"left as they were"}, .columns = {{.heading = "layer"}, {.heading = "reason"}}, .rows = {}, .notes = {}};
    for (const Lowered::Kept &layer : view.lowered.kept) kept.rows.push_back({layer.layer, layer.reason});
    out.push_back(std::move(kept));
  }
  // The title that says what was counted stands above the first table.
  const auto add = [&](Report report) {
    report.title.clear();
    out.push_back(std::move(report));
  };
  if (view.group_by) add(groups(view, *view.group_by));
  if (view.layers) add(layers(view));
  return out;
}

Report cost_table(const CostView &view) {
  if (view.layers && view.group_by)
    throw Error(ErrorCode::kUsage, "--group-by", "csv holds one table; one of --layers and --group-by would be accepted");
  if (view.layers) return layers(view);
  if (view.group_by) return groups(view, *view.group_by);
  Report out = totals(view);
  for (const Convention &convention : view.conventions)
    for (const EventCount &event : view.cost.not_counted(convention))
      out.rows.push_back(
          {fmt::format("not counted by {}: {}{}", convention.name, event_name(event), event.per_batch ? ", per batch" : ""),
           event.amount});
  return out;
}

} // namespace pare

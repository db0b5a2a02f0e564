#include "analysis/network_file.hpp"
#include "base/enums.hpp"
#include "reports/cost_table.hpp"
#include "reports/numbers.hpp"

#include <nlohmann/json.hpp>

namespace pare {

namespace {

using nlohmann::ordered_json;

ordered_json number(const Count &count) {
  return std::visit([](auto value) { return ordered_json(value); }, plain_number(count));
}

ordered_json by_convention(const CostView &view, std::span<const EventCount> events, bool per_batch) {
  ordered_json out = ordered_json::object();
  for (const Convention &convention : view.conventions) out[convention.name] = number(weigh(events, convention, per_batch));
  return out;
}

ordered_json not_counted_json(const CostView &view) {
  ordered_json out = ordered_json::array();
  for (const Convention &convention : view.conventions)
    for (const EventCount &event : view.cost.not_counted(convention))
      out.push_back({{"convention", convention.name},
                     {"op", kind_name(event.op_kind)},
                     {"spelling", to_string(event.spelling)},
                     {"event", to_string(event.event)},
                     {"amount", number(event.amount)},
                     {"per_batch", event.per_batch}});
  return out;
}

void append_groups(ordered_json &out, const CostView &view, GroupBy group_by) {
  out["group_by"] = name_of(kGroupings, group_by);
  out["groups"] = ordered_json::array();
  for (const CostGroup &group : cost_groups(view, group_by)) {
    ordered_json row = {{"name", group.name}, {"layers", group.layers}, {"parameters", group.parameters}};
    for (const char *key : {"mult_adds", "per_batch"}) row[key] = ordered_json::object();
    for (std::size_t i = 0; i < view.conventions.size(); ++i) {
      row["mult_adds"][view.conventions[i].name] = number(group.mult_adds[i]);
      row["per_batch"][view.conventions[i].name] = number(group.per_batch[i]);
    }
    out["groups"].push_back(std::move(row));
  }
}

/// A layer to a line, as network files have it: a million layers are never held as a tree.
void append_layers(std::string &out, const CostView &view) {
  bool first = true;
  for (const LayerCost &cost : view.cost.layers) {
    const Layer &layer = view.lowered.graph.layer(cost.layer);
    if (layer.kind == Input::kKind) continue;
    ordered_json row = {{"name", layer.name},
                        {"op", layer.kind},
                        {"substituted", layer.substituted},
                        {"parameters", cost.parameters},
                        {"mult_adds", by_convention(view, cost.events, false)},
                        {"per_batch", by_convention(view, cost.events, true)},
                        {"output", nullptr}};
    if (layer.shares) row["shares"] = view.lowered.graph.layer(*layer.shares).name;
    if (cost.output) row["output"] = {cost.output->channels, cost.output->height, cost.output->width};
    out += first ? "\n    " : ",\n    ";
    first = false;
    out += row.dump();
  }
}

} // namespace

std::string write_cost_json(const CostView &view) {
  const Shape &input = view.lowered.graph.input_shape();
  const CostReport &cost = view.cost;
  ordered_json document;
  document["schema"] = "pare.cost/1";
  if (view.network.from_file())
    document["network"] = nullptr;
  else
    document["network"] = view.network.name;
  if (view.substitution)
    document["substitution"] = *view.substitution;
  else
    document["substitution"] = nullptr;
  document["input"] = {input.channels, input.height, input.width};
  document["batch"] = input.batch;
  document["parameters"] = cost.parameters;
  document["mult_adds"] = by_convention(view, cost.events, false);
  document["per_batch"] = by_convention(view, cost.events, true);
  document["activations"] = {{"elements", cost.activation_elements}};
  document["not_counted"] = not_counted_json(view);

  // Beyond the keys that the schema promises.
  ordered_json rest;
  if (view.has_auxiliary_head) rest["auxiliary_head"] = true;
  rest["substituted_parameters"] = cost.substituted_parameters;
  rest["scaled_decay_parameters"] = cost.scaled_decay_parameters;
  rest["batch_norm_parameters"] = cost.batch_norm_parameters;
  rest["buffers"] = {{"elements", cost.buffer_elements()}};
  rest["stored_bytes"] = cost.stored_bytes();
  rest["kept"] = ordered_json::array();
  for (const Lowered::Kept &kept : view.lowered.kept) rest["kept"].push_back({{"layer", kept.layer}, {"reason", kept.reason}});
  rest["evaluations"] = ordered_json::object();
  for (const auto &[family, ways] : view.lowered.evaluations)
    for (const Evaluation way : ways) rest["evaluations"][family].push_back(name_of(kEvaluations, way));
  if (view.group_by) append_groups(rest, view, *view.group_by);

  // The pieces that may be large are text already, or are written line by line: they are put into the document as text.
  std::string out = document.dump(2);
  if (view.network.from_file()) out = embed_network(std::move(out), view.network);
  out.resize(out.size() - std::string_view("\n}").size());
  if (view.layers) {
    out += ",\n  \"layers\": [";
    append_layers(out, view);
    out += "\n  ]";
  }
  out += "," + rest.dump(2).substr(1);
  return out + '\n';
}

} // namespace pare

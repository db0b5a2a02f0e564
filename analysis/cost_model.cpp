#include "analysis/cost_model.hpp"

#include "base/error.hpp"

#include <algorithm>

namespace pare {

namespace {

// Of what weights.safetensors holds (train/graph_module.cpp).
constexpr std::int64_t kRealBytes = 4;  ///< of a parameter, and of a running mean or variance
constexpr std::int64_t kWholeBytes = 8; ///< of an index, and of the number of batches
constexpr std::int64_t kSignBytes = 1;

/// Totals by (per batch, op kind, spelling, event), addressed densely.
class Totals {
public:
  void add(const EventCount &event) {
    Cell &cell = cells_[(static_cast<std::size_t>(event.per_batch) * kOpKindCount + event.op_kind) * kCellsPerKind +
                        static_cast<std::size_t>(event.spelling) * kEventCount + static_cast<std::size_t>(event.event)];
    cell.seen = true;
    cell.amount += event.amount;
  }
  std::vector<EventCount> collect() const {
    std::vector<EventCount> out;
    for (std::size_t i = 0; i < cells_.size(); ++i)
      if (cells_[i].seen)
        out.push_back({.op_kind = static_cast<std::uint8_t>(i / kCellsPerKind % kOpKindCount),
                       .spelling = static_cast<Spelling>(i / kEventCount % kSpellingCount),
                       .event = static_cast<Event>(i % kEventCount),
                       .per_batch = i >= kCellsPerKind * kOpKindCount,
                       .amount = cells_[i].amount});
    return out;
  }

private:
  static constexpr std::size_t kCellsPerKind = kSpellingCount * kEventCount;
  struct Cell {
    Count amount;
    bool seen = false;
  };
  std::array<Cell, 2 * kOpKindCount * kCellsPerKind> cells_{};
};

void merge(std::vector<EventCount> &events, const EventCount &event) {
  const auto same = std::find_if(events.begin(), events.end(), [&](const EventCount &e) {
    return e.op_kind == event.op_kind && e.spelling == event.spelling && e.event == event.event &&
           e.per_batch == event.per_batch;
  });
  if (same == events.end())
    events.push_back(event);
  else
    same->amount += event.amount;
}

} // namespace

CostReport count(const Graph &graph, Detail detail) {
  CostReport report;
  Totals totals;
  Tally events;
  std::vector<const TensorShape *> shapes;
  std::vector<NodeId> inputs;
  if (detail == Detail::kLayers) {
    report.layers.resize(graph.layer_count());
    for (LayerId id = 0; id < graph.layer_count(); ++id) report.layers[id].layer = id;
  }

  const auto attached = graph.attached_events();
  std::size_t next_attached = 0;
  for (NodeId id = 0; id < graph.node_count(); ++id) {
    const Node &node = graph.node(id);
    LayerCost *layer = report.layers.empty() ? nullptr : &report.layers[node.layer];
    try {
      if (const auto *parameter = std::get_if<Parameter>(&node.op)) {
        const std::int64_t elements = parameter->extents.elements();
        report.parameters = checked_add(report.parameters, elements);
        report.stored_bytes = checked_add(report.stored_bytes, checked_mul(elements, kRealBytes));
        if (parameter->substituted) report.substituted_parameters += elements;
        if (parameter->decay_scaled) report.scaled_decay_parameters += elements;
        if (layer != nullptr) layer->parameters += elements;
        continue;
      }
      if (const auto *buffer = std::get_if<Buffer>(&node.op)) {
        const std::int64_t elements = buffer->extents.elements();
        report.buffer_elements = checked_add(report.buffer_elements, elements);
        const std::int64_t bytes = buffer->upper == 0 ? kSignBytes : kWholeBytes;
        report.stored_bytes = checked_add(report.stored_bytes, checked_mul(elements, bytes));
        continue;
      }
      if (std::holds_alternative<BatchNorm>(node.op) && !graph.layer(node.layer).shares) {
        const std::int64_t statistics = checked_mul(2, graph.activation(id).channels, kRealBytes);
        report.stored_bytes = checked_add(report.stored_bytes, checked_add(statistics, kWholeBytes));
        graph.inputs(id, inputs);
        for (std::size_t port = 1; port < inputs.size(); ++port)
          report.batch_norm_parameters += graph.weight(inputs[port]).elements();
      }
      if (node.on_activations) {
        if (makes_tensor(node.op))
          report.activation_elements = checked_add(report.activation_elements, graph.activation(id).elements());
        if (layer != nullptr) layer->output = graph.activation(id);
      }

      events.clear();
      graph.input_shapes(id, shapes);
      tally(node.op, shapes, node.shape, events);
      for (; next_attached < attached.size() && attached[next_attached].node == id; ++next_attached)
        events.add(attached[next_attached].event, attached[next_attached].amount);
      for (const Tally::Entry &entry : events) {
        const EventCount event{.op_kind = static_cast<std::uint8_t>(kind_index(node.op)),
                               .spelling = node.spelling,
                               .event = entry.event,
                               .per_batch = !node.on_activations,
                               .amount = entry.amount};
        totals.add(event);
        if (layer != nullptr) merge(layer->events, event);
      }
    } catch (const Error &error) {
      throw error.within(graph.layer(node.layer).name);
    }
  }
  report.events = totals.collect();
  return report;
}

Count weigh(std::span<const EventCount> events, const Convention &convention, bool per_batch) {
  Count out;
  try {
    for (const EventCount &e : events) {
      if (e.per_batch != per_batch) continue;
      if (const auto weight = convention.weight(e.op_kind, e.spelling, e.event)) out += e.amount.times(*weight);
    }
  } catch (const Error &error) {
    throw error.within("mult-adds[" + convention.name + "]");
  }
  return out;
}

Count CostReport::mult_adds(const Convention &convention) const { return weigh(events, convention, false); }
Count CostReport::per_batch(const Convention &convention) const { return weigh(events, convention, true); }

std::vector<EventCount> CostReport::not_counted(const Convention &convention) const {
  std::vector<EventCount> out;
  for (const EventCount &e : events)
    if (e.event != Event::kReferenceMac && !e.amount.is_zero() && !convention.weight(e.op_kind, e.spelling, e.event))
      out.push_back(e);
  return out;
}

} // namespace pare

#include "analysis/cost_model.hpp"

#include "base/error.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace pare {

namespace {

/// Totals by (per batch, op kind, spelling, event). There are hundreds of these, and a graph has a handful: most graphs that
/// are counted are single layers, thousands of them.
class Totals {
public:
  void add(const EventCount &event) {
    std::uint16_t &place = places_[index_of(event)];
    if (place != 0) {
      events_[place - 1].amount += event.amount;
      return;
    }
    events_.push_back(event);
    place = static_cast<std::uint16_t>(events_.size());
  }
  std::vector<EventCount> collect() && {
    std::sort(events_.begin(), events_.end(),
              [](const EventCount &a, const EventCount &b) { return index_of(a) < index_of(b); });
    return std::move(events_);
  }

private:
  static constexpr std::size_t kCellsPerKind = kSpellingCount * kEventCount;
  static std::size_t index_of(const EventCount &event) {
    return (static_cast<std::size_t>(event.per_batch) * kOpKindCount + event.op_kind) * kCellsPerKind +
           static_cast<std::size_t>(event.spelling) * kEventCount + static_cast<std::size_t>(event.event);
  }

  std::vector<EventCount> events_;
  std::array<std::uint16_t, 2 * kOpKindCount * kCellsPerKind> places_{}; ///< one more than that in events_; 0: not there
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
        if (parameter->substituted) report.substituted_parameters += elements;
        if (parameter->decay_scaled) report.scaled_decay_parameters += elements;
        if (layer != nullptr) layer->parameters += elements;
        continue;
      }
      if (const auto *buffer = std::get_if<Buffer>(&node.op)) {
        std::int64_t &elements = buffer->upper == 0 ? report.sign_elements : report.index_elements;
        elements = checked_add(elements, buffer->extents.elements());
        continue;
      }
      if (std::holds_alternative<BatchNorm>(node.op) && !graph.layer(node.layer).shares) {
        graph.inputs(id, inputs);
        for (std::size_t port = 1; port < inputs.size(); ++port)
          report.batch_norm_parameters += graph.weight(inputs[port]).elements();
        report.statistics_elements = checked_add(report.statistics_elements, 2 * graph.activation(id).channels);
        ++report.batch_norms;
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
  report.events = std::move(totals).collect();
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

std::int64_t CostReport::stored_bytes() const {
  // As the trainer saves them (train/graph_module.cpp): indices, and how many batches statistics are of, in 64 bits, signs
  // in 8.
  const std::int64_t floats = checked_mul(checked_add(parameters, statistics_elements), std::int64_t{sizeof(float)});
  const std::int64_t wholes = checked_mul(checked_add(index_elements, batch_norms), std::int64_t{sizeof(std::int64_t)});
  return checked_add(checked_add(floats, wholes), sign_elements);
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

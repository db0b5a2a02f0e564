#include "analysis/lower.hpp"

#include "analysis/cost_model.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <set>

namespace pare {

namespace {

constexpr auto kNone = std::numeric_limits<std::uint32_t>::max();

void check_layers(const Graph &graph, const Plan &plan) {
  if (plan.layers.empty()) return;
  std::set<std::string_view> known;
  for (const Graph::Replaceable &r : graph.replaceable()) known.insert(graph.layer(graph.node(r.node).layer).name);
  for (const auto &[layer, substitute] : plan.layers)
    if (!known.contains(layer))
      throw Error(ErrorCode::kUnknownName, "plan/" + layer,
                  fmt::format("the network has no replaceable layer {}; it has {}{}", shown(layer), known.size(),
                              known.empty() ? std::string() : fmt::format(", such as {}", plain(*known.begin()))));
}

} // namespace

const Substitute *Plan::find(std::string_view layer) const {
  if (const auto entry = layers.find(layer); entry != layers.end()) return &entry->second;
  return uniform ? &*uniform : nullptr;
}

std::optional<std::string> Plan::text() const {
  if (!layers.empty() || !uniform) return std::nullopt;
  return uniform->text();
}

std::string applies_to_no_layer(std::string_view substitute, std::span<const Lowered::Kept> kept) {
  if (kept.empty()) return fmt::format("{} applies to no layer: the network has 0 replaceable ones", substitute);
  return fmt::format("{} applies to no layer ({}: {})", substitute, kept.front().layer, kept.front().reason);
}

Lowered lower(const Graph &graph, const Plan &plan, WhereRefused where_refused) {
  check_layers(graph, plan);
  const std::size_t n = graph.node_count();
  Lowered out;
  out.graph = Graph(graph.initialisation());

  // A replaced convolution takes its own weight and bias with it; what another node uses as well cannot go.
  std::vector<std::uint32_t> replaceable(n, kNone);
  std::vector<bool> dropped(n, false);
  std::vector<NodeId> inputs;
  const auto marks = graph.replaceable();
  for (std::uint32_t i = 0; i < marks.size(); ++i) {
    replaceable[marks[i].node] = i;
    graph.inputs(marks[i].node, inputs);
    for (std::size_t port = 1; port < inputs.size(); ++port) dropped[inputs[port]] = true;
  }
  if (!marks.empty()) {
    std::vector<std::uint8_t> uses(n, 0);
    for (NodeId id = 0; id < n; ++id) {
      graph.inputs(id, inputs);
      for (NodeId input : inputs)
        if (dropped[input] && (++uses[input] > 1 || !std::holds_alternative<Parameter>(graph.node(input).op)))
          throw Error(ErrorCode::kInvalidConfig, graph.layer(graph.node(id).layer).name,
                      "a replaceable convolution must have a weight of its own; this one's is computed or shared");
    }
  }

  std::vector<NodeId> moved(n, kNone);
  std::vector<LayerId> layers(graph.layer_count(), kNone);
  std::size_t next_attached = 0;
  const auto attached = graph.attached_events();
  for (NodeId id = 0; id < n; ++id) {
    if (dropped[id]) continue;
    const Node &node = graph.node(id);
    graph.inputs(id, inputs);
    if (replaceable[id] != kNone) {
      const ConvSite site = site_of(graph, marks[replaceable[id]]);
      const Substitute *substitute = plan.find(site.name);
      if (substitute != nullptr && where_refused == WhereRefused::kLeaveAsItIs)
        if (const auto refusal = resolve(site, *substitute).refusal) {
          out.kept.push_back({site.name, refusal->message});
          substitute = nullptr;
        }
      moved[id] = lower_site(out.graph, site, moved[inputs[0]], substitute != nullptr ? *substitute : baseline_substitute());
      continue;
    }
    for (NodeId &input : inputs) input = moved[input];
    if (std::holds_alternative<Input>(node.op)) {
      moved[id] = out.graph.add_input(graph.activation(id));
      continue;
    }
    LayerId &layer = layers[node.layer];
    if (layer == kNone) {
      const Layer &old = graph.layer(node.layer);
      layer = out.graph.add_layer(old.name, old.kind, old.substituted);
    }
    moved[id] = out.graph.add(layer, node.op, inputs, node.spelling);
    for (; next_attached < attached.size() && attached[next_attached].node <= id; ++next_attached)
      if (attached[next_attached].node == id)
        out.graph.attach(moved[id], attached[next_attached].event, attached[next_attached].amount);
  }
  for (std::size_t i = 0; i < kMarkCount; ++i) {
    const auto mark = static_cast<Mark>(i);
    for (NodeId node : graph.marked(mark)) out.graph.mark(moved[node], mark);
  }
  if (n > 0) out.graph.set_output(moved[graph.output()]);
  // Dense numbers must not be shown under a substitute's name; a baseline's is right.
  if (plan.uniform && plan.uniform->family->info().knob.kind != KnobInfo::Kind::kNone && plan.layers.empty() &&
      out.kept.size() == marks.size())
    throw Error(ErrorCode::kNotApplicable, "substitution", applies_to_no_layer(plan.uniform->text(), out.kept));
  return out;
}

std::vector<Growth> growths(const Graph &graph, const Plan &plan) {
  std::vector<Growth> out;
  const Convention &macs = standard_convention();
  const auto cost = [](const ConvSite &site, const Substitute &substitute) {
    Graph one;
    lower_site(one, site, one.add_input(site.input), substitute);
    return count(one);
  };
  for (const Graph::Replaceable &mark : graph.replaceable()) {
    const ConvSite site = site_of(graph, mark);
    const Substitute *substitute = plan.find(site.name);
    if (substitute == nullptr || is_baseline(site, *substitute) || resolve(site, *substitute).refusal) continue;
    const CostReport before = cost(site, baseline_substitute());
    const CostReport after = cost(site, *substitute);
    if (after.parameters <= before.parameters && after.mult_adds(macs) <= before.mult_adds(macs)) continue;
    out.push_back({.layer = site.name,
                   .substitute = substitute->text(),
                   .parameters_before = before.parameters,
                   .parameters_after = after.parameters,
                   .mult_adds_before = before.mult_adds(macs),
                   .mult_adds_after = after.mult_adds(macs)});
  }
  return out;
}

} // namespace pare

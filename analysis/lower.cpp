#include "analysis/lower.hpp"

#include "analysis/cost_model.hpp"
#include "base/enums.hpp"
#include "base/text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <set>
#include <unordered_map>

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

[[noreturn]] void refuse_weight(const Graph &graph, NodeId node) {
  throw Error(ErrorCode::kInvalidConfig, graph.layer(graph.node(node).layer).name,
              "a replaceable layer must have a weight of its own; this one's is computed, or used by a layer that does not "
              "say that it shares it");
}

/// A part of a substitute is called by its layer's name and its own: no other layer's parameters may be called so.
void check_names(const Graph &lowered) {
  std::unordered_map<std::string_view, LayerId> owners;
  for (const Node &node : lowered.nodes()) {
    if (!std::holds_alternative<Parameter>(node.op)) continue;
    const std::string &name = lowered.layer(node.layer).name;
    if (const auto [owner, is_new] = owners.emplace(name, node.layer); !is_new && owner->second != node.layer)
      throw Error(ErrorCode::kInvalidConfig, name,
                  "two layers have parameters of this name, one of them a part of what stands for a replaceable layer; another "
                  "name of the other one would be accepted");
  }
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

std::string Lowered::evaluation_text() const {
  std::vector<std::string> out;
  for (const auto &[family, ways] : evaluations) {
    std::vector<std::string_view> names;
    for (const Evaluation way : ways) names.push_back(name_of(kEvaluations, way));
    out.push_back(fmt::format("{} {}", family, fmt::join(names, " and ")));
  }
  return fmt::format("{}", fmt::join(out, ", "));
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

  // A replaced layer takes its weight and bias with it, those who share them too; what another node uses cannot go.
  std::vector<std::uint32_t> replaceable(n, kNone);
  std::vector<bool> dropped(n, false);
  std::vector<NodeId> inputs;
  const auto marks = graph.replaceable();
  const auto sharers = graph.sharers();
  for (std::uint32_t i = 0; i < marks.size(); ++i) {
    replaceable[marks[i].node] = i;
    for (const NodeId sharer : sharers[i]) replaceable[sharer] = i;
    graph.inputs(marks[i].node, inputs);
    for (std::size_t port = 1; port < inputs.size(); ++port) {
      if (dropped[inputs[port]] || !std::holds_alternative<Parameter>(graph.node(inputs[port]).op))
        refuse_weight(graph, marks[i].node);
      dropped[inputs[port]] = true;
    }
  }
  if (!marks.empty())
    for (NodeId id = 0; id < n; ++id) {
      if (replaceable[id] != kNone) continue;
      graph.inputs(id, inputs);
      for (NodeId input : inputs)
        if (dropped[input]) refuse_weight(graph, id);
    }
  const std::vector<ConvSites> sites = replaceable_sites(graph, sharers);
  std::vector<SiteLowering> lowerings(marks.size());
  std::vector<Substitute> substitutes(marks.size());
  for (std::size_t i = 0; i < marks.size(); ++i) {
    const std::string &name = sites[i].front().name;
    const Substitute *planned = plan.find(name);
    if (planned != nullptr) {
      const auto refusal = resolve(sites[i], *planned).refusal;
      if (!refusal) {
        substitutes[i] = settled(sites[i], *planned);
        if (!is_baseline(sites[i].front(), *planned))
          out.evaluations[std::string(planned->family->info().name)].insert(substitutes[i].evaluated());
        continue;
      }
      if (where_refused == WhereRefused::kThrow) throw_refusal(sites[i].front(), *planned, *refusal);
      out.kept.push_back({name, refusal->message});
    }
    substitutes[i] = baseline_substitute();
  }
  std::vector<std::size_t> next_site(marks.size(), 0);

  std::vector<NodeId> moved(n, kNone);
  std::vector<LayerId> layers(graph.layer_count(), kNone);
  std::size_t next_attached = 0;
  const auto attached = graph.attached_events();
  for (NodeId id = 0; id < n; ++id) {
    if (dropped[id]) continue;
    const Node &node = graph.node(id);
    graph.inputs(id, inputs);
    if (replaceable[id] != kNone) {
      const std::uint32_t i = replaceable[id];
      const ConvSite &site = sites[i][next_site[i]++];
      moved[id] = lowerings[i].lower(out.graph, site, moved[inputs[0]], substitutes[i]);
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
      layer = out.graph.add_layer(old.name, old.kind, old.substituted,
                                  old.shares ? std::optional(layers[*old.shares]) : std::nullopt);
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
  if (!marks.empty()) check_names(out.graph);
  // Dense numbers must not be shown under a substitute's name; a baseline's is right.
  if (plan.uniform && plan.uniform->family->info().knob.kind != KnobInfo::Kind::kNone && plan.layers.empty() &&
      out.kept.size() == marks.size())
    throw Error(ErrorCode::kNotApplicable, "substitution", applies_to_no_layer(plan.uniform->text(), out.kept));
  return out;
}

std::vector<Growth> growths(const Graph &graph, const Plan &plan) {
  std::vector<Growth> out;
  const Convention &macs = standard_convention();
  // At all its places: parameters once.
  const auto cost = [&](const ConvSites &sites, const Substitute &substitute) {
    std::pair<std::int64_t, Count> all;
    for (const ConvSite &site : sites) {
      Graph one;
      lower_site(one, site, one.add_input(site.input), settled(sites, substitute));
      const CostReport report = count(one);
      if (&site == &sites.front()) all.first = report.parameters;
      all.second += report.mult_adds(macs);
    }
    return all;
  };
  for (const ConvSites &sites : replaceable_sites(graph)) {
    const ConvSite &site = sites.front();
    const Substitute *substitute = plan.find(site.name);
    if (substitute == nullptr || is_baseline(site, *substitute) || resolve(sites, *substitute).refusal) continue;
    const auto [parameters_before, mult_adds_before] = cost(sites, baseline_substitute());
    const auto [parameters_after, mult_adds_after] = cost(sites, *substitute);
    if (parameters_after <= parameters_before && mult_adds_after <= mult_adds_before) continue;
    out.push_back({.layer = site.name,
                   .substitute = substitute->text(),
                   .parameters_before = parameters_before,
                   .parameters_after = parameters_after,
                   .mult_adds_before = mult_adds_before,
                   .mult_adds_after = mult_adds_after});
  }
  return out;
}

} // namespace pare

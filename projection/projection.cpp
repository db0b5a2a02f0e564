#include "projection/projection.hpp"

#include "base/error.hpp"
#include "projection/numerics.hpp"
#include "projection/projector.hpp"

#include <algorithm>
#include <array>
#include <cassert>

namespace pare {

#define PARE_PROJECTOR(name) const Projector &projector_##name();
#include "projection/families/list.def"
#undef PARE_PROJECTOR

const Projector *find_projector(std::string_view family) {
  static const std::array all = {
#define PARE_PROJECTOR(name) &projector_##name(),
#include "projection/families/list.def"
#undef PARE_PROJECTOR
  };
  const auto found = std::find_if(all.begin(), all.end(), [&](const Projector *one) { return one->family() == family; });
  return found == all.end() ? nullptr : *found;
}

double WeightProjector::share_kept(const Structure & /*structure*/) {
  assert(false && "a family without a share is asked for it");
  return 0;
}

std::int64_t setting_of(std::string_view family, const Settings &settings, std::string_view key) {
  const std::vector<KeyInfo> &keys = find_substitution(family).info().keys;
  const auto found = std::find_if(keys.begin(), keys.end(), [&](const KeyInfo &own) { return own.name == key; });
  assert(found != keys.end());
  return settings[static_cast<std::size_t>(found - keys.begin())];
}

namespace {

/// The node of the bias that is added last; none where there is none.
std::optional<NodeId> last_bias(const Graph &graph, NodeId output) {
  const Op &op = graph.node(output).op;
  const bool has_weight = std::holds_alternative<Conv>(op) || std::holds_alternative<Linear>(op);
  const std::size_t port = has_weight ? 2 : std::holds_alternative<AddBias>(op) ? 1 : SIZE_MAX;
  const std::vector<NodeId> inputs = graph.inputs(output);
  return port < inputs.size() ? std::optional(inputs[port]) : std::nullopt;
}

/// What the family's own projection leaves: the convolution's bias goes on the last map, and what is a bias elsewhere is 0.
void add_biases(const ConvSite &site, const Substitute &substitute, const Structure &structure, const LayerWeight &layer,
                DenseTensors &parameters) {
  Graph graph;
  const NodeId output = lower_site(graph, site, graph.add_input(site.input), substitute, structure);
  const std::optional<NodeId> last = last_bias(graph, output);
  assert(last || !layer.bias);
  [[maybe_unused]] std::size_t known = 0;
  for (NodeId id = 0; id < graph.node_count(); ++id) {
    if (!std::holds_alternative<Parameter>(graph.node(id).op)) continue;
    ++known;
    const std::string name = graph.parameter_name(id);
    const Extents &extents = graph.weight(id);
    const auto [entry, is_new] = parameters.try_emplace(name);
    assert(is_new || entry->second.extents == extents);
    if (!is_new) continue;
    assert(extents.rank() == 1);
    entry->second = last == id && layer.bias
                        ? *layer.bias
                        : DenseTensor{extents, std::vector<double>(static_cast<std::size_t>(extents.elements()))};
  }
  assert(known == parameters.size());
}

const DenseTensor *of_extents(const DenseTensor *tensor, const Extents &extents) {
  return tensor != nullptr && tensor->extents == extents ? tensor : nullptr;
}

} // namespace

std::optional<LayerWeight> layer_weight(const ConvSite &site, const FindTensor &find) {
  const Extents extents{site.out_channels(), site.in_channels() / site.groups, site.kernel.height, site.kernel.width};
  const bool is_separable = site.baseline == Baseline::kSep;
  const bool is_linear = site.baseline == Baseline::kLinear;
  const std::string part = site.name + (is_linear ? "" : is_separable ? ".pointwise" : ".conv");
  LayerWeight out;
  if (is_separable) {
    const DenseTensor *map = of_extents(find(part + ".weight"), {extents[0], extents[1], 1, 1});
    if (map == nullptr) return std::nullopt;
    out.weight = *map;
    if (!site.pointwise()) {
      const DenseTensor *depthwise =
          of_extents(find(site.name + ".grouped.weight"), {site.in_channels(), 1, site.kernel.height, site.kernel.width});
      if (depthwise == nullptr) return std::nullopt;
      const auto area = static_cast<std::size_t>(site.kernel.area());
      const auto in_channels = static_cast<std::size_t>(site.in_channels());
      out.weight = {.extents = extents, .values = {}};
      out.weight.values.reserve(map->values.size() * area);
      for (std::size_t j = 0; j < map->values.size(); ++j)
        for (std::size_t x = 0; x < area; ++x)
          out.weight.values.push_back(map->values[j] * depthwise->values[j % in_channels * area + x]);
    }
  } else {
    const DenseTensor *weight = of_extents(find(part + ".weight"), is_linear ? Extents{extents[0], extents[1]} : extents);
    if (weight == nullptr) return std::nullopt;
    out.weight = {.extents = extents, .values = weight->values};
  }
  if (site.bias) {
    const DenseTensor *bias = of_extents(find(part + ".bias"), {site.out_channels()});
    if (bias == nullptr) return std::nullopt;
    out.bias = *bias;
  }
  return out;
}

std::optional<Projection> project(const ConvSite &site, const Substitute &substitute, const LayerWeight &layer,
                                  const DenseTensors &buffers, std::size_t sweeps) {
  const Resolved resolved = resolve(site, substitute);
  if (resolved.refusal) throw_refusal(site, substitute, *resolved.refusal);
  const Projector *projector = find_projector(substitute.family->info().name);
  if (projector == nullptr) return std::nullopt;
  const auto of_weight = projector->at(site, substitute.settings, layer.weight);
  if (of_weight == nullptr) return std::nullopt;
  Projection out = of_weight->project(resolved.structure, buffers, sweeps);
  out.energy_kept = std::clamp(out.energy_kept, 0.0, 1.0);
  add_biases(site, substitute, resolved.structure, layer, out.parameters);
  return out;
}

bool has_share(const ConvSite &site, const Substitute &substitute) {
  const Projector *projector = find_projector(substitute.family->info().name);
  return projector != nullptr && projector->has_share(site, substitute.settings);
}

std::vector<double> shares_kept(const ConvSite &site, std::span<const Substitute> substitutes, const DenseTensor &weight) {
  std::vector<double> out;
  std::map<std::pair<const Substitution *, Settings>, std::unique_ptr<WeightProjector>> known;
  for (const Substitute &own : substitutes) {
    assert(has_share(site, own));
    std::unique_ptr<WeightProjector> &of_weight = known[{own.family, own.settings}];
    if (!of_weight) of_weight = find_projector(own.family->info().name)->at(site, own.settings, weight);
    const Resolved resolved = resolve(site, own);
    if (resolved.refusal) throw_refusal(site, own, *resolved.refusal);
    out.push_back(std::clamp(of_weight->share_kept(resolved.structure), 0.0, 1.0));
  }
  return out;
}

} // namespace pare

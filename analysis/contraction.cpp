#include "analysis/contraction.hpp"

#include "base/error.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <limits>
#include <tuple>

namespace pare {

namespace {

using Group = Contraction::Group;
using LabelSet = std::uint64_t; ///< bit l is label l

constexpr std::int64_t kUncountable = std::numeric_limits<std::int64_t>::max();

std::int64_t saturated_sum(std::int64_t a, std::int64_t b) {
  std::int64_t out = 0;
  return __builtin_add_overflow(a, b, &out) ? kUncountable : out;
}

LabelSet set_of(std::span<const std::int64_t> labels) {
  LabelSet out = 0;
  for (const std::int64_t label : labels) out |= LabelSet{1} << label;
  return out;
}

/// Which labels groups have, and what two operands cost.
class Labels {
public:
  explicit Labels(const TensorNetwork &network)
      : network_(network), inputs_(set_of(network.inputs)), outputs_(set_of(network.outputs)) {
    assert(network.sizes.size() <= 64 && network.elements.size() <= TensorNetwork::kMostElements);
    const std::size_t all = std::size_t{1} << network.elements.size();
    of_.resize(all, 0);
    for (std::size_t group = 1; group < all; ++group)
      of_[group] = of_[group & (group - 1)] | set_of(network.elements[static_cast<std::size_t>(std::countr_zero(group))]);
  }

  Group all() const { return static_cast<Group>(of_.size() - 1); }
  /// A merged group keeps what anybody else has.
  LabelSet of_group(Group group) const { return of_[group] & (inputs_ | outputs_ | of_[all() & ~group]); }
  /// So do the activations.
  LabelSet behind(Group taken) const { return (inputs_ | of_[taken]) & (outputs_ | of_[all() & ~taken]); }
  /// The product of all sizes: the multiply-accumulates of two operands that have these together.
  std::int64_t product(LabelSet labels) const {
    std::int64_t out = 1;
    for (; labels != 0; labels &= labels - 1)
      if (__builtin_mul_overflow(out, network_.sizes[static_cast<std::size_t>(std::countr_zero(labels))], &out))
        return kUncountable;
    return out;
  }

private:
  const TensorNetwork &network_;
  LabelSet inputs_;
  LabelSet outputs_;
  std::vector<LabelSet> of_;
};

/// The cheapest way to merge each group within a group, two at a time.
class Merges {
public:
  Merges(const Labels &labels, Group within) : cost_(std::size_t{within} + 1, 0), part_(std::size_t{within} + 1, 0) {
    // Subsets in rising order come behind their own subsets.
    for (Group group = within & (~within + 1);; group = (group - within) & within) {
      if (std::popcount(group) > 1) {
        const Group lowest = group & (~group + 1);
        cost_[group] = kUncountable;
        for (Group part = (group - 1) & group; part != 0; part = (part - 1) & group) {
          if ((part & lowest) == 0) continue; // the other half of a split that is tried
          const Group rest = group & ~part;
          const std::int64_t cost = saturated_sum(labels.product(labels.of_group(part) | labels.of_group(rest)),
                                                  saturated_sum(cost_[part], cost_[rest]));
          if (cost < cost_[group] || part_[group] == 0) {
            cost_[group] = cost;
            part_[group] = part;
          }
        }
      }
      if (group == within) break;
    }
  }
  std::int64_t cost(Group group) const { return cost_[group]; }
  /// One of the two that are merged last.
  Group part(Group group) const { return part_[group]; }

private:
  std::vector<std::int64_t> cost_;
  std::vector<Group> part_;
};

std::vector<std::int64_t> list_of(LabelSet labels) {
  std::vector<std::int64_t> out;
  for (; labels != 0; labels &= labels - 1) out.push_back(std::countr_zero(labels));
  return out;
}

/// Writes ops, and remembers how the groups are merged.
class Writer {
public:
  Writer(Graph &graph, LayerId layer, const TensorNetwork &network, std::span<const NodeId> weights)
      : graph_(graph), layer_(layer), network_(network), weights_(weights) {}

  NodeId merged(const Merges &merges, Group group) {
    if (std::has_single_bit(group)) return weights_[static_cast<std::size_t>(std::countr_zero(group))];
    const Group a = merges.part(group);
    const Group b = group & ~a;
    const NodeId first = merged(merges, a);
    const NodeId second = merged(merges, b);
    return graph_.add(layer_, ContractWeights{.a = legs(a), .b = legs(b), .out = legs(group)}, {first, second},
                      Spelling::kFunction);
  }
  Legs legs(Group group) const { return network_.legs(labels_of_group(network_, group)); }

private:
  Graph &graph_;
  LayerId layer_;
  const TensorNetwork &network_;
  std::span<const NodeId> weights_;
};

} // namespace

Legs TensorNetwork::legs(std::span<const std::int64_t> labels) const {
  Legs out;
  for (const std::int64_t label : labels) out.push_back({label, sizes[static_cast<std::size_t>(label)]});
  return out;
}

Contraction cheapest_contraction(const TensorNetwork &network) {
  const Labels labels(network);
  const Merges merges(labels, labels.all());
  // The best way to have taken in a set: the last group, and the best way to what was before.
  struct Best {
    std::int64_t macs = kUncountable;
    std::int64_t per_batch = kUncountable;
    int groups = 0;
    Group last = 0;

    auto rank() const { return std::tie(macs, per_batch, groups); }
  };
  std::vector<Best> best(std::size_t{labels.all()} + 1);
  best[0] = {.macs = 0, .per_batch = 0, .groups = 0, .last = 0};
  std::vector<LabelSet> of_group(best.size(), 0);
  for (Group group = 1; group <= labels.all(); ++group) of_group[group] = labels.of_group(group);
  std::vector<LabelSet> behind(best.size(), 0);
  for (Group taken = 0; taken <= labels.all(); ++taken) behind[taken] = labels.behind(taken);
  for (Group taken = 1; taken <= labels.all(); ++taken)
    for (Group last = taken; last != 0; last = (last - 1) & taken) {
      const Best &before = best[taken & ~last];
      if (before.macs >= best[taken].macs) continue; // a step costs one at least
      const std::int64_t step = labels.product(behind[taken & ~last] | of_group[last]);
      const Best now{.macs = saturated_sum(before.macs, step),
                     .per_batch = saturated_sum(before.per_batch, merges.cost(last)),
                     .groups = before.groups + 1,
                     .last = last};
      if (now.rank() < best[taken].rank()) best[taken] = now;
    }
  const Best &whole = best[labels.all()];
  if (whole.macs == kUncountable || whole.per_batch == kUncountable)
    throw Error(ErrorCode::kOverflow, "", "the multiply-accumulates of no contraction can be counted in 64 bits");
  Contraction out{.groups = {}, .macs = whole.macs, .per_batch = whole.per_batch};
  for (Group taken = labels.all(); taken != 0; taken &= ~best[taken].last) out.groups.push_back(best[taken].last);
  std::reverse(out.groups.begin(), out.groups.end());
  return out;
}

Contraction contraction_in(const TensorNetwork &network, std::vector<Group> groups) {
  const Labels labels(network);
  Contraction out{.groups = std::move(groups), .macs = 0, .per_batch = 0};
  Group taken = 0;
  for (const Group group : out.groups) {
    out.macs = saturated_sum(out.macs, labels.product(labels.behind(taken) | labels.of_group(group)));
    out.per_batch = saturated_sum(out.per_batch, Merges(labels, group).cost(group));
    taken |= group;
  }
  assert(taken == labels.all());
  if (out.macs == kUncountable || out.per_batch == kUncountable)
    throw Error(ErrorCode::kOverflow, "", "the multiply-accumulates of a contraction cannot be counted in 64 bits");
  return out;
}

std::vector<std::int64_t> labels_behind(const TensorNetwork &network, Group taken) {
  const Labels labels(network);
  if (taken == labels.all()) return network.outputs;
  // Those of the input that are left, then what came in.
  const LabelSet left = labels.behind(taken);
  std::vector<std::int64_t> out;
  for (const std::int64_t label : network.inputs)
    if ((left >> label & 1U) != 0) out.push_back(label);
  for (const std::int64_t label : list_of(left & ~set_of(network.inputs))) out.push_back(label);
  return out;
}

std::vector<std::int64_t> labels_of_group(const TensorNetwork &network, Group group) {
  if (std::has_single_bit(group)) return network.elements[static_cast<std::size_t>(std::countr_zero(group))];
  const Labels labels(network);
  if (group != labels.all()) return list_of(labels.of_group(group));
  // The dense weight, row-major.
  std::vector<std::int64_t> out = network.outputs;
  out.insert(out.end(), network.inputs.begin(), network.inputs.end());
  return out;
}

NodeId merge_group(Graph &graph, LayerId layer, const TensorNetwork &network, std::span<const NodeId> weights, Group group) {
  return Writer(graph, layer, network, weights).merged(Merges(Labels(network), group), group);
}

NodeId merge_in_order(Graph &graph, LayerId layer, const TensorNetwork &network, std::span<const NodeId> weights) {
  std::vector<std::int64_t> dense = network.outputs;
  dense.insert(dense.end(), network.inputs.begin(), network.inputs.end());
  const auto has = [](const std::vector<std::int64_t> &labels, std::int64_t label) {
    return std::find(labels.begin(), labels.end(), label) != labels.end();
  };
  std::vector<std::int64_t> merged = network.elements.front();
  NodeId out = weights[0];
  for (std::size_t i = 1; i < network.elements.size(); ++i) {
    const std::vector<std::int64_t> &next = network.elements[i];
    std::vector<std::int64_t> kept;
    const auto keep = [&](std::int64_t label) {
      const bool is_needed =
          has(dense, label) || std::any_of(network.elements.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                                           network.elements.end(), [&](const auto &element) { return has(element, label); });
      if (is_needed && !has(kept, label)) kept.push_back(label);
    };
    for (const std::int64_t label : merged) keep(label);
    for (const std::int64_t label : next) keep(label);
    if (i + 1 == network.elements.size()) kept = dense;
    out = graph.add(layer, ContractWeights{.a = network.legs(merged), .b = network.legs(next), .out = network.legs(kept)},
                    {out, weights[i]}, Spelling::kFunction);
    merged = std::move(kept);
  }
  assert(merged == dense);
  return out;
}

NodeId write_contraction(Graph &graph, LayerId layer, const TensorNetwork &network, const Contraction &contraction,
                         std::span<const NodeId> weights, NodeId x, const Pair &stride, const Padding &padding) {
  Writer writer(graph, layer, network, weights);
  std::vector<NodeId> merged;
  for (const Group group : contraction.groups) merged.push_back(writer.merged(Merges(Labels(network), group), group));
  Group taken = 0;
  for (std::size_t i = 0; i < merged.size(); ++i) {
    const Group group = contraction.groups[i];
    Contract step{.x = network.legs(labels_behind(network, taken)),
                  .weight = writer.legs(group),
                  .out = network.legs(labels_behind(network, taken | group))};
    if (taken == 0) {
      step.stride = stride;
      step.padding = padding;
    }
    taken |= group;
    x = graph.add(layer, step, {x, merged[i]}, Spelling::kFunction);
  }
  return x;
}

namespace {

/// Modes alone: labels 0 to d - 1.
FlattenedTensors modes_alone(std::span<const std::int64_t> modes) {
  return {.sizes = {modes.begin(), modes.end()}, .modes = modes.size(), .tensors = {}};
}

std::int64_t add_label(FlattenedTensors &to, std::int64_t size) {
  to.sizes.push_back(size);
  return static_cast<std::int64_t>(to.sizes.size()) - 1;
}

} // namespace

FlattenedTensors train_tensors(std::span<const std::int64_t> modes, std::span<const std::int64_t> ranks) {
  FlattenedTensors out = modes_alone(modes);
  std::int64_t bond = add_label(out, 1);
  for (std::size_t k = 0; k < modes.size(); ++k) {
    const std::int64_t next = add_label(out, k < ranks.size() ? ranks[k] : 1);
    out.tensors.push_back({bond, static_cast<std::int64_t>(k), next});
    bond = next;
  }
  return out;
}

FlattenedTensors tucker_tensors(std::span<const std::int64_t> modes, std::span<const std::int64_t> ranks) {
  FlattenedTensors out = modes_alone(modes);
  std::vector<std::int64_t> core;
  for (std::size_t k = 0; k < modes.size(); ++k) {
    core.push_back(add_label(out, ranks[k]));
    out.tensors.push_back({static_cast<std::int64_t>(k), core.back()});
  }
  out.tensors.push_back(std::move(core));
  return out;
}

FlattenedTensors tucker_train_tensors(std::span<const std::int64_t> modes, std::span<const std::int64_t> ranks,
                                      std::span<const std::int64_t> bonds) {
  FlattenedTensors out = modes_alone(modes);
  std::vector<std::int64_t> inner;
  for (std::size_t k = 0; k < modes.size(); ++k) {
    inner.push_back(add_label(out, ranks[k]));
    out.tensors.push_back({static_cast<std::int64_t>(k), inner.back()});
  }
  std::int64_t bond = add_label(out, 1);
  for (std::size_t k = 0; k < modes.size(); ++k) {
    const std::int64_t next = add_label(out, k < bonds.size() ? bonds[k] : 1);
    out.tensors.push_back({bond, inner[k], next});
    bond = next;
  }
  return out;
}

FlattenedTensors polyadic_tensors(std::span<const std::int64_t> modes, std::int64_t rank) {
  FlattenedTensors out = modes_alone(modes);
  const std::int64_t bond = add_label(out, rank);
  for (std::size_t k = 0; k < modes.size(); ++k) out.tensors.push_back({static_cast<std::int64_t>(k), bond});
  return out;
}

TensorNetwork train_matrix_network(std::span<const std::int64_t> outputs, std::span<const std::int64_t> inputs,
                                   std::span<const std::int64_t> ranks) {
  TensorNetwork out;
  for (const std::int64_t mode : outputs) out.outputs.push_back(out.label(mode));
  for (const std::int64_t mode : inputs) out.inputs.push_back(out.label(mode));
  std::int64_t bond = out.label(1);
  for (std::size_t k = 0; k < outputs.size(); ++k) {
    const std::int64_t next = out.label(k < ranks.size() ? ranks[k] : 1);
    out.elements.push_back({bond, out.outputs[k], out.inputs[k], next});
    bond = next;
  }
  return out;
}

Straddled straddle(const FlattenedTensors &flattened, std::int64_t outputs, std::int64_t inputs) {
  const std::size_t d = flattened.modes;
  // The most modes from the left whose product divides the outputs, and from the right the inputs.
  std::size_t left = 0;
  std::int64_t outputs_left = outputs;
  while (left < d && outputs_left % flattened.sizes[left] == 0) outputs_left /= flattened.sizes[left++];
  std::size_t right = d;
  std::int64_t inputs_left = inputs;
  while (right > left && inputs_left % flattened.sizes[right - 1] == 0) inputs_left /= flattened.sizes[--right];

  Straddled out{
      .network = {.sizes = flattened.sizes, .inputs = {}, .outputs = {}, .elements = {}}, .tensors_of = {}, .border_steps = {}};
  const auto is_between = [&](std::int64_t label) {
    return label >= static_cast<std::int64_t>(left) && label < static_cast<std::int64_t>(right);
  };
  std::vector<std::int64_t> border; // what is left of the outputs, and of the inputs
  if (left < right) border = {out.network.label(outputs_left), out.network.label(inputs_left)};
  for (std::size_t mode = 0; mode < left; ++mode) out.network.outputs.push_back(static_cast<std::int64_t>(mode));
  if (!border.empty()) {
    out.network.outputs.push_back(border[0]);
    out.network.inputs.push_back(border[1]);
  }
  for (std::size_t mode = right; mode < d; ++mode) out.network.inputs.push_back(static_cast<std::int64_t>(mode));

  // Each mode is one tensor's.
  std::vector<std::size_t> between;
  for (std::size_t t = 0; t < flattened.tensors.size(); ++t)
    if (std::any_of(flattened.tensors[t].begin(), flattened.tensors[t].end(), is_between)) between.push_back(t);
  for (std::size_t t = 0; t < flattened.tensors.size(); ++t) {
    const bool straddles = std::find(between.begin(), between.end(), t) != between.end();
    if (straddles && t != between.front()) continue;
    out.tensors_of.push_back(straddles ? between : std::vector{t});
    out.network.elements.push_back(flattened.tensors[t]);
  }
  if (between.empty()) return out;

  // Merged from the left; what others have is kept, and the modes, which come last and in their order: they are one dimension
  // then.
  std::vector<std::int64_t> merged = flattened.tensors[between.front()];
  LabelSet modes = 0;
  for (std::size_t mode = left; mode < right; ++mode) modes |= LabelSet{1} << mode;
  for (std::size_t i = 1; i < between.size(); ++i) {
    LabelSet needed = modes;
    for (std::size_t t = 0; t < flattened.tensors.size(); ++t)
      if (std::find(between.begin(), between.begin() + static_cast<std::ptrdiff_t>(i) + 1, t) ==
          between.begin() + static_cast<std::ptrdiff_t>(i) + 1)
        needed |= set_of(flattened.tensors[t]);
    const std::vector<std::int64_t> &next = flattened.tensors[between[i]];
    const LabelSet kept = (set_of(merged) | set_of(next)) & needed;
    std::vector<std::int64_t> result = list_of(kept & ~modes);
    for (const std::int64_t mode : list_of(kept & modes)) result.push_back(mode);
    out.border_steps.push_back({.a = out.network.legs(merged), .b = out.network.legs(next), .out = out.network.legs(result)});
    merged = std::move(result);
  }
  std::vector<std::int64_t> seen; // the modes as what they are on either side of the border
  for (const std::int64_t label : merged)
    if (!is_between(label))
      seen.push_back(label);
    else if (label == static_cast<std::int64_t>(left))
      seen.insert(seen.end(), border.begin(), border.end());
  for (std::size_t e = 0; e < out.tensors_of.size(); ++e)
    if (out.tensors_of[e].front() == between.front()) out.network.elements[e] = std::move(seen);
  return out;
}

std::int64_t Straddled::per_batch() const {
  std::int64_t out = 0;
  for (const ContractWeights &step : border_steps) out = checked_add(out, elements_of(union_of(step.a, step.b)));
  return out;
}

std::vector<NodeId> write_elements(Graph &graph, LayerId layer, const Straddled &straddled, std::span<const NodeId> tensors) {
  std::vector<NodeId> out;
  for (const std::vector<std::size_t> &from : straddled.tensors_of) {
    NodeId merged = tensors[from.front()];
    for (std::size_t i = 1; i < from.size(); ++i)
      merged = graph.add(layer, straddled.border_steps[i - 1], {merged, tensors[from[i]]}, Spelling::kFunction);
    out.push_back(merged);
  }
  return out;
}

} // namespace pare

#include "analysis/widen.hpp"

#include "analysis/builder.hpp"
#include "base/checked.hpp"
#include "base/error.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <optional>

namespace pare {

std::int64_t scaled_channels(std::int64_t channels, double factor, const std::string &where, std::int64_t round_to) {
  const double value = static_cast<double>(channels) * factor;
  if (round_to > 1) {
    const std::int64_t nearest = scaled_channels(1, value + static_cast<double>(round_to) / 2, where) / round_to * round_to;
    const std::int64_t out = std::max(round_to, nearest);
    return static_cast<double>(out) < 0.9 * value ? out + round_to : out;
  }
  if (value >= 9007199254740992.0)
    throw Error(ErrorCode::kOverflow, where,
                fmt::format("int({} x {}) channels are more than 2^53", channels, shortest(factor)));
  const auto out = static_cast<std::int64_t>(value);
  if (out < 1)
    throw Error(ErrorCode::kInvalidConfig, where,
                fmt::format("int({} x {}) = 0 channels; a factor from {} up would be accepted", channels, shortest(factor),
                            shortest(1.0 / static_cast<double>(channels))));
  return out;
}

namespace {

constexpr std::size_t kMostParts = std::size_t{1} << 22; // of concatenations of concatenations, wherever they are looked at

/// A convolution that has outputs of its own for each input channel.
bool is_depthwise(const Conv &conv, const Shape &x) { return conv.groups > 1 && conv.groups == x.channels; }

} // namespace

/// Goes through the layers, and unites the ties of channels that must be as many.
class Widening::Finder {
public:
  Finder(Widening &out, const Graph &graph) : out_(out), graph_(graph), owner_of_(graph.layer_count(), 0) {}

  void run() {
    std::vector<bool> is_used(graph_.node_count(), false);
    out_.layout_of_.assign(graph_.node_count(), 0);
    for (NodeId id = 0; id < graph_.node_count(); ++id) {
      const Node &node = graph_.node(id);
      current_ = id;
      if (!node.on_activations) {
        if (!std::holds_alternative<Parameter>(node.op)) refuse(id, "its weight is computed");
        continue;
      }
      for (const NodeId input : graph_.inputs(id)) is_used[input] = true;
      if (!graph_.layer(node.layer).shares) owner_of_[node.layer] = id;
      out_.layout_of_[id] = layout(id);
    }
    for (NodeId id = 0; id < graph_.node_count(); ++id)
      if (graph_.node(id).on_activations && (!is_used[id] || id == graph_.output()))
        for (const Piece &piece : of(id)) group(piece.tie).is_last = true;
    finish();
  }

private:
  /// One tie, or what has been united with another.
  struct Group {
    TieId parent = 0;
    Tie tie = {};
    bool is_input = false;
    bool is_last = false;
    std::optional<NodeId> maker = {};      ///< the first layer with channels of its own
    std::optional<NodeId> ties_input = {}; ///< the layer by which it was united with the input
  };

  [[noreturn]] void refuse(NodeId id, const std::string &why) const {
    throw Error(ErrorCode::kInvalidConfig, graph_.layer(graph_.node(id).layer).name,
                fmt::format("{}, so that the network's width cannot change", why));
  }

  TieId root(TieId tie) {
    while (groups_[tie].parent != tie) tie = groups_[tie].parent = groups_[groups_[tie].parent].parent;
    return tie;
  }
  Group &group(TieId tie) { return groups_[root(tie)]; }
  const Layout &of(NodeId id) const { return out_.layouts_[out_.layout_of_[id]]; }

  /// Most layers have one.
  void spend(std::size_t pieces) {
    parts_ += pieces - 1;
    if (parts_ > kMostParts) refuse(current_, fmt::format("concatenations up to here are of more than {} parts", kMostParts));
  }
  std::size_t add(Layout layout) {
    out_.layouts_.push_back(std::move(layout));
    return out_.layouts_.size() - 1;
  }
  /// So many channels of a tie of their own.
  std::size_t make(NodeId id, std::int64_t size) {
    groups_.push_back({.parent = groups_.size(), .tie = {.unit = size}, .maker = id});
    return add({{.tie = groups_.size() - 1, .size = size}});
  }
  Piece piece(TieId tie, std::int64_t size) {
    std::int64_t &unit = group(tie).tie.unit;
    unit = std::gcd(unit, size);
    return {.tie = tie, .size = size};
  }
  void unite(TieId a, TieId b, NodeId by) {
    a = root(a);
    b = root(b);
    if (a == b) return;
    if (b < a) std::swap(a, b); // the order of the layers
    Group &to = groups_[a];
    Group &from = groups_[b];
    from.parent = a;
    to.tie.unit = std::gcd(to.tie.unit, from.tie.unit);
    to.tie.grouped.insert(to.tie.grouped.end(), from.tie.grouped.begin(), from.tie.grouped.end());
    from.tie.grouped.clear();
    if (to.is_input != from.is_input) to.ties_input = by;
    if (!to.ties_input) to.ties_input = from.ties_input;
    if (!to.maker) to.maker = from.maker;
    to.is_input = to.is_input || from.is_input;
  }
  void unite(const Layout &layout, NodeId by) {
    spend(layout.size());
    for (const Piece &other : layout) unite(layout.front().tie, other.tie, by);
  }
  /// Of as many channels: piece by piece where these are as long, else all of both.
  void unite(const Layout &a, const Layout &b, NodeId by) {
    spend(std::max(a.size(), b.size()));
    const bool is_alike =
        std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Piece &x, const Piece &y) { return x.size == y.size; });
    if (!is_alike) {
      unite(a, by);
      unite(b, by);
      return unite(a.front().tie, b.front().tie, by);
    }
    for (std::size_t i = 0; i < a.size(); ++i) unite(a[i].tie, b[i].tie, by);
  }
  /// All channels of a node as one piece, which groups divide.
  Piece grouped(NodeId id, std::int64_t channels, std::int64_t groups, NodeId by) {
    unite(of(id), by);
    const Piece out = piece(of(id).front().tie, channels);
    group(out.tie).tie.grouped.emplace_back(channels, groups);
    return out;
  }

  /// The channels that a layer gives.
  std::size_t layout(NodeId id) {
    const Node &node = graph_.node(id);
    const std::int64_t channels = graph_.activation(id).channels;
    std::vector<NodeId> inputs;
    for (const NodeId input : graph_.inputs(id))
      if (graph_.node(input).on_activations) inputs.push_back(input);
    if (!is_in_files(kind_index(node.op)) && !std::holds_alternative<Input>(node.op)) refuse(id, "it is part of a substitute");
    const auto shares = graph_.layer(node.layer).shares;
    const NodeId owner = shares ? owner_of_[*shares] : id;
    if (shares) unite(of(inputs[0]), of(graph_.inputs(owner)[0]), id);
    return std::visit(
        [&]<class T>(const T &op) -> std::size_t {
          if constexpr (std::is_same_v<T, Input>) {
            const std::size_t out = make(id, channels);
            groups_.back().is_input = true;
            groups_.back().maker.reset();
            return out;
          } else if constexpr (std::is_same_v<T, Conv>) {
            const Shape &x = graph_.activation(inputs[0]);
            if (is_depthwise(op, x)) return times(inputs[0], channels / x.channels);
            if (op.groups > 1) grouped(inputs[0], x.channels, op.groups, id);
            if (shares) return out_.layout_of_[owner];
            const std::size_t out = make(id, channels);
            if (op.groups > 1) group(out_.layouts_[out].front().tie).tie.grouped.emplace_back(channels, op.groups);
            return out;
          } else if constexpr (std::is_same_v<T, Linear>) {
            return shares ? out_.layout_of_[owner] : make(id, channels);
          } else if constexpr (std::is_same_v<T, Add> || std::is_same_v<T, Multiply>) {
            for (const NodeId input : inputs) unite(of(inputs[0]), of(input), id);
            return out_.layout_of_[inputs[0]];
          } else if constexpr (std::is_same_v<T, Concat>) {
            return join(inputs);
          } else if constexpr (std::is_same_v<T, Flatten>) {
            return times(inputs[0], graph_.activation(inputs[0]).positions());
          } else if constexpr (std::is_same_v<T, ShuffleChannels>) {
            return op.groups == 1 ? out_.layout_of_[inputs[0]] : add({grouped(inputs[0], channels, op.groups, id)});
          } else if constexpr (std::is_same_v<T, SliceChannels>) {
            return slice(inputs[0], op.begin, op.count);
          } else {
            // It hands on the channels of its one input, or has so many times as many, or a part.
            if (inputs.size() != 1) refuse(id, "it has several inputs, and what it makes of their channels is not known");
            if (graph_.activation(inputs[0]).channels == channels) return out_.layout_of_[inputs[0]];
            unite(of(inputs[0]), id);
            return add({piece(of(inputs[0]).front().tie, channels)});
          }
        },
        node.op);
  }

  /// Each channel so many times in a row.
  std::size_t times(NodeId from, std::int64_t times) {
    if (times == 1) return out_.layout_of_[from];
    spend(of(from).size());
    Layout out = of(from);
    for (Piece &own : out) own.size = checked_mul(own.size, times);
    return add(std::move(out));
  }
  std::size_t join(const std::vector<NodeId> &inputs) {
    Layout out;
    for (const NodeId input : inputs) {
      spend(of(input).size());
      for (const Piece &own : of(input)) {
        if (!out.empty() && root(out.back().tie) == root(own.tie))
          out.back().size = checked_add(out.back().size, own.size);
        else
          out.push_back(own);
      }
    }
    return add(std::move(out));
  }
  std::size_t slice(NodeId from, std::int64_t begin, std::int64_t count) {
    spend(of(from).size());
    Layout out;
    const std::int64_t end = begin + count;
    std::int64_t at = 0;
    for (const Piece &own : of(from)) {
      const std::int64_t first = std::max(begin, at);
      const std::int64_t last = std::min(end, at + own.size);
      if (first < last) {
        piece(own.tie, first - at); // what is in front of it must be whole too
        out.push_back(piece(own.tie, last - first));
      }
      at += own.size;
    }
    return add(std::move(out));
  }

  /// Numbers the ties, those that are scaled first.
  void finish() {
    std::vector<TieId> number(groups_.size(), 0);
    for (const bool is_fixed : {false, true})
      for (TieId tie = 0; tie < groups_.size(); ++tie) {
        Group &own = groups_[tie];
        if (own.parent != tie || (own.is_input || own.is_last) != is_fixed) continue;
        if (own.is_input && !own.is_last && own.maker)
          refuse(*own.ties_input, fmt::format("it ties the channels of {} to those of the input",
                                              graph_.layer(graph_.node(*own.maker).layer).name));
        number[tie] = out_.ties_.size();
        own.tie.is_fixed = is_fixed;
        for (const auto &[channels, groups] : own.tie.grouped)
          own.tie.multiple_of = std::lcm(own.tie.multiple_of, groups / std::gcd(groups, channels / own.tie.unit));
        out_.ties_.push_back(std::move(own.tie));
        out_.scaled_count_ += is_fixed ? 0 : 1;
      }
    if (out_.scaled_count_ == 0) refuse(graph_.output(), "all channels are tied to those of the input or of the last layer");
    for (Layout &layout : out_.layouts_)
      for (Piece &own : layout) own.tie = number[root(own.tie)];
  }

  Widening &out_;
  const Graph &graph_;
  std::vector<Group> groups_;
  std::vector<NodeId> owner_of_; ///< by layer: the node whose parameters are its own
  NodeId current_ = 0;
  std::size_t parts_ = 0;
};

Widening::Widening(const Graph &graph) { Finder(*this, graph).run(); }

std::vector<std::int64_t> Widening::units(double factor, std::int64_t round_to) const {
  std::vector<std::int64_t> out;
  out.reserve(scaled_count_);
  for (std::size_t i = 0; i < scaled_count_; ++i) {
    const Tie &tie = ties_[i];
    if (round_to > 1) {
      const std::int64_t multiple = checked_mul(tie.multiple_of / std::gcd(tie.multiple_of, round_to), round_to);
      out.push_back(scaled_channels(tie.unit, factor, "width", multiple));
      continue;
    }
    const bool has_one = static_cast<double>(tie.unit) * factor >= 1;
    const std::int64_t own = has_one ? scaled_channels(tie.unit, factor, "width") : 1;
    out.push_back(std::max(own / tie.multiple_of, std::int64_t{1}) * tie.multiple_of);
  }
  return out;
}

Graph Widening::widened(const Graph &graph, double factor, std::int64_t round_to) const {
  const std::vector<std::int64_t> units = this->units(factor, round_to);
  const auto scaled = [&](const Piece &piece, std::int64_t size) {
    const Tie &tie = ties_[piece.tie];
    return tie.is_fixed ? size : checked_mul(size / tie.unit, units[piece.tie]);
  };
  const auto channels_of = [&](NodeId id) {
    std::int64_t out = 0;
    for (const Piece &piece : layouts_[layout_of_[id]]) out = checked_add(out, scaled(piece, piece.size));
    return out;
  };
  /// How many channels stand in front of what was the channel `at`.
  const auto before = [&](NodeId id, std::int64_t at) {
    std::int64_t out = 0;
    for (const Piece &piece : layouts_[layout_of_[id]]) {
      const std::int64_t own = std::min(at, piece.size);
      out = checked_add(out, scaled(piece, own));
      at -= own;
    }
    return out;
  };

  Graph out(graph.initialisation());
  Builder b(out);
  std::vector<NodeId> nodes(graph.node_count(), 0);
  std::vector<NodeId> owner_of(graph.layer_count(), 0);
  std::vector<const TensorShape *> shapes;
  for (NodeId id = 0; id < graph.node_count(); ++id) {
    const Node &node = graph.node(id);
    if (!node.on_activations) continue;
    if (std::holds_alternative<Input>(node.op)) {
      nodes[id] = out.add_input(graph.activation(id));
      continue;
    }
    std::vector<NodeId> inputs;
    std::vector<NodeId> own_inputs;
    for (const NodeId input : graph.inputs(id))
      if (graph.node(input).on_activations) {
        own_inputs.push_back(input);
        inputs.push_back(nodes[input]);
      }
    Op op = node.op;
    if (auto *conv = std::get_if<Conv>(&op); conv != nullptr && is_depthwise(*conv, graph.activation(own_inputs[0])))
      conv->groups = channels_of(own_inputs[0]);
    if (auto *slice = std::get_if<SliceChannels>(&op)) {
      const std::int64_t end = before(own_inputs[0], slice->begin + slice->count);
      slice->begin = before(own_inputs[0], slice->begin);
      slice->count = end - slice->begin;
    }
    const Layer &layer = graph.layer(node.layer);
    if (layer.shares) {
      nodes[id] = b.shared(layer.name, inputs[0], owner_of[*layer.shares], std::move(op), node.spelling);
    } else if (owns_parameters(kind_index(op))) {
      graph.input_shapes(id, shapes);
      Owned owned = owned_of(op, shapes);
      if (owned.out != 0) owned.out = channels_of(id);
      nodes[id] = b.owner(layer.name, inputs[0], std::move(op), owned, false, node.spelling);
      owner_of[node.layer] = nodes[id];
    } else {
      nodes[id] = b.op(layer.name, std::move(op), inputs, node.spelling);
    }
  }
  for (const Graph::Replaceable &mark : graph.replaceable()) out.mark_replaceable(nodes[mark.node], mark.baseline);
  for (std::size_t kind = 0; kind < kMarkCount; ++kind)
    for (const NodeId node : graph.marked(static_cast<Mark>(kind))) out.mark(nodes[node], static_cast<Mark>(kind));
  out.set_output(nodes[graph.output()]);
  return out;
}

} // namespace pare

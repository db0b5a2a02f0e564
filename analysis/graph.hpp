#pragma once

#include "analysis/op.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pare {

using NodeId = std::uint32_t; ///< stable: nodes are appended and never move
using LayerId = std::uint32_t;

/// What a replaceable layer is before anything is substituted.
enum class Baseline : std::uint8_t {
  kConv,   ///< the full convolution
  kSep,    ///< depthwise separable (DARTS)
  kLinear, ///< a linear layer, which is a 1 x 1 convolution on a 1 x 1 map
};
std::string_view to_string(Baseline baseline); ///< "Conv", "Sep", "Linear"
std::optional<Baseline> baseline_from(std::string_view name);

/// A named group of nodes: what a person calls a layer, with its parameters. Names may repeat (one ReLU module used three
/// times is three layers of one name), but for those of layers with parameters of their own.
struct Layer {
  std::string name;
  std::string kind;         ///< the op's kind, or the substitution's name where it takes several ops
  bool substituted = false; ///< belongs to a substitute
  std::string family = {};  ///< of the substitute, or of the baseline, that took the place of a replaceable layer
  /// The layer whose parameters and running statistics it runs with, where these are not its own (a module used again): that
  /// one stands before it and shares nothing itself.
  std::optional<LayerId> shares = {};
};

struct Node {
  Op op;
  TensorShape shape; ///< of its output
  LayerId layer = 0;
  Spelling spelling = Spelling::kModule;
  /// Depends on the image. What does not (a weight that is computed from parameters) is work per batch.
  bool on_activations = false;
};

/// What training does at a node beside running it. Marks survive lowering.
enum class Mark : std::uint8_t {
  kAttentionTap, ///< attention transfer compares its output, in the order of marking
  kDropPath,     ///< drop path (Larsson et al. 2016) may zero its output, image by image
  kSegmentEnd,   ///< the end of a block whose activations may be computed again instead of kept
  kAuxiliaryTap, ///< an auxiliary head reads its output
};
inline constexpr std::size_t kMarkCount = 4;

/// An event that a substitution attaches to a node beside the op's own: a tool's slip or its own idea of a cost.
struct AttachedEvent {
  NodeId node;
  Event event;
  Count amount;
};

/// A network, lowered or not: an append-only DAG of ops. A node's inputs exist before it, so node order is a topological
/// order. Input [N, C, H, W] is node 0 once add_input() has been called.
class Graph {
public:
  static constexpr std::size_t kMaxNodes = std::size_t{1} << 23; ///< about 3 GB

  /// `initialisation`: what the parameters that layers own start as.
  explicit Graph(const Initialisation &initialisation);
  Graph() : Graph(Initialisation{}) {}
  ~Graph();
  Graph(Graph &&other) noexcept;
  Graph &operator=(Graph &&other) noexcept;
  Graph(const Graph &other);
  Graph &operator=(const Graph &other);

  const Initialisation &initialisation() const { return initialisation_; }

  /// Empties the graph and keeps its memory.
  void clear();

  LayerId add_layer(std::string name, std::string_view kind, bool substituted = false, std::optional<LayerId> shares = {});
  void set_family(LayerId layer, std::string_view family) { layers_[layer].family = family; }
  /// The network's one input; must be the first node.
  NodeId add_input(const Shape &shape);
  /// Appends an op. Infers its shape; throws Error placed at the layer's name.
  NodeId add(LayerId layer, Op op, std::span<const NodeId> inputs, Spelling spelling = Spelling::kModule);
  NodeId add(LayerId layer, Op op, std::initializer_list<NodeId> inputs, Spelling spelling = Spelling::kModule) {
    return add(layer, std::move(op), std::span<const NodeId>(inputs.begin(), inputs.size()), spelling);
  }
  /// Attaches an event to the node added last.
  void attach(NodeId node, Event event, Count amount);

  /// Marks a convolution, or a linear layer (kLinear), as replaceable. Its layer's name must be the only one of that name among
  /// those.
  void mark_replaceable(NodeId node, Baseline baseline);
  void mark(NodeId node, Mark mark) { marks_[static_cast<std::size_t>(mark)].push_back(node); }
  void mark_attention_tap(NodeId node) { mark(node, Mark::kAttentionTap); }
  void set_output(NodeId node) { output_ = node; }

  std::size_t node_count() const { return nodes_.size(); }
  std::size_t layer_count() const { return layers_.size(); }
  const Node &node(NodeId id) const { return nodes_[id]; }
  const Layer &layer(LayerId id) const { return layers_[id]; }
  std::span<const Node> nodes() const { return nodes_; }
  std::span<const Layer> layers() const { return layers_; }
  std::span<const AttachedEvent> attached_events() const { return attached_; }

  /// Inputs by port.
  std::vector<NodeId> inputs(NodeId id) const;
  /// The same, into a vector whose memory is reused.
  void inputs(NodeId id, std::vector<NodeId> &out) const;
  void input_shapes(NodeId id, std::vector<const TensorShape *> &out) const;

  struct Replaceable {
    NodeId node;
    Baseline baseline;
  };
  std::span<const Replaceable> replaceable() const { return replaceable_; }
  /// Of each replaceable layer the nodes that run with its parameters again, in order.
  std::vector<std::vector<NodeId>> sharers() const;
  /// In the order of marking.
  std::span<const NodeId> marked(Mark mark) const { return marks_[static_cast<std::size_t>(mark)]; }
  std::span<const NodeId> attention_taps() const { return marked(Mark::kAttentionTap); }
  NodeId output() const { return output_; }
  const Shape &input_shape() const;
  const Shape &activation(NodeId id) const { return std::get<Shape>(nodes_[id].shape); }
  const Extents &weight(NodeId id) const { return std::get<Extents>(nodes_[id].shape); }
  /// "block1.0.layer.0.conv1.weight" of a parameter or buffer.
  std::string parameter_name(NodeId id) const;

private:
  struct Edges; ///< the Boost.Graph adjacency list
  std::vector<Node> nodes_;
  std::vector<Layer> layers_;
  std::vector<AttachedEvent> attached_;
  std::vector<Replaceable> replaceable_;
  std::array<std::vector<NodeId>, kMarkCount> marks_;
  NodeId output_ = 0;
  Initialisation initialisation_;
  std::unique_ptr<Edges> edges_;
  std::vector<const TensorShape *> shapes_; // scratch of add()
};

/// An order of n vertices in which each comes after the vertices it depends on. `dependencies` are (vertex, what it
/// needs). Where they form a cycle, returns it instead: each vertex needs the next, the last needs the first.
struct DependencyOrder {
  std::vector<std::size_t> order;
  std::vector<std::size_t> cycle;
};
DependencyOrder dependency_order(std::size_t n, std::span<const std::pair<std::size_t, std::size_t>> dependencies);

} // namespace pare

#pragma once

#include "analysis/graph.hpp"

#include <string>
#include <string_view>

namespace pare {

struct ConvOptions {
  std::int64_t out_channels = 1;
  Pair kernel{1, 1};
  Pair stride{1, 1};
  Padding padding{0, 0};
  Pair dilation{1, 1};
  std::int64_t groups = 1;
  bool bias = false;
};

/// Writes layers into a graph, with the parameters that they own, named as PyTorch names them ("conv1.weight").
/// While `substituted` is set, layers and parameters are marked as parts of a substitute.
class Builder {
public:
  explicit Builder(Graph &graph, bool substituted = false) : graph_(graph), substituted_(substituted) {}

  Graph &graph() { return graph_; }
  const Shape &shape(NodeId x) const { return graph_.activation(x); }

  LayerId layer(std::string name, std::string_view kind) { return graph_.add_layer(std::move(name), kind, substituted_); }
  /// A trained tensor of a layer; `decay_scaled` as in Parameter.
  NodeId parameter(LayerId layer, std::string leaf, Extents extents, const Start &start, bool decay_scaled = false);
  /// A stored random index or sign tensor of a layer.
  NodeId buffer(LayerId layer, std::string leaf, Extents extents, std::int64_t upper);

  /// x [N, c_i, H, W] -> [N, out_channels, H_out, W_out], weight "NAME.weight", optional bias "NAME.bias".
  NodeId conv(const std::string &name, NodeId x, const ConvOptions &options, bool decay_scaled = false,
              Spelling spelling = Spelling::kModule);
  NodeId linear(const std::string &name, NodeId x, std::int64_t out_features, bool bias = true,
                Spelling spelling = Spelling::kModule);
  NodeId batch_norm(const std::string &name, NodeId x, const BatchNorm &norm = {}, bool affine = true,
                    Spelling spelling = Spelling::kModule);
  /// Any op of one input, with the parameters that its layer owns.
  NodeId owner(const std::string &name, NodeId x, Op op, const Owned &owned, bool decay_scaled = false,
               Spelling spelling = Spelling::kModule);
  /// Runs `owner`, a layer with parameters of its own, again on x: a module used twice. `op` is of the owner's kind; stride,
  /// padding and the like may be other than the owner's. Parameters and running statistics are the owner's, whatever is
  /// substituted for it is substituted here too.
  NodeId shared(const std::string &name, NodeId x, NodeId owner, Op op, Spelling spelling = Spelling::kModule);
  /// Any op without parameters.
  NodeId op(std::string name, Op op, std::initializer_list<NodeId> inputs, Spelling spelling = Spelling::kModule);
  NodeId op(std::string name, Op op, std::span<const NodeId> inputs, Spelling spelling = Spelling::kModule);

private:
  Graph &graph_;
  bool substituted_;
};

} // namespace pare

#include "analysis/builder.hpp"

#include "base/error.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

#include <vector>

namespace pare {

NodeId Builder::parameter(LayerId layer, std::string leaf, Extents extents, const Start &start, bool decay_scaled) {
  return graph_.add(layer,
                    Parameter{.leaf = std::move(leaf),
                              .extents = extents,
                              .substituted = substituted_,
                              .decay_scaled = decay_scaled,
                              .start = start},
                    {});
}

NodeId Builder::buffer(LayerId layer, std::string leaf, Extents extents, std::int64_t upper) {
  return graph_.add(layer, Buffer{.leaf = std::move(leaf), .extents = extents, .upper = upper}, {});
}

NodeId Builder::owner(const std::string &name, NodeId x, Op op, const Owned &owned, bool decay_scaled, Spelling spelling) {
  const OwnedParameters parameters = [&] {
    try {
      return owned_parameters(op, owned, shape(x), graph_.initialisation());
    } catch (const Error &error) {
      throw error.within(name);
    }
  }();
  const LayerId id = layer(name, kind_name(op));
  std::vector<NodeId> inputs{x};
  for (const OwnedParameter &own : parameters)
    inputs.push_back(parameter(id, std::string(own.leaf), own.extents, own.start, decay_scaled));
  return graph_.add(id, std::move(op), inputs, spelling);
}

NodeId Builder::shared(const std::string &name, NodeId x, NodeId owner, Op op, Spelling spelling) {
  const auto refuse = [&](const std::string &message) { throw Error(ErrorCode::kInvalidConfig, name, message); };
  const Node &node = graph_.node(owner);
  const Layer &layer = graph_.layer(node.layer);
  if (layer.shares)
    refuse(fmt::format("{} shares the parameters of {} itself; {} would be accepted", shown(layer.name),
                       shown(graph_.layer(*layer.shares).name), shown(graph_.layer(*layer.shares).name)));
  if (kind_index(op) != kind_index(node.op))
    refuse(fmt::format("a {} cannot share the parameters of {}, a {}", kind_name(op), shown(layer.name), kind_name(node.op)));
  if (!owns_parameters(kind_index(op))) refuse(fmt::format("a {} has no parameters to share", kind_name(op)));
  std::vector<NodeId> inputs = graph_.inputs(owner);
  // Weights say it by their shapes; statistics have no weight beside them where a norm is not affine.
  if (shape(x).channels != shape(inputs[0]).channels)
    refuse(fmt::format("in_channels = {} must be {}, those of {}, whose parameters it shares", shape(x).channels,
                       shape(inputs[0]).channels, shown(layer.name)));
  inputs[0] = x;
  const LayerId id = graph_.add_layer(name, kind_name(op), substituted_, node.layer);
  return graph_.add(id, std::move(op), inputs, spelling);
}

NodeId Builder::conv(const std::string &name, NodeId x, const ConvOptions &options, bool decay_scaled, Spelling spelling) {
  return owner(
      name, x,
      Conv{.stride = options.stride, .padding = options.padding, .dilation = options.dilation, .groups = options.groups},
      {.out = options.out_channels, .kernel = options.kernel, .bias = options.bias}, decay_scaled, spelling);
}

NodeId Builder::linear(const std::string &name, NodeId x, std::int64_t out_features, bool bias, Spelling spelling) {
  return owner(name, x, Linear{}, {.out = out_features, .bias = bias}, false, spelling);
}

NodeId Builder::batch_norm(const std::string &name, NodeId x, const BatchNorm &norm, bool affine, Spelling spelling) {
  return owner(name, x, norm, {.affine = affine}, false, spelling);
}

NodeId Builder::op(std::string name, Op op, std::initializer_list<NodeId> inputs, Spelling spelling) {
  return this->op(std::move(name), std::move(op), std::span<const NodeId>(inputs.begin(), inputs.size()), spelling);
}

NodeId Builder::op(std::string name, Op op, std::span<const NodeId> inputs, Spelling spelling) {
  const LayerId id = layer(std::move(name), kind_name(op));
  return graph_.add(id, std::move(op), inputs, spelling);
}

} // namespace pare

#include "analysis/builder.hpp"

#include "base/error.hpp"

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

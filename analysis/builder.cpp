#include "analysis/builder.hpp"

#include "base/error.hpp"

#include <fmt/format.h>

namespace pare {

NodeId Builder::parameter(LayerId layer, std::string leaf, Extents extents, bool decay_scaled) {
  return graph_.add(
      layer, Parameter{.leaf = std::move(leaf), .extents = extents, .substituted = substituted_, .decay_scaled = decay_scaled},
      {});
}

NodeId Builder::buffer(LayerId layer, std::string leaf, Extents extents, std::int64_t upper) {
  return graph_.add(layer, Buffer{.leaf = std::move(leaf), .extents = extents, .upper = upper}, {});
}

NodeId Builder::conv(const std::string &name, NodeId x, const ConvOptions &options, bool decay_scaled, Spelling spelling) {
  const std::int64_t in_channels = shape(x).channels;
  try {
    expect_at_least(options.out_channels, 1, "out_channels");
    expect_at_least(options.kernel, 1, "kernel");
    expect_at_least(options.groups, 1, "groups");
    if (in_channels % options.groups != 0 || options.out_channels % options.groups != 0)
      throw Error(ErrorCode::kInvalidConfig, "groups",
                  fmt::format("groups = {} must divide in_channels = {} and out_channels = {}", options.groups, in_channels,
                              options.out_channels));
  } catch (const Error &error) {
    throw error.within(name);
  }
  const LayerId id = layer(name, Conv::kKind);
  const NodeId weight =
      parameter(id, "weight", {options.out_channels, in_channels / options.groups, options.kernel.height, options.kernel.width},
                decay_scaled);
  const Conv conv{.stride = options.stride, .padding = options.padding, .dilation = options.dilation, .groups = options.groups};
  if (!options.bias) return graph_.add(id, conv, {x, weight}, spelling);
  const NodeId bias = parameter(id, "bias", {options.out_channels}, decay_scaled);
  return graph_.add(id, conv, {x, weight, bias}, spelling);
}

NodeId Builder::linear(const std::string &name, NodeId x, std::int64_t out_features, bool bias, Spelling spelling) {
  try {
    expect_at_least(out_features, 1, "out_features");
  } catch (const Error &error) {
    throw error.within(name);
  }
  const LayerId id = layer(name, Linear::kKind);
  const NodeId weight = parameter(id, "weight", {out_features, shape(x).channels});
  if (!bias) return graph_.add(id, Linear{}, {x, weight}, spelling);
  return graph_.add(id, Linear{}, {x, weight, parameter(id, "bias", {out_features})}, spelling);
}

NodeId Builder::batch_norm(const std::string &name, NodeId x, const BatchNorm &norm, bool affine, Spelling spelling) {
  const LayerId id = layer(name, BatchNorm::kKind);
  if (!affine) return graph_.add(id, norm, {x}, spelling);
  const Extents channels{shape(x).channels};
  const NodeId weight = parameter(id, "weight", channels);
  const NodeId bias = parameter(id, "bias", channels);
  return graph_.add(id, norm, {x, weight, bias}, spelling);
}

NodeId Builder::op(std::string name, Op op, std::initializer_list<NodeId> inputs, Spelling spelling) {
  return this->op(std::move(name), std::move(op), std::span<const NodeId>(inputs.begin(), inputs.size()), spelling);
}

NodeId Builder::op(std::string name, Op op, std::span<const NodeId> inputs, Spelling spelling) {
  const LayerId id = layer(std::move(name), kind_name(op));
  return graph_.add(id, std::move(op), inputs, spelling);
}

} // namespace pare

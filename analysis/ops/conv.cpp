#include "analysis/ops/conv.hpp"

#include "base/error.hpp"

#include <fmt/format.h>

namespace pare {

TensorShape infer_shape(const Conv &op, InputShapes inputs) {
  expect_inputs(inputs, 2, 3);
  const Shape &x = expect_activation(inputs, 0);
  const Extents &weight = expect_weight(inputs, 1);
  expect_at_least(op.stride, 1, "stride");
  expect_at_least(op.padding, 0, "padding");
  expect_at_least(op.dilation, 1, "dilation");
  expect_at_least(op.groups, 1, "groups");
  if (weight.rank() != 4)
    throw Error(
        ErrorCode::kInvalidConfig, "weight",
        fmt::format("extents {} must be [out_channels, in_channels / groups, kernel_height, kernel_width]", to_string(weight)));
  if (x.channels % op.groups != 0 || weight[0] % op.groups != 0)
    throw Error(
        ErrorCode::kInvalidConfig, "groups",
        fmt::format("groups = {} must divide in_channels = {} and out_channels = {}", op.groups, x.channels, weight[0]));
  if (weight[1] != x.channels / op.groups)
    throw Error(ErrorCode::kInvalidConfig, "weight",
                fmt::format("weight {} is for {} input channels in {} groups, the input has {}", to_string(weight),
                            checked_mul(weight[1], op.groups), op.groups, x.channels));
  if (inputs.size() == 3) expect_extents(inputs, 2, Extents{weight[0]}, "bias");
  const Shape out{.batch = x.batch,
                  .channels = weight[0],
                  .height = window_positions(x.height, weight[2], op.stride.height, op.padding.vertical, op.dilation.height),
                  .width = window_positions(x.width, weight[3], op.stride.width, op.padding.horizontal, op.dilation.width)};
  (void)out.elements();
  return out;
}

void tally(const Conv & /*op*/, InputShapes inputs, const TensorShape &output, Tally &out) {
  const Extents &weight = std::get<Extents>(*inputs[1]);
  const std::int64_t elements = std::get<Shape>(output).elements();
  out.add(Event::kMac, checked_mul(elements, weight[1], checked_mul(weight[2], weight[3])));
  if (inputs.size() == 3) out.add(Event::kBias, elements);
}

OwnedParameters owned_parameters(const Conv &op, const Owned &owned, const Shape &x, const Initialisation &initialisation) {
  expect_at_least(owned.out, 1, "out_channels");
  expect_at_least(owned.kernel, 1, "kernel");
  expect_at_least(op.groups, 1, "groups");
  if (x.channels % op.groups != 0 || owned.out % op.groups != 0)
    throw Error(
        ErrorCode::kInvalidConfig, "groups",
        fmt::format("groups = {} must divide in_channels = {} and out_channels = {}", op.groups, x.channels, owned.out));
  const Extents weight{owned.out, x.channels / op.groups, owned.kernel.height, owned.kernel.width};
  OwnedParameters out{{.leaf = "weight", .extents = weight, .start = initialisation.convolution_weight(weight)}};
  if (owned.bias) out.push_back({.leaf = "bias", .extents = {owned.out}, .start = initialisation.convolution_bias(weight)});
  return out;
}

Owned owned_of(const Conv & /*op*/, InputShapes inputs) {
  const Extents &weight = expect_weight(inputs, 1);
  return {.out = weight[0], .kernel = {weight[2], weight[3]}, .bias = inputs.size() == 3};
}

std::string Conv::kernel_text(InputShapes inputs) const {
  const Extents &weight = expect_weight(inputs, 1);
  std::string out = to_string(Pair{weight[2], weight[3]});
  if (groups > 1) out += weight[1] == 1 ? " depthwise" : " grouped";
  return out;
}

} // namespace pare

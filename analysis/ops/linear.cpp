#include "analysis/ops/linear.hpp"

#include "base/error.hpp"

#include <fmt/format.h>

namespace pare {

TensorShape infer_shape(const Linear & /*op*/, InputShapes inputs) {
  expect_inputs(inputs, 2, 3);
  const Shape &x = expect_activation(inputs, 0);
  const Extents &weight = expect_weight(inputs, 1);
  if (weight.rank() != 2)
    throw Error(ErrorCode::kInvalidConfig, "weight",
                fmt::format("extents {} must be [out_features, in_features]", to_string(weight)));
  if (x.height != 1 || x.width != 1 || x.channels != weight[1])
    throw Error(
        ErrorCode::kInvalidConfig, "in_features",
        fmt::format("in_features = {} must equal the features of the input, which is {}; [{}, {}, 1, 1] would be accepted "
                    "(for another image size, check --input and the pooling in front)",
                    weight[1], to_string(x), x.batch, weight[1]));
  if (inputs.size() == 3) expect_extents(inputs, 2, Extents{weight[0]}, "bias");
  return Shape{.batch = x.batch, .channels = weight[0], .height = 1, .width = 1};
}

void tally(const Linear & /*op*/, InputShapes inputs, const TensorShape &output, Tally &out) {
  const std::int64_t elements = std::get<Shape>(output).elements();
  out.add(Event::kMac, checked_mul(elements, std::get<Extents>(*inputs[1])[1]));
  if (inputs.size() == 3) out.add(Event::kBias, elements);
}

OwnedParameters owned_parameters(const Linear & /*op*/, const Owned &owned, const Shape &x,
                                 const Initialisation &initialisation) {
  expect_at_least(owned.out, 1, "out_features");
  const Extents weight{owned.out, x.channels};
  OwnedParameters out{{.leaf = "weight", .extents = weight, .start = initialisation.linear_weight(weight)}};
  if (owned.bias) out.push_back({.leaf = "bias", .extents = {owned.out}, .start = initialisation.linear_bias(weight)});
  return out;
}

Owned owned_of(const Linear & /*op*/, InputShapes inputs) {
  return {.out = expect_weight(inputs, 1)[0], .bias = inputs.size() == 3};
}

} // namespace pare

#include "analysis/ops/batch_norm.hpp"

#include "base/error.hpp"

#include <fmt/format.h>

namespace pare {

TensorShape infer_shape(const BatchNorm &op, InputShapes inputs) {
  expect_inputs(inputs, 1, 3);
  const Shape &x = expect_activation(inputs, 0);
  if (inputs.size() == 2) throw Error(ErrorCode::kInvalidConfig, "inputs", "weight and bias come together: 1 or 3 inputs");
  if (!(op.eps >= 0)) throw Error(ErrorCode::kInvalidValue, "eps", fmt::format("eps = {} must be at least 0", op.eps));
  if (!(op.momentum >= 0 && op.momentum <= 1))
    throw Error(ErrorCode::kInvalidValue, "momentum", fmt::format("momentum = {} must be in [0, 1]", op.momentum));
  if (inputs.size() == 3) {
    expect_extents(inputs, 1, Extents{x.channels}, "weight");
    expect_extents(inputs, 2, Extents{x.channels}, "bias");
  }
  return x;
}

void tally(const BatchNorm & /*op*/, InputShapes /*inputs*/, const TensorShape &output, Tally &out) {
  out.add(Event::kElement, std::get<Shape>(output).elements());
}

OwnedParameters owned_parameters(const BatchNorm & /*op*/, const Owned &owned, const Shape &x,
                                 const Initialisation & /*initialisation*/) {
  if (!owned.affine) return {};
  return {{.leaf = "weight", .extents = {x.channels}, .start = Start::constant(1)},
          {.leaf = "bias", .extents = {x.channels}, .start = Start::constant(0)}};
}

Owned owned_of(const BatchNorm & /*op*/, InputShapes inputs) { return {.affine = inputs.size() > 1}; }

} // namespace pare

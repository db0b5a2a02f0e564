#include "analysis/ops/add_bias.hpp"

namespace pare {

TensorShape infer_shape(const AddBias & /*op*/, InputShapes inputs) {
  expect_inputs(inputs, 2, 2);
  const Shape &x = expect_activation(inputs, 0);
  expect_extents(inputs, 1, Extents{x.channels}, "bias");
  return x;
}

void tally(const AddBias & /*op*/, InputShapes /*inputs*/, const TensorShape &output, Tally &out) {
  out.add(Event::kBias, std::get<Shape>(output).elements());
}

} // namespace pare

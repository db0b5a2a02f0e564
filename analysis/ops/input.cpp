#include "analysis/ops/input.hpp"

namespace pare {

TensorShape infer_shape(const Input &op, InputShapes inputs) {
  expect_inputs(inputs, 0, 0);
  expect_at_least(op.shape.batch, 1, "batch");
  expect_at_least(op.shape.channels, 1, "channels");
  expect_at_least(op.shape.height, 1, "height");
  expect_at_least(op.shape.width, 1, "width");
  (void)op.shape.elements();
  return op.shape;
}

void tally(const Input & /*op*/, InputShapes /*inputs*/, const TensorShape & /*output*/, Tally & /*out*/) {
  // Given, not computed.
}

} // namespace pare

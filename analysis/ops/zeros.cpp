#include "analysis/ops/zeros.hpp"

namespace pare {

TensorShape infer_shape(const Zeros &op, InputShapes inputs) {
  expect_inputs(inputs, 1, 1);
  Shape out = expect_activation(inputs, 0);
  expect_at_least(op.stride, 1, "stride");
  out.height = (out.height - 1) / op.stride.height + 1;
  out.width = (out.width - 1) / op.stride.width + 1;
  return out;
}

void tally(const Zeros & /*op*/, InputShapes /*inputs*/, const TensorShape & /*output*/, Tally & /*out*/) {
  // Nothing is computed.
}

} // namespace pare

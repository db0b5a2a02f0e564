#include "analysis/ops/flatten.hpp"

namespace pare {

TensorShape infer_shape(const Flatten & /*op*/, InputShapes inputs) {
  expect_inputs(inputs, 1, 1);
  const Shape &x = expect_activation(inputs, 0);
  return Shape{.batch = x.batch, .channels = x.elements_per_image(), .height = 1, .width = 1};
}

void tally(const Flatten & /*op*/, InputShapes /*inputs*/, const TensorShape & /*output*/, Tally & /*out*/) {
  // A view.
}

} // namespace pare

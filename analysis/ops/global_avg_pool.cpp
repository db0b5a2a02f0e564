#include "analysis/ops/global_avg_pool.hpp"

namespace pare {

TensorShape infer_shape(const GlobalAvgPool & /*op*/, InputShapes inputs) {
  expect_inputs(inputs, 1, 1);
  const Shape &x = expect_activation(inputs, 0);
  return Shape{.batch = x.batch, .channels = x.channels, .height = 1, .width = 1};
}

void tally(const GlobalAvgPool & /*op*/, InputShapes inputs, const TensorShape & /*output*/, Tally &out) {
  out.add(Event::kElement, std::get<Shape>(*inputs[0]).elements());
}

} // namespace pare

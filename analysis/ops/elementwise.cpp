#include "analysis/ops/elementwise.hpp"

namespace pare {

TensorShape infer_shape(const Elementwise & /*op*/, InputShapes inputs) {
  expect_inputs(inputs, 1, 1);
  return expect_activation(inputs, 0);
}

void tally(const Elementwise & /*op*/, InputShapes /*inputs*/, const TensorShape &output, Tally &out) {
  out.add(Event::kElement, std::get<Shape>(output).elements());
}

} // namespace pare

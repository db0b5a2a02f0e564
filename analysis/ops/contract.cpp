#include "analysis/ops/contract.hpp"

namespace pare {

TensorShape infer_shape(const Contract &op, InputShapes inputs) {
  expect_inputs(inputs, 2, 2);
  const Shape &x = expect_activation(inputs, 0);
  expect_legs(op.x, x.channels, "x");
  expect_legs(op.weight, expect_weight(inputs, 1).elements(), "weight");
  expect_legs(op.out, elements_of(op.out), "out");
  expect_result(op.x, op.weight, op.out, "out");
  expect_at_least(op.stride, 1, "stride");
  expect_at_least(op.padding, 0, "padding");
  const Shape out{.batch = x.batch,
                  .channels = elements_of(op.out),
                  .height = window_positions(x.height, 1, op.stride.height, op.padding.vertical, 1),
                  .width = window_positions(x.width, 1, op.stride.width, op.padding.horizontal, 1)};
  (void)out.elements();
  return out;
}

void tally(const Contract &op, InputShapes /*inputs*/, const TensorShape &output, Tally &out) {
  const Shape &y = std::get<Shape>(output);
  out.add(Event::kMac, checked_mul(y.batch, y.positions(), elements_of(union_of(op.x, op.weight))));
}

} // namespace pare

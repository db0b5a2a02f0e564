#include "analysis/ops/repeat_channels.hpp"

namespace pare {

TensorShape infer_shape(const RepeatChannels &op, InputShapes inputs) {
  expect_inputs(inputs, 1, 1);
  Shape out = expect_activation(inputs, 0);
  expect_at_least(op.times, 1, "times");
  out.channels = checked_mul(out.channels, op.times);
  (void)out.elements();
  return out;
}

void tally(const RepeatChannels & /*op*/, InputShapes /*inputs*/, const TensorShape &output, Tally &out) {
  out.add(Event::kCopy, std::get<Shape>(output).elements());
}

} // namespace pare

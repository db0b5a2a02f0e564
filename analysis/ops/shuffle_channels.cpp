#include "analysis/ops/shuffle_channels.hpp"

#include "base/error.hpp"

#include <fmt/format.h>

namespace pare {

TensorShape infer_shape(const ShuffleChannels &op, InputShapes inputs) {
  expect_inputs(inputs, 1, 1);
  const Shape &x = expect_activation(inputs, 0);
  expect_at_least(op.groups, 1, "groups");
  if (x.channels % op.groups != 0)
    throw Error(ErrorCode::kInvalidConfig, "groups",
                fmt::format("groups = {} must divide channels = {}", op.groups, x.channels));
  return x;
}

void tally(const ShuffleChannels & /*op*/, InputShapes /*inputs*/, const TensorShape &output, Tally &out) {
  out.add(Event::kCopy, std::get<Shape>(output).elements());
}

} // namespace pare

#include "analysis/ops/sum_channels.hpp"

#include "base/error.hpp"

#include <fmt/format.h>

namespace pare {

TensorShape infer_shape(const SumChannels &op, InputShapes inputs) {
  expect_inputs(inputs, 1, 1);
  Shape out = expect_activation(inputs, 0);
  expect_at_least(op.size, 1, "size");
  if (out.channels % op.size != 0)
    throw Error(ErrorCode::kInvalidConfig, "size", fmt::format("size = {} must divide channels = {}", op.size, out.channels));
  out.channels /= op.size;
  return out;
}

void tally(const SumChannels & /*op*/, InputShapes inputs, const TensorShape & /*output*/, Tally &out) {
  out.add(Event::kElement, std::get<Shape>(*inputs[0]).elements());
}

} // namespace pare

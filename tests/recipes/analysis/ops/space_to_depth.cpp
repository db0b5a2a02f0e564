#include "analysis/ops/space_to_depth.hpp"

#include "base/error.hpp"

#include <fmt/format.h>

namespace pare {

TensorShape infer_shape(const SpaceToDepth &op, InputShapes inputs) {
  expect_inputs(inputs, 1, 1);
  Shape out = expect_activation(inputs, 0);
  expect_at_least(op.size, 1, "size");
  if (out.height % op.size != 0 || out.width % op.size != 0)
    throw Error(ErrorCode::kInvalidConfig, "size",
                fmt::format("size = {} must divide both sides of {}", op.size, to_string(out)));
  out.channels = checked_mul(out.channels, checked_mul(op.size, op.size));
  out.height /= op.size;
  out.width /= op.size;
  return out;
}

void tally(const SpaceToDepth & /*op*/, InputShapes /*inputs*/, const TensorShape &output, Tally &out) {
  out.add(Event::kCopy, std::get<Shape>(output).elements());
}

} // namespace pare

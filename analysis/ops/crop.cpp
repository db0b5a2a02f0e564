#include "analysis/ops/crop.hpp"

#include "base/error.hpp"

#include <fmt/format.h>

namespace pare {

TensorShape infer_shape(const Crop &op, InputShapes inputs) {
  expect_inputs(inputs, 1, 1);
  Shape out = expect_activation(inputs, 0);
  expect_at_least(op.top, 0, "top");
  expect_at_least(op.left, 0, "left");
  expect_at_least(op.stride, 1, "stride");
  if (op.top >= out.height || op.left >= out.width)
    throw Error(ErrorCode::kInvalidConfig, "top",
                fmt::format("a crop of {} x {} leaves nothing of {}", op.top, op.left, to_string(out)));
  out.height = (out.height - op.top - 1) / op.stride.height + 1;
  out.width = (out.width - op.left - 1) / op.stride.width + 1;
  return out;
}

void tally(const Crop & /*op*/, InputShapes /*inputs*/, const TensorShape & /*output*/, Tally & /*out*/) {
  // A view.
}

} // namespace pare

#include "analysis/ops/crop.hpp"

#include "base/error.hpp"

#include <fmt/format.h>

namespace pare {

TensorShape infer_shape(const Crop &op, InputShapes inputs) {
  expect_inputs(inputs, 1, 1);
  Shape out = expect_activation(inputs, 0);
  expect_at_least(op.top, 0, "top");
  expect_at_least(op.left, 0, "left");
  if (op.top >= out.height || op.left >= out.width)
    throw Error(ErrorCode::kInvalidConfig, "top",
                fmt::format("a crop of {} x {} leaves nothing of {}", op.top, op.left, to_string(out)));
  out.height -= op.top;
  out.width -= op.left;
  return out;
}

void tally(const Crop & /*op*/, InputShapes /*inputs*/, const TensorShape & /*output*/, Tally & /*out*/) {
  // A view.
}

} // namespace pare

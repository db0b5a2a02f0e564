#include "analysis/ops/slice_channels.hpp"

#include "base/error.hpp"

#include <fmt/format.h>

namespace pare {

TensorShape infer_shape(const SliceChannels &op, InputShapes inputs) {
  expect_inputs(inputs, 1, 1);
  Shape out = expect_activation(inputs, 0);
  expect_at_least(op.begin, 0, "begin");
  expect_at_least(op.count, 1, "count");
  if (checked_add(op.begin, op.count) > out.channels)
    throw Error(ErrorCode::kInvalidConfig, "count",
                fmt::format("channels {} to {} are not all in {}", op.begin, op.begin + op.count - 1, to_string(out)));
  out.channels = op.count;
  return out;
}

void tally(const SliceChannels & /*op*/, InputShapes /*inputs*/, const TensorShape & /*output*/, Tally & /*out*/) {
  // A view.
}

} // namespace pare

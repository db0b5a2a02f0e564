#include "analysis/ops/reshape.hpp"

#include "base/error.hpp"

#include <fmt/format.h>

namespace pare {

TensorShape infer_shape(const Reshape &op, InputShapes inputs) {
  expect_inputs(inputs, 1, 1);
  if (expect_weight(inputs, 0).elements() != op.extents.elements())
    throw Error(ErrorCode::kInvalidConfig, "extents",
                fmt::format("{} cannot be seen as {}", to_string(expect_weight(inputs, 0)), to_string(op.extents)));
  return op.extents;
}

void tally(const Reshape & /*op*/, InputShapes /*inputs*/, const TensorShape & /*output*/, Tally & /*out*/) {
  // A view.
}

} // namespace pare

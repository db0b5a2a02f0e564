#include "analysis/ops/buffer.hpp"

namespace pare {

TensorShape infer_shape(const Buffer &op, InputShapes inputs) {
  expect_inputs(inputs, 0, 0);
  for (std::int64_t extent : op.extents) expect_at_least(extent, 1, "extents");
  expect_at_least(op.upper, 0, "upper");
  (void)op.extents.elements();
  return op.extents;
}

void tally(const Buffer & /*op*/, InputShapes /*inputs*/, const TensorShape & /*output*/, Tally & /*out*/) {
  // Stored, not computed.
}

} // namespace pare

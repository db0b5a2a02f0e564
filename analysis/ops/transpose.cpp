#include "analysis/ops/transpose.hpp"

#include "base/error.hpp"

#include <fmt/format.h>

namespace pare {

TensorShape infer_shape(const Transpose & /*op*/, InputShapes inputs) {
  expect_inputs(inputs, 1, 1);
  Extents out = expect_weight(inputs, 0);
  if (out.rank() < 2)
    throw Error(ErrorCode::kInvalidConfig, "inputs",
                fmt::format("extents {} must have at least two dimensions", to_string(out)));
  std::swap(out[0], out[1]);
  return out;
}

void tally(const Transpose & /*op*/, InputShapes /*inputs*/, const TensorShape & /*output*/, Tally & /*out*/) {
  // A view.
}

} // namespace pare

#include "analysis/ops/dropout.hpp"

#include "base/count.hpp"
#include "base/error.hpp"

#include <fmt/format.h>

namespace pare {

TensorShape infer_shape(const Dropout &op, InputShapes inputs) {
  expect_inputs(inputs, 1, 1);
  if (!(op.probability >= 0 && op.probability < 1))
    throw Error(ErrorCode::kInvalidValue, "probability",
                fmt::format("probability = {} must be from 0 up and below 1", shortest(op.probability)));
  return expect_activation(inputs, 0);
}

void tally(const Dropout & /*op*/, InputShapes /*inputs*/, const TensorShape & /*output*/, Tally & /*out*/) {
  // Nothing once the network is trained.
}

} // namespace pare

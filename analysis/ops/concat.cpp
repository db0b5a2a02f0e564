#include "analysis/ops/concat.hpp"

#include "base/error.hpp"

#include <fmt/format.h>

namespace pare {

TensorShape infer_shape(const Concat & /*op*/, InputShapes inputs) {
  expect_inputs(inputs, 1, 1024);
  Shape out = expect_activation(inputs, 0);
  for (std::size_t port = 1; port < inputs.size(); ++port) {
    const Shape &other = expect_activation(inputs, port);
    if (other.batch != out.batch || other.height != out.height || other.width != out.width)
      throw Error(
          ErrorCode::kInvalidConfig, "inputs",
          fmt::format("input {} is {}, input 0 is {}; only channels may differ", port, to_string(other), to_string(out)));
    out.channels = checked_add(out.channels, other.channels);
  }
  (void)out.elements();
  return out;
}

void tally(const Concat & /*op*/, InputShapes /*inputs*/, const TensorShape &output, Tally &out) {
  out.add(Event::kCopy, std::get<Shape>(output).elements());
}

} // namespace pare

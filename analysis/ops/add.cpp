#include "analysis/ops/add.hpp"

#include "base/error.hpp"

#include <fmt/format.h>

namespace pare {

TensorShape infer_shape(const Add & /*op*/, InputShapes inputs) {
  expect_inputs(inputs, 2, 1024);
  const Shape &first = expect_activation(inputs, 0);
  for (std::size_t port = 1; port < inputs.size(); ++port) {
    const Shape &other = expect_activation(inputs, port);
    if (!(other == first))
      throw Error(ErrorCode::kInvalidConfig, "inputs",
                  fmt::format("input {} is {}, input 0 is {}; shapes must be equal to be added", port, to_string(other),
                              to_string(first)));
  }
  return first;
}

void tally(const Add & /*op*/, InputShapes inputs, const TensorShape &output, Tally &out) {
  out.add(Event::kElement, checked_mul(std::get<Shape>(output).elements(), static_cast<std::int64_t>(inputs.size()) - 1));
}

} // namespace pare

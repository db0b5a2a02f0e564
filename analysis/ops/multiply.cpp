#include "analysis/ops/multiply.hpp"

#include "base/error.hpp"

#include <fmt/format.h>

namespace pare {

TensorShape infer_shape(const Multiply & /*op*/, InputShapes inputs) {
  expect_inputs(inputs, 2, 1024);
  Shape out = expect_activation(inputs, 0);
  const auto is_pixel = [](const Shape &x) { return x.height == 1 && x.width == 1; };
  for (std::size_t port = 1; port < inputs.size(); ++port) {
    const Shape &x = expect_activation(inputs, port);
    const bool same_channels = x.batch == out.batch && x.channels == out.channels;
    if (!same_channels || !(is_pixel(x) || is_pixel(out) || x == out))
      throw Error(ErrorCode::kInvalidConfig, "inputs",
                  fmt::format("input {} of {} and those before it of {} must have one shape, or one of them be [{}, {}, 1, 1]",
                              port, to_string(x), to_string(out), out.batch, out.channels));
    if (is_pixel(out)) out = x;
  }
  return out;
}

void tally(const Multiply & /*op*/, InputShapes inputs, const TensorShape &output, Tally &out) {
  out.add(Event::kMultiply, checked_mul(std::get<Shape>(output).elements(), static_cast<std::int64_t>(inputs.size()) - 1));
}

} // namespace pare

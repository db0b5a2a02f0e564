#include "analysis/ops/acdc_transform.hpp"

#include "base/error.hpp"

#include <fmt/format.h>

#include <cmath>

namespace pare {

TensorShape infer_shape(const AcdcTransform &op, InputShapes inputs) {
  expect_inputs(inputs, 3, 3);
  const Shape &x = expect_activation(inputs, 0);
  expect_extents(inputs, 1, {x.channels, 1}, "diagonal");
  expect_extents(inputs, 2, {x.channels, 1}, "diagonal");
  if (x.channels % 2 != 0)
    throw Error(ErrorCode::kInvalidConfig, "inputs", fmt::format("the {} channels must be even in number", x.channels));
  expect_at_least(op.stride, 1, "stride");
  expect_at_least(op.padding, 0, "padding");
  const Shape out{.batch = x.batch,
                  .channels = x.channels,
                  .height = window_positions(x.height, 1, op.stride.height, op.padding.vertical, 1),
                  .width = window_positions(x.width, 1, op.stride.width, op.padding.horizontal, 1)};
  (void)out.elements();
  return out;
}

void tally(const AcdcTransform & /*op*/, InputShapes /*inputs*/, const TensorShape &output, Tally &out) {
  const Shape &y = std::get<Shape>(output);
  const auto n = static_cast<double>(y.channels);
  const auto one = static_cast<std::int64_t>(std::ceil(4 * n + 5 * n * std::log2(n)));
  out.add(Event::kTransform, checked_mul(y.batch, y.positions(), one));
}

} // namespace pare

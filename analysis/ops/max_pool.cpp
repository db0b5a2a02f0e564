#include "analysis/ops/max_pool.hpp"

#include "analysis/error.hpp"

#include <fmt/format.h>

namespace pare {

TensorShape infer_shape(const MaxPool &op, InputShapes inputs) {
  expect_inputs(inputs, 1, 1);
  const Shape &x = expect_activation(inputs, 0);
  expect_at_least(op.kernel, 1, "kernel");
  expect_at_least(op.stride, 1, "stride");
  expect_at_least(op.padding, 0, "padding");
  if (op.padding.height > op.kernel.height / 2 || op.padding.width > op.kernel.width / 2)
    throw Error(ErrorCode::kInvalidConfig, "padding",
                fmt::format("padding = {} x {} must be at most half of the kernel, {} x {}", op.padding.height, op.padding.width,
                            op.kernel.height, op.kernel.width));
  return Shape{.batch = x.batch,
               .channels = x.channels,
               .height = window_positions(x.height, op.kernel.height, op.stride.height, op.padding.height, 1, op.ceil_mode),
               .width = window_positions(x.width, op.kernel.width, op.stride.width, op.padding.width, 1, op.ceil_mode)};
}

void tally(const MaxPool &op, InputShapes /*inputs*/, const TensorShape &output,
           Tally &out) {
  out.add(Event::kWindow, checked_mul(std::get<Shape>(output).elements(), op.kernel.area()));
}

} // namespace pare

#include "analysis/ops/avg_pool.hpp"

namespace pare {

TensorShape infer_shape(const AvgPool &op, InputShapes inputs) {
  expect_inputs(inputs, 1, 1);
  return pooled_shape(expect_activation(inputs, 0), op.kernel, op.stride, op.padding, op.ceil_mode);
}

void tally(const AvgPool &op, InputShapes /*inputs*/, const TensorShape &output, Tally &out) {
  out.add(Event::kWindow, checked_mul(std::get<Shape>(output).elements(), op.kernel.area()));
}

std::string AvgPool::kernel_text(InputShapes /*inputs*/) const { return to_string(kernel) + " pool"; }

} // namespace pare

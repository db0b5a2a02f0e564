#include "analysis/ops/max_pool.hpp"

namespace pare {

TensorShape infer_shape(const MaxPool &op, InputShapes inputs) {
  expect_inputs(inputs, 1, 1);
  return pooled_shape(expect_activation(inputs, 0), op.kernel, op.stride, op.padding, op.ceil_mode);
}

void tally(const MaxPool &op, InputShapes /*inputs*/, const TensorShape &output, Tally &out) {
  out.add(Event::kWindow, checked_mul(std::get<Shape>(output).elements(), op.kernel.area()));
}

std::string MaxPool::kernel_text(InputShapes /*inputs*/) const { return to_string(kernel) + " pool"; }

} // namespace pare

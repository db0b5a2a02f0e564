#include "analysis/ops/mode_product.hpp"

#include "base/error.hpp"

#include <fmt/format.h>

namespace pare {

TensorShape infer_shape(const ModeProduct &op, InputShapes inputs) {
  expect_inputs(inputs, 2, 2);
  Extents out = expect_weight(inputs, 0);
  const Extents &factor = expect_weight(inputs, 1);
  expect_at_least(op.mode, 0, "mode");
  if (op.mode >= static_cast<std::int64_t>(out.rank()) || factor.rank() != 2 ||
      factor[1] != out[static_cast<std::size_t>(op.mode)])
    throw Error(ErrorCode::kInvalidConfig, "mode",
                fmt::format("a factor of {} cannot multiply dimension {} of {}", to_string(factor), op.mode, to_string(out)));
  out[static_cast<std::size_t>(op.mode)] = factor[0];
  (void)out.elements();
  return out;
}

void tally(const ModeProduct & /*op*/, InputShapes inputs, const TensorShape &output, Tally &out) {
  out.add(Event::kMac, checked_mul(std::get<Extents>(output).elements(), std::get<Extents>(*inputs[1])[1]));
}

} // namespace pare

#include "analysis/ops/adaptive_avg_pool.hpp"

#include <numeric>

namespace pare {

namespace {

/// The lengths of all windows along an axis, added up. A window begins inside a pixel that the one before it has too, but where
/// i L / n is whole, which is gcd(L, n) times.
std::int64_t read_along(std::int64_t length, std::int64_t windows) {
  return checked_add(length, windows - std::gcd(length, windows));
}

} // namespace

TensorShape infer_shape(const AdaptiveAvgPool &op, InputShapes inputs) {
  expect_inputs(inputs, 1, 1);
  expect_at_least(op.size, 1, "size");
  const Shape &x = expect_activation(inputs, 0);
  const Shape out{.batch = x.batch, .channels = x.channels, .height = op.size.height, .width = op.size.width};
  (void)out.elements();
  return out;
}

void tally(const AdaptiveAvgPool & /*op*/, InputShapes inputs, const TensorShape &output, Tally &out) {
  const Shape &x = std::get<Shape>(*inputs[0]);
  const Shape &y = std::get<Shape>(output);
  out.add(Event::kElement,
          checked_mul(checked_mul(x.batch, x.channels), read_along(x.height, y.height), read_along(x.width, y.width)));
}

} // namespace pare

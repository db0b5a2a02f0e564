#include "analysis/ops/acdc_product.hpp"

#include "base/error.hpp"

#include <fmt/format.h>

namespace pare {

TensorShape infer_shape(const AcdcProduct & /*op*/, InputShapes inputs) {
  if (inputs.empty() || inputs.size() % 2 != 0)
    throw Error(ErrorCode::kInvalidConfig, "inputs",
                fmt::format("{} diagonals given, A and D for each factor expected", inputs.size()));
  const Extents diagonal{expect_weight(inputs, 0)[0], 1};
  for (std::size_t port = 0; port < inputs.size(); ++port) expect_extents(inputs, port, diagonal, "diagonal");
  const Extents out{diagonal[0], diagonal[0], 1, 1};
  (void)out.elements();
  return out;
}

void tally(const AcdcProduct & /*op*/, InputShapes inputs, const TensorShape &output, Tally &out) {
  const std::int64_t size = std::get<Extents>(output)[0];
  const auto diagonals = static_cast<std::int64_t>(inputs.size());
  out.add(Event::kMultiply, checked_mul(diagonals, size, size));
  out.add(Event::kMac, checked_mul(diagonals - 1, size, checked_mul(size, size)));
}

} // namespace pare

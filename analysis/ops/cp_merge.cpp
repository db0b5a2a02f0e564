#include "analysis/ops/cp_merge.hpp"

#include "base/error.hpp"

#include <fmt/format.h>

namespace pare {

TensorShape infer_shape(const CpMerge &op, InputShapes inputs) {
  expect_inputs(inputs, 2, Extents::kMaxRank);
  std::int64_t elements = 1;
  for (std::size_t port = 0; port < inputs.size(); ++port) {
    const Extents &factor = expect_weight(inputs, port);
    if (factor.rank() != 2 || factor[1] != expect_weight(inputs, 0)[1])
      throw Error(
          ErrorCode::kInvalidConfig, "inputs",
          fmt::format("factor {} has extents {}, [mode, rank] with one rank for all expected", port, to_string(factor)));
    elements = checked_mul(elements, factor[0]);
  }
  if (elements != op.extents.elements())
    throw Error(ErrorCode::kInvalidConfig, "extents",
                fmt::format("the factors make {} elements, {} has {}", elements, to_string(op.extents), op.extents.elements()));
  return op.extents;
}

void tally(const CpMerge &op, InputShapes inputs, const TensorShape & /*output*/, Tally &out) {
  std::int64_t rows = std::get<Extents>(*inputs[0])[0];
  const std::int64_t rank = std::get<Extents>(*inputs[0])[1];
  std::int64_t multiplications = 0;
  for (std::size_t port = 1; port + 1 < inputs.size(); ++port) {
    rows = checked_mul(rows, std::get<Extents>(*inputs[port])[0]);
    multiplications = checked_add(multiplications, checked_mul(rows, rank));
  }
  out.add(Event::kMultiply, multiplications);
  out.add(Event::kMac, checked_mul(op.extents.elements(), rank));
}

} // namespace pare

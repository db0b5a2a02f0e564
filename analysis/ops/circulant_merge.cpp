#include "analysis/ops/circulant_merge.hpp"

#include "base/error.hpp"

#include <fmt/format.h>

namespace pare {

TensorShape infer_shape(const CirculantMerge & /*op*/, InputShapes inputs) {
  expect_inputs(inputs, 1, 1);
  const Extents &columns = expect_weight(inputs, 0);
  if (columns.rank() != 3)
    throw Error(
        ErrorCode::kInvalidConfig, "inputs",
        fmt::format("the columns have extents {}, [blocks of rows, blocks of columns, block] expected", to_string(columns)));
  return Extents{checked_mul(columns[0], columns[2]), checked_mul(columns[1], columns[2]), 1, 1};
}

void tally(const CirculantMerge & /*op*/, InputShapes /*inputs*/, const TensorShape &output, Tally &out) {
  out.add(Event::kCopy, std::get<Extents>(output).elements());
}

} // namespace pare

#include "analysis/ops/block_diagonal.hpp"

#include "base/error.hpp"

#include <fmt/format.h>

namespace pare {

TensorShape infer_shape(const BlockDiagonal &op, InputShapes inputs) {
  expect_inputs(inputs, 1, 1);
  const Extents &weight = expect_weight(inputs, 0);
  expect_at_least(op.groups, 1, "groups");
  expect_at_least(op.row_groups, 1, "row_groups");
  if (weight.rank() != 4 || weight[2] != 1 || weight[3] != 1)
    throw Error(ErrorCode::kInvalidConfig, "inputs",
                fmt::format("the weight has extents {}, [c_o, c_i / groups, 1, 1] expected", to_string(weight)));
  for (const auto &[name, value] : {std::pair{"groups", op.groups}, {"row_groups", op.row_groups}})
    if (weight[0] % value != 0)
      throw Error(ErrorCode::kInvalidConfig, name, fmt::format("{} = {} must divide the {} rows", name, value, weight[0]));
  const auto kept = [](const char *field, std::int64_t asked, std::int64_t all) {
    if (asked < 0 || asked > all)
      throw Error(ErrorCode::kInvalidConfig, field, fmt::format("{} = {} must be from 0 to {}", field, asked, all));
    return asked == 0 ? all : asked;
  };
  return Extents{kept("rows", op.rows, weight[0]), kept("columns", op.columns, checked_mul(weight[1], op.groups)), 1, 1};
}

void tally(const BlockDiagonal & /*op*/, InputShapes /*inputs*/, const TensorShape &output, Tally &out) {
  out.add(Event::kCopy, std::get<Extents>(output).elements());
}

} // namespace pare

#pragma once

#include "analysis/ops/primitive.hpp"

#include <string_view>

namespace pare {

/// The dense weight of a grouped 1 x 1 convolution: [c_o, c_i / groups, 1, 1] -> [c_o, c_i, 1, 1]. Its rows are shuffled as
/// ShuffleChannels of `row_groups` does it with channels: row r of group g moves to place r row_groups + g. Of what there is
/// then the first `rows` and `columns` are kept; 0: all. copy = the output's elements.
struct BlockDiagonal {
  static constexpr std::string_view kKind = "block_diagonal";
  static constexpr Role kRole = Role::kWeight;
  static constexpr bool kInFiles = false;
  static constexpr bool kMakesTensor = true;
  static constexpr Events kEvents{Event::kCopy};

  std::int64_t groups = 1;
  std::int64_t row_groups = 1;
  std::int64_t rows = 0;
  std::int64_t columns = 0;

  bool operator==(const BlockDiagonal &) const = default;
  template <class Self, class Visitor>
  static void visit_fields(Self &self, Visitor &&visit) {
    visit("groups", self.groups);
    visit("row_groups", self.row_groups);
    visit("rows", self.rows);
    visit("columns", self.columns);
  }
};

TensorShape infer_shape(const BlockDiagonal &op, InputShapes inputs);
void tally(const BlockDiagonal &op, InputShapes inputs, const TensorShape &output, Tally &out);

} // namespace pare

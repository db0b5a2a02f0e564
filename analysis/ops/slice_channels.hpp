#pragma once

#include "analysis/shape.hpp"
#include "analysis/tally.hpp"

#include <string_view>

namespace pare {

/// x[:, begin : begin + count]. A view.
struct SliceChannels {
  static constexpr std::string_view kKind = "slice_channels";
  /// Whether its output is a new tensor (an activation that takes memory) rather than a view.
  static constexpr bool kMakesTensor = false;
  /// What tally() and those who attach events may say of it: the rest no convention can weigh.
  static constexpr Events kEvents{};

  std::int64_t begin = 0;
  std::int64_t count = 1;

  bool operator==(const SliceChannels &) const = default;
  /// Calls visit(name, member) for each attribute: the one list that files, tables and graphs are written from.
  template <class Self, class Visitor>
  static void visit_fields(Self &self, Visitor &&visit) {
    visit("begin", self.begin);
    visit("count", self.count);
  }
};

TensorShape infer_shape(const SliceChannels &op, InputShapes inputs);
void tally(const SliceChannels &op, InputShapes inputs, const TensorShape &output, Tally &out);

} // namespace pare

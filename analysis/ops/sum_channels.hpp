#pragma once

#include "analysis/shape.hpp"
#include "analysis/tally.hpp"

#include <string_view>

namespace pare {

/// Sums each `size` consecutive channels: [N, C, H, W] -> [N, C / size, H, W]. element = the input's elements.
struct SumChannels {
  static constexpr std::string_view kKind = "sum_channels";
  /// Whether its output is a new tensor (an activation that takes memory) rather than a view.
  static constexpr bool kMakesTensor = true;
  /// What tally() and those who attach events may say of it: the rest no convention can weigh.
  static constexpr Events kEvents{Event::kElement};

  std::int64_t size = 1;

  bool operator==(const SumChannels &) const = default;
  /// Calls visit(name, member) for each attribute: the one list that files, tables and graphs are written from.
  template <class Self, class Visitor>
  static void visit_fields(Self &self, Visitor &&visit) {
    visit("size", self.size);
  }
};

TensorShape infer_shape(const SumChannels &op, InputShapes inputs);
void tally(const SumChannels &op, InputShapes inputs, const TensorShape &output, Tally &out);

} // namespace pare

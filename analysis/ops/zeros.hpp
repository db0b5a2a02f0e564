#pragma once

#include "analysis/shape.hpp"
#include "analysis/tally.hpp"

#include <string_view>

namespace pare {

/// Zeros of the shape that x has after taking every stride-th row and column: DARTS's `none`.
struct Zeros {
  static constexpr std::string_view kKind = "zeros";
  /// Whether its output is a new tensor (an activation that takes memory) rather than a view.
  static constexpr bool kMakesTensor = true;
  /// What tally() and those who attach events may say of it: the rest no convention can weigh.
  static constexpr Events kEvents{};

  Pair stride{1, 1};

  bool operator==(const Zeros &) const = default;
  /// Calls visit(name, member) for each attribute: the one list that files, tables and graphs are written from.
  template <class Self, class Visitor>
  static void visit_fields(Self &self, Visitor &&visit) {
    visit("stride", self.stride);
  }
};

TensorShape infer_shape(const Zeros &op, InputShapes inputs);
void tally(const Zeros &op, InputShapes inputs, const TensorShape &output, Tally &out);

} // namespace pare

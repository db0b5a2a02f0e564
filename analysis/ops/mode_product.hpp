#pragma once

#include "analysis/shape.hpp"
#include "analysis/tally.hpp"

#include <string_view>

namespace pare {

/// Multiplies dimension `mode` (from 0) of a core [..., R, ...] by a factor [n, R] -> [..., n, ...].
/// mac = the output's elements x R.
struct ModeProduct {
  static constexpr std::string_view kKind = "mode_product";
  /// Whether its output is a new tensor (an activation that takes memory) rather than a view.
  static constexpr bool kMakesTensor = true;
  /// What tally() and those who attach events may say of it: the rest no convention can weigh.
  static constexpr Events kEvents{Event::kMac};

  std::int64_t mode = 0;

  bool operator==(const ModeProduct &) const = default;
  /// Calls visit(name, member) for each attribute: the one list that files, tables and graphs are written from.
  template <class Self, class Visitor>
  static void visit_fields(Self &self, Visitor &&visit) {
    visit("mode", self.mode);
  }
};

TensorShape infer_shape(const ModeProduct &op, InputShapes inputs);
void tally(const ModeProduct &op, InputShapes inputs, const TensorShape &output, Tally &out);

} // namespace pare

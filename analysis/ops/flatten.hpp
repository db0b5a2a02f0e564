#pragma once

#include "analysis/shape.hpp"
#include "analysis/tally.hpp"

#include <string_view>

namespace pare {

/// [N, C, H, W] -> [N, C H W, 1, 1]. A view.
struct Flatten {
  static constexpr std::string_view kKind = "flatten";
  /// Whether its output is a new tensor (an activation that takes memory) rather than a view.
  static constexpr bool kMakesTensor = false;
  /// What tally() and those who attach events may say of it: the rest no convention can weigh.
  static constexpr Events kEvents{};

  bool operator==(const Flatten &) const = default;
  /// Calls visit(name, member) for each attribute: the one list that files, tables and graphs are written from.
  template <class Self, class Visitor>
  static void visit_fields(Self & /*self*/, Visitor && /*visit*/) {}
};

TensorShape infer_shape(const Flatten &op, InputShapes inputs);
void tally(const Flatten &op, InputShapes inputs, const TensorShape &output, Tally &out);

} // namespace pare

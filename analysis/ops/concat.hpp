#pragma once

#include "analysis/shape.hpp"
#include "analysis/tally.hpp"

#include <string_view>

namespace pare {

/// Activations joined along channels, in order. copy = the output's elements.
struct Concat {
  static constexpr std::string_view kKind = "concat";
  /// Whether its output is a new tensor (an activation that takes memory) rather than a view.
  static constexpr bool kMakesTensor = true;
  /// What tally() and those who attach events may say of it: the rest no convention can weigh.
  static constexpr Events kEvents{Event::kCopy};

  bool operator==(const Concat &) const = default;
  /// Calls visit(name, member) for each attribute: the one list that files, tables and graphs are written from.
  template <class Self, class Visitor>
  static void visit_fields(Self & /*self*/, Visitor && /*visit*/) {}
};

TensorShape infer_shape(const Concat &op, InputShapes inputs);
void tally(const Concat &op, InputShapes inputs, const TensorShape &output, Tally &out);

} // namespace pare

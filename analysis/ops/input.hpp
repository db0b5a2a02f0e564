#pragma once

#include "analysis/shape.hpp"
#include "analysis/tally.hpp"

#include <string_view>

namespace pare {

/// The network's input: an activation [N, C, H, W].
struct Input {
  static constexpr std::string_view kKind = "input";
  /// Whether its output is a new tensor (an activation that takes memory) rather than a view.
  static constexpr bool kMakesTensor = false;
  /// What tally() and those who attach events may say of it: the rest no convention can weigh.
  static constexpr Events kEvents{};

  Shape shape;

  bool operator==(const Input &) const = default;
  /// Calls visit(name, member) for each attribute: the one list that files, tables and graphs are written from.
  template <class Self, class Visitor>
  static void visit_fields(Self & /*self*/, Visitor && /*visit*/) {}
};

TensorShape infer_shape(const Input &op, InputShapes inputs);
void tally(const Input &op, InputShapes inputs, const TensorShape &output, Tally &out);

} // namespace pare

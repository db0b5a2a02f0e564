#pragma once

#include "analysis/shape.hpp"
#include "analysis/tally.hpp"
#include <utility>

#include <string_view>

namespace pare {

/// A weight with its first two dimensions swapped: tied weights. A view.
struct Transpose {
  static constexpr std::string_view kKind = "transpose";
  /// Whether its output is a new tensor (an activation that takes memory) rather than a view.
  static constexpr bool kMakesTensor = false;
  /// What tally() and those who attach events may say of it: the rest no convention can weigh.
  static constexpr Events kEvents{};

  bool operator==(const Transpose &) const = default;
  /// Calls visit(name, member) for each attribute: the one list that files, tables and graphs are written from.
  template <class Self, class Visitor>
  static void visit_fields(Self & /*self*/, Visitor && /*visit*/) {}
};

TensorShape infer_shape(const Transpose &op, InputShapes inputs);
void tally(const Transpose &op, InputShapes inputs, const TensorShape &output, Tally &out);

} // namespace pare

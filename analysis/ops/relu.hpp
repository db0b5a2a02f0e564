#pragma once

#include "analysis/shape.hpp"
#include "analysis/tally.hpp"

#include <string_view>

namespace pare {

/// max(x, 0), element by element. element = N C H W.
struct Relu {
  static constexpr std::string_view kKind = "relu";
  /// Whether its output is a new tensor (an activation that takes memory) rather than a view.
  static constexpr bool kMakesTensor = true;
  /// What tally() and those who attach events may say of it: the rest no convention can weigh.
  static constexpr Events kEvents{Event::kElement};

  bool operator==(const Relu &) const = default;
  /// Calls visit(name, member) for each attribute: the one list that files, tables and graphs are written from.
  template <class Self, class Visitor>
  static void visit_fields(Self & /*self*/, Visitor && /*visit*/) {}
};

TensorShape infer_shape(const Relu &op, InputShapes inputs);
void tally(const Relu &op, InputShapes inputs, const TensorShape &output, Tally &out);

} // namespace pare

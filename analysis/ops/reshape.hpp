#pragma once

#include "analysis/shape.hpp"
#include "analysis/tally.hpp"

#include <string_view>

namespace pare {

/// A weight seen with other extents of as many elements, row-major. A view.
struct Reshape {
  static constexpr std::string_view kKind = "reshape";
  /// Whether its output is a new tensor (an activation that takes memory) rather than a view.
  static constexpr bool kMakesTensor = false;
  /// What tally() and those who attach events may say of it: the rest no convention can weigh.
  static constexpr Events kEvents{};

  Extents extents;

  bool operator==(const Reshape &) const = default;
  /// Calls visit(name, member) for each attribute: the one list that files, tables and graphs are written from.
  template <class Self, class Visitor>
  static void visit_fields(Self &self, Visitor &&visit) {
    visit("extents", self.extents);
  }
};

TensorShape infer_shape(const Reshape &op, InputShapes inputs);
void tally(const Reshape &op, InputShapes inputs, const TensorShape &output, Tally &out);

} // namespace pare

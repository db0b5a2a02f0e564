#pragma once

#include "analysis/shape.hpp"
#include "analysis/tally.hpp"

#include <string_view>

namespace pare {

/// Hashed weight (HashedNets, Chen et al. 2015): values [K], index and optional signs of as many elements as `extents`
/// -> extents, element i = values[index[i]] (x signs[i]). copy = elements; multiply = elements where there are signs.
struct Gather {
  static constexpr std::string_view kKind = "gather";
  /// Whether its output is a new tensor (an activation that takes memory) rather than a view.
  static constexpr bool kMakesTensor = true;
  /// What tally() and those who attach events may say of it: the rest no convention can weigh.
  static constexpr Events kEvents{Event::kCopy, Event::kMultiply};

  Extents extents;

  bool operator==(const Gather &) const = default;
  /// Calls visit(name, member) for each attribute: the one list that files, tables and graphs are written from.
  template <class Self, class Visitor>
  static void visit_fields(Self &self, Visitor &&visit) {
    visit("extents", self.extents);
  }
};

TensorShape infer_shape(const Gather &op, InputShapes inputs);
void tally(const Gather &op, InputShapes inputs, const TensorShape &output, Tally &out);

} // namespace pare

#pragma once

#include "analysis/shape.hpp"
#include "analysis/tally.hpp"

#include <string_view>

namespace pare {

/// Weight of a canonical polyadic decomposition: factors [n_k, R] -> `extents`, element = sum_r prod_k factor_k[i_k, r],
/// row-major. Built from the left: multiply = sum_{2 <= k < d} n_1 ... n_k R, then mac = n_1 ... n_d R.
struct CpMerge {
  static constexpr std::string_view kKind = "cp_merge";
  /// Whether its output is a new tensor (an activation that takes memory) rather than a view.
  static constexpr bool kMakesTensor = true;
  /// What tally() and those who attach events may say of it: the rest no convention can weigh.
  static constexpr Events kEvents{Event::kMultiply, Event::kMac};

  Extents extents;

  bool operator==(const CpMerge &) const = default;
  /// Calls visit(name, member) for each attribute: the one list that files, tables and graphs are written from.
  template <class Self, class Visitor>
  static void visit_fields(Self &self, Visitor &&visit) {
    visit("extents", self.extents);
  }
};

TensorShape infer_shape(const CpMerge &op, InputShapes inputs);
void tally(const CpMerge &op, InputShapes inputs, const TensorShape &output, Tally &out);

} // namespace pare

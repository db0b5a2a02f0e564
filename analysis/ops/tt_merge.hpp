#pragma once

#include "analysis/shape.hpp"
#include "analysis/tally.hpp"

#include <string_view>

namespace pare {

/// Weight of a tensor train (Oseledets 2011): cores [1, n_1, r_1], [r_1, n_2, r_2], ..., [r_{d-1}, n_d, 1] -> `extents`, with
/// the n_1 x ... x n_d elements in row-major order. Merged from the left: mac = sum_{k >= 2} n_1 ... n_k r_{k-1} r_k.
struct TtMerge {
  static constexpr std::string_view kKind = "tt_merge";
  /// Whether its output is a new tensor (an activation that takes memory) rather than a view.
  static constexpr bool kMakesTensor = true;
  /// What tally() and those who attach events may say of it: the rest no convention can weigh.
  static constexpr Events kEvents{Event::kMac};

  Extents extents;

  bool operator==(const TtMerge &) const = default;
  /// Calls visit(name, member) for each attribute: the one list that files, tables and graphs are written from.
  template <class Self, class Visitor>
  static void visit_fields(Self &self, Visitor &&visit) {
    visit("extents", self.extents);
  }
};

TensorShape infer_shape(const TtMerge &op, InputShapes inputs);
void tally(const TtMerge &op, InputShapes inputs, const TensorShape &output, Tally &out);

} // namespace pare

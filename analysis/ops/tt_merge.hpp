#pragma once

#include "analysis/ops/primitive.hpp"

#include <string_view>

namespace pare {

/// Weight of a tensor train (Oseledets 2011): cores [1, n_1, r_1], [r_1, n_2, r_2], ..., [r_{d-1}, n_d, 1] -> `extents`, with
/// the n_1 x ... x n_d elements in row-major order. Merged from the left: mac = sum_{k >= 2} n_1 ... n_k r_{k-1} r_k.
struct TtMerge {
  static constexpr std::string_view kKind = "tt_merge";
  static constexpr Role kRole = Role::kWeight;
  static constexpr bool kInFiles = false;
  static constexpr bool kMakesTensor = true;
  static constexpr Events kEvents{Event::kMac};

  Extents extents;

  bool operator==(const TtMerge &) const = default;
  template <class Self, class Visitor>
  static void visit_fields(Self &self, Visitor &&visit) {
    visit("extents", self.extents);
  }
};

TensorShape infer_shape(const TtMerge &op, InputShapes inputs);
void tally(const TtMerge &op, InputShapes inputs, const TensorShape &output, Tally &out);

} // namespace pare

#pragma once

#include "analysis/ops/primitive.hpp"

#include <string_view>

namespace pare {

/// Weight of a canonical polyadic decomposition: factors [n_k, R] -> `extents`, element = sum_r prod_k factor_k[i_k, r],
/// row-major. Built from the left: multiply = sum_{2 <= k < d} n_1 ... n_k R, then mac = n_1 ... n_d R.
struct CpMerge {
  static constexpr std::string_view kKind = "cp_merge";
  static constexpr Role kRole = Role::kWeight;
  static constexpr bool kInFiles = false;
  static constexpr bool kMakesTensor = true;
  static constexpr Events kEvents{Event::kMultiply, Event::kMac};

  Extents extents;

  bool operator==(const CpMerge &) const = default;
  template <class Self, class Visitor>
  static void visit_fields(Self &self, Visitor &&visit) {
    visit("extents", self.extents);
  }
};

TensorShape infer_shape(const CpMerge &op, InputShapes inputs);
void tally(const CpMerge &op, InputShapes inputs, const TensorShape &output, Tally &out);

} // namespace pare

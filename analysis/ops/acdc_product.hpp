#pragma once

#include "analysis/ops/primitive.hpp"

#include <string_view>

namespace pare {

/// Weight of a stack of ACDC factors (Moczulski et al. 2016): diagonals A_1 [N, 1], D_1 [N, 1], ..., A_L, D_L -> [N, N, 1, 1].
/// With C the unnormalised DCT-II matrix and R the riffle of columns (even ones first), a factor is
/// M_l = R(diag(A_l) C) (diag(D_l) C^-1), the weight R(M_1) ... R(M_L); `inner_riffle` off leaves out the R inside M_l.
/// multiply = 2 L N^2 (the diagonals); mac = (2 L - 1) N^3 (the products).
struct AcdcProduct {
  static constexpr std::string_view kKind = "acdc_product";
  static constexpr Role kRole = Role::kWeight;
  static constexpr bool kInFiles = false;
  static constexpr bool kMakesTensor = true;
  static constexpr Events kEvents{Event::kMultiply, Event::kMac};

  bool inner_riffle = true;

  bool operator==(const AcdcProduct &) const = default;
  template <class Self, class Visitor>
  static void visit_fields(Self &self, Visitor &&visit) {
    visit("inner_riffle", self.inner_riffle);
  }
};

TensorShape infer_shape(const AcdcProduct &op, InputShapes inputs);
void tally(const AcdcProduct &op, InputShapes inputs, const TensorShape &output, Tally &out);

} // namespace pare

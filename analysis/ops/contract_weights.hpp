#pragma once

#include "analysis/ops/legs.hpp"
#include "analysis/ops/primitive.hpp"

#include <string_view>

namespace pare {

/// The same on weights: weights of dimensions `a` and `b` -> the dimensions `out`, summed over the labels that these lack; of
/// one weight, without `b`, the sum over the labels that `out` lacks. The output's extents are [all its elements]. mac = the
/// product of the sizes of all labels of two weights; element = the elements of one.
struct ContractWeights {
  static constexpr std::string_view kKind = "contract_weights";
  static constexpr Role kRole = Role::kWeight;
  static constexpr bool kInFiles = false;
  static constexpr bool kMakesTensor = true;
  static constexpr Events kEvents{Event::kMac, Event::kElement};

  Legs a;
  Legs b;
  Legs out;

  bool operator==(const ContractWeights &) const = default;
  template <class Self, class Visitor>
  static void visit_fields(Self &self, Visitor &&visit) {
    visit("a", self.a);
    visit("b", self.b);
    visit("out", self.out);
  }
};

TensorShape infer_shape(const ContractWeights &op, InputShapes inputs);
void tally(const ContractWeights &op, InputShapes inputs, const TensorShape &output, Tally &out);

} // namespace pare

#pragma once

#include "analysis/ops/owned.hpp"
#include "analysis/ops/primitive.hpp"

#include <string_view>

namespace pare {

/// Batch normalisation over channels: x [N, C, H, W], optional weight [C] and bias [C] -> the same shape.
/// Its running mean and variance belong to it and are not parameters. element = N C H W.
struct BatchNorm {
  static constexpr std::string_view kKind = "batch_norm";
  static constexpr Role kRole = Role::kActivation;
  static constexpr bool kInFiles = true;
  static constexpr bool kMakesTensor = true;
  static constexpr Events kEvents{Event::kElement};

  double eps = 1e-5;
  double momentum = 0.1;

  bool operator==(const BatchNorm &) const = default;
  template <class Self, class Visitor>
  static void visit_fields(Self &self, Visitor &&visit) {
    visit("eps", self.eps);
    visit("momentum", self.momentum);
  }
  /// What files say of its parameters.
  template <class Self, class Visitor>
  static void visit_owned(Self &owned, Visitor &&visit) {
    visit("affine", owned.affine);
  }
};

TensorShape infer_shape(const BatchNorm &op, InputShapes inputs);
/// Throws Error{kInvalidConfig} placed at the field that is wrong.
OwnedParameters owned_parameters(const BatchNorm &op, const Owned &owned, const Shape &x, const Initialisation &initialisation);
Owned owned_of(const BatchNorm &op, InputShapes inputs);
void tally(const BatchNorm &op, InputShapes inputs, const TensorShape &output, Tally &out);

} // namespace pare

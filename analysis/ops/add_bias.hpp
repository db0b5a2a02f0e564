#pragma once

#include "analysis/ops/primitive.hpp"

#include <string_view>

namespace pare {

/// x [N, C, H, W] plus a bias [C] on each channel. bias = N C H W.
struct AddBias {
  static constexpr std::string_view kKind = "add_bias";
  static constexpr Role kRole = Role::kActivation;
  static constexpr bool kInFiles = false;
  static constexpr bool kMakesTensor = true;
  static constexpr Events kEvents{Event::kBias};

  bool operator==(const AddBias &) const = default;
  template <class Self, class Visitor>
  static void visit_fields(Self & /*self*/, Visitor && /*visit*/) {}
};

TensorShape infer_shape(const AddBias &op, InputShapes inputs);
void tally(const AddBias &op, InputShapes inputs, const TensorShape &output, Tally &out);

} // namespace pare

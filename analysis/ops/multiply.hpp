#pragma once

#include "analysis/ops/primitive.hpp"

#include <string_view>

namespace pare {

/// Product of two or more activations, element by element; those of [N, C, 1, 1] are one number for each channel
/// (squeeze-excite, Hu et al. 2018). multiply = the output's elements x (inputs - 1).
struct Multiply {
  static constexpr std::string_view kKind = "multiply";
  static constexpr Role kRole = Role::kActivation;
  static constexpr bool kInFiles = true;
  static constexpr bool kMakesTensor = true;
  static constexpr Events kEvents{Event::kMultiply};

  bool operator==(const Multiply &) const = default;
  template <class Self, class Visitor>
  static void visit_fields(Self & /*self*/, Visitor && /*visit*/) {}
};

TensorShape infer_shape(const Multiply &op, InputShapes inputs);
void tally(const Multiply &op, InputShapes inputs, const TensorShape &output, Tally &out);

} // namespace pare

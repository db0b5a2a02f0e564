#pragma once

#include "analysis/ops/primitive.hpp"

#include <string_view>

namespace pare {

/// Sum of two or more activations of one shape. element = the output's elements x (inputs - 1).
struct Add {
  static constexpr std::string_view kKind = "add";
  static constexpr Role kRole = Role::kActivation;
  static constexpr bool kInFiles = true;
  static constexpr bool kMakesTensor = true;
  static constexpr Events kEvents{Event::kElement};

  bool operator==(const Add &) const = default;
  template <class Self, class Visitor>
  static void visit_fields(Self & /*self*/, Visitor && /*visit*/) {}
};

TensorShape infer_shape(const Add &op, InputShapes inputs);
void tally(const Add &op, InputShapes inputs, const TensorShape &output, Tally &out);

} // namespace pare

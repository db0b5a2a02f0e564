#pragma once

#include "analysis/ops/primitive.hpp"

#include <string_view>

namespace pare {

/// Activations joined along channels, in order. copy = the output's elements.
struct Concat {
  static constexpr std::string_view kKind = "concat";
  static constexpr Role kRole = Role::kActivation;
  static constexpr bool kInFiles = true;
  static constexpr bool kMakesTensor = true;
  static constexpr Events kEvents{Event::kCopy};

  bool operator==(const Concat &) const = default;
  template <class Self, class Visitor>
  static void visit_fields(Self & /*self*/, Visitor && /*visit*/) {}
};

TensorShape infer_shape(const Concat &op, InputShapes inputs);
void tally(const Concat &op, InputShapes inputs, const TensorShape &output, Tally &out);

} // namespace pare

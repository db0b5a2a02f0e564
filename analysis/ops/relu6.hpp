#pragma once

#include "analysis/ops/primitive.hpp"

#include <string_view>

namespace pare {

/// min(max(x, 0), 6), element by element. element = N C H W.
struct Relu6 {
  static constexpr std::string_view kKind = "relu6";
  static constexpr Role kRole = Role::kActivation;
  static constexpr bool kInFiles = true;
  static constexpr bool kMakesTensor = true;
  static constexpr Events kEvents{Event::kElement};

  bool operator==(const Relu6 &) const = default;
  template <class Self, class Visitor>
  static void visit_fields(Self & /*self*/, Visitor && /*visit*/) {}
};

TensorShape infer_shape(const Relu6 &op, InputShapes inputs);
void tally(const Relu6 &op, InputShapes inputs, const TensorShape &output, Tally &out);

} // namespace pare

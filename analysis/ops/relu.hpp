#pragma once

#include "analysis/ops/primitive.hpp"

#include <string_view>

namespace pare {

/// max(x, 0), element by element. element = N C H W.
struct Relu {
  static constexpr std::string_view kKind = "relu";
  static constexpr Role kRole = Role::kActivation;
  static constexpr bool kInFiles = true;
  static constexpr bool kMakesTensor = true;
  static constexpr Events kEvents{Event::kElement};

  bool operator==(const Relu &) const = default;
  template <class Self, class Visitor>
  static void visit_fields(Self & /*self*/, Visitor && /*visit*/) {}
};

TensorShape infer_shape(const Relu &op, InputShapes inputs);
void tally(const Relu &op, InputShapes inputs, const TensorShape &output, Tally &out);

} // namespace pare

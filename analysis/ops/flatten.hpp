#pragma once

#include "analysis/ops/primitive.hpp"

#include <string_view>

namespace pare {

/// [N, C, H, W] -> [N, C H W, 1, 1]. A view.
struct Flatten {
  static constexpr std::string_view kKind = "flatten";
  static constexpr Role kRole = Role::kActivation;
  static constexpr bool kInFiles = true;
  static constexpr bool kMakesTensor = false;
  static constexpr Events kEvents{};

  bool operator==(const Flatten &) const = default;
  template <class Self, class Visitor>
  static void visit_fields(Self & /*self*/, Visitor && /*visit*/) {}
};

TensorShape infer_shape(const Flatten &op, InputShapes inputs);
void tally(const Flatten &op, InputShapes inputs, const TensorShape &output, Tally &out);

} // namespace pare

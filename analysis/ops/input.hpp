#pragma once

#include "analysis/ops/primitive.hpp"

#include <string_view>

namespace pare {

/// The network's input: an activation [N, C, H, W].
struct Input {
  static constexpr std::string_view kKind = "input";
  static constexpr Role kRole = Role::kSource;
  static constexpr bool kInFiles = false;
  static constexpr bool kMakesTensor = false;
  static constexpr Events kEvents{};

  Shape shape;

  bool operator==(const Input &) const = default;
  template <class Self, class Visitor>
  static void visit_fields(Self & /*self*/, Visitor && /*visit*/) {}
};

TensorShape infer_shape(const Input &op, InputShapes inputs);
void tally(const Input &op, InputShapes inputs, const TensorShape &output, Tally &out);

} // namespace pare

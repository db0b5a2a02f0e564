#pragma once

#include "analysis/ops/primitive.hpp"

#include <string_view>

namespace pare {

/// Zeros of the shape that x has after taking every stride-th row and column: DARTS's `none`.
struct Zeros {
  static constexpr std::string_view kKind = "zeros";
  static constexpr Role kRole = Role::kActivation;
  static constexpr bool kInFiles = true;
  static constexpr bool kMakesTensor = true;
  static constexpr Events kEvents{};

  Pair stride{1, 1};

  bool operator==(const Zeros &) const = default;
  template <class Self, class Visitor>
  static void visit_fields(Self &self, Visitor &&visit) {
    visit("stride", self.stride);
  }
};

TensorShape infer_shape(const Zeros &op, InputShapes inputs);
void tally(const Zeros &op, InputShapes inputs, const TensorShape &output, Tally &out);

} // namespace pare

#pragma once

#include "analysis/ops/primitive.hpp"
#include <utility>

#include <string_view>

namespace pare {

/// A weight with its first two dimensions swapped: tied weights. A view.
struct Transpose {
  static constexpr std::string_view kKind = "transpose";
  static constexpr Role kRole = Role::kWeight;
  static constexpr bool kInFiles = false;
  static constexpr bool kMakesTensor = false;
  static constexpr Events kEvents{};

  bool operator==(const Transpose &) const = default;
  template <class Self, class Visitor>
  static void visit_fields(Self & /*self*/, Visitor && /*visit*/) {}
};

TensorShape infer_shape(const Transpose &op, InputShapes inputs);
void tally(const Transpose &op, InputShapes inputs, const TensorShape &output, Tally &out);

} // namespace pare

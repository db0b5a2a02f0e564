#pragma once

#include "analysis/ops/primitive.hpp"

#include <string_view>

namespace pare {

/// A weight seen with other extents of as many elements, row-major. A view.
struct Reshape {
  static constexpr std::string_view kKind = "reshape";
  static constexpr Role kRole = Role::kWeight;
  static constexpr bool kInFiles = false;
  static constexpr bool kMakesTensor = false;
  static constexpr Events kEvents{};

  Extents extents;

  bool operator==(const Reshape &) const = default;
  template <class Self, class Visitor>
  static void visit_fields(Self &self, Visitor &&visit) {
    visit("extents", self.extents);
  }
};

TensorShape infer_shape(const Reshape &op, InputShapes inputs);
void tally(const Reshape &op, InputShapes inputs, const TensorShape &output, Tally &out);

} // namespace pare

#pragma once

#include "analysis/ops/primitive.hpp"

#include <string_view>

namespace pare {

/// Multiplies dimension `mode` (from 0) of a core [..., R, ...] by a factor [n, R] -> [..., n, ...].
/// mac = the output's elements x R.
struct ModeProduct {
  static constexpr std::string_view kKind = "mode_product";
  static constexpr Role kRole = Role::kWeight;
  static constexpr bool kInFiles = false;
  static constexpr bool kMakesTensor = true;
  static constexpr Events kEvents{Event::kMac};

  std::int64_t mode = 0;

  bool operator==(const ModeProduct &) const = default;
  template <class Self, class Visitor>
  static void visit_fields(Self &self, Visitor &&visit) {
    visit("mode", self.mode);
  }
};

TensorShape infer_shape(const ModeProduct &op, InputShapes inputs);
void tally(const ModeProduct &op, InputShapes inputs, const TensorShape &output, Tally &out);

} // namespace pare

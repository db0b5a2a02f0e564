#pragma once

#include "analysis/ops/primitive.hpp"

#include <string_view>

namespace pare {

/// x[:, :, top::stride, left::stride]. A view.
struct Crop {
  static constexpr std::string_view kKind = "crop";
  static constexpr Role kRole = Role::kActivation;
  static constexpr bool kInFiles = true;
  static constexpr bool kMakesTensor = false;
  static constexpr Events kEvents{};

  std::int64_t top = 0;
  std::int64_t left = 0;
  Pair stride{1, 1}; ///< of the rows and columns that are taken

  bool operator==(const Crop &) const = default;
  template <class Self, class Visitor>
  static void visit_fields(Self &self, Visitor &&visit) {
    visit("top", self.top);
    visit("left", self.left);
    visit("stride", self.stride);
  }
};

TensorShape infer_shape(const Crop &op, InputShapes inputs);
void tally(const Crop &op, InputShapes inputs, const TensorShape &output, Tally &out);

} // namespace pare

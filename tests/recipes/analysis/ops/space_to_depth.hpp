#pragma once

#include "analysis/ops/primitive.hpp"

#include <string_view>

namespace pare {

/// Each size x size square of pixels becomes one pixel: [N, C, H, W] -> [N, C size^2, H / size, W / size]. copy = the elements.
struct SpaceToDepth {
  static constexpr std::string_view kKind = "space_to_depth";
  static constexpr Role kRole = Role::kActivation;
  static constexpr bool kInFiles = true;
  static constexpr bool kMakesTensor = true;
  static constexpr Events kEvents{Event::kCopy};

  std::int64_t size = 2;

  bool operator==(const SpaceToDepth &) const = default;
  template <class Self, class Visitor>
  static void visit_fields(Self &self, Visitor &&visit) {
    visit("size", self.size);
  }
};

TensorShape infer_shape(const SpaceToDepth &op, InputShapes inputs);
void tally(const SpaceToDepth &op, InputShapes inputs, const TensorShape &output, Tally &out);

} // namespace pare

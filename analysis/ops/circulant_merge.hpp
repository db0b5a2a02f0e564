#pragma once

#include "analysis/ops/primitive.hpp"

#include <string_view>

namespace pare {

/// The dense weight of circulant blocks, of each of which the first column is stored: [o, i, b] -> [o b, i b, 1, 1]. Element
/// (s, t) of a block is number (s - t) mod b of its column. copy = the output's elements.
struct CirculantMerge {
  static constexpr std::string_view kKind = "circulant_merge";
  static constexpr Role kRole = Role::kWeight;
  static constexpr bool kInFiles = false;
  static constexpr bool kMakesTensor = true;
  static constexpr Events kEvents{Event::kCopy};

  bool operator==(const CirculantMerge &) const = default;
  template <class Self, class Visitor>
  static void visit_fields(Self & /*self*/, Visitor && /*visit*/) {}
};

TensorShape infer_shape(const CirculantMerge &op, InputShapes inputs);
void tally(const CirculantMerge &op, InputShapes inputs, const TensorShape &output, Tally &out);

} // namespace pare

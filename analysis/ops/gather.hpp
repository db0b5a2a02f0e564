#pragma once

#include "analysis/ops/primitive.hpp"

#include <string_view>

namespace pare {

/// Hashed weight (HashedNets, Chen et al. 2015): values [K], index and optional signs of as many elements as `extents`
/// -> extents, element i = values[index[i]] (x signs[i]). copy = elements; multiply = elements where there are signs.
struct Gather {
  static constexpr std::string_view kKind = "gather";
  static constexpr Role kRole = Role::kWeight;
  static constexpr bool kInFiles = false;
  static constexpr bool kMakesTensor = true;
  static constexpr Events kEvents{Event::kCopy, Event::kMultiply};

  Extents extents;

  bool operator==(const Gather &) const = default;
  template <class Self, class Visitor>
  static void visit_fields(Self &self, Visitor &&visit) {
    visit("extents", self.extents);
  }
};

TensorShape infer_shape(const Gather &op, InputShapes inputs);
void tally(const Gather &op, InputShapes inputs, const TensorShape &output, Tally &out);

} // namespace pare

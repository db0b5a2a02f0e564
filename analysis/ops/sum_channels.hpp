#pragma once

#include "analysis/ops/primitive.hpp"

#include <string_view>

namespace pare {

/// Sums each `size` consecutive channels: [N, C, H, W] -> [N, C / size, H, W]. element = the input's elements.
struct SumChannels {
  static constexpr std::string_view kKind = "sum_channels";
  static constexpr Role kRole = Role::kActivation;
  static constexpr bool kInFiles = true;
  static constexpr bool kMakesTensor = true;
  static constexpr Events kEvents{Event::kElement};

  std::int64_t size = 1;

  bool operator==(const SumChannels &) const = default;
  template <class Self, class Visitor>
  static void visit_fields(Self &self, Visitor &&visit) {
    visit("size", self.size);
  }
};

TensorShape infer_shape(const SumChannels &op, InputShapes inputs);
void tally(const SumChannels &op, InputShapes inputs, const TensorShape &output, Tally &out);

} // namespace pare

#pragma once

#include "analysis/ops/primitive.hpp"

#include <string_view>

namespace pare {

/// All channels, `times` times in a row: [N, C, H, W] -> [N, times C, H, W]. copy = the output's elements.
struct RepeatChannels {
  static constexpr std::string_view kKind = "repeat_channels";
  static constexpr Role kRole = Role::kActivation;
  static constexpr bool kInFiles = true;
  static constexpr bool kMakesTensor = true;
  static constexpr Events kEvents{Event::kCopy};

  std::int64_t times = 1;

  bool operator==(const RepeatChannels &) const = default;
  template <class Self, class Visitor>
  static void visit_fields(Self &self, Visitor &&visit) {
    visit("times", self.times);
  }
};

TensorShape infer_shape(const RepeatChannels &op, InputShapes inputs);
void tally(const RepeatChannels &op, InputShapes inputs, const TensorShape &output, Tally &out);

} // namespace pare

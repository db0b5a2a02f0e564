#pragma once

#include "analysis/shape.hpp"
#include "analysis/tally.hpp"

#include <string_view>

namespace pare {

/// All channels, `times` times in a row: [N, C, H, W] -> [N, times C, H, W]. copy = the output's elements.
struct RepeatChannels {
  static constexpr std::string_view kKind = "repeat_channels";
  /// Whether its output is a new tensor (an activation that takes memory) rather than a view.
  static constexpr bool kMakesTensor = true;
  /// What tally() and those who attach events may say of it: the rest no convention can weigh.
  static constexpr Events kEvents{Event::kCopy};

  std::int64_t times = 1;

  bool operator==(const RepeatChannels &) const = default;
  /// Calls visit(name, member) for each attribute: the one list that files, tables and graphs are written from.
  template <class Self, class Visitor>
  static void visit_fields(Self &self, Visitor &&visit) {
    visit("times", self.times);
  }
};

TensorShape infer_shape(const RepeatChannels &op, InputShapes inputs);
void tally(const RepeatChannels &op, InputShapes inputs, const TensorShape &output, Tally &out);

} // namespace pare

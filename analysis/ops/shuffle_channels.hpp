#pragma once

#include "analysis/shape.hpp"
#include "analysis/tally.hpp"

#include <string_view>

namespace pare {

/// Channel c of group g (of `groups`) moves to place c groups + g (ShuffleNet, Zhang et al. 2018). copy = elements.
struct ShuffleChannels {
  static constexpr std::string_view kKind = "shuffle_channels";
  /// Whether its output is a new tensor (an activation that takes memory) rather than a view.
  static constexpr bool kMakesTensor = true;
  /// What tally() and those who attach events may say of it: the rest no convention can weigh.
  static constexpr Events kEvents{Event::kCopy};

  std::int64_t groups = 1;

  bool operator==(const ShuffleChannels &) const = default;
  /// Calls visit(name, member) for each attribute: the one list that files, tables and graphs are written from.
  template <class Self, class Visitor>
  static void visit_fields(Self &self, Visitor &&visit) {
    visit("groups", self.groups);
  }
};

TensorShape infer_shape(const ShuffleChannels &op, InputShapes inputs);
void tally(const ShuffleChannels &op, InputShapes inputs, const TensorShape &output, Tally &out);

} // namespace pare

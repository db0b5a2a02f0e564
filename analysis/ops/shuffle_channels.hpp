#pragma once

#include "analysis/ops/primitive.hpp"

#include <string_view>

namespace pare {

/// Channel c of group g (of `groups`) moves to place c groups + g (ShuffleNet, Zhang et al. 2018). copy = elements.
struct ShuffleChannels {
  static constexpr std::string_view kKind = "shuffle_channels";
  static constexpr Role kRole = Role::kActivation;
  static constexpr bool kInFiles = true;
  static constexpr bool kMakesTensor = true;
  static constexpr Events kEvents{Event::kCopy};

  std::int64_t groups = 1;

  bool operator==(const ShuffleChannels &) const = default;
  template <class Self, class Visitor>
  static void visit_fields(Self &self, Visitor &&visit) {
    visit("groups", self.groups);
  }
};

TensorShape infer_shape(const ShuffleChannels &op, InputShapes inputs);
void tally(const ShuffleChannels &op, InputShapes inputs, const TensorShape &output, Tally &out);

} // namespace pare

#pragma once

#include "analysis/ops/primitive.hpp"

#include <string_view>

namespace pare {

/// x[:, begin : begin + count]. A view.
struct SliceChannels {
  static constexpr std::string_view kKind = "slice_channels";
  static constexpr Role kRole = Role::kActivation;
  static constexpr bool kInFiles = true;
  static constexpr bool kMakesTensor = false;
  static constexpr Events kEvents{};

  std::int64_t begin = 0;
  std::int64_t count = 1;

  bool operator==(const SliceChannels &) const = default;
  template <class Self, class Visitor>
  static void visit_fields(Self &self, Visitor &&visit) {
    visit("begin", self.begin);
    visit("count", self.count);
  }
};

TensorShape infer_shape(const SliceChannels &op, InputShapes inputs);
void tally(const SliceChannels &op, InputShapes inputs, const TensorShape &output, Tally &out);

} // namespace pare

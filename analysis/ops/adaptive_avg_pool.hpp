#pragma once

#include "analysis/ops/primitive.hpp"

#include <array>
#include <string_view>

namespace pare {

/// Average pooling to `size` whatever the input's is, as PyTorch's: window i of n along an axis of length L is
/// [floor(i L / n), ceil((i + 1) L / n)). element = the elements that all windows read, those in two of them twice.
struct AdaptiveAvgPool {
  static constexpr std::string_view kKind = "adaptive_avg_pool";
  static constexpr Role kRole = Role::kActivation;
  static constexpr bool kInFiles = true;
  static constexpr bool kMakesTensor = true;
  static constexpr Events kEvents{Event::kElement};

  Pair size{1, 1};

  static constexpr std::array kNeeded{std::string_view("size")};

  bool operator==(const AdaptiveAvgPool &) const = default;
  template <class Self, class Visitor>
  static void visit_fields(Self &self, Visitor &&visit) {
    visit("size", self.size);
  }
};

TensorShape infer_shape(const AdaptiveAvgPool &op, InputShapes inputs);
void tally(const AdaptiveAvgPool &op, InputShapes inputs, const TensorShape &output, Tally &out);

} // namespace pare

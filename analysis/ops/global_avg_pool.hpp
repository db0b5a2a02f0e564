#pragma once

#include "analysis/ops/primitive.hpp"

#include <string_view>

namespace pare {

/// Adaptive average pooling to 1 x 1, or the mean over height and width: [N, C, H, W] -> [N, C, 1, 1].
/// element = N C H W, all that it reads.
struct GlobalAvgPool {
  static constexpr std::string_view kKind = "global_avg_pool";
  static constexpr Role kRole = Role::kActivation;
  static constexpr bool kInFiles = true;
  static constexpr bool kMakesTensor = true;
  static constexpr Events kEvents{Event::kElement};

  bool operator==(const GlobalAvgPool &) const = default;
  template <class Self, class Visitor>
  static void visit_fields(Self & /*self*/, Visitor && /*visit*/) {}
};

TensorShape infer_shape(const GlobalAvgPool &op, InputShapes inputs);
void tally(const GlobalAvgPool &op, InputShapes inputs, const TensorShape &output, Tally &out);

} // namespace pare

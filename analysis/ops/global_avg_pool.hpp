#pragma once

#include "analysis/shape.hpp"
#include "analysis/tally.hpp"

#include <string_view>

namespace pare {

/// Adaptive average pooling to 1 x 1, or the mean over height and width: [N, C, H, W] -> [N, C, 1, 1].
/// element = N C H W, all that it reads.
struct GlobalAvgPool {
  static constexpr std::string_view kKind = "global_avg_pool";
  /// Whether its output is a new tensor (an activation that takes memory) rather than a view.
  static constexpr bool kMakesTensor = true;
  /// What tally() and those who attach events may say of it: the rest no convention can weigh.
  static constexpr Events kEvents{Event::kElement};

  bool operator==(const GlobalAvgPool &) const = default;
  /// Calls visit(name, member) for each attribute: the one list that files, tables and graphs are written from.
  template <class Self, class Visitor>
  static void visit_fields(Self & /*self*/, Visitor && /*visit*/) {}
};

TensorShape infer_shape(const GlobalAvgPool &op, InputShapes inputs);
void tally(const GlobalAvgPool &op, InputShapes inputs, const TensorShape &output, Tally &out);

} // namespace pare

#pragma once

#include "analysis/shape.hpp"
#include "analysis/tally.hpp"

#include <string_view>

namespace pare {

/// Convolution: x [N, c_i, H, W], weight [c_o, c_i / groups, k_h, k_w], optional bias [c_o] -> [N, c_o, H_out, W_out].
/// mac = N c_o H_out W_out (c_i / groups) k_h k_w, padding included; bias = N c_o H_out W_out.
struct Conv {
  static constexpr std::string_view kKind = "conv";
  /// Whether its output is a new tensor (an activation that takes memory) rather than a view.
  static constexpr bool kMakesTensor = true;
  /// What tally() and those who attach events may say of it: the rest no convention can weigh.
  static constexpr Events kEvents{Event::kMac, Event::kBias, Event::kReferenceMac};

  Pair stride{1, 1};
  Pair padding{0, 0};
  Pair dilation{1, 1};
  std::int64_t groups = 1;

  bool operator==(const Conv &) const = default;
  /// Calls visit(name, member) for each attribute: the one list that files, tables and graphs are written from.
  template <class Self, class Visitor>
  static void visit_fields(Self &self, Visitor &&visit) {
    visit("stride", self.stride);
    visit("padding", self.padding);
    visit("dilation", self.dilation);
    visit("groups", self.groups);
  }
};

TensorShape infer_shape(const Conv &op, InputShapes inputs);
void tally(const Conv &op, InputShapes inputs, const TensorShape &output, Tally &out);

} // namespace pare

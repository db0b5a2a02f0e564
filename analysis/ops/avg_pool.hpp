#pragma once

#include "analysis/shape.hpp"
#include "analysis/tally.hpp"

#include <string_view>

namespace pare {

/// Average over windows. window = kernel area x output elements.
struct AvgPool {
  static constexpr std::string_view kKind = "avg_pool";
  /// Whether its output is a new tensor (an activation that takes memory) rather than a view.
  static constexpr bool kMakesTensor = true;
  /// What tally() and those who attach events may say of it: the rest no convention can weigh.
  static constexpr Events kEvents{Event::kWindow};

  Pair kernel{1, 1};
  Pair stride{1, 1};
  Pair padding{0, 0};
  bool ceil_mode = false;
  bool count_include_pad = true; ///< whether padding counts in the divisor

  bool operator==(const AvgPool &) const = default;
  /// Calls visit(name, member) for each attribute: the one list that files, tables and graphs are written from.
  template <class Self, class Visitor>
  static void visit_fields(Self &self, Visitor &&visit) {
    visit("kernel", self.kernel);
    visit("stride", self.stride);
    visit("padding", self.padding);
    visit("ceil_mode", self.ceil_mode);
    visit("count_include_pad", self.count_include_pad);
  }
};

TensorShape infer_shape(const AvgPool &op, InputShapes inputs);
void tally(const AvgPool &op, InputShapes inputs, const TensorShape &output, Tally &out);

} // namespace pare

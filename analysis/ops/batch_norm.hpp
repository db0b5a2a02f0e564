#pragma once

#include "analysis/shape.hpp"
#include "analysis/tally.hpp"

#include <string_view>

namespace pare {

/// Batch normalisation over channels: x [N, C, H, W], optional weight [C] and bias [C] -> the same shape.
/// Its running mean and variance belong to it and are not parameters. element = N C H W.
struct BatchNorm {
  static constexpr std::string_view kKind = "batch_norm";
  /// Whether its output is a new tensor (an activation that takes memory) rather than a view.
  static constexpr bool kMakesTensor = true;
  /// What tally() and those who attach events may say of it: the rest no convention can weigh.
  static constexpr Events kEvents{Event::kElement};

  double eps = 1e-5;
  double momentum = 0.1;

  bool operator==(const BatchNorm &) const = default;
  /// Calls visit(name, member) for each attribute: the one list that files, tables and graphs are written from.
  template <class Self, class Visitor>
  static void visit_fields(Self &self, Visitor &&visit) {
    visit("eps", self.eps);
    visit("momentum", self.momentum);
  }
};

TensorShape infer_shape(const BatchNorm &op, InputShapes inputs);
void tally(const BatchNorm &op, InputShapes inputs, const TensorShape &output, Tally &out);

} // namespace pare

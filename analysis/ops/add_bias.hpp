#pragma once

#include "analysis/shape.hpp"
#include "analysis/tally.hpp"

#include <string_view>

namespace pare {

/// x [N, C, H, W] plus a bias [C] on each channel. bias = N C H W.
struct AddBias {
  static constexpr std::string_view kKind = "add_bias";
  /// Whether its output is a new tensor (an activation that takes memory) rather than a view.
  static constexpr bool kMakesTensor = true;
  /// What tally() and those who attach events may say of it: the rest no convention can weigh.
  static constexpr Events kEvents{Event::kBias};

  bool operator==(const AddBias &) const = default;
  /// Calls visit(name, member) for each attribute: the one list that files, tables and graphs are written from.
  template <class Self, class Visitor>
  static void visit_fields(Self & /*self*/, Visitor && /*visit*/) {}
};

TensorShape infer_shape(const AddBias &op, InputShapes inputs);
void tally(const AddBias &op, InputShapes inputs, const TensorShape &output, Tally &out);

} // namespace pare

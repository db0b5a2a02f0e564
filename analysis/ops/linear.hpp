#pragma once

#include "analysis/shape.hpp"
#include "analysis/tally.hpp"

#include <string_view>

namespace pare {

/// Linear layer: x [N, in, 1, 1], weight [out, in], optional bias [out] -> [N, out, 1, 1].
/// mac = N in out; bias = N out.
struct Linear {
  static constexpr std::string_view kKind = "linear";
  /// Whether its output is a new tensor (an activation that takes memory) rather than a view.
  static constexpr bool kMakesTensor = true;
  /// What tally() and those who attach events may say of it: the rest no convention can weigh.
  static constexpr Events kEvents{Event::kMac, Event::kBias};

  bool operator==(const Linear &) const = default;
  /// Calls visit(name, member) for each attribute: the one list that files, tables and graphs are written from.
  template <class Self, class Visitor>
  static void visit_fields(Self & /*self*/, Visitor && /*visit*/) {}
};

TensorShape infer_shape(const Linear &op, InputShapes inputs);
void tally(const Linear &op, InputShapes inputs, const TensorShape &output, Tally &out);

} // namespace pare

#pragma once

#include "analysis/shape.hpp"
#include "analysis/tally.hpp"

#include <string_view>

namespace pare {

/// x[:, :, top:, left:]. A view.
struct Crop {
  static constexpr std::string_view kKind = "crop";
  /// Whether its output is a new tensor (an activation that takes memory) rather than a view.
  static constexpr bool kMakesTensor = false;
  /// What tally() and those who attach events may say of it: the rest no convention can weigh.
  static constexpr Events kEvents{};

  std::int64_t top = 0;
  std::int64_t left = 0;

  bool operator==(const Crop &) const = default;
  /// Calls visit(name, member) for each attribute: the one list that files, tables and graphs are written from.
  template <class Self, class Visitor>
  static void visit_fields(Self &self, Visitor &&visit) {
    visit("top", self.top);
    visit("left", self.left);
  }
};

TensorShape infer_shape(const Crop &op, InputShapes inputs);
void tally(const Crop &op, InputShapes inputs, const TensorShape &output, Tally &out);

} // namespace pare

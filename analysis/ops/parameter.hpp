#pragma once

#include "analysis/shape.hpp"
#include "analysis/tally.hpp"
#include <string>

#include <string_view>

namespace pare {

/// A trained tensor. Its name is that of its layer, a dot, and `leaf`: "conv1.weight".
struct Parameter {
  static constexpr std::string_view kKind = "parameter";
  /// Whether its output is a new tensor (an activation that takes memory) rather than a view.
  static constexpr bool kMakesTensor = false;
  /// What tally() and those who attach events may say of it: the rest no convention can weigh.
  static constexpr Events kEvents{};

  std::string leaf;
  Extents extents;
  bool substituted = false;  ///< belongs to a substitute: counted as such
  bool decay_scaled = false; ///< weight decay is scaled by the compression ratio while training

  bool operator==(const Parameter &) const = default;
  /// Calls visit(name, member) for each attribute: the one list that files, tables and graphs are written from.
  template <class Self, class Visitor>
  static void visit_fields(Self &self, Visitor &&visit) {
    visit("leaf", self.leaf);
    visit("extents", self.extents);
    visit("substituted", self.substituted);
    visit("decay_scaled", self.decay_scaled);
  }
};

TensorShape infer_shape(const Parameter &op, InputShapes inputs);
void tally(const Parameter &op, InputShapes inputs, const TensorShape &output, Tally &out);

} // namespace pare

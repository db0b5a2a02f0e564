#pragma once

#include "analysis/ops/primitive.hpp"
#include "analysis/ops/start.hpp"

#include <string>
#include <string_view>

namespace pare {

/// A trained tensor. Its name is that of its layer, a dot, and `leaf`: "conv1.weight".
struct Parameter {
  static constexpr std::string_view kKind = "parameter";
  static constexpr Role kRole = Role::kSource;
  static constexpr bool kInFiles = false;
  static constexpr bool kMakesTensor = false;
  static constexpr Events kEvents{};

  std::string leaf;
  Extents extents;
  bool substituted = false;  ///< belongs to a substitute: counted as such
  bool decay_scaled = false; ///< weight decay is scaled by the compression ratio while training
  Start start = {};          ///< before it is trained

  bool operator==(const Parameter &) const = default;
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

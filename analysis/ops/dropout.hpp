#pragma once

#include "analysis/ops/primitive.hpp"

#include <string_view>

namespace pare {

/// While training each element is 0 with this probability, and 1 / (1 - p) times itself else (Srivastava et al. 2014); later it
/// is the identity: it does nothing that could be weighed, and makes no tensor.
struct Dropout {
  static constexpr std::string_view kKind = "dropout";
  static constexpr Role kRole = Role::kActivation;
  static constexpr bool kInFiles = true;
  static constexpr bool kMakesTensor = false;
  static constexpr Events kEvents{};

  double probability = 0.5;

  bool operator==(const Dropout &) const = default;
  template <class Self, class Visitor>
  static void visit_fields(Self &self, Visitor &&visit) {
    visit("probability", self.probability);
  }
};

TensorShape infer_shape(const Dropout &op, InputShapes inputs);
void tally(const Dropout &op, InputShapes inputs, const TensorShape &output, Tally &out);

} // namespace pare

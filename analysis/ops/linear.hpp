#pragma once

#include "analysis/ops/owned.hpp"
#include "analysis/ops/primitive.hpp"

#include <array>
#include <string_view>

namespace pare {

/// Linear layer: x [N, in, 1, 1], weight [out, in], optional bias [out] -> [N, out, 1, 1].
/// mac = N in out; bias = N out.
struct Linear {
  static constexpr std::string_view kKind = "linear";
  static constexpr Role kRole = Role::kActivation;
  static constexpr bool kInFiles = true;
  static constexpr bool kMakesTensor = true;
  static constexpr Events kEvents{Event::kMac, Event::kBias};

  static constexpr std::array kNeeded{std::string_view("out_features")};

  bool operator==(const Linear &) const = default;
  template <class Self, class Visitor>
  static void visit_fields(Self & /*self*/, Visitor && /*visit*/) {}
  /// What files say of its parameters.
  template <class Self, class Visitor>
  static void visit_owned(Self &owned, Visitor &&visit) {
    visit("out_features", owned.out);
    visit("bias", owned.bias);
  }
};

TensorShape infer_shape(const Linear &op, InputShapes inputs);
/// Throws Error{kInvalidConfig} placed at the field that is wrong.
OwnedParameters owned_parameters(const Linear &op, const Owned &owned, const Shape &x, const Initialisation &initialisation);
Owned owned_of(const Linear &op, InputShapes inputs);
void tally(const Linear &op, InputShapes inputs, const TensorShape &output, Tally &out);

} // namespace pare

#pragma once

#include "analysis/ops/owned.hpp"
#include "analysis/ops/primitive.hpp"

#include <array>
#include <string>
#include <string_view>

namespace pare {

/// Convolution: x [N, c_i, H, W], weight [c_o, c_i / groups, k_h, k_w], optional bias [c_o] -> [N, c_o, H_out, W_out].
/// mac = N c_o H_out W_out (c_i / groups) k_h k_w, padding included; bias = N c_o H_out W_out.
struct Conv {
  static constexpr std::string_view kKind = "conv";
  static constexpr Role kRole = Role::kActivation;
  static constexpr bool kInFiles = true;
  static constexpr bool kMakesTensor = true;
  static constexpr Events kEvents{Event::kMac, Event::kBias, Event::kReferenceMac};

  Pair stride{1, 1};
  Padding padding{0, 0};
  Pair dilation{1, 1};
  std::int64_t groups = 1;

  static constexpr std::array kNeeded{std::string_view("out_channels"), std::string_view("kernel")};

  bool operator==(const Conv &) const = default;
  template <class Self, class Visitor>
  static void visit_fields(Self &self, Visitor &&visit) {
    visit("stride", self.stride);
    visit("padding", self.padding);
    visit("dilation", self.dilation);
    visit("groups", self.groups);
  }
  /// What files say of its parameters.
  template <class Self, class Visitor>
  static void visit_owned(Self &owned, Visitor &&visit) {
    visit("out_channels", owned.out);
    visit("kernel", owned.kernel);
    visit("bias", owned.bias);
  }
  /// What tables call its kernel.
  std::string kernel_text(InputShapes inputs) const;
};

TensorShape infer_shape(const Conv &op, InputShapes inputs);
/// Throws Error{kInvalidConfig} placed at the field that is wrong.
OwnedParameters owned_parameters(const Conv &op, const Owned &owned, const Shape &x, const Initialisation &initialisation);
Owned owned_of(const Conv &op, InputShapes inputs);
void tally(const Conv &op, InputShapes inputs, const TensorShape &output, Tally &out);

} // namespace pare

#pragma once

#include "analysis/ops/primitive.hpp"

#include <string_view>

namespace pare {

/// One ACDC factor (see AcdcProduct) applied to activations by fast transforms: x [N, c, H, W], diagonals A [c, 1] and D [c, 1]
/// -> [N, c, H_out, W_out]: at each position R(diag(A) C) (diag(D) C^-1) R x, c even. As a 1 x 1 convolution it may have a
/// stride and a padding. transform = N H_out W_out x ceil(4 c + 5 c log2 c), as Moczulski et al. 2016 reckon it; no machine is
/// held to it.
struct AcdcTransform {
  static constexpr std::string_view kKind = "acdc_transform";
  static constexpr Role kRole = Role::kActivation;
  static constexpr bool kInFiles = false;
  static constexpr bool kMakesTensor = true;
  static constexpr Events kEvents{Event::kTransform, Event::kReferenceMac};

  bool inner_riffle = true;
  Pair stride{1, 1};
  Padding padding{0, 0};

  bool operator==(const AcdcTransform &) const = default;
  template <class Self, class Visitor>
  static void visit_fields(Self &self, Visitor &&visit) {
    visit("inner_riffle", self.inner_riffle);
    visit("stride", self.stride);
    visit("padding", self.padding);
  }
};

TensorShape infer_shape(const AcdcTransform &op, InputShapes inputs);
void tally(const AcdcTransform &op, InputShapes inputs, const TensorShape &output, Tally &out);

} // namespace pare

#pragma once

#include "analysis/ops/legs.hpp"
#include "analysis/ops/primitive.hpp"

#include <string_view>

namespace pare {

/// One step of a linear map in factors: x [N, c, H, W], whose channels are the dimensions `x`, and a weight of dimensions
/// `weight` -> [N, c', H_out, W_out], whose channels are the dimensions `out`. At each position the product is summed over the
/// labels that `out` lacks. As a 1 x 1 convolution it may have a stride and a padding.
/// mac = N H_out W_out x the product of the sizes of all labels of x and weight.
struct Contract {
  static constexpr std::string_view kKind = "contract";
  static constexpr Role kRole = Role::kActivation;
  static constexpr bool kInFiles = false;
  static constexpr bool kMakesTensor = true;
  static constexpr Events kEvents{Event::kMac, Event::kReferenceMac};

  Legs x;
  Legs weight;
  Legs out;
  Pair stride{1, 1};
  Padding padding{0, 0};

  bool operator==(const Contract &) const = default;
  template <class Self, class Visitor>
  static void visit_fields(Self &self, Visitor &&visit) {
    visit("x", self.x);
    visit("weight", self.weight);
    visit("out", self.out);
    visit("stride", self.stride);
    visit("padding", self.padding);
  }
};

TensorShape infer_shape(const Contract &op, InputShapes inputs);
void tally(const Contract &op, InputShapes inputs, const TensorShape &output, Tally &out);

} // namespace pare

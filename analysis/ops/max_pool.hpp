#pragma once

#include "analysis/ops/primitive.hpp"

#include <array>
#include <string>
#include <string_view>

namespace pare {

/// Maximum over windows. window = kernel area x output elements.
struct MaxPool {
  static constexpr std::string_view kKind = "max_pool";
  static constexpr Role kRole = Role::kActivation;
  static constexpr bool kInFiles = true;
  static constexpr bool kMakesTensor = true;
  static constexpr Events kEvents{Event::kWindow};

  Pair kernel{1, 1};
  Pair stride{1, 1};
  Padding padding{0, 0};
  bool ceil_mode = false;

  static constexpr std::array kNeeded{std::string_view("kernel"), std::string_view("stride")};

  bool operator==(const MaxPool &) const = default;
  template <class Self, class Visitor>
  static void visit_fields(Self &self, Visitor &&visit) {
    visit("kernel", self.kernel);
    visit("stride", self.stride);
    visit("padding", self.padding);
    visit("ceil_mode", self.ceil_mode);
  }
  /// What tables call its kernel.
  std::string kernel_text(InputShapes inputs) const;
};

TensorShape infer_shape(const MaxPool &op, InputShapes inputs);
void tally(const MaxPool &op, InputShapes inputs, const TensorShape &output, Tally &out);

} // namespace pare

#pragma once

#include "analysis/ops/primitive.hpp"

#include <string_view>

namespace pare {

/// What the ops of elementwise.def have in common: one activation in, one of its shape out. element = N C H W.
struct Elementwise {
  static constexpr Role kRole = Role::kActivation;
  static constexpr bool kInFiles = true;
  static constexpr bool kMakesTensor = true;
  static constexpr Events kEvents{Event::kElement};

  bool operator==(const Elementwise &) const = default;
  template <class Self, class Visitor>
  static void visit_fields(Self & /*self*/, Visitor && /*visit*/) {}
};

#define PARE_ELEMENTWISE(Type, name)                                                                                           \
  struct Type : Elementwise {                                                                                                  \
    static constexpr std::string_view kKind = #name;                                                                           \
    bool operator==(const Type &) const = default;                                                                             \
  };
#include "analysis/ops/elementwise.def"
#undef PARE_ELEMENTWISE

TensorShape infer_shape(const Elementwise &op, InputShapes inputs);
void tally(const Elementwise &op, InputShapes inputs, const TensorShape &output, Tally &out);

} // namespace pare

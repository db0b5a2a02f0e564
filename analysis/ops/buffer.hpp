#pragma once

#include "analysis/ops/primitive.hpp"

#include <string>
#include <string_view>

namespace pare {

/// A fixed random tensor that is stored and never trained: the index of a hashed layer, or its signs.
struct Buffer {
  static constexpr std::string_view kKind = "buffer";
  static constexpr Role kRole = Role::kSource;
  static constexpr bool kInFiles = false;
  static constexpr bool kMakesTensor = false;
  static constexpr Events kEvents{};

  std::string leaf;
  Extents extents;
  /// Values are integers drawn uniformly from [0, upper); 0 means signs, -1 or +1.
  std::int64_t upper = 0;

  bool operator==(const Buffer &) const = default;
  template <class Self, class Visitor>
  static void visit_fields(Self &self, Visitor &&visit) {
    visit("leaf", self.leaf);
    visit("extents", self.extents);
    visit("upper", self.upper);
  }
};

TensorShape infer_shape(const Buffer &op, InputShapes inputs);
void tally(const Buffer &op, InputShapes inputs, const TensorShape &output, Tally &out);

} // namespace pare

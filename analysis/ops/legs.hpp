#pragma once

#include "analysis/shape.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace pare {

/// One dimension of an operand of a contraction. Operands that have a label in common are multiplied along it.
struct Leg {
  std::int64_t label = 0;
  std::int64_t size = 1;

  bool operator==(const Leg &) const = default;
};
/// The dimensions of an operand, row-major: the last the fastest. What it is a view of has as many elements.
using Legs = std::vector<Leg>;

/// Throws Error{kOverflow}.
std::int64_t elements_of(const Legs &legs);
/// All of a, then those of b that a has not.
Legs union_of(const Legs &a, const Legs &b);
/// "[0:16, 3:8]"
std::string to_string(const Legs &legs);

/// Throws Error{kInvalidConfig} unless `legs` have different labels, sizes from 1 up and `elements` elements.
void expect_legs(const Legs &legs, std::int64_t elements, const char *field);
/// Throws Error{kInvalidConfig} unless the result has legs of these operands, which agree on sizes.
void expect_result(const Legs &a, const Legs &b, const Legs &out, const char *field);

} // namespace pare

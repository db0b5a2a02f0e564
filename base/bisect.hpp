#pragma once

#include <bit>
#include <cstdint>

namespace pare {

/// Positive doubles in their order as whole numbers, and back: neighbours differ by 1.
inline std::uint64_t ordinal_of(double value) { return std::bit_cast<std::uint64_t>(value); }
inline double from_ordinal(std::uint64_t ordinal) { return std::bit_cast<double>(ordinal); }

/// The smallest whole number in (below, above] for which `holds`: it must hold at `above` and, once true, stay true.
template <class Holds>
std::uint64_t first_where(std::uint64_t below, std::uint64_t above, const Holds &holds) {
  while (above - below > 1) {
    const std::uint64_t middle = below + (above - below) / 2;
    (holds(middle) ? above : below) = middle;
  }
  return above;
}

} // namespace pare

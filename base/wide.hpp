#pragma once

namespace pare {

/// What products of two 64-bit numbers are added up in: GCC's and clang's own integers, which -Wpedantic does not know.
// NOLINTNEXTLINE
__extension__ using Wide = __int128;

constexpr Wide floor_divide(Wide a, Wide b) { return a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0); }

} // namespace pare

#pragma once

#include <cstdint>

namespace pare {

[[noreturn]] void throw_overflow(std::int64_t a, char operation, std::int64_t b);

/// a * b in 64 bits; throws Error{kOverflow} instead of wrapping.
inline std::int64_t checked_mul(std::int64_t a, std::int64_t b) {
  std::int64_t out = 0;
  if (__builtin_mul_overflow(a, b, &out)) throw_overflow(a, '*', b);
  return out;
}

/// a + b in 64 bits; throws Error{kOverflow} instead of wrapping.
inline std::int64_t checked_add(std::int64_t a, std::int64_t b) {
  std::int64_t out = 0;
  if (__builtin_add_overflow(a, b, &out)) throw_overflow(a, '+', b);
  return out;
}

template <class... More>
std::int64_t checked_mul(std::int64_t a, std::int64_t b, More... more) {
  return checked_mul(checked_mul(a, b), more...);
}

} // namespace pare

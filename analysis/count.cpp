#include "analysis/count.hpp"

#include "analysis/error.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>

namespace pare {

void throw_overflow(std::int64_t a, char operation, std::int64_t b) {
  throw Error(ErrorCode::kOverflow, "",
              std::to_string(a) + " " + operation + " " + std::to_string(b) +
                  " does not fit in a signed 64-bit integer; counts are exact or refused");
}

Count Count::times(double weight) const {
  if (weight == 1) return *this;
  if (is_zero()) return 0;
  if (is_whole_ && std::nearbyint(weight) == weight) {
    constexpr double kLimit = 9223372036854775808.0; // 2^63
    const bool fits = weight >= -kLimit && weight < kLimit;
    return checked_mul(whole_, fits ? static_cast<std::int64_t>(weight) : std::numeric_limits<std::int64_t>::max());
  }
  return from_real(to_double() * weight);
}

namespace {
void check_finite(double value) {
  if (!std::isfinite(value))
    throw Error(ErrorCode::kOverflow, "", "a count is beyond what a double can hold; counts are exact or refused");
}
} // namespace

std::string digits(double value) {
  check_finite(value);
  // The longest, the smallest subnormal, has 1 + 1 + 1074 characters.
  std::array<char, 1100> buffer; // NOLINT(cppcoreguidelines-pro-type-member-init): written before it is read
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::fixed).ptr;
  return {buffer.data(), end};
}

std::string Count::to_string() const { return is_whole_ ? std::to_string(whole_) : digits(to_double()); }

std::variant<std::int64_t, double> plain_number(const Count &value) {
  if (value.is_whole()) return value.whole();
  const double real = value.to_double();
  check_finite(real);
  constexpr double kLimit = 9223372036854775808.0; // 2^63
  if (std::nearbyint(real) == real && real >= -kLimit && real < kLimit) return static_cast<std::int64_t>(real);
  return real;
}

std::string shortest(double value) {
  char buffer[64];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  return {buffer, end};
}

} // namespace pare

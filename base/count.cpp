#include "base/count.hpp"

#include "base/error.hpp"

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

namespace {

/// a + b and what its rounding lost.
DoubleDouble two_sum(double a, double b) {
  const double sum = a + b;
  const double of_b = sum - a;
  return {sum, (a - (sum - of_b)) + (b - of_b)};
}

} // namespace

DoubleDouble DoubleDouble::of(std::int64_t whole) {
  // The upper and the lower 32 bits are doubles exactly.
  const std::int64_t low = whole & 0xFFFFFFFF;
  return two_sum(static_cast<double>(whole - low), static_cast<double>(low));
}

DoubleDouble DoubleDouble::plus(const DoubleDouble &other) const {
  DoubleDouble highs = two_sum(high, other.high);
  if (!std::isfinite(highs.high)) return {highs.high, 0};
  const DoubleDouble lows = two_sum(low, other.low);
  highs = two_sum(highs.high, highs.low + lows.high);
  return two_sum(highs.high, highs.low + lows.low);
}

DoubleDouble DoubleDouble::times(double factor) const {
  const double product = high * factor;
  if (!std::isfinite(product)) return {product, 0};
  return two_sum(product, std::fma(high, factor, -product) + low * factor);
}

Count Count::times(double weight) const {
  if (weight == 1) return *this;
  if (is_zero()) return 0;
  if (is_whole_ && std::nearbyint(weight) == weight) {
    constexpr double kLimit = 9223372036854775808.0; // 2^63
    // A weight that 64 bits do not hold is beyond them times any count but 0.
    if (weight < -kLimit || weight >= kLimit) throw_overflow(whole_, '*', std::numeric_limits<std::int64_t>::max());
    return checked_mul(whole_, static_cast<std::int64_t>(weight));
  }
  Count out;
  out.real_ = sum().times(weight);
  out.is_whole_ = false;
  return out;
}

Count Count::repeated(std::int64_t n) const {
  Count out;
  out.whole_ = checked_mul(whole_, n);
  out.is_whole_ = is_whole_;
  if (!is_whole_) out.real_ = real_.times(static_cast<double>(n));
  return out;
}

std::partial_ordering Count::compare(const Count &a, const Count &b) {
  const DoubleDouble x = a.sum();
  const DoubleDouble y = b.sum();
  return x.high == y.high ? x.low <=> y.low : x.high <=> y.high;
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

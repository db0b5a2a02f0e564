#pragma once

#include "base/checked.hpp"

#include <compare>
#include <cstdint>
#include <string>
#include <variant>

namespace pare {

/// A real number as the sum of two doubles, the second at most half a unit in the last place of the first: 106 bits, so that
/// sums of doubles are exact in whatever order they are made (Dekker 1971; Knuth, TAOCP 2, 4.2.2). Without optimisations that
/// reorder floating-point arithmetic.
struct DoubleDouble {
  double high = 0;
  double low = 0;

  static DoubleDouble of(std::int64_t whole);
  DoubleDouble plus(const DoubleDouble &other) const;
  DoubleDouble times(double factor) const;
};

/// An amount of work. Whole amounts are exact 64-bit integers, and overflow throws. The one exception (a convention that
/// is a real formula, such as the reference counter's 4N + 5N log2 N, or a weight that is not whole) adds a real part, whose
/// sums do not depend on their order: a total has the same digits wherever it is made.
class Count {
public:
  constexpr Count() = default;
  constexpr Count(std::int64_t whole) : whole_(whole) {} // NOLINT(google-explicit-constructor): a count is a number
  static constexpr Count from_real(double real) {
    Count count;
    count.real_ = {real, 0};
    count.is_whole_ = false;
    return count;
  }

  constexpr bool is_whole() const { return is_whole_; }
  /// Exact value; only when is_whole().
  constexpr std::int64_t whole() const { return whole_; }
  /// Rounded once.
  double to_double() const { return is_whole_ ? static_cast<double>(whole_) : sum().high; }
  constexpr bool is_zero() const { return whole_ == 0 && real_.high == 0; }

  Count &operator+=(const Count &other) {
    whole_ = checked_add(whole_, other.whole_);
    if (is_whole_ && other.is_whole_) return *this;
    real_ = real_.plus(other.real_);
    is_whole_ = false;
    return *this;
  }
  Count &operator-=(const Count &other) { return *this += other.repeated(-1); }
  friend Count operator+(Count a, const Count &b) { return a += b; }
  friend Count operator-(Count a, const Count &b) { return a -= b; }
  /// Scaled by a weight; stays whole where both are.
  Count times(double weight) const;
  /// That many of it, up to 2^53.
  Count repeated(std::int64_t n) const;

  /// Digits only: "5245638922", "1338791912.7905467".
  std::string to_string() const;

  friend bool operator==(const Count &a, const Count &b) { return (a <=> b) == 0; }
  friend std::partial_ordering operator<=>(const Count &a, const Count &b) {
    if (a.is_whole_ && b.is_whole_) return a.whole_ <=> b.whole_;
    return compare(a, b);
  }

private:
  DoubleDouble sum() const { return DoubleDouble::of(whole_).plus(real_); }
  static std::partial_ordering compare(const Count &a, const Count &b);

  std::int64_t whole_ = 0;
  DoubleDouble real_;
  bool is_whole_ = true;
};

/// How far they are from each other.
inline Count apart(const Count &a, const Count &b) { return a > b ? a - b : b - a; }

/// How numbers are written: whole ones exactly, real ones as the shortest decimal that reads back as the same double, neither
/// ever with an exponent. Each throws Error{kOverflow} for what is not finite.
std::string digits(double value);
/// The value as a JSON writer needs it: an integer where it is whole (or a real number that happens to be), all 63 bits of it,
/// else the double.
std::variant<std::int64_t, double> plain_number(const Count &value);

/// Shortest decimal that reads back as the same double ("0.053125", "1e-09"), as Python's repr without ".0".
std::string shortest(double value);

} // namespace pare

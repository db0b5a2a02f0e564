#include "reports/numbers.hpp"

#include "analysis/error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace pare {

namespace {
void check_finite(double value) {
  if (!std::isfinite(value)) throw Error(ErrorCode::kOverflow, "", "a count is beyond what a double can hold; counts are exact or refused");
}
} // namespace

std::string digits(double value) {
  check_finite(value);
  // The longest, the smallest subnormal, has 1 + 1 + 1074 characters.
  std::array<char, 1100> buffer; // NOLINT(cppcoreguidelines-pro-type-member-init): written before it is read
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::fixed).ptr;
  return {buffer.data(), end};
}

std::string digits(const Count &value) { return value.is_whole() ? std::to_string(value.whole()) : digits(value.to_double()); }

std::variant<std::int64_t, double> plain_number(const Count &value) {
  if (value.is_whole()) return value.whole();
  const double real = value.to_double();
  check_finite(real);
  constexpr double kLimit = 9223372036854775808.0; // 2^63
  if (std::nearbyint(real) == real && real >= -kLimit && real < kLimit) return static_cast<std::int64_t>(real);
  return real;
}

std::string thousands(std::string_view digits) {
  const std::size_t begin = digits.starts_with('-') ? 1 : 0;
  const std::size_t point = std::min(digits.find('.'), digits.size());
  std::string out(digits.substr(0, begin));
  for (std::size_t i = begin; i < point; ++i) {
    if (i > begin && (point - i) % 3 == 0) out += ',';
    out += digits[i];
  }
  out += digits.substr(point);
  return out;
}

std::string si(const Count &value) {
  constexpr std::array kPrefixes = {"", " k", " M", " G", " T", " P", " E", " Z", " Y"};
  double scaled = value.to_double();
  std::size_t power = 0;
  // 999.5 would be shown as 1000.
  while (std::fabs(scaled) >= 999.5 && power + 1 < kPrefixes.size()) {
    scaled /= 1000;
    ++power;
  }
  if (power == 0) return {};
  const double size = std::fabs(scaled);
  const int decimals = size < 9.995 ? 2 : size < 99.95 ? 1 : 0;
  return fmt::format("{:.{}f}{}", scaled, decimals, kPrefixes[power]);
}

std::size_t display_width(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string one_line(std::string_view text) {
  std::string out(text);
  for (char &c : out)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  return out;
}

} // namespace pare

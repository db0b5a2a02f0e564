#include "reports/numbers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace pare {

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

std::string rounded(const Count &value) {
  if (value.is_whole()) return value.to_string();
  const double real = value.to_double();
  constexpr double kLarge = 1000; // from here on a fraction says nothing
  std::string out = fmt::format("{:.{}f}", real, std::fabs(real) < kLarge ? 3 : 0);
  if (out.find('.') != std::string::npos) {
    out.erase(out.find_last_not_of('0') + 1);
    if (out.ends_with('.')) out.pop_back();
  }
  return out;
}

std::string scaled(const Count &value, int power, int decimals) {
  std::string digits = value.to_string();
  const bool negative = digits.starts_with('-');
  if (negative) digits.erase(0, 1);
  std::size_t point = std::min(digits.find('.'), digits.size());
  digits.erase(std::remove(digits.begin(), digits.end(), '.'), digits.end());
  if (const auto least = static_cast<std::size_t>(power) + 1; point < least) { // "0" in front of the point
    digits.insert(0, least - point, '0');
    point = least;
  }
  point -= static_cast<std::size_t>(power);
  const std::size_t kept = point + static_cast<std::size_t>(decimals);
  digits.resize(std::max(digits.size(), kept + 1), '0');
  bool up = digits[kept] >= '5';
  digits.resize(kept);
  for (std::size_t i = kept; up && i-- > 0;) {
    up = digits[i] == '9';
    digits[i] = up ? '0' : static_cast<char>(digits[i] + 1);
  }
  if (up) {
    digits.insert(0, 1, '1');
    ++point;
  }
  if (decimals > 0) digits.insert(point, 1, '.');
  return negative ? "-" + digits : digits;
}

std::string people_digits(const Count &value, const Column &column) {
  return column.power == 0 ? rounded(value) : scaled(value, column.power, column.decimals);
}

std::string people_digits(double value, const Column &column) { return scaled(Count::from_real(value), 0, column.decimals); }

std::string si(const Count &value) {
  constexpr std::array kPrefixes = {"", " k", " M", " G", " T", " P", " E", " Z", " Y"};
  constexpr std::size_t kDigits = 3;
  // Rounded as people do it, half up, on the decimal digits: a double of 24.65 is a little less than that.
  const std::string written = value.to_string();
  const bool negative = written.starts_with('-');
  std::string digits = written.substr(negative ? 1 : 0);
  std::size_t size = std::min(digits.find('.'), digits.size()); // digits before the point
  digits.erase(std::remove(digits.begin(), digits.end(), '.'), digits.end());
  if (digits.size() > kDigits) {
    bool up = digits[kDigits] >= '5';
    digits.resize(kDigits);
    for (std::size_t i = kDigits; up && i-- > 0;) {
      up = digits[i] == '9';
      digits[i] = up ? '0' : static_cast<char>(digits[i] + 1);
    }
    if (up) { // 999.5 is 1000
      digits.insert(0, 1, '1');
      digits.resize(kDigits);
      ++size;
    }
  }
  if (size <= kDigits || size > kDigits * kPrefixes.size()) return {};
  const std::size_t power = (size - 1) / kDigits;
  const std::size_t before = size - power * kDigits;
  std::string out = negative ? "-" : "";
  out += digits.substr(0, before);
  if (before < kDigits) out += '.' + digits.substr(before);
  return out + kPrefixes[power];
}

} // namespace pare

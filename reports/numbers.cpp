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

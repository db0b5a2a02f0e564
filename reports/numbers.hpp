#pragma once

#include "analysis/count.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace pare {

/// How numbers are written: whole ones exactly, real ones as the shortest decimal that reads back as the same double, neither
/// ever with an exponent. Each throws Error{kOverflow} for what is not finite.
std::string digits(double value);
std::string digits(const Count &value);
/// The value as a JSON writer needs it: an integer where it is whole (or a real number that happens to be), all 63 bits of it, else the
/// double.
std::variant<std::int64_t, double> plain_number(const Count &value);

/// "36,479,194", "1,338,791,912.7905467": digits with a comma before each three.
std::string thousands(std::string_view digits);
/// Three significant digits with a power of ten: "36.5 M"; empty below 1000, where it would say no more than the number.
std::string si(const Count &value);

/// The number of characters that a terminal shows of UTF-8 text, wide characters apart.
std::size_t display_width(std::string_view text);
/// The text on one line: control characters become spaces.
std::string one_line(std::string_view text);

} // namespace pare

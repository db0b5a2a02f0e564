#pragma once

#include "analysis/count.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace pare {

/// "36,479,194", "1,338,791,912.7905467": digits with a comma before each three.
std::string thousands(std::string_view digits);
/// Three significant digits with a power of ten: "36.5 M"; empty below 1000, where it would say no more than the number.
std::string si(const Count &value);

/// The number of characters that a terminal shows of UTF-8 text, wide characters apart.
std::size_t display_width(std::string_view text);
/// The text on one line: control characters become spaces.
std::string one_line(std::string_view text);

} // namespace pare

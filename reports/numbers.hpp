#pragma once

#include "base/count.hpp"
#include "reports/report.hpp"

#include <string>
#include <string_view>

namespace pare {

/// "36,479,194", "1,338,791,912.7905467": digits with a comma before each three.
std::string thousands(std::string_view digits);
/// Digits for people: a count that is not whole to the nearest one, or, below 1000, to three places.
std::string rounded(const Count &value);
/// The same in units of 10^power, half up: scaled(1190634, 6, 2) is "1.19".
std::string scaled(const Count &value, int power, int decimals);
/// A count of a column, and what was measured: "4.31", "0.12".
std::string people_digits(const Count &value, const Column &column);
std::string people_digits(double value, const Column &column);
/// Three significant digits with a power of ten: "36.5 M", half up; empty below 1000, where it would say no more than the
/// number.
std::string si(const Count &value);

} // namespace pare

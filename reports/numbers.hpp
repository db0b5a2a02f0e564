#pragma once

#include "base/count.hpp"

#include <string>
#include <string_view>

namespace pare {

/// "36,479,194", "1,338,791,912.7905467": digits with a comma before each three.
std::string thousands(std::string_view digits);
/// Digits for people: a count that is not whole to the nearest one, or, below 1000, to three places.
std::string rounded(const Count &value);
/// Three significant digits with a power of ten: "36.5 M", half up; empty below 1000, where it would say no more than the
/// number.
std::string si(const Count &value);

} // namespace pare

#include "analysis/count.hpp"

#include "analysis/error.hpp"

#include <charconv>
#include <cmath>

namespace pare {

void throw_overflow(std::int64_t a, char operation, std::int64_t b) {
  throw Error(ErrorCode::kOverflow, "",
              std::to_string(a) + " " + operation + " " + std::to_string(b) +
                  " does not fit in a signed 64-bit integer; counts are exact or refused");
}

Count Count::times(double weight) const {
  if (weight == 1) return *this;
  const bool weight_is_whole = std::nearbyint(weight) == weight && std::fabs(weight) < 9007199254740992.0;
  if (is_whole_ && weight_is_whole) return Count(checked_mul(whole_, static_cast<std::int64_t>(weight)));
  return from_real(to_double() * weight);
}

std::string Count::to_string() const { return is_whole_ ? std::to_string(whole_) : shortest(to_double()); }

std::string shortest(double value) {
  char buffer[64];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  return {buffer, end};
}

} // namespace pare

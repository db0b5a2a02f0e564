#include "analysis/ops/legs.hpp"

#include "base/error.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace pare {

namespace {

const Leg *find_leg(const Legs &legs, std::int64_t label) {
  const auto found = std::find_if(legs.begin(), legs.end(), [&](const Leg &leg) { return leg.label == label; });
  return found == legs.end() ? nullptr : &*found;
}

} // namespace

std::int64_t elements_of(const Legs &legs) {
  std::int64_t out = 1;
  for (const Leg &leg : legs) out = checked_mul(out, leg.size);
  return out;
}

Legs union_of(const Legs &a, const Legs &b) {
  Legs out = a;
  for (const Leg &leg : b)
    if (find_leg(a, leg.label) == nullptr) out.push_back(leg);
  return out;
}

std::string to_string(const Legs &legs) {
  std::vector<std::string> out;
  for (const Leg &leg : legs) out.push_back(fmt::format("{}:{}", leg.label, leg.size));
  return fmt::format("[{}]", fmt::join(out, ", "));
}

void expect_legs(const Legs &legs, std::int64_t elements, const char *field) {
  for (std::size_t i = 0; i < legs.size(); ++i) {
    expect_at_least(legs[i].size, 1, field);
    if (find_leg(legs, legs[i].label) != &legs[i])
      throw Error(ErrorCode::kInvalidConfig, field, fmt::format("legs {} have a label twice", to_string(legs)));
  }
  if (elements_of(legs) != elements)
    throw Error(ErrorCode::kInvalidConfig, field,
                fmt::format("legs {} are of {} elements, and there are {}", to_string(legs), elements_of(legs), elements));
}

void expect_result(const Legs &a, const Legs &b, const Legs &out, const char *field) {
  const Legs all = union_of(a, b);
  for (const Legs *some : {&b, &out})
    for (const Leg &leg : *some) {
      const Leg *known = find_leg(all, leg.label);
      if (known == nullptr || known->size != leg.size)
        throw Error(ErrorCode::kInvalidConfig, field,
                    fmt::format("leg {}:{} is not one of the operands' {}", leg.label, leg.size, to_string(all)));
    }
}

} // namespace pare

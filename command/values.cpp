#include "command/values.hpp"

#include "analysis/error.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace pare::cli {

namespace {

/// "--batch" and "augmentation.size" are called batch and augmentation.size.
std::string_view key(std::string_view where) { return where.substr(std::min(where.find_first_not_of('-'), where.size())); }

[[noreturn]] void fail(const std::string &where, std::string_view text, const std::string &rule) {
  throw Error(ErrorCode::kInvalidValue, where, fmt::format("{} = {} must be {}", key(where), text, rule));
}

template <class Number>
bool read(std::string_view text, Number &value) {
  const auto [stop, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  return fault == std::errc() && stop == text.data() + text.size();
}

} // namespace

std::int64_t read_whole(const std::string &where, std::string_view text, std::int64_t least, std::int64_t most) {
  std::int64_t value = 0;
  if (!read(text, value) || value < least || value > most)
    fail(where, text,
         most == INT64_MAX ? fmt::format("a whole number from {} up", least)
                           : fmt::format("a whole number from {} to {}", least, most));
  return value;
}

std::uint64_t read_seed(const std::string &where, std::string_view text) {
  std::uint64_t value = 0;
  if (!read(text, value)) fail(where, text, fmt::format("a whole number from 0 to {}", UINT64_MAX));
  return value;
}

double read_real(const std::string &where, std::string_view text) {
  double value = 0;
  if (!read(text, value) || !std::isfinite(value)) fail(where, text, "a finite number");
  return value;
}

bool read_switch(const std::string &where, std::string_view text) {
  if (text == "on" || text == "true") return true;
  if (text == "off" || text == "false") return false;
  fail(where, text, "on or off");
}

std::string read_choice(const std::string &where, std::string_view text, std::span<const std::string_view> choices) {
  if (std::find(choices.begin(), choices.end(), text) == choices.end())
    fail(where, text, fmt::format("one of {}", fmt::join(choices, ", ")));
  return std::string(text);
}

Shape read_image_shape(const std::string &where, std::string_view text) {
  std::array<std::int64_t, 3> values{};
  std::string_view rest = text;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::size_t comma = i + 1 < values.size() ? rest.find(',') : rest.size();
    if (comma == std::string_view::npos || !read(rest.substr(0, comma), values[i]) || values[i] < 1)
      fail(where, text, "C,H,W, three whole numbers from 1 up, such as 3,32,32");
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  return {.batch = 1, .channels = values[0], .height = values[1], .width = values[2]};
}

} // namespace pare::cli

#include "base/values.hpp"

#include "base/error.hpp"
#include "base/names.hpp"
#include "base/text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace pare {

namespace {

template <class Number>
std::optional<Number> parse(std::string_view text, std::errc *fault = nullptr) {
  Number value{};
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole_text = stop == text.data() + text.size();
  if (fault != nullptr && whole_text) *fault = error;
  if (error != std::errc() || !whole_text) return std::nullopt;
  return value;
}

/// "--batch" and "augmentation.size" are called batch and augmentation.size.
std::string_view key(std::string_view where) { return where.substr(std::min(where.find_first_not_of('-'), where.size())); }

[[noreturn]] void fail(const std::string &where, std::string_view text, const std::string &rule) {
  throw Error(ErrorCode::kInvalidValue, where, fmt::format("{} = {} must be {}", key(where), plain(text, 80), rule));
}

} // namespace

std::optional<std::int64_t> parse_whole(std::string_view text) { return parse<std::int64_t>(text); }

std::optional<double> parse_real(std::string_view text) { return parse<double>(text); }

std::string whole_rule(std::string_view text, std::int64_t least, std::int64_t most) {
  std::errc fault{};
  (void)parse<std::int64_t>(text, &fault);
  const auto real = parse_real(text);
  const bool beyond = fault == std::errc::result_out_of_range || (real && std::fabs(*real) >= 0x1p63);
  // "4e0" and "1e3" are whole, but not written so.
  const bool in_digits =
      real && std::nearbyint(*real) == *real && text.find_first_not_of("-0123456789") != std::string_view::npos;
  return fmt::format("a whole number from {} {}{}", least, most == INT64_MAX && !beyond ? "up" : fmt::format("to {}", most),
                     in_digits ? ", written in digits" : "");
}

std::int64_t read_whole(const std::string &where, std::string_view text, std::int64_t least, std::int64_t most) {
  const auto value = parse_whole(text);
  if (!value || *value < least || *value > most) fail(where, text, whole_rule(text, least, most));
  return *value;
}

std::uint64_t read_seed(const std::string &where, std::string_view text) {
  const auto value = parse<std::uint64_t>(text);
  if (!value) fail(where, text, fmt::format("a whole number from 0 to {}", UINT64_MAX));
  return *value;
}

double read_real(const std::string &where, std::string_view text) {
  const auto value = parse_real(text);
  if (!value || !std::isfinite(*value)) fail(where, text, "a finite number");
  return *value;
}

bool read_switch(const std::string &where, std::string_view text) {
  constexpr std::array<std::string_view, 4> kWords = {"on", "true", "off", "false"};
  const auto found = find_name(text, kWords);
  if (!found) fail(where, text, "on or off");
  return *found < 2;
}

std::string read_choice(const std::string &where, std::string_view text, std::span<const std::string_view> choices) {
  const auto found = find_name(text, choices);
  if (!found) fail(where, text, fmt::format("one of {}{}", fmt::join(choices, ", "), did_you_mean(text, choices)));
  return std::string(choices[*found]);
}

namespace {

/// "rank_scale=0.3", and not "parameters<=1M" or "shuffle:groups=4".
bool is_setting(std::string_view piece) {
  const std::size_t end = piece.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
  return end != 0 && end != std::string_view::npos && piece[end] == '=';
}

} // namespace

std::vector<std::string_view> split_outside_brackets(std::string_view text, int &depth) {
  std::vector<std::string_view> out;
  std::size_t begin = 0;
  char quote = '\0'; // of the string that is open: in brackets only
  depth = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote != '\0') {
      if (c == '\\')
        ++i;
      else if (c == quote)
        quote = '\0';
    } else if (depth > 0 && (c == '"' || c == '\'')) {
      quote = c;
    } else if (depth > 0 && c == '#') {
      i = std::min(text.find('\n', i), text.size()); // a comment
    } else if (c == '[' || c == '{' || c == '(') {
      ++depth;
    } else if (c == ']' || c == '}' || c == ')') {
      --depth;
    } else if (c == ',' && depth == 0) {
      out.push_back(text.substr(begin, i - begin));
      begin = i + 1;
    }
  }
  out.push_back(text.substr(begin));
  return out;
}

std::vector<std::string> split_list(std::string_view text) {
  int depth = 0;
  const std::vector<std::string_view> pieces = split_outside_brackets(text, depth);
  if (depth != 0) return {std::string(text)};
  std::vector<std::string> out;
  for (std::string_view piece : pieces) {
    piece.remove_prefix(std::min(piece.find_first_not_of(' '), piece.size()));
    piece = piece.substr(0, piece.find_last_not_of(' ') + 1);
    if (out.empty() || !is_setting(piece))
      out.emplace_back(piece);
    else
      out.back().append(",").append(piece);
  }
  return out;
}

} // namespace pare

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace pare {

/// A text that is a number and nothing else: no blanks, no sign +. None where it is not, or does not fit.
std::optional<std::int64_t> parse_whole(std::string_view text);
std::optional<double> parse_real(std::string_view text); ///< as strtod reads it, infinities and NaN too

/// "a whole number from 1 up", "a whole number from 1 to 8"; the end of 64 bits is named where `text` is beyond it, and that
/// digits are wanted where it is a whole number in another form: 1e3.
std::string whole_rule(std::string_view text, std::int64_t least, std::int64_t most);

// What the values of options and settings mean. Each reads the whole text or throws Error{kInvalidValue} placed at `where`, the
// option or key, with the value and what would be accepted.

std::int64_t read_whole(const std::string &where, std::string_view text, std::int64_t least = 1, std::int64_t most = INT64_MAX);
std::uint64_t read_seed(const std::string &where, std::string_view text);
/// A finite number.
double read_real(const std::string &where, std::string_view text);
/// on, off, true or false, in any case.
bool read_switch(const std::string &where, std::string_view text);
/// One of `choices`, read as names are and given as it is known.
std::string read_choice(const std::string &where, std::string_view text, std::span<const std::string_view> choices);

} // namespace pare

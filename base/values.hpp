#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

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

/// The pieces of a text between the commas that are outside brackets, and in these the strings and comments of Python and JSON.
/// `depth`: brackets that are open at the end, below 0 where one is closed that was not opened, 1 at least inside a string;
/// with another than 0 they mean nothing.
std::vector<std::string_view> split_outside_brackets(std::string_view text, int &depth);

/// The items of a list, "Conv,Generic_0.1", without the blanks around them. A comma inside brackets is a value's own, and a
/// piece KEY=VALUE belongs to the item before it: "tensor_train:dimensions=4,rank_scale=0.3,Shuffle_4" are two. Where brackets
/// do not match the text is one item, whose reader says so; what is between two commas is an item even where it is nothing.
std::vector<std::string> split_list(std::string_view text);

} // namespace pare

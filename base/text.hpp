#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace pare {

/// The text on one line: control characters become spaces.
std::string one_line(std::string_view text);

/// At most `most` bytes of a text, its middle left out ("abc...xyz") where it is longer; never half of a UTF-8 character.
std::string shortened(std::string_view text, std::size_t most);

/// A text from a file or an argument as a message shows it: in quotes, shortened.
std::string shown(std::string_view text, std::size_t most = 120);

/// A value as "key = value" shows it: as it is, shortened; in quotes where there is nothing to see.
std::string plain(std::string_view text, std::size_t most = 60);

/// The columns that a terminal gives to UTF-8 text: none to combining marks, two to wide characters (East Asian Wide and
/// Fullwidth, and emoji; Unicode 15, UAX #11). "abc": 3, "网络": 4, "é" in either spelling: 1.
std::size_t display_width(std::string_view text);

/// How wide help and tables are, in columns.
inline constexpr std::size_t kTextWidth = 100;
/// Lines of at most `width` columns, those behind the first begun with `indent` blanks; what has no blank in it stays whole. A
/// text without words is one empty line.
std::vector<std::string> wrapped(std::string_view text, std::size_t width = kTextWidth, std::size_t indent = 0);

} // namespace pare

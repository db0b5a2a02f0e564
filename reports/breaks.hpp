#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace pare {

// Where the text of a cell or of a heading may be broken: between words (a shape is one, "16 x 32 x 32"), parts of names, in
// front of a convention, and in front of the keys of a setting in Pare's own spelling; never in a number.

/// Its lines of at most `width` columns, as far as that goes.
std::vector<std::string> broken(const std::string &text, std::size_t width);
/// The columns of what is left whole.
std::size_t longest_piece(const std::string &text);
/// Lines of at most kTextWidth columns, each with its end, those behind the first begun where the text behind `head` begins.
std::string hanging(const std::string &head, std::string_view text);

} // namespace pare

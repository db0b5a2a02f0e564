#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace pare::train {

/// Whether they begin as a gzip file does (RFC 1952).
bool is_gzip(std::string_view bytes);
/// What a gzip file holds, all its members. `where` is the file. Throws Error{kInvalidFile}, or {kLimit} where that would be
/// more than `most` bytes.
std::string gunzip(std::string_view bytes, std::size_t most, const std::string &where);

} // namespace pare::train

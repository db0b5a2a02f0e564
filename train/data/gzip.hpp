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

/// The most bytes that one packed byte can stand for: deflate repeats up to 258 for each two bits.
inline constexpr std::size_t kMostPerByte = 1032;

/// The first `count` bytes of what a zlib stream holds, or all, its checksum compared, where that is less: who asks for one
/// more than there should be knows that nothing follows. Throws Error{kInvalidFile} placed at `where` where it is cut short or
/// damaged before.
std::string inflate_first(std::string_view bytes, std::size_t count, const std::string &where);

} // namespace pare::train

#pragma once

#include "analysis/shape.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace pare::cli {

// What the values of options and settings mean. Each reads the whole text or throws Error{kInvalidValue} placed at `where`, the
// option or key, with the value and what would be accepted.

std::int64_t read_whole(const std::string &where, std::string_view text, std::int64_t least = 1, std::int64_t most = INT64_MAX);
std::uint64_t read_seed(const std::string &where, std::string_view text);
/// A finite number.
double read_real(const std::string &where, std::string_view text);
/// on, off, true or false.
bool read_switch(const std::string &where, std::string_view text);
/// One of `choices`, as it is.
std::string read_choice(const std::string &where, std::string_view text, std::span<const std::string_view> choices);

/// "C,H,W" of one image.
Shape read_image_shape(const std::string &where, std::string_view text);

} // namespace pare::cli

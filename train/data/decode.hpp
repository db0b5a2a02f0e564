#pragma once

#include "train/data/dataset.hpp"

#include <string>
#include <string_view>

namespace pare::train {

/// The least that is_image() and looks_like() want to see of a file that has so many bytes.
inline constexpr std::size_t kMagicBytes = 16;

/// Whether a file that begins so is one that decode_image() takes: JPEG or PNG.
bool is_image(std::string_view begin);

/// What a file that begins so seems to be, for messages: "a WebP", "empty".
std::string looks_like(std::string_view begin);

/// A JPEG (decode_jpeg) or a PNG (decode_png), told by its bytes. Throws Error{kInvalidFile}, placed at `where`, about all
/// else.
Image decode_image(std::string_view bytes, const ScaleRule &rule, const std::string &where);

} // namespace pare::train

#pragma once

#include "train/data/dataset.hpp"

#include <string>
#include <string_view>

namespace pare::train {

/// Decodes a JPEG to RGB at the smallest of 1, 1/2, 1/4 and 1/8 of its size that is no less than `rule` asks for (height and
/// width rounded up). Grey images get three equal channels; CMYK is taken as Adobe writes it (inverted) and converted as Pillow
/// does. An orientation in the file's Exif data is not heeded, as in torchvision. Throws Error{kInvalidFile}, placed at
/// `where`, about bytes that are no JPEG, are cut short or damaged, or hold more than kMaxPixels. Stray bytes between two
/// markers and the like are no damage.
Image decode_jpeg(std::string_view bytes, const ScaleRule &rule, const std::string &where);

/// The bytes of a JPEG, 4:4:4, of quality 1 to 100.
std::string encode_jpeg(const Image &image, int quality);

} // namespace pare::train

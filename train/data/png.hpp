#pragma once

#include "train/data/dataset.hpp"

#include <string>
#include <string_view>

namespace pare::train {

/// Decodes a PNG of any kind to RGB as Pillow 12's `convert('RGB')` does, whatever scale `rule` would do with. Transparency and
/// gamma are not heeded. Of 16 bits the upper 8 count, but grey ones, which Pillow holds as they are, are cut off at 255. Grey
/// of 1, 2 and 4 bits is scaled to 255; a colour beyond the palette is black. Throws Error{kInvalidFile}, placed at `where`,
/// about bytes that are no PNG, are cut short or damaged (checksums are compared), or hold more than kMaxPixels.
Image decode_png(std::string_view bytes, const ScaleRule &rule, const std::string &where);

} // namespace pare::train

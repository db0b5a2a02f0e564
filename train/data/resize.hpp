#pragma once

#include <cstdint>
#include <vector>

namespace pare::train {

/// Part of an 8-bit RGB image: rows of width x 3 bytes that begin `row_bytes` apart.
struct PixelView {
  const std::uint8_t *pixels = nullptr;
  std::int64_t height = 0, width = 0;
  std::int64_t row_bytes = 0;
};

/// The part of an image that is resized, in pixels and fractions of them; single precision, as Pillow has it.
struct Box {
  float left = 0, top = 0, right = 0, bottom = 0;
};

/// Rows and columns of the resized image.
struct Window {
  std::int64_t top = 0, left = 0, height = 0, width = 0;
};

/// Resizes `box` of `image` to height x width, antialiased bilinear, and gives the pixels of `window` of that, height x width
/// x 3. Bit for bit what Image.resize((width, height), BILINEAR, box) of Pillow up to 12 gives on 8-bit images: a triangle
/// whose support grows with the scale when shrinking, coefficients of 22 bits after the point, rounding to bytes between the
/// horizontal pass and the vertical one. (Pillow 13 runs the vertical pass first where the height loses more than twice as many
/// pixels as the width; the order shows in the rounding, by one level of 255.) 0 <= left < right <= image.width and likewise
/// vertically; the window lies within height x width.
std::vector<std::uint8_t> resize_bilinear(const PixelView &image, const Box &box, std::int64_t height, std::int64_t width,
                                          const Window &window);
std::vector<std::uint8_t> resize_bilinear(const PixelView &image, const Box &box, std::int64_t height, std::int64_t width);

} // namespace pare::train

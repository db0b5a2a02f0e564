#include "train/data/resize.hpp"

#include "tests/fuzz/fuzz.hpp"

#include <cmath>

namespace pare::fuzz {

/// Numbers of a resizing that is allowed, then pixels, over and over.
void read(std::string_view bytes) {
  using namespace train;
  Numbers numbers(bytes);
  const std::int64_t height = numbers.take(1, 80), width = numbers.take(1, 80);
  const std::int64_t new_height = numbers.take(1, 80), new_width = numbers.take(1, 80);
  // 0 <= low < high <= extent, in fractions of pixels.
  const auto range = [&](std::int64_t extent, float &low, float &high) {
    const auto at = [&] { return static_cast<float>(extent) * static_cast<float>(numbers.take(0, 1 << 20)) / (1 << 20); };
    low = at();
    high = at();
    if (low > high) std::swap(low, high);
    if (low == high) {
      low = 0;
      high = static_cast<float>(extent);
    }
  };
  Box box;
  range(height, box.top, box.bottom);
  range(width, box.left, box.right);
  Window window;
  window.top = numbers.take(0, new_height - 1);
  window.left = numbers.take(0, new_width - 1);
  window.height = numbers.take(1, new_height - window.top);
  window.width = numbers.take(1, new_width - window.left);

  const std::string_view values = numbers.rest().empty() ? std::string_view("\xff", 1) : numbers.rest();
  std::vector<std::uint8_t> pixels(static_cast<std::size_t>(height * width * 3));
  for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<std::uint8_t>(values[i % values.size()]);
  const PixelView image{.pixels = pixels.data(), .height = height, .width = width, .row_bytes = width * 3};

  const std::vector<std::uint8_t> whole = resize_bilinear(image, box, new_height, new_width);
  expect(whole.size() == static_cast<std::size_t>(new_height * new_width * 3), "an image has not the bytes of its size");
  // Weights are positive and their sum is 1 but for far less than half a level: nothing is darker or lighter than the image.
  const auto [darkest, lightest] = std::minmax_element(pixels.begin(), pixels.end());
  for (const std::uint8_t value : whole) expect(*darkest <= value && value <= *lightest, "a level that the image has not");
  const std::vector<std::uint8_t> part = resize_bilinear(image, box, new_height, new_width, window);
  expect(part.size() == static_cast<std::size_t>(window.height * window.width * 3), "a window has not the bytes of its size");
  for (std::int64_t y = 0; y < window.height; ++y)
    expect(std::equal(part.begin() + y * window.width * 3, part.begin() + (y + 1) * window.width * 3,
                      whole.begin() + ((window.top + y) * new_width + window.left) * 3),
           "a window is not that part of the whole");
}

} // namespace pare::fuzz

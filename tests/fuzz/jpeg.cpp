#include "train/data/jpeg.hpp"

#include "tests/fuzz/fuzz.hpp"

namespace pare::fuzz {

/// A JPEG, whose last byte says at what scale it is decoded.
void read(std::string_view bytes) {
  const int denominator = bytes.empty() ? 1 : 1 << (static_cast<unsigned char>(bytes.back()) % 4);
  // A few bytes may claim 178 million pixels, and 500 scans over them: that is allowed, and too long here.
  const train::ScaleRule rule = [&](std::int64_t height, std::int64_t width) {
    if (height * width > 1 << 17) throw Error(ErrorCode::kLimit, "image.jpg", "an image that is too large for fuzzing");
    return 1.0 / denominator;
  };
  const train::Image image = train::decode_jpeg(bytes, rule, "image.jpg");
  const auto scaled = [&](std::int64_t extent) { return (extent + denominator - 1) / denominator; };
  expect(image.height == scaled(image.full_height) && image.width == scaled(image.full_width),
         "another scale than was asked for");
  expect(image.pixels.size() == static_cast<std::size_t>(image.height * image.width * 3),
         "an image has not the bytes of its size");

  const std::string encoded = without_error("an image cannot be encoded", [&] { return train::encode_jpeg(image, 90); });
  const train::Image again = without_error("an image cannot be decoded again",
                                           [&] { return train::decode_jpeg(encoded, train::full_scale, "again.jpg"); });
  expect(again.height == image.height && again.width == image.width, "an image has another size again");
}

} // namespace pare::fuzz

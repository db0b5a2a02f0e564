#include "train/data/png.hpp"

#include "tests/fuzz/fuzz.hpp"

#include <string>

namespace pare::fuzz {

namespace {

/// Puts the chunks' checksums right, which no change of an input would come past. (A length, a type of 4 bytes, data, and the
/// CRC of type and data, by PNG's specification.)
std::string with_checksums(std::string png) {
  constexpr std::size_t kSignature = 8;
  for (std::size_t at = kSignature; at + 12 <= png.size();) {
    std::size_t length = 0;
    for (std::size_t i = 0; i < 4; ++i) length = length << 8 | static_cast<std::uint8_t>(png[at + i]);
    if (length > png.size() - at - 12) break;
    std::uint32_t crc = 0xffffffff;
    for (std::size_t i = at + 4; i < at + 8 + length; ++i) {
      crc ^= static_cast<std::uint8_t>(png[i]);
      for (int bit = 0; bit < 8; ++bit) crc = (crc & 1) != 0 ? 0xedb88320 ^ crc >> 1 : crc >> 1;
    }
    for (std::size_t i = 0; i < 4; ++i) png[at + 8 + length + i] = static_cast<char>(~crc >> (24 - 8 * i));
    at += 12 + length;
  }
  return png;
}

} // namespace

void read(std::string_view bytes) {
  // A few bytes may claim 178 million pixels: that is allowed, and too long here.
  const train::ScaleRule rule = [&](std::int64_t height, std::int64_t width) {
    if (height * width > 1 << 17) throw Error(ErrorCode::kLimit, "image.png", "an image that is too large for fuzzing");
    return 1.0;
  };
  const train::Image image = train::decode_png(with_checksums(std::string(bytes)), rule, "image.png");
  expect(image.height == image.full_height && image.width == image.full_width, "a PNG was scaled");
  expect(image.pixels.size() == static_cast<std::size_t>(image.height * image.width * 3),
         "an image has not the bytes of its size");
}

} // namespace pare::fuzz

#include "train/data/png.hpp"

#include "tests/train_data/images.hpp"
#include "train/data/decode.hpp"
#include "train/data/jpeg.hpp"
#include "train/data/random.hpp"

namespace pare::train::test {
namespace {

using pare::test::expect_error;

/// The CRC of PNG's chunks (its specification, annex D), so that a changed chunk is a whole one.
std::uint32_t crc_of(std::string_view bytes) {
  std::uint32_t crc = 0xffffffff;
  for (const char c : bytes) {
    crc ^= static_cast<std::uint8_t>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1) != 0 ? 0xedb88320 ^ crc >> 1 : crc >> 1;
  }
  return ~crc;
}

/// The file with another width and height in its header.
std::string resized(std::string png, std::uint32_t width, std::uint32_t height) {
  const auto put = [&](std::size_t at, std::uint32_t value) {
    for (std::size_t i = 0; i < 4; ++i) png[at + i] = static_cast<char>(value >> (24 - 8 * i));
  };
  put(16, width);
  put(20, height);
  put(29, crc_of(std::string_view(png).substr(12, 17)));
  return png;
}

// Expected pixels: Pillow's, to the bit (tests/golden/pillow_png.json): every colour type at every depth, interlaced and not,
// with transparency, gamma and palettes that are too short.
TEST(Png, DecodesAsPillowDoes) {
  const auto golden = pare::test::golden("pillow_png.json");
  ASSERT_EQ(golden["cases"].size(), 36u);
  for (const auto &c : golden["cases"]) {
    bool asked = false;
    const Image image = decode_png(
        text_of(from_hex(c["png"])),
        [&](std::int64_t height, std::int64_t width) {
          asked = true;
          EXPECT_EQ(height, c["height"].get<std::int64_t>());
          EXPECT_EQ(width, c["width"].get<std::int64_t>());
          return 0.125; // it is never scaled
        },
        "test");
    EXPECT_TRUE(asked);
    EXPECT_EQ(image.width, c["width"].get<std::int64_t>());
    EXPECT_EQ(image.height, c["height"].get<std::int64_t>());
    EXPECT_EQ(image.full_width, image.width);
    EXPECT_EQ(image.full_height, image.height);
    EXPECT_EQ(image.pixels, from_hex(c["expected"])) << c["name"];
  }
}

TEST(Png, CutShortAnywhereIsAnError) {
  for (const char *name : {"RGB", "16 bit grey", "4 bit palette, interlaced"}) {
    const std::string png = golden_png(name).png;
    for (std::size_t size = 0; size < png.size(); ++size)
      expect_error([&] { decode_png(png.substr(0, size), full_scale, "cut.png"); }, ErrorCode::kInvalidFile, "cut.png");
  }
}

// Each byte stands under a checksum, in the signature, or in the length or checksum of a chunk.
TEST(Png, EveryChangedByteIsSeen) {
  for (const char *name : {"RGBA", "palette with transparent colours", "gamma"}) {
    const std::string png = golden_png(name).png;
    for (std::size_t i = 0; i < png.size(); ++i) {
      std::string broken = png;
      broken[i] = static_cast<char>(broken[i] ^ 0x10);
      expect_error([&] { decode_png(broken, full_scale, "broken.png"); }, ErrorCode::kInvalidFile, "broken.png");
    }
  }
}

// Refused before room is made for them.
TEST(Png, RefusesImplausibleSizes) {
  const std::string png = golden_png("RGB").png;
  expect_error([&] { decode_png(resized(png, 65500, 65500), full_scale, "big.png"); }, ErrorCode::kInvalidFile, "big.png",
               "65500 x 65500 pixels; 178956970 at most");
  expect_error([&] { decode_png(resized(png, 0x7fffffff, 0x7fffffff), full_scale, "big.png"); }, ErrorCode::kInvalidFile,
               "big.png", "2147483647 x 2147483647");
  expect_error([&] { decode_png(resized(png, 10000, 10000), full_scale, "big.png"); }, ErrorCode::kInvalidFile, "big.png",
               "10000 x 10000 pixels, which");
  expect_error([&] { decode_png(resized(png, 0, 1), full_scale, "big.png"); }, ErrorCode::kInvalidFile, "big.png");
  expect_error([&] { decode_png(resized(png, 9, 8), full_scale, "big.png"); }, ErrorCode::kInvalidFile, "big.png", "damaged");
}

// Whatever the bytes: an image or an Error.
TEST(Png, SurvivesRandomBytes) {
  const std::string png = golden_png("16 bit RGBA, interlaced").png;
  RandomStream random(5, Purpose::kSynthesis);
  for (int i = 0; i < 300; ++i) {
    std::string broken = png;
    for (std::uint64_t k = 0; k <= random.below(4); ++k)
      broken[random.below(broken.size())] = static_cast<char>(random.below(256));
    try {
      const Image image = decode_png(broken, full_scale, "broken.png");
      EXPECT_EQ(image.pixels.size(), static_cast<std::size_t>(image.height * image.width * 3));
    } catch (const Error &error) {
      EXPECT_EQ(error.code(), ErrorCode::kInvalidFile);
    }
  }
}

// By their bytes, whatever they are called: ImageNet has a PNG that is named .JPEG.
TEST(Decode, TellsFilesByTheirBytes) {
  const std::string png = golden_png("RGB").png;
  const std::string jpeg = encode_jpeg(make_image(8, 8, std::vector<std::uint8_t>(192, 77)), 95);
  EXPECT_EQ(decode_image(png, full_scale, "a.JPEG").pixels, decode_png(png, full_scale, "a.png").pixels);
  EXPECT_EQ(decode_image(jpeg, full_scale, "a.png").pixels, decode_jpeg(jpeg, full_scale, "a.jpg").pixels);
  EXPECT_TRUE(is_image(png) && is_image(jpeg));
}

TEST(Decode, NamesWhatItDoesNotTake) {
  using namespace std::string_literals;
  const auto expect_named = [](const std::string &bytes, const std::string &name) {
    EXPECT_FALSE(is_image(bytes));
    pare::test::expect_message([&] { decode_image(bytes, full_scale, "a/b.jpg"); },
                               "[invalid_file] a/b.jpg: is " + name + "; JPEG and PNG files are accepted");
  };
  expect_named("", "empty");
  expect_named("GIF89a", "a GIF");
  expect_named("BM12", "a BMP");
  expect_named("II*\0aaaa"s, "a TIFF");
  expect_named("MM\0*aaaa"s, "a TIFF");
  expect_named("P6 8 8 255", "a PPM");
  expect_named("P5 8 8 255", "a PGM");
  expect_named("RIFF1234WEBPVP8 ", "a WebP");
  expect_named("<html>", "text");
  expect_named("hello", "something that begins with byte 0x68");
  expect_named("\x89PNG", "something that begins with byte 0x89");
}

} // namespace
} // namespace pare::train::test

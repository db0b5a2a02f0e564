#include "train/data/jpeg.hpp"

#include "tests/train_data/images.hpp"
#include "train/data/random.hpp"

#include <cmath>
#include <cstdlib>

namespace pare::train::test {
namespace {

using pare::test::expect_error;

/// Smooth, so that scaling it is well defined.
Image waves(std::int64_t height, std::int64_t width) {
  Image image = make_image(height, width, {});
  for (std::int64_t y = 0; y < height; ++y)
    for (std::int64_t x = 0; x < width; ++x)
      for (double value : {127 + 100 * std::sin(static_cast<double>(x) / 25), 127 + 100 * std::cos(static_cast<double>(y) / 20),
                           127 + 50 * std::sin(static_cast<double>(x + y) / 40)})
        image.pixels.push_back(static_cast<std::uint8_t>(value));
  return image;
}

// Expected pixels: Pillow's (tests/golden/pillow_jpeg.json): colour, grey, CMYK and YCCK, progressive, and ways to subsample
// for which TurboJPEG has no name. Other versions of libjpeg-turbo may round one pixel otherwise.
TEST(Jpeg, DecodesAsPillowDoes) {
  const auto golden = pare::test::golden("pillow_jpeg.json");
  ASSERT_EQ(golden["cases"].size(), 8u);
  for (const auto &c : golden["cases"]) {
    const Image image = decode_jpeg(text_of(from_hex(c["jpeg"])), full_scale, "test");
    EXPECT_EQ(image.width, c["width"].get<std::int64_t>());
    EXPECT_EQ(image.height, c["height"].get<std::int64_t>());
    EXPECT_EQ(image.full_width, image.width);
    EXPECT_EQ(image.full_height, image.height);
    const std::vector<std::uint8_t> expected = from_hex(c["expected"]);
    ASSERT_EQ(image.pixels.size(), expected.size()) << c["name"];
    for (std::size_t i = 0; i < expected.size(); ++i) ASSERT_LE(std::abs(image.pixels[i] - expected[i]), 1) << c["name"];
  }
}

TEST(Jpeg, DecodesToTheSmallestScaleThatIsEnough) {
  const std::string bytes = encode_jpeg(waves(101, 150), 95);
  struct Case {
    double least;
    std::int64_t height, width; // ceil(101 s), ceil(150 s)
  };
  for (const Case &c : {Case{1, 101, 150}, Case{0.51, 101, 150}, Case{0.5, 51, 75}, Case{0.26, 51, 75}, Case{0.25, 26, 38},
                        Case{0.125, 13, 19}, Case{0.001, 13, 19}}) {
    const Image image = decode_jpeg(
        bytes,
        [&](std::int64_t height, std::int64_t width) {
          EXPECT_EQ(height, 101);
          EXPECT_EQ(width, 150);
          return c.least;
        },
        "test");
    EXPECT_EQ(image.height, c.height) << c.least;
    EXPECT_EQ(image.width, c.width) << c.least;
    EXPECT_EQ(image.full_height, 101);
    EXPECT_EQ(image.full_width, 150);
  }
}

// What libjpeg gives at half the size is close to the mean of each 2 x 2 pixels: within 2 of 255 on average.
TEST(Jpeg, ScaledIsCloseToTheMeanOfTheFullImage) {
  const std::string bytes = encode_jpeg(waves(96, 128), 95);
  const Image full = decode_jpeg(bytes, full_scale, "test");
  const Image half = decode_jpeg(
      bytes, [](std::int64_t, std::int64_t) { return 0.5; }, "test");
  ASSERT_EQ(half.height, 48);
  ASSERT_EQ(half.width, 64);
  double difference = 0;
  for (std::int64_t y = 0; y < 48; ++y)
    for (std::int64_t x = 0; x < 64; ++x)
      for (std::int64_t c = 0; c < 3; ++c) {
        const auto at = [&](std::int64_t row, std::int64_t column) {
          return full.pixels[static_cast<std::size_t>((row * 128 + column) * 3 + c)];
        };
        const double mean = (at(2 * y, 2 * x) + at(2 * y, 2 * x + 1) + at(2 * y + 1, 2 * x) + at(2 * y + 1, 2 * x + 1)) / 4.0;
        difference += std::abs(mean - half.pixels[static_cast<std::size_t>((y * 64 + x) * 3 + c)]);
      }
  EXPECT_LT(difference / (48 * 64 * 3), 2);
}

TEST(Jpeg, EncodesWhatItDecodes) {
  const Image image = waves(40, 30);
  const Image again = decode_jpeg(encode_jpeg(image, 95), full_scale, "test");
  ASSERT_EQ(again.pixels.size(), image.pixels.size());
  double difference = 0;
  for (std::size_t i = 0; i < image.pixels.size(); ++i) difference += std::abs(image.pixels[i] - again.pixels[i]);
  EXPECT_LT(difference / static_cast<double>(image.pixels.size()), 2);
  expect_error([&] { encode_jpeg(image, 101); }, ErrorCode::kInvalidValue, "jpeg", "quality 101");
}

TEST(Jpeg, NeedsAHeader) {
  expect_error([] { decode_jpeg("\xff\xd8", full_scale, "a/b.jpg"); }, ErrorCode::kInvalidFile, "a/b.jpg", "header");
}

TEST(Jpeg, CutShortAnywhereIsAnError) {
  const std::string bytes = encode_jpeg(waves(64, 64), 90);
  for (std::size_t part = 0; part < 20; ++part)
    expect_error([&] { decode_jpeg(bytes.substr(0, bytes.size() * part / 20), full_scale, "cut.jpg"); },
                 ErrorCode::kInvalidFile, "cut.jpg");
}

// 65,500 x 65,500 pixels in the header of a small file: refused before room is made for them.
TEST(Jpeg, RefusesImplausibleSizes) {
  std::string bytes = encode_jpeg(waves(16, 16), 90);
  const std::size_t frame = bytes.find("\xff\xc0");
  ASSERT_NE(frame, std::string::npos);
  for (const std::size_t at : {frame + 5, frame + 7}) bytes.replace(at, 2, "\xff\xdc");
  expect_error([&] { decode_jpeg(bytes, full_scale, "big.jpg"); }, ErrorCode::kInvalidFile, "big.jpg", "65500 x 65500");
}

// Stray zeros before the end marker: libjpeg warns, the image is whole.
TEST(Jpeg, StrayBytesAreNoDamage) {
  const std::string bytes = encode_jpeg(waves(64, 64), 90);
  std::string stray = bytes;
  stray.insert(bytes.find("\xff\xc4"), "\x01\x02\x03");
  EXPECT_EQ(decode_jpeg(stray, full_scale, "stray.jpg").pixels, decode_jpeg(bytes, full_scale, "whole.jpg").pixels);
}

// Whatever the bytes: an image or an Error.
TEST(Jpeg, SurvivesRandomBytes) {
  const std::string bytes = encode_jpeg(waves(64, 64), 90);
  RandomStream random(3, Purpose::kSynthesis);
  int errors = 0;
  for (int i = 0; i < 300; ++i) {
    std::string broken = bytes;
    for (std::uint64_t k = 0; k <= random.below(4); ++k)
      broken[random.below(broken.size())] = static_cast<char>(random.below(256));
    try {
      const Image image = decode_jpeg(broken, full_scale, "broken.jpg");
      EXPECT_EQ(image.pixels.size(), static_cast<std::size_t>(image.height * image.width * 3));
    } catch (const Error &error) {
      EXPECT_EQ(error.code(), ErrorCode::kInvalidFile);
      ++errors;
    }
  }
  EXPECT_GT(errors, 0);
}

} // namespace
} // namespace pare::train::test

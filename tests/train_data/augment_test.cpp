#include "train/data/augment.hpp"

#include "tests/train_data/images.hpp"

#include <bit>
#include <cmath>
#include <set>

namespace pare::train::test {
namespace {

using pare::test::expect_error;

/// A byte x becomes x / 255: read() gives it back.
Augmentation plain(Crop kind, std::int64_t size) {
  Augmentation a;
  a.kind = kind;
  a.size = size;
  a.mean = {0, 0, 0};
  a.std = {1, 1, 1};
  return a;
}

RandomStream stream(std::uint64_t i) { return {1, Purpose::kAugmentation, 0, i}; }

std::vector<float> apply(const Pipeline &pipeline, const Image &image, const Draw &draw,
                         Layout layout = Layout::kChannelsLast) {
  const ImageSize size = pipeline.output_size(image.full_height, image.full_width);
  std::vector<float> out(static_cast<std::size_t>(size.height * size.width * 3), -1);
  pipeline.apply(image, draw, layout, out.data());
  return out;
}

std::vector<std::uint8_t> bytes_of(const std::vector<float> &values) {
  std::vector<std::uint8_t> bytes;
  for (float value : values) bytes.push_back(static_cast<std::uint8_t>(std::lround(value * 255)));
  return bytes;
}

// Of a map, red is the row and green the column of each pixel, blue 200; padding is black.
TEST(Augment, PadCropMovesTheImageOverBlack) {
  Augmentation a = plain(Crop::kPadCrop, 8);
  a.pad = 2;
  const Pipeline pipeline(a, true);
  const Image map = make_map(8, 8);
  std::set<std::pair<std::int64_t, std::int64_t>> seen;
  for (std::uint64_t i = 0; i < 500; ++i) {
    const Draw draw = pipeline.draw(stream(i), 8, 8);
    EXPECT_FALSE(draw.flip);
    EXPECT_FALSE(draw.cutout);
    seen.emplace(draw.top, draw.left);
    if (i >= 50) continue;
    const std::vector<std::uint8_t> out = bytes_of(apply(pipeline, map, draw));
    for (std::int64_t y = 0; y < 8; ++y)
      for (std::int64_t x = 0; x < 8; ++x) {
        const std::int64_t from_y = y + draw.top, from_x = x + draw.left;
        const bool inside = from_y >= 0 && from_y < 8 && from_x >= 0 && from_x < 8;
        const auto at = static_cast<std::size_t>((y * 8 + x) * 3);
        ASSERT_EQ(out[at], inside ? from_y : 0);
        ASSERT_EQ(out[at + 1], inside ? from_x : 0);
        ASSERT_EQ(out[at + 2], inside ? 200 : 0);
      }
  }
  // -2 to 2 both ways: 25 places, each missed by 500 draws with probability (24/25)^500 = 1e-9.
  EXPECT_EQ(seen.size(), 25u);
  EXPECT_EQ(*seen.begin(), (std::pair<std::int64_t, std::int64_t>(-2, -2)));
  EXPECT_EQ(*seen.rbegin(), (std::pair<std::int64_t, std::int64_t>(2, 2)));
}

// Black comes before normalisation: a padded pixel is (0 - mean) / std.
TEST(Augment, PaddingIsBlackAndNotZero) {
  Augmentation a = plain(Crop::kPadCrop, 4);
  a.pad = 4;
  a.mean = {0.5, 0.25, 0.125};
  a.std = {0.5, 0.5, 0.5};
  const Pipeline pipeline(a, true);
  const std::vector<float> out =
      apply(pipeline, make_map(4, 4), {.top = -4, .left = 0, .height = 4, .width = 4, .flip = false, .cutout = {}});
  for (std::size_t i = 0; i < out.size(); i += 3) {
    ASSERT_EQ(out[i], -1);
    ASSERT_EQ(out[i + 1], -0.5F);
    ASSERT_EQ(out[i + 2], -0.25F);
  }
}

TEST(Augment, FlipMirrorsColumnsOfHalfTheImages) {
  Augmentation a = plain(Crop::kNone, 0);
  a.flip = true;
  const Pipeline pipeline(a, true);
  const Image map = make_map(3, 5);
  int flipped = 0;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    const Draw draw = pipeline.draw(stream(i), 3, 5);
    flipped += draw.flip;
    if (i >= 20) continue;
    const std::vector<std::uint8_t> out = bytes_of(apply(pipeline, map, draw));
    for (std::int64_t y = 0; y < 3; ++y)
      for (std::int64_t x = 0; x < 5; ++x) {
        ASSERT_EQ(out[static_cast<std::size_t>((y * 5 + x) * 3)], y);
        ASSERT_EQ(out[static_cast<std::size_t>((y * 5 + x) * 3 + 1)], draw.flip ? 4 - x : x);
      }
  }
  EXPECT_NEAR(flipped, 500, 5 * std::sqrt(250)); // 5 sigma of a binomial
}

// The square [c - 8, c + 8), clipped, is 0 after normalisation, and all else is as without it.
TEST(Augment, CutoutClearsAClippedSquareAfterNormalising) {
  Augmentation a = plain(Crop::kNone, 32);
  a.mean = {0.5, 0.5, 0.9};
  a.cutout = 16;
  const Pipeline pipeline(a, true);
  const Image map = make_map(32, 32);
  std::int64_t least = 32, greatest = -1;
  for (std::uint64_t i = 0; i < 400; ++i) {
    Draw draw = pipeline.draw(stream(i), 32, 32);
    ASSERT_TRUE(draw.cutout);
    least = std::min({least, draw.cutout->y, draw.cutout->x});
    greatest = std::max({greatest, draw.cutout->y, draw.cutout->x});
    if (i >= 30) continue;
    const std::vector<float> out = apply(pipeline, map, draw);
    const auto [cy, cx] = *draw.cutout;
    draw.cutout.reset();
    const std::vector<float> whole = apply(pipeline, map, draw);
    for (std::int64_t y = 0; y < 32; ++y)
      for (std::int64_t x = 0; x < 32; ++x)
        for (std::int64_t c = 0; c < 3; ++c) {
          const bool cut = y >= cy - 8 && y < cy + 8 && x >= cx - 8 && x < cx + 8;
          const auto at = static_cast<std::size_t>((y * 32 + x) * 3 + c);
          ASSERT_EQ(out[at], cut ? 0 : whole[at]);
          ASSERT_NE(whole[at], 0);
        }
  }
  // 800 draws of 32 places: one is missed with probability (31/32)^800 = 1e-11.
  EXPECT_EQ(least, 0);
  EXPECT_EQ(greatest, 31);
}

// Expected values: ToTensor and Normalize (tests/golden/torchvision_images.json), bit for bit.
TEST(Augment, NormalisesAsTorchvisionDoes) {
  const auto golden = pare::test::golden("torchvision_images.json")["normalised"];
  Augmentation a = plain(Crop::kNone, 0);
  for (std::size_t c = 0; c < 3; ++c) {
    a.mean[c] = golden["mean"][c];
    a.std[c] = golden["std"][c];
  }
  Image ramp = make_image(1, 256, {});
  for (int x = 0; x < 256; ++x) ramp.pixels.insert(ramp.pixels.end(), 3, static_cast<std::uint8_t>(x));
  const Pipeline pipeline(a, false);
  const std::vector<float> out = apply(pipeline, ramp, pipeline.draw(stream(0), 1, 256), Layout::kChannelsFirst);
  for (std::size_t c = 0; c < 3; ++c) {
    const std::vector<std::uint8_t> expected = from_hex(golden["expected"][c]);
    ASSERT_EQ(expected.size(), 1024u);
    for (std::size_t x = 0; x < 256; ++x) {
      const std::uint32_t bits = std::uint32_t{expected[4 * x]} << 24 | std::uint32_t{expected[4 * x + 1]} << 16 |
                                 std::uint32_t{expected[4 * x + 2]} << 8 | expected[4 * x + 3];
      ASSERT_EQ(std::bit_cast<std::uint32_t>(out[c * 256 + x]), bits) << c << " " << x;
    }
  }
}

TEST(Augment, LayoutsHoldTheSameValues) {
  const Pipeline pipeline(plain(Crop::kNone, 0), false);
  const Image map = make_map(3, 5);
  const Draw draw = pipeline.draw(stream(0), 3, 5);
  const std::vector<float> last = apply(pipeline, map, draw, Layout::kChannelsLast);
  const std::vector<float> first = apply(pipeline, map, draw, Layout::kChannelsFirst);
  for (std::size_t p = 0; p < 15; ++p)
    for (std::size_t c = 0; c < 3; ++c) EXPECT_EQ(first[c * 15 + p], last[p * 3 + c]);
}

// Expected pixels: Resize and CenterCrop (tests/golden/torchvision_images.json), bit for bit, both kinds of rounding among
// them.
TEST(Augment, EvaluationResizesAndCropsAsTorchvisionDoes) {
  const auto golden = pare::test::golden("torchvision_images.json")["evaluation"];
  ASSERT_EQ(golden.size(), 6u);
  for (const auto &c : golden) {
    Augmentation a = plain(Crop::kRandomResizedCrop, c["size"]);
    a.evaluation = EvaluationCrop::kResizeCrop;
    a.evaluation_resize = c["resize"];
    const Pipeline pipeline(a, false);
    const Image image = make_image(c["height"], c["width"], from_hex(c["pixels"]));
    const Draw draw = pipeline.draw(stream(0), image.height, image.width);
    EXPECT_EQ(pipeline.least_scale(draw), 1);
    EXPECT_EQ(bytes_of(apply(pipeline, image, draw)), from_hex(c["expected"])) << image.width << " x " << image.height;
  }
}

// Expected pixels: functional.resized_crop (tests/golden/torchvision_images.json), bit for bit.
TEST(Augment, ResizedCropIsTorchvisions) {
  const auto golden = pare::test::golden("torchvision_images.json")["resized_crop"];
  ASSERT_EQ(golden.size(), 4u);
  for (const auto &c : golden) {
    const Pipeline pipeline(plain(Crop::kRandomResizedCrop, c["size"]), true);
    const Image image = make_image(c["height"], c["width"], from_hex(c["pixels"]));
    const Draw draw{
        .top = c["top"], .left = c["left"], .height = c["crop_height"], .width = c["crop_width"], .flip = false, .cutout = {}};
    EXPECT_EQ(bytes_of(apply(pipeline, image, draw)), from_hex(c["expected"])) << image.width << " x " << image.height;
  }
}

// Area 0.08 to 1 and ratio 3/4 to 4/3, each side rounded to a pixel; both ranges are reached, and where the logarithm of the
// ratio is uniform it is below 1 for half of the crops.
TEST(Augment, RandomResizedCropKeepsItsRanges) {
  const Pipeline pipeline(plain(Crop::kRandomResizedCrop, 224), true);
  const double height = 1000, width = 1000;
  double least = 1, greatest = 0;
  int upright = 0;
  constexpr int n = 2000;
  for (std::uint64_t i = 0; i < n; ++i) {
    const Draw draw = pipeline.draw(stream(i), 1000, 1000);
    ASSERT_GE(draw.top, 0);
    ASSERT_GE(draw.left, 0);
    ASSERT_LE(draw.top + draw.height, 1000);
    ASSERT_LE(draw.left + draw.width, 1000);
    const auto h = static_cast<double>(draw.height), w = static_cast<double>(draw.width);
    ASSERT_GE((h + 0.5) * (w + 0.5), 0.08 * height * width);
    ASSERT_GE((w + 0.5) / (h - 0.5), 0.75);
    ASSERT_LE((w - 0.5) / (h + 0.5), 4.0 / 3);
    least = std::min(least, h * w / (height * width));
    greatest = std::max(greatest, h * w / (height * width));
    upright += w < h;
  }
  EXPECT_LT(least, 0.09);
  EXPECT_GT(greatest, 0.9);
  EXPECT_NEAR(upright, n / 2, 5 * std::sqrt(n / 4.0) + 10); // 10: squares
}

// No part of a strip has an area of 8% and a ratio within the range: torchvision takes the centre, of ratio 4/3 (3/4). 30 x 4/3
// = 40; (1000 - 40) / 2 = 480.
TEST(Augment, RandomResizedCropFallsBackToTheCentre) {
  const Pipeline pipeline(plain(Crop::kRandomResizedCrop, 224), true);
  const Draw wide = pipeline.draw(stream(0), 30, 1000);
  EXPECT_EQ(wide.height, 30);
  EXPECT_EQ(wide.width, 40);
  EXPECT_EQ(wide.top, 0);
  EXPECT_EQ(wide.left, 480);
  const Draw high = pipeline.draw(stream(0), 1000, 30);
  EXPECT_EQ(high.height, 40);
  EXPECT_EQ(high.width, 30);
  EXPECT_EQ(high.top, 480);
  EXPECT_EQ(high.left, 0);
}

// A crop of 448 x 896 to 224: half the resolution is enough. Of a smaller one all is needed.
TEST(Augment, LeastScaleIsThatOfTheShorterSide) {
  const Pipeline pipeline(plain(Crop::kRandomResizedCrop, 224), true);
  const auto scale = [&](std::int64_t height, std::int64_t width) {
    return pipeline.least_scale({.top = 0, .left = 0, .height = height, .width = width, .flip = false, .cutout = {}});
  };
  EXPECT_EQ(scale(448, 896), 0.5);
  EXPECT_EQ(scale(896, 448), 0.5);
  EXPECT_EQ(scale(100, 896), 1);
}

// The same part of an image, whole and halved by the mean of 2 x 2: on a ramp of two levels a pixel they differ by rounding
// only, inside; at odd places the part begins within a pixel of the halved image.
TEST(Augment, CropsAScaledImageAtTheSamePlace) {
  constexpr std::int64_t kSide = 96;
  Image full = make_image(kSide, kSide, {}), half = make_image(kSide / 2, kSide / 2, {});
  for (std::int64_t y = 0; y < kSide; ++y)
    for (std::int64_t x = 0; x < kSide; ++x)
      for (std::int64_t value : {2 * x, 2 * y, x + y}) full.pixels.push_back(static_cast<std::uint8_t>(value));
  for (std::int64_t y = 0; y < kSide / 2; ++y)
    for (std::int64_t x = 0; x < kSide / 2; ++x)
      for (std::int64_t value : {4 * x + 1, 4 * y + 1, 2 * x + 2 * y + 1})
        half.pixels.push_back(static_cast<std::uint8_t>(value));
  half.full_height = half.full_width = kSide;
  const Pipeline pipeline(plain(Crop::kRandomResizedCrop, 16), true);
  const Draw draw{.top = 13, .left = 21, .height = 64, .width = 48, .flip = false, .cutout = {}};
  const std::vector<std::uint8_t> a = bytes_of(apply(pipeline, full, draw));
  const std::vector<std::uint8_t> b = bytes_of(apply(pipeline, half, draw));
  for (std::int64_t y = 1; y < 15; ++y)
    for (std::int64_t x = 1; x < 15; ++x)
      for (std::int64_t c = 0; c < 3; ++c) {
        const auto at = static_cast<std::size_t>((y * 16 + x) * 3 + c);
        // 1 for each rounding: halving, and the two resizes.
        EXPECT_LE(std::abs(a[at] - b[at]), 3) << y << " " << x << " " << c;
      }
}

TEST(Augment, EvaluationDrawsNothing) {
  Augmentation a = plain(Crop::kPadCrop, 32);
  a.pad = 4;
  a.flip = true;
  a.cutout = 16;
  const Pipeline pipeline(a, false);
  for (std::uint64_t i = 0; i < 20; ++i) {
    const Draw draw = pipeline.draw(stream(i), 32, 32);
    EXPECT_EQ(draw.top, 0);
    EXPECT_EQ(draw.left, 0);
    EXPECT_EQ(draw.height, 32);
    EXPECT_FALSE(draw.flip);
    EXPECT_FALSE(draw.cutout);
  }
  EXPECT_EQ(bytes_of(apply(pipeline, make_map(32, 32), pipeline.draw(stream(0), 32, 32))), make_map(32, 32).pixels);
}

TEST(Augment, RefusesWhatDoesNotFit) {
  const auto build = [](const Augmentation &a, bool training) { return [a, training] { Pipeline(a, training); }; };
  Augmentation a = plain(Crop::kNone, 224);
  a.evaluation = EvaluationCrop::kResizeCrop;
  a.evaluation_resize = 200;
  expect_error(build(a, false), ErrorCode::kInvalidConfig, "augmentation.evaluation_resize", "200; it must be 224");
  a = plain(Crop::kPadCrop, 32);
  a.pad = -1;
  expect_error(build(a, true), ErrorCode::kInvalidConfig, "augmentation.pad", "-1");
  expect_error(build(plain(Crop::kRandomResizedCrop, 0), true), ErrorCode::kInvalidConfig, "augmentation.size", "0");
  a = plain(Crop::kNone, 32);
  a.std[1] = 0;
  expect_error(build(a, true), ErrorCode::kInvalidConfig, "augmentation.std", "0");
  a.std[1] = std::nan("");
  expect_error(build(a, true), ErrorCode::kInvalidConfig, "augmentation.std", "nan");
  expect_error([] { Pipeline(plain(Crop::kNone, 32), true).output_size(32, 31); }, ErrorCode::kInvalidConfig,
               "augmentation.size", "32 x 31");
  expect_error([] { Pipeline(plain(Crop::kPadCrop, 32), true).output_size(31, 32); }, ErrorCode::kInvalidConfig,
               "augmentation.size", "31 x 32");
}

} // namespace
} // namespace pare::train::test

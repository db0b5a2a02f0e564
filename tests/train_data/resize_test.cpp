#include "train/data/resize.hpp"

#include "tests/train_data/images.hpp"

namespace pare::train::test {
namespace {

// Expected bytes: Pillow itself (tests/golden/pillow_resize.json).
TEST(Resize, IsPillowsBitForBit) {
  const auto golden = pare::test::golden("pillow_resize.json");
  ASSERT_EQ(golden["cases"].size(), 21u);
  for (const auto &c : golden["cases"]) {
    const std::vector<std::uint8_t> pixels = from_hex(c["pixels"]);
    const std::int64_t width = c["width"], height = c["height"], out_width = c["out_width"], out_height = c["out_height"];
    const Box box{.left = c["box"][0], .top = c["box"][1], .right = c["box"][2], .bottom = c["box"][3]};
    const PixelView view{.pixels = pixels.data(), .height = height, .width = width, .row_bytes = width * 3};
    EXPECT_EQ(resize_bilinear(view, box, out_height, out_width), from_hex(c["expected"]))
        << width << " x " << height << " " << c["box"] << " to " << out_width << " x " << out_height;
  }
}

// A window is a part of the whole, by definition; the whole is Pillow's by the test above.
TEST(Resize, WindowIsAPartOfTheWhole) {
  const auto golden = pare::test::golden("pillow_resize.json");
  for (const auto &c : golden["cases"]) {
    const std::int64_t width = c["width"], height = c["height"], out_width = c["out_width"], out_height = c["out_height"];
    if (out_width < 3 || out_height < 3) continue;
    const std::vector<std::uint8_t> pixels = from_hex(c["pixels"]);
    const std::vector<std::uint8_t> whole = from_hex(c["expected"]);
    const Box box{.left = c["box"][0], .top = c["box"][1], .right = c["box"][2], .bottom = c["box"][3]};
    const PixelView view{.pixels = pixels.data(), .height = height, .width = width, .row_bytes = width * 3};
    std::vector<std::uint8_t> expected;
    for (std::int64_t y = 1; y < out_height - 1; ++y)
      expected.insert(expected.end(), whole.begin() + (y * out_width + 1) * 3,
                      whole.begin() + (y * out_width + out_width - 1) * 3);
    EXPECT_EQ(resize_bilinear(view, box, out_height, out_width,
                              {.top = 1, .left = 1, .height = out_height - 2, .width = out_width - 2}),
              expected);
  }
}

} // namespace
} // namespace pare::train::test

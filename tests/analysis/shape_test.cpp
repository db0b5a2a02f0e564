#include "analysis/shape.hpp"

#include "tests/support.hpp"

#include <limits>

namespace pare {
namespace {

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

TEST(Shapes, ElementsAndText) {
  const Shape shape{.batch = 2, .channels = 3, .height = 4, .width = 5};
  EXPECT_EQ(shape.elements_per_image(), 3 * 4 * 5);
  EXPECT_EQ(shape.elements(), 2 * 3 * 4 * 5);
  EXPECT_EQ(shape.positions(), 4 * 5);
  EXPECT_EQ(to_string(shape), "[2, 3, 4, 5]");
  EXPECT_EQ(to_string(Extents{8, 1}), "[8, 1]");
  EXPECT_EQ(to_string(Extents{}), "[]");
  EXPECT_EQ((Extents{2, 3, 7}).elements(), 42);
  EXPECT_EQ((Pair{3, 5}).area(), 15);
}

TEST(Shapes, OverflowIsReported) {
  test::expect_message(
      [] { (void)Shape{.batch = kMax, .channels = 2, .height = 1, .width = 1}.elements(); },
      "[overflow] 9223372036854775807 * 2 does not fit in a signed 64-bit integer; counts are exact or refused");
  test::expect_message(
      [] {
        (void)Extents{std::int64_t{1} << 32, std::int64_t{1} << 31}.elements();
      },
      "[overflow] 4294967296 * 2147483648 does not fit in a signed 64-bit integer; counts are exact or refused");
}

// floor((size + 2 padding - dilation (kernel - 1) - 1) / stride) + 1
TEST(WindowPositions, FollowTheFormula) {
  EXPECT_EQ(window_positions(32, 3, 1, 1, 1), 32);
  EXPECT_EQ(window_positions(32, 3, 2, 1, 1), 16);
  EXPECT_EQ(window_positions(224, 7, 2, 3, 1), 112);
  EXPECT_EQ(window_positions(32, 3, 1, 2, 2), 32);
  EXPECT_EQ(window_positions(5, 5, 3, 0, 1), 1);
  EXPECT_EQ(window_positions(1, 1, 1, 0, 1), 1);
  test::expect_error([] { window_positions(4, 5, 1, 0, 1); }, ErrorCode::kInvalidConfig, "kernel", "does not fit into 4");
  test::expect_error([] { window_positions(4, 3, 1, 0, 2); }, ErrorCode::kInvalidConfig, "kernel", "a window of 5");
}

// By enumeration: windows that lie inside the padded input, and for ceil also the next one if it is cut off but starts before
// the right padding.
TEST(WindowPositions, EqualAnEnumeration) {
  for (std::int64_t size = 1; size <= 12; ++size)
    for (std::int64_t kernel = 1; kernel <= 5; ++kernel)
      for (std::int64_t stride = 1; stride <= 4; ++stride)
        for (std::int64_t padding = 0; padding <= kernel / 2; ++padding)
          for (std::int64_t dilation = 1; dilation <= 2; ++dilation) {
            const std::int64_t reach = dilation * (kernel - 1) + 1;
            if (size + 2 * padding < reach) continue;
            std::int64_t whole = 0;
            std::int64_t start = -padding;
            for (; start + reach <= size + padding; start += stride) ++whole;
            const bool partial = start < size && start - stride + reach < size + padding;
            EXPECT_EQ(window_positions(size, kernel, stride, padding, dilation), whole);
            EXPECT_EQ(window_positions(size, kernel, stride, padding, dilation, true), whole + (partial ? 1 : 0))
                << size << " " << kernel << " " << stride << " " << padding << " " << dilation;
          }
}

// TensorFlow's rule: ceil(size / stride) windows, with as little padding as they need; what is odd goes behind.
TEST(WindowPositions, SamePaddingGivesAWindowPerStride) {
  EXPECT_EQ(same_padding({.batch = 1, .channels = 1, .height = 224, .width = 7}, {3, 3}, {2, 2}, {1, 1}),
            (Padding{{0, 1}, {1, 1}}));
  EXPECT_EQ(same_padding({.batch = 1, .channels = 1, .height = 5, .width = 5}, {1, 2}, {2, 1}, {1, 1}), (Padding{0, {0, 1}}));
  for (std::int64_t size = 1; size <= 12; ++size)
    for (std::int64_t kernel = 1; kernel <= 5; ++kernel)
      for (std::int64_t stride = 1; stride <= 4; ++stride)
        for (std::int64_t dilation = 1; dilation <= 2; ++dilation) {
          const Shape x{.batch = 1, .channels = 1, .height = size, .width = size};
          const Sides sides = same_padding(x, {kernel, kernel}, {stride, stride}, {dilation, dilation}).vertical;
          EXPECT_TRUE(sides.after == sides.before || sides.after == sides.before + 1);
          EXPECT_EQ(window_positions(size, kernel, stride, sides, dilation), (size + stride - 1) / stride);
          const std::int64_t reach = dilation * (kernel - 1) + 1;
          if (sides.sum() > 0 && size + sides.sum() - 1 >= reach) {
            EXPECT_LT((size + sides.sum() - 1 - reach) / stride + 1, (size + stride - 1) / stride) << "less padding would do";
          }
        }
}

TEST(WindowPositions, HugeNumbersAreReportedOrRight) {
  test::expect_message(
      [] { window_positions(kMax, 1, 1, 1, 1); },
      "[overflow] 9223372036854775807 + 2 does not fit in a signed 64-bit integer; counts are exact or refused");
  test::expect_message([] { window_positions(1, kMax, 1, 0, kMax); },
                       "[overflow] 9223372036854775807 * 9223372036854775806 does not fit in a signed 64-bit integer; counts "
                       "are exact or refused");
  EXPECT_EQ(window_positions(kMax, 1, 1, 0, 1), kMax);
  EXPECT_EQ(window_positions(5, 1, kMax, 0, 1), 1);
  EXPECT_EQ(window_positions(5, 1, kMax, 0, 1, true), 1);
  // Two windows at 0 and at 2^62 + 1, and a third would start beyond.
  EXPECT_EQ(window_positions((std::int64_t{1} << 62) + 10, 1, (std::int64_t{1} << 62) + 1, 0, 1, true), 2);
}

} // namespace
} // namespace pare

#include "tests/formats/files.hpp"

#include <cmath>

namespace pare::formats {
namespace {

// IEEE 754-2008, table 3.5: binary16 has 11 bits of precision and exponents from -14 to 15.
TEST(Tensor, HalvesAreNumbers) {
  const TensorBytes halves =
      test::tensor<std::uint16_t>(Dtype::kF16, {9}, {0x0000, 0x8000, 0x3c00, 0xc000, 0x7bff, 0x0400, 0x0001, 0x7c00, 0xfc00});
  const double inf = HUGE_VAL;
  EXPECT_EQ(test::values_of(halves), (std::vector<double>{0, -0.0, 1, -2, 65504, 0x1p-14, 0x1p-24, inf, -inf}));
  EXPECT_TRUE(std::signbit(real_at(halves, 1)));
  EXPECT_TRUE(std::isnan(real_at(test::tensor<std::uint16_t>(Dtype::kF16, {1}, {0x7e00}), 0)));
  EXPECT_EQ(test::values_of(test::tensor<std::uint16_t>(Dtype::kBF16, {3}, {0x3f80, 0xc020, 0x7f80})),
            (std::vector<double>{1, -2.5, inf}));
}

TEST(Tensor, WholeNumbersOfEveryWidth) {
  EXPECT_EQ(whole_at(test::tensor<std::int64_t>(Dtype::kI64, {1}, {INT64_MIN}), 0), INT64_MIN);
  EXPECT_EQ(whole_at(test::tensor<std::int32_t>(Dtype::kI32, {2}, {1, -70000}), 1), -70000);
  EXPECT_EQ(whole_at(test::tensor<std::int16_t>(Dtype::kI16, {1}, {-300}), 0), -300);
  EXPECT_EQ(whole_at(test::tensor<std::int8_t>(Dtype::kI8, {1}, {-3}), 0), -3);
  EXPECT_EQ(whole_at(test::tensor<std::uint8_t>(Dtype::kU8, {1}, {200}), 0), 200);
  EXPECT_EQ(real_at(test::tensor<std::uint8_t>(Dtype::kBool, {1}, {1}), 0), 1);
}

} // namespace
} // namespace pare::formats

#include "analysis/count.hpp"

#include "tests/support.hpp"

#include <cmath>
#include <limits>

namespace pare {
namespace {

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

TEST(Counts, AreExactOrRefused) {
  EXPECT_EQ(checked_mul(3037000499, 3037000499), 9223372030926249001);
  EXPECT_EQ(checked_mul(2, 3, 5, 7), 210);
  test::expect_error([] { checked_mul(3037000500, 3037000500); }, ErrorCode::kOverflow, "", "does not fit");
  test::expect_error([] { checked_add(kMax, 1); }, ErrorCode::kOverflow);
  test::expect_error([] { checked_mul(1, kMax, 2); }, ErrorCode::kOverflow);
  Count count = kMax;
  test::expect_error([&] { count += 1; }, ErrorCode::kOverflow);
  test::expect_error([] { Count(kMax).times(2); }, ErrorCode::kOverflow);
}

TEST(Counts, StayWholeWhereTheyCan) {
  const Count sum = Count(kMax - 1) + Count(1);
  EXPECT_TRUE(sum.is_whole());
  EXPECT_EQ(sum.whole(), kMax);
  EXPECT_EQ(sum.to_string(), "9223372036854775807");
  EXPECT_TRUE(Count(3).times(2).is_whole());
  EXPECT_EQ(Count(3).times(0), Count(0));
  EXPECT_TRUE(Count(kMax).times(1).is_whole());
  EXPECT_FALSE(Count(3).times(0.5).is_whole());
  EXPECT_EQ(Count(3).times(0.5).to_double(), 1.5);
  EXPECT_FALSE((Count(1) + Count::from_real(0.5)).is_whole());
  EXPECT_EQ((Count(10) - Count(4)), Count(6));
}

TEST(Counts, Print) {
  EXPECT_EQ(Count(100000000).to_string(), "100000000");
  EXPECT_EQ(Count(0).to_string(), "0");
  EXPECT_EQ(Count::from_real(1338791912.7905467).to_string(), "1338791912.7905467");
  EXPECT_EQ(shortest(0.053125), "0.053125");
  EXPECT_EQ(shortest(1.0), "1");
  EXPECT_EQ(shortest(0.1 + 0.2), "0.30000000000000004");
}

TEST(Counts, AreOrdered) {
  EXPECT_LT(Count(kMax - 1), Count(kMax)) << "beyond 2^53, where doubles cannot tell";
  EXPECT_NE(Count(kMax - 1), Count(kMax));
  EXPECT_LT(Count(1), Count::from_real(1.5));
  EXPECT_EQ(Count(2), Count::from_real(2.0));
}

TEST(Errors, SayWhereWhatAndWhichRule) {
  const Error error(ErrorCode::kInvalidConfig, "block2.conv1/groups", "groups = 5 must divide in_channels = 32");
  EXPECT_STREQ(error.what(), "[invalid_config] block2.conv1/groups: groups = 5 must divide in_channels = 32");
  EXPECT_EQ(error.within("net.json").where(), "net.json/block2.conv1/groups");
  EXPECT_EQ(Error(ErrorCode::kOverflow, "", "too large").within("conv1").where(), "conv1");
  EXPECT_STREQ(Error(ErrorCode::kIo, "", "x").what(), "[io] x");
  EXPECT_STREQ(Error(ErrorCode::kIo, "a\nb", "x\ty").what(), "[io] a b: x y") << "one line, whatever it quotes";
}

} // namespace
} // namespace pare

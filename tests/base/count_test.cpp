#include "base/count.hpp"

#include "tests/support.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace pare {
namespace {

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

TEST(Counts, AreExactOrRefused) {
  EXPECT_EQ(checked_mul(3037000499, 3037000499), 9223372030926249001);
  EXPECT_EQ(checked_mul(2, 3, 5, 7), 210);
  test::expect_message(
      [] { checked_mul(3037000500, 3037000500); },
      "[overflow] 3037000500 * 3037000500 does not fit in a signed 64-bit integer; counts are exact or refused");
  test::expect_message(
      [] { checked_add(kMax, 1); },
      "[overflow] 9223372036854775807 + 1 does not fit in a signed 64-bit integer; counts are exact or refused");
  test::expect_message(
      [] { checked_mul(1, kMax, 2); },
      "[overflow] 9223372036854775807 * 2 does not fit in a signed 64-bit integer; counts are exact or refused");
  Count count = kMax;
  test::expect_message(
      [&] { count += 1; },
      "[overflow] 9223372036854775807 + 1 does not fit in a signed 64-bit integer; counts are exact or refused");
  test::expect_message(
      [] { Count(kMax).times(2); },
      "[overflow] 9223372036854775807 * 2 does not fit in a signed 64-bit integer; counts are exact or refused");
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

// A total has the same digits wherever it is made: forwards, backwards, shuffled, by parts, and with whole counts among it.
TEST(Counts, SumsDoNotDependOnTheirOrder) {
  std::mt19937_64 random(20260101);
  for (int trial = 0; trial < 200; ++trial) {
    std::vector<Count> parts;
    for (int i = 0; i < 300; ++i) {
      const double real = std::ldexp(static_cast<double>(random() >> 11), -static_cast<int>(random() % 40) - 10);
      parts.push_back(random() % 4 == 0 ? Count(static_cast<std::int64_t>(random() >> 8)) : Count::from_real(real));
    }
    Count forwards;
    for (const Count &part : parts) forwards += part;
    Count backwards;
    for (auto part = parts.rbegin(); part != parts.rend(); ++part) backwards += *part;
    EXPECT_EQ(forwards, backwards);
    EXPECT_EQ(forwards.to_string(), backwards.to_string());
    for (int round = 0; round < 5; ++round) {
      std::shuffle(parts.begin(), parts.end(), random);
      Count halves[2];
      for (std::size_t i = 0; i < parts.size(); ++i) halves[i < 100 ? 0 : 1] += parts[i];
      EXPECT_EQ((halves[0] + halves[1]).to_string(), forwards.to_string());
    }
    // What is taken away again leaves no trace.
    Count taken = forwards;
    for (std::size_t i = 1; i < parts.size(); ++i) taken -= parts[i];
    EXPECT_EQ(taken.to_double(), parts[0].to_double());
  }
}

// n times the same is that many of it, whichever way: solvers multiply where the counter adds.
TEST(Counts, RepeatedIsTheSum) {
  std::mt19937_64 random(7);
  for (int trial = 0; trial < 200; ++trial) {
    const Count one = Count(static_cast<std::int64_t>(random() >> 30)) +
                      Count::from_real(std::ldexp(static_cast<double>(random() >> 11), -static_cast<int>(random() % 40) - 10));
    Count sum;
    for (int n = 1; n <= 64; ++n) {
      sum += one;
      EXPECT_EQ(one.repeated(n), sum);
      EXPECT_EQ(one.repeated(n).to_string(), sum.to_string());
    }
    EXPECT_EQ((sum - one.repeated(64)).to_double(), 0);
  }
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
  const Error deep(ErrorCode::kIo, "begin" + std::string(10'000, '.') + "end", "x"); // keys of a file have any length
  EXPECT_EQ(deep.what(), "[io] begin" + std::string(194, '.') + "..." + std::string(195, '.') + "end: x");
  EXPECT_EQ(deep.where().size(), 10'008U);
}

} // namespace
} // namespace pare

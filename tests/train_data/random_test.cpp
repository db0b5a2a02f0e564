#include "train/data/random.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

namespace pare::train {
namespace {

using Words = std::array<std::uint32_t, 4>;

// Known answers published with the generator (Random123, kat_vectors, philox4x32 10).
TEST(Random, PhiloxGivesItsKnownAnswers) {
  EXPECT_EQ(philox({0, 0, 0, 0}, {0, 0}), (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  constexpr std::uint32_t f = 0xffffffff;
  EXPECT_EQ(philox({f, f, f, f}, {f, f}), (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Random, StreamsDifferInEachOfTheirNumbers) {
  std::set<std::uint32_t> first;
  for (std::uint64_t seed : {0ull, 1ull, 1ull << 40})
    for (Purpose purpose : {Purpose::kShuffle, Purpose::kAugmentation})
      for (std::uint64_t a : {0ull, 1ull, 1ull << 33})
        for (std::uint64_t b : {0ull, 1ull, 1ull << 33}) first.insert(RandomStream(seed, purpose, a, b).next());
  EXPECT_EQ(first.size(), 3u * 2 * 3 * 3);
}

TEST(Random, TheSameStreamAgain) {
  RandomStream one(7, Purpose::kShuffle, 3, 4);
  RandomStream two(7, Purpose::kShuffle, 3, 4);
  for (int i = 0; i < 100; ++i) ASSERT_EQ(one.next(), two.next());
}

// Of 100,000 draws: the mean of a uniform is within 5 sigma = 5 / sqrt(12 n) of 1/2, that of a normal within 5 / sqrt(n) of 0,
// its variance within 5 sqrt(2 / n) of 1.
TEST(Random, MomentsAreThoseOfTheDistribution) {
  constexpr int n = 100'000;
  RandomStream random(1, Purpose::kInitialisation, 2);
  double uniform = 0;
  double normal = 0;
  double squares = 0;
  for (int i = 0; i < n; ++i) {
    const double u = random.uniform();
    ASSERT_GE(u, 0);
    ASSERT_LT(u, 1);
    uniform += u;
    const double z = random.normal();
    normal += z;
    squares += z * z;
  }
  EXPECT_NEAR(uniform / n, 0.5, 5 / std::sqrt(12.0 * n));
  EXPECT_NEAR(normal / n, 0, 5 / std::sqrt(1.0 * n));
  EXPECT_NEAR(squares / n, 1, 5 * std::sqrt(2.0 / n));
}

TEST(Random, BelowCoversItsRangeEvenly) {
  RandomStream random(5, Purpose::kHashIndex);
  std::array<int, 7> seen{};
  constexpr int n = 70'000;
  for (int i = 0; i < n; ++i) ++seen[random.below(7)];
  for (int count : seen) EXPECT_NEAR(count, n / 7.0, 5 * std::sqrt(n / 7.0));
  EXPECT_EQ(random.below(1), 0u);
}

} // namespace
} // namespace pare::train

#include "base/divisors.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

namespace pare {
namespace {

using Factors = std::vector<std::int64_t>;

TEST(Divisors, OfSmallNumbersAreThoseOfTrialDivision) {
  for (std::int64_t n = 1; n <= 1000; ++n) {
    std::int64_t rest = n;
    Factors factors;
    for (std::int64_t p = 2; rest > 1; ++p)
      for (; rest % p == 0; rest /= p) factors.push_back(p);
    EXPECT_EQ(prime_factors(n), factors) << n;
    for (std::int64_t from = 1; from <= n; ++from) {
      std::int64_t divisor = from;
      while (n % divisor != 0) ++divisor;
      ASSERT_EQ(least_divisor_from(n, from), divisor) << n << " from " << from;
    }
  }
}

TEST(Divisors, OfLargeNumbersAreFoundAtOnce) {
  // Primes: the largest below 10^9, 2^53 and 2^63 (OEIS A013603: 2^53 - 111, 2^63 - 25).
  EXPECT_EQ(prime_factors(999999937), Factors{999999937});
  EXPECT_EQ(prime_factors(9007199254740881), Factors{9007199254740881});
  EXPECT_EQ(prime_factors(9223372036854775783), Factors{9223372036854775783});
  // 2^63 - 1 = 7^2 x 73 x 127 x 337 x 92737 x 649657.
  EXPECT_EQ(prime_factors(INT64_MAX), (Factors{7, 7, 73, 127, 337, 92737, 649657}));
  // A square, a cube and two near primes, which are the hard cases.
  EXPECT_EQ(prime_factors(std::int64_t{999999937} * 999999937), (Factors{999999937, 999999937}));
  EXPECT_EQ(prime_factors(std::int64_t{2097143} * 2097143 * 2097143), (Factors{2097143, 2097143, 2097143}));
  EXPECT_EQ(prime_factors(std::int64_t{3037000493} * 3037000453), (Factors{3037000453, 3037000493}));
  // A strong pseudoprime to the bases 2 to 31: 3825123056546413051 = 149491 x 747451 x 34233211 (OEIS A014233).
  EXPECT_EQ(prime_factors(3825123056546413051), (Factors{149491, 747451, 34233211}));

  EXPECT_EQ(least_divisor_from(9007199254740881, 2), 9007199254740881);
  EXPECT_EQ(least_divisor_from(9007199254740881, 94906265), 9007199254740881);
  EXPECT_EQ(least_divisor_from(std::int64_t{999999937} * 999999937, 1000), 999999937);
  EXPECT_EQ(least_divisor_from(INT64_MAX, 130), 337);
  EXPECT_EQ(least_divisor_from(std::int64_t{1} << 62, (std::int64_t{1} << 40) + 1), std::int64_t{1} << 41);
}

} // namespace
} // namespace pare

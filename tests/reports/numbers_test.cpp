#include "base/text.hpp"
#include "reports/numbers.hpp"

#include "tests/support.hpp"

#include <cstdlib>
#include <limits>

namespace pare::test {

namespace {

TEST(Numbers, WholeOnesAreExactAndHaveNoExponent) {
  EXPECT_EQ(Count(INT64_MAX).to_string(), "9223372036854775807");
  EXPECT_EQ(Count(-5).to_string(), "-5");
  EXPECT_EQ(Count::from_real(1e8).to_string(), "100000000");
  EXPECT_EQ(digits(1e22), "10000000000000000000000");
  EXPECT_EQ(digits(0.053125), "0.053125");
  EXPECT_EQ(digits(1e-7), "0.0000001");
  EXPECT_EQ(std::strtod(digits(5e-324).c_str(), nullptr), 5e-324);
  EXPECT_EQ(std::stod(digits(1338791912.7905467)), 1338791912.7905467);
  for (const double bad : {std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()})
    expect_message([&] { digits(bad); }, "[overflow] a count is beyond what a double can hold; counts are exact or refused");
}

TEST(Numbers, PlainNumbersAreIntegersWhereWhole) {
  EXPECT_EQ(std::get<std::int64_t>(plain_number(Count(9007199254740993))), 9007199254740993);
  EXPECT_EQ(std::get<std::int64_t>(plain_number(Count::from_real(1e15))), 1000000000000000);
  EXPECT_EQ(std::get<double>(plain_number(Count::from_real(0.5))), 0.5);
  EXPECT_EQ(std::get<double>(plain_number(Count::from_real(9223372036854775808.0))),
            9223372036854775808.0); // 2^63 does not fit
  expect_message([] { plain_number(Count::from_real(std::numeric_limits<double>::infinity())); },
                 "[overflow] a count is beyond what a double can hold; counts are exact or refused");
}

TEST(Numbers, Thousands) {
  EXPECT_EQ(thousands("0"), "0");
  EXPECT_EQ(thousands("999"), "999");
  EXPECT_EQ(thousands("1000"), "1,000");
  EXPECT_EQ(thousands("36479194"), "36,479,194");
  EXPECT_EQ(thousands("-123456"), "-123,456");
  EXPECT_EQ(thousands("1338791912.7905467"), "1,338,791,912.7905467");
}

TEST(Numbers, SiHasThreeDigits) {
  EXPECT_EQ(si(Count(999)), "");
  EXPECT_EQ(si(Count(1000)), "1.00 k");
  EXPECT_EQ(si(Count(9994)), "9.99 k");
  EXPECT_EQ(si(Count(9996)), "10.0 k");
  EXPECT_EQ(si(Count(99960)), "100 k");
  EXPECT_EQ(si(Count(999499)), "999 k");
  EXPECT_EQ(si(Count(999500)), "1.00 M");
  EXPECT_EQ(si(Count(36479194)), "36.5 M");
  EXPECT_EQ(si(Count(INT64_MAX)), "9.22 E");
  // Half goes up, as people round: the double 24.65 is a little less than that.
  EXPECT_EQ(si(Count(24650)), "24.7 k");
  EXPECT_EQ(si(Count(24649)), "24.6 k");
  EXPECT_EQ(si(Count(-24650)), "-24.7 k");
  EXPECT_EQ(si(Count::from_real(999.5)), "1.00 k");
  EXPECT_EQ(si(Count::from_real(999.4)), "");
  EXPECT_EQ(si(Count::from_real(1338791912.7905467)), "1.34 G");
}

TEST(Numbers, PeopleSeeRealOnesRounded) {
  EXPECT_EQ(rounded(Count(1338791912)), "1338791912");
  EXPECT_EQ(rounded(Count::from_real(1338791912.7905467)), "1338791913");
  EXPECT_EQ(rounded(Count::from_real(999.5)), "999.5");
  EXPECT_EQ(rounded(Count::from_real(0.12345)), "0.123");
  EXPECT_EQ(rounded(Count::from_real(-2.5)), "-2.5");
  EXPECT_EQ(rounded(Count::from_real(12)), "12");
}

} // namespace

} // namespace pare::test

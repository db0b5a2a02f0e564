#include "solver/budget.hpp"
#include "tests/support.hpp"

#include <gtest/gtest.h>

namespace pare {
namespace {

using test::expect_error;

TEST(Budget, NumbersAreReadExactly) {
  const auto limit = [](const char *text) { return parse_budget(text).limit; };
  EXPECT_EQ(limit("parameters<=0.8M"), Count(800000));
  EXPECT_EQ(limit("parameters<=800000"), Count(800000));
  EXPECT_EQ(limit("parameters<=8e5"), Count(800000));
  EXPECT_EQ(limit("parameters<=1.2E8"), Count(120000000));
  EXPECT_EQ(limit("parameters<=64.3K"), Count(64300));
  EXPECT_EQ(limit("parameters<=1.6G"), Count(1600000000));
  EXPECT_EQ(limit("parameters <= 0.8 M"), Count(800000));
  EXPECT_EQ(limit("parameters<=.5K"), Count(500));
  // 2^53 + 1 is not a double.
  EXPECT_EQ(limit("parameters<=9007199254740993"), Count(9007199254740993));
  EXPECT_EQ(limit("parameters<=9.007199254740993e15").whole(), 9007199254740993);
  // 0.29 x 100 is 28.999... in doubles.
  EXPECT_EQ(limit("parameters<=0.29e2"), Count(29));
  const Count half = limit("parameters~100.5");
  EXPECT_FALSE(half.is_whole());
  EXPECT_EQ(half.to_double(), 100.5);
}

TEST(Budget, QuantitiesAndRelations) {
  const Budget parameters = parse_budget("parameters~0.8M");
  EXPECT_EQ(parameters.metric, Metric::kParameters);
  EXPECT_EQ(parameters.relation, Relation::kNearest);
  EXPECT_EQ(parameters.text(), "parameters ~ 800000");
  EXPECT_EQ(parse_budget("mult-adds<=100M").convention, "macs");
  EXPECT_EQ(parse_budget("mult-adds[reference]<=100M").convention, "reference");
  EXPECT_EQ(parse_budget("mult-adds[reference]<=100M").text(), "mult-adds[reference] <= 100000000");
}

TEST(Budget, PercentagesAreOfTheOriginalAndExact) {
  const Budget share = parse_budget("parameters<=5%");
  ASSERT_TRUE(share.is_percentage);
  // 5% of 36479194 is 1823959.7: at most 1823959.
  EXPECT_EQ(resolve_percentage(share, 36479194).limit, Count(1823959));
  EXPECT_EQ(resolve_percentage(parse_budget("parameters~5%"), 36479194).limit.to_double(), 1823959.7);
  EXPECT_EQ(resolve_percentage(parse_budget("parameters<=29%"), 100).limit, Count(29));
  EXPECT_EQ(resolve_percentage(parse_budget("parameters<=12.5%"), 80).limit, Count(10));
}

TEST(Budget, WhatIsNoBudgetIsRefused) {
  for (const char *text : {"",
                           "parameters",
                           "parameters<=",
                           "parameters<=abc",
                           "parameters<=0",
                           "parameters<=-5",
                           "parameters<=nan",
                           "parameters<=inf",
                           "parameters<=1e",
                           "parameters<=1.2.3",
                           "parameters<=5%%",
                           "parameters<=5M%",
                           "parameters<5M",
                           "parameters>=5M",
                           "parameters=5M",
                           "params<=5M",
                           "mult-adds[]<=5M",
                           "mult-adds[macs<=5M",
                           "memory<=1G",
                           "<=5M",
                           "parameters<=0x10",
                           "parameters<=5m",
                           "parameters<=1e99",
                           "parameters<=1e-999",
                           "parameters<=99999999999999999999"})
    expect_error([&] { parse_budget(text); }, ErrorCode::kUsage, "budget");
}

} // namespace
} // namespace pare

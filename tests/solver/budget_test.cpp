#include "solver/budget.hpp"
#include "tests/support.hpp"

#include <gtest/gtest.h>

namespace pare {
namespace {

using test::expect_message;

void bad(const std::string &text, std::string_view line, const char *file = __builtin_FILE(), int at = __builtin_LINE()) {
  expect_message([&] { parse_budget(text); }, line, file, at);
}

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
  EXPECT_EQ(parameters.quantity.metric, Metric::kParameters);
  EXPECT_EQ(parameters.relation, Relation::kNearest);
  EXPECT_EQ(parameters.text(), "parameters ~ 800000");
  EXPECT_EQ(parse_budget("mult-adds<=100M").quantity.convention, "macs");
  EXPECT_EQ(parse_budget("mult-adds[reference]<=100M").quantity.convention, "reference");
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

TEST(Budget, BlanksStandAroundNumbersOnly) {
  for (const char *text : {"parameters<=0.8M", " parameters <= 0.8 M ", "parameters<= 0.8M", "parameters <=0.8  M"})
    EXPECT_EQ(parse_budget(text).limit, Count(800000)) << text;
  EXPECT_EQ(parse_budget("parameters <= 0.8 M").written, "parameters<=0.8M");
  EXPECT_EQ(resolve_percentage(parse_budget("parameters <= 5 %"), 100).limit, Count(5));
  bad("parameters<=8 00",
      R"([usage] budget "parameters<=8 00": "8 00" is not a number above 0: digits without blanks in them, and K, M, G, % or nothing behind them; accepted: parameters<=0.8M, mult-adds<=1.2e8, mult-adds[reference]<=100M, activations<=1M, stored-bytes>=4M, parameters~0.8M, parameters<=5%)");
  bad("parameters<=0 . 8 M",
      R"([usage] budget "parameters<=0 . 8 M": "0 . 8 M" is not a number above 0: digits without blanks in them, and K, M, G, % or nothing behind them; accepted: parameters<=0.8M, mult-adds<=1.2e8, mult-adds[reference]<=100M, activations<=1M, stored-bytes>=4M, parameters~0.8M, parameters<=5%)");
  bad("parameters<=0.8 M %",
      R"([usage] budget "parameters<=0.8 M %": "0.8 M %" is not a number above 0: digits without blanks in them, and K, M, G, % or nothing behind them; accepted: parameters<=0.8M, mult-adds<=1.2e8, mult-adds[reference]<=100M, activations<=1M, stored-bytes>=4M, parameters~0.8M, parameters<=5%)");
  bad("parameters<=- 5",
      R"([usage] budget "parameters<=- 5": "- 5" is not a number above 0: digits without blanks in them, and K, M, G, % or nothing behind them; accepted: parameters<=0.8M, mult-adds<=1.2e8, mult-adds[reference]<=100M, activations<=1M, stored-bytes>=4M, parameters~0.8M, parameters<=5%)");
  bad("parameters< =5",
      R"([usage] budget "parameters< =5": "< =5" is not a relation: <=, >= and ~ are; accepted: parameters<=0.8M, mult-adds<=1.2e8, mult-adds[reference]<=100M, activations<=1M, stored-bytes>=4M, parameters~0.8M, parameters<=5%)");
  bad("para meters<=5",
      R"([usage] budget "para meters<=5": "para meters" is not a quantity: parameters, mult-adds, mult-adds[CONVENTION], activations and stored-bytes are; accepted: parameters<=0.8M, mult-adds<=1.2e8, mult-adds[reference]<=100M, activations<=1M, stored-bytes>=4M, parameters~0.8M, parameters<=5%; did you mean parameters?)");
  bad("mult-adds [macs]<=5",
      R"([usage] budget "mult-adds [macs]<=5": "mult-adds [macs]" is not a quantity: parameters, mult-adds, mult-adds[CONVENTION], activations and stored-bytes are; accepted: parameters<=0.8M, mult-adds<=1.2e8, mult-adds[reference]<=100M, activations<=1M, stored-bytes>=4M, parameters~0.8M, parameters<=5%; did you mean mult-adds[macs]?)");
  bad("parameters<=1 e5",
      R"([usage] budget "parameters<=1 e5": "1 e5" is not a number above 0: digits without blanks in them, and K, M, G, % or nothing behind them; accepted: parameters<=0.8M, mult-adds<=1.2e8, mult-adds[reference]<=100M, activations<=1M, stored-bytes>=4M, parameters~0.8M, parameters<=5%)");
}

// One limit: the largest count there is, named whichever way it is passed.
TEST(Budget, TheLargestLimitIsTheLargestCount) {
  EXPECT_EQ(parse_budget("parameters<=9223372036854775807").limit, Count(INT64_MAX));
  EXPECT_EQ(parse_budget("parameters<=9223372036854775.807K").limit, Count(INT64_MAX));
  EXPECT_EQ(parse_budget("parameters<=9223372036.854775807G").limit, Count(INT64_MAX));
  EXPECT_EQ(parse_budget("parameters~9223372036854775807").limit, Count(INT64_MAX));
  EXPECT_EQ(parse_budget("parameters<=9e18").limit, Count(9'000'000'000'000'000'000));
  bad("parameters<=9223372036854775808",
      R"([usage] budget "parameters<=9223372036854775808": the limit does not fit in a signed 64-bit integer; at most 9223372036854775807 would be accepted)");
  bad("parameters~9223372036854775808",
      R"([usage] budget "parameters~9223372036854775808": the limit does not fit in a signed 64-bit integer; at most 9223372036854775807 would be accepted)");
  bad("parameters<=1e19",
      R"([usage] budget "parameters<=1e19": the limit does not fit in a signed 64-bit integer; at most 9223372036854775807 would be accepted)");
  bad("parameters<=10G G",
      R"([usage] budget "parameters<=10G G": "10G G" is not a number above 0: digits without blanks in them, and K, M, G, % or nothing behind them; accepted: parameters<=0.8M, mult-adds<=1.2e8, mult-adds[reference]<=100M, activations<=1M, stored-bytes>=4M, parameters~0.8M, parameters<=5%)");
  bad("parameters<=99999999999999999999",
      R"([usage] budget "parameters<=99999999999999999999": the limit does not fit in a signed 64-bit integer; at most 9223372036854775807 would be accepted)");
  bad("parameters<=9.3e9G",
      R"([usage] budget "parameters<=9.3e9G": the limit does not fit in a signed 64-bit integer; at most 9223372036854775807 would be accepted)");
  bad("parameters<=1e999",
      R"([usage] budget "parameters<=1e999": the limit does not fit in a signed 64-bit integer; at most 9223372036854775807 would be accepted)");
}

// Without --convention it is macs, with one it is that one, and where several are asked for it must be said.
TEST(Budget, BareMultAddsAreCountedByTheOneConvention) {
  EXPECT_EQ(parse_budget("mult-adds<=100M").written, "mult-adds[macs]<=100M");
  EXPECT_EQ(parse_budget("mult-adds<=100M", "reference").quantity.convention, "reference");
  EXPECT_EQ(parse_budget("mult-adds<=100M", "reference").text(), "mult-adds[reference] <= 100000000");
  EXPECT_EQ(parse_budget("mult-adds~5%", "mine").written, "mult-adds[mine]~5%");
  EXPECT_EQ(parse_budget("mult-adds[macs]<=100M", "reference").quantity.convention, "macs");
  EXPECT_EQ(parse_budget("mult-adds[macs]<=100M", "").quantity.convention, "macs");
  EXPECT_EQ(parse_budget("parameters<=1M", "").quantity.convention, "");
  expect_message(
      [] { parse_budget("mult-adds<=100M", ""); },
      R"([usage] budget "mult-adds<=100M": mult-adds by which convention? Several are asked for, so mult-adds[macs] or mult-adds[reference] must say it; accepted: parameters<=0.8M, mult-adds<=1.2e8, mult-adds[reference]<=100M, activations<=1M, stored-bytes>=4M, parameters~0.8M, parameters<=5%)");
}

TEST(Budget, NamesAndUnitsAsPeopleWriteThem) {
  for (const auto &[text, written] :
       std::vector<std::pair<std::string, std::string>>{{"params<=50k", "parameters<=50K"},
                                                        {"Parameters<=0.8m", "parameters<=0.8M"},
                                                        {"params~1g", "parameters~1G"},
                                                        {"params<=5%", "parameters<=5%"},
                                                        {"params<=1e5", "parameters<=1e5"},
                                                        {"mult_adds<=1.2e8", "mult-adds[macs]<=1.2e8"},
                                                        {"multadds<=100m", "mult-adds[macs]<=100M"},
                                                        {"Mult_Adds[reference]<=1G", "mult-adds[reference]<=1G"}})
    EXPECT_EQ(parse_budget(text).written, written) << text;
  EXPECT_EQ(parse_budget("params<=50k").limit, Count(50'000));
  EXPECT_EQ(parse_budget("mult_adds[MACS]<=1").quantity.convention, "MACS") << "a user's own may be called so";
  const std::string accepted = "parameters, mult-adds, mult-adds[CONVENTION], activations and stored-bytes are; accepted: "
                               "parameters<=0.8M, mult-adds<=1.2e8, "
                               "mult-adds[reference]<=100M, activations<=1M, stored-bytes>=4M, parameters~0.8M, parameters<=5%";
  for (const auto &[quantity, meant] :
       std::vector<std::pair<std::string, std::string>>{{"macs", "mult-adds[macs]"},
                                                        {"parametres", "parameters"},
                                                        {"parameter", "parameters"},
                                                        {"mul-adds", "mult-adds"},
                                                        {"mult-ads[reference]", "mult-adds[reference]"}})
    bad(quantity + "<=1M", "[usage] budget \"" + quantity + "<=1M\": \"" + quantity + "\" is not a quantity: " + accepted +
                               "; did you mean " + meant + "?");
}

// What is written in files reads back as the same budget.
TEST(Budget, WrittenReadsBack) {
  for (const char *text : {"parameters<=0.8M", "mult-adds[macs] <= 1.2e8", "mult-adds~5%", "mult-adds[a-b.c_9]<=.5K",
                           "parameters ~ 1e3", "mult-adds[my own] ~ .5 G"}) {
    const Budget budget = parse_budget(text, "reference");
    const Budget again = parse_budget(budget.written);
    EXPECT_EQ(again.written, budget.written);
    EXPECT_EQ(again.text(), budget.text());
    EXPECT_EQ(again.is_percentage, budget.is_percentage);
  }
}

TEST(Budget, WhatIsNoBudgetIsRefused) {
  bad("",
      R"([usage] budget "": there is no <=, >= or ~ in it; accepted: parameters<=0.8M, mult-adds<=1.2e8, mult-adds[reference]<=100M, activations<=1M, stored-bytes>=4M, parameters~0.8M, parameters<=5%)");
  bad("parameters",
      R"([usage] budget "parameters": there is no <=, >= or ~ in it; accepted: parameters<=0.8M, mult-adds<=1.2e8, mult-adds[reference]<=100M, activations<=1M, stored-bytes>=4M, parameters~0.8M, parameters<=5%)");
  bad("parameters<=",
      R"([usage] budget "parameters<=": "" is not a number above 0: digits without blanks in them, and K, M, G, % or nothing behind them; accepted: parameters<=0.8M, mult-adds<=1.2e8, mult-adds[reference]<=100M, activations<=1M, stored-bytes>=4M, parameters~0.8M, parameters<=5%)");
  bad("parameters<=abc",
      R"([usage] budget "parameters<=abc": "abc" is not a number above 0: digits without blanks in them, and K, M, G, % or nothing behind them; accepted: parameters<=0.8M, mult-adds<=1.2e8, mult-adds[reference]<=100M, activations<=1M, stored-bytes>=4M, parameters~0.8M, parameters<=5%)");
  bad("parameters<=0",
      R"([usage] budget "parameters<=0": a limit must be above 0; accepted: parameters<=0.8M, mult-adds<=1.2e8, mult-adds[reference]<=100M, activations<=1M, stored-bytes>=4M, parameters~0.8M, parameters<=5%)");
  bad("parameters<=-5",
      R"([usage] budget "parameters<=-5": "-5" is not a number above 0: digits without blanks in them, and K, M, G, % or nothing behind them; accepted: parameters<=0.8M, mult-adds<=1.2e8, mult-adds[reference]<=100M, activations<=1M, stored-bytes>=4M, parameters~0.8M, parameters<=5%)");
  bad("parameters<=nan",
      R"([usage] budget "parameters<=nan": "nan" is not a number above 0: digits without blanks in them, and K, M, G, % or nothing behind them; accepted: parameters<=0.8M, mult-adds<=1.2e8, mult-adds[reference]<=100M, activations<=1M, stored-bytes>=4M, parameters~0.8M, parameters<=5%)");
  bad("parameters<=inf",
      R"([usage] budget "parameters<=inf": "inf" is not a number above 0: digits without blanks in them, and K, M, G, % or nothing behind them; accepted: parameters<=0.8M, mult-adds<=1.2e8, mult-adds[reference]<=100M, activations<=1M, stored-bytes>=4M, parameters~0.8M, parameters<=5%)");
  bad("parameters<=1e",
      R"([usage] budget "parameters<=1e": "1e" is not a number above 0: digits without blanks in them, and K, M, G, % or nothing behind them; accepted: parameters<=0.8M, mult-adds<=1.2e8, mult-adds[reference]<=100M, activations<=1M, stored-bytes>=4M, parameters~0.8M, parameters<=5%)");
  bad("parameters<=1.2.3",
      R"([usage] budget "parameters<=1.2.3": "1.2.3" is not a number above 0: digits without blanks in them, and K, M, G, % or nothing behind them; accepted: parameters<=0.8M, mult-adds<=1.2e8, mult-adds[reference]<=100M, activations<=1M, stored-bytes>=4M, parameters~0.8M, parameters<=5%)");
  bad("parameters<=5%%",
      R"([usage] budget "parameters<=5%%": "5%%" is not a number above 0: digits without blanks in them, and K, M, G, % or nothing behind them; accepted: parameters<=0.8M, mult-adds<=1.2e8, mult-adds[reference]<=100M, activations<=1M, stored-bytes>=4M, parameters~0.8M, parameters<=5%)");
  bad("parameters<=5M%",
      R"([usage] budget "parameters<=5M%": "5M%" is not a number above 0: digits without blanks in them, and K, M, G, % or nothing behind them; accepted: parameters<=0.8M, mult-adds<=1.2e8, mult-adds[reference]<=100M, activations<=1M, stored-bytes>=4M, parameters~0.8M, parameters<=5%)");
  bad("parameters<5M",
      R"([usage] budget "parameters<5M": "<5M" is not a relation: <=, >= and ~ are; accepted: parameters<=0.8M, mult-adds<=1.2e8, mult-adds[reference]<=100M, activations<=1M, stored-bytes>=4M, parameters~0.8M, parameters<=5%)");
  bad("parameters=>5M",
      R"([usage] budget "parameters=>5M": "=>5M" is not a relation: <=, >= and ~ are; accepted: parameters<=0.8M, mult-adds<=1.2e8, mult-adds[reference]<=100M, activations<=1M, stored-bytes>=4M, parameters~0.8M, parameters<=5%)");
  bad("parameters=5M",
      R"([usage] budget "parameters=5M": "=5M" is not a relation: <=, >= and ~ are; accepted: parameters<=0.8M, mult-adds<=1.2e8, mult-adds[reference]<=100M, activations<=1M, stored-bytes>=4M, parameters~0.8M, parameters<=5%)");
  bad("mult-adds[]<=5M",
      R"([usage] budget "mult-adds[]<=5M": "mult-adds[]" is not a quantity: parameters, mult-adds, mult-adds[CONVENTION], activations and stored-bytes are; accepted: parameters<=0.8M, mult-adds<=1.2e8, mult-adds[reference]<=100M, activations<=1M, stored-bytes>=4M, parameters~0.8M, parameters<=5%; did you mean mult-adds?)");
  bad("mult-adds[macs<=5M",
      R"([usage] budget "mult-adds[macs<=5M": "mult-adds[macs" is not a quantity: parameters, mult-adds, mult-adds[CONVENTION], activations and stored-bytes are; accepted: parameters<=0.8M, mult-adds<=1.2e8, mult-adds[reference]<=100M, activations<=1M, stored-bytes>=4M, parameters~0.8M, parameters<=5%; did you mean mult-adds[macs]?)");
  bad("memory<=1G",
      R"([usage] budget "memory<=1G": "memory" is not a quantity: parameters, mult-adds, mult-adds[CONVENTION], activations and stored-bytes are; accepted: parameters<=0.8M, mult-adds<=1.2e8, mult-adds[reference]<=100M, activations<=1M, stored-bytes>=4M, parameters~0.8M, parameters<=5%)");
  bad("<=5M",
      R"([usage] budget "<=5M": "" is not a quantity: parameters, mult-adds, mult-adds[CONVENTION], activations and stored-bytes are; accepted: parameters<=0.8M, mult-adds<=1.2e8, mult-adds[reference]<=100M, activations<=1M, stored-bytes>=4M, parameters~0.8M, parameters<=5%)");
  bad("parameters<=0x10",
      R"([usage] budget "parameters<=0x10": "0x10" is not a number above 0: digits without blanks in them, and K, M, G, % or nothing behind them; accepted: parameters<=0.8M, mult-adds<=1.2e8, mult-adds[reference]<=100M, activations<=1M, stored-bytes>=4M, parameters~0.8M, parameters<=5%)");
  bad("parameters<=1e99",
      R"([usage] budget "parameters<=1e99": the limit does not fit in a signed 64-bit integer; at most 9223372036854775807 would be accepted)");
  bad("parameters<=1e-999",
      R"([usage] budget "parameters<=1e-999": a limit must be above 0; accepted: parameters<=0.8M, mult-adds<=1.2e8, mult-adds[reference]<=100M, activations<=1M, stored-bytes>=4M, parameters~0.8M, parameters<=5%)");
  bad("parameters<=99999999999999999999",
      R"([usage] budget "parameters<=99999999999999999999": the limit does not fit in a signed 64-bit integer; at most 9223372036854775807 would be accepted)");
  bad("parameters<=" + std::string(100'000, '9'),
      R"([usage] budget "parameters<=99999999999999999999999999999999999999999999999...9999999999999999999999999999999999999999999999999999999999": the limit does not fit in a signed 64-bit integer; at most 9223372036854775807 would be accepted)");
  bad("parameters<=0." + std::string(100'000, '1'),
      R"([usage] budget "parameters<=0.111111111111111111111111111111111111111111111...1111111111111111111111111111111111111111111111111111111111": "0.11111111111111111...111111111111111111" has more than 19 digits that count; accepted: parameters<=0.8M, mult-adds<=1.2e8, mult-adds[reference]<=100M, activations<=1M, stored-bytes>=4M, parameters~0.8M, parameters<=5%)");
  bad(std::string(100'000, 'x') + "<=1",
      R"([usage] budget "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx<=1": "xxxxxxxxxxxxxxxxxxx...xxxxxxxxxxxxxxxxxx" is not a quantity: parameters, mult-adds, mult-adds[CONVENTION], activations and stored-bytes are; accepted: parameters<=0.8M, mult-adds<=1.2e8, mult-adds[reference]<=100M, activations<=1M, stored-bytes>=4M, parameters~0.8M, parameters<=5%)");
}

} // namespace
} // namespace pare

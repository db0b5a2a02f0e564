#include "analysis/expression.hpp"

#include "tests/support.hpp"

#include <stdexcept>

namespace pare {
namespace {

double value(const char *formula) { return evaluate(formula, {{"c_i", 16.0}, {"c_o", 48.0}, {"s", 0.1}}); }

TEST(Expressions, Arithmetic) {
  EXPECT_EQ(value("1 + 2 * 3"), 7);
  EXPECT_EQ(value("(1 + 2) * 3"), 9);
  EXPECT_EQ(value("10 - 2 - 3"), 5) << "from left to right";
  EXPECT_EQ(value("12 / 4 / 3"), 1);
  EXPECT_EQ(value("12 / 3 * 4"), 16);
  EXPECT_EQ(value("17 // 5"), 3);
  EXPECT_EQ(value("17 // 5 * 5"), 15);
  EXPECT_EQ(value("c_i * c_o"), 768);
  EXPECT_EQ(value("  c_i*2  "), 32);
  EXPECT_EQ(value("1.5e1"), 15);
}

TEST(Expressions, Functions) {
  EXPECT_EQ(value("int(s * c_o)"), 4);
  EXPECT_EQ(value("int(0 - 1.5)"), -1) << "toward zero";
  EXPECT_EQ(value("round(2.5)"), 2) << "half to even";
  EXPECT_EQ(value("round(3.5)"), 4);
  EXPECT_EQ(value("min(3, 1, 2)"), 1);
  EXPECT_EQ(value("max(3, 1, c_o)"), 48);
  EXPECT_EQ(value("gcd(c_i, c_o)"), 16);
  EXPECT_EQ(value("log2(8)"), 3);
  EXPECT_EQ(value("divisor(24, 7)"), 6) << "the largest divisor of 24 that is at most 7";
  EXPECT_EQ(value("divisor(24, 1000)"), 24);
  EXPECT_EQ(value("mode(1, 3, 640 * 640)"), 80) << "formulas.md: 80, 80, 64";
  EXPECT_EQ(value("mode(3, 3, 640 * 640)"), 64);
}

TEST(Expressions, FaultsAreBugs) {
  for (const char *formula : {"", "1 +", "(1", "1 2", "x", "sin(1)", "gcd(1)", "1 + * 2", "min()"})
    EXPECT_THROW(value(formula), std::invalid_argument) << formula;
}

} // namespace
} // namespace pare

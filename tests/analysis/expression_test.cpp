#include "analysis/expression.hpp"

#include "analysis/substitution.hpp"
#include "tests/analysis/contract.hpp"
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

// ------------------------------------------------------------------------------------------------ written again

std::string rewritten(const char *formula) { return FormulaTree(formula).text(); }

TEST(Formulas, AreWrittenWithTheBracketsThatTheyNeed) {
  EXPECT_EQ(rewritten(" ((a+b))* (c*d)"), "(a + b) * (c * d)") << "doubles are not associative";
  EXPECT_EQ(rewritten("(a*b)+(c+d)-(e-f)"), "a * b + (c + d) - (e - f)");
  EXPECT_EQ(rewritten("(a*b)/c//(d*e)"), "a * b / c // (d * e)");
  EXPECT_EQ(rewritten("max((a), min(b,(c+1)))*2"), "max(a, min(b, c + 1)) * 2");
  EXPECT_EQ(rewritten("1.5e1"), "15");
}

TEST(Formulas, HaveTheirNumbersPutIn) {
  const FormulaTree tree("int(s * max(c_i, c_o)) - b * (x + D)");
  EXPECT_EQ(tree.text({{"c_i", 160.0}, {"c_o", 320.0}, {"s", 0.1}, {"b", 0.0}}), "int(0.1 * max(160, 320)) - 0 * (x + D)");
  EXPECT_EQ(FormulaTree("2 * x - x").text({{"x", -3.0}}), "2 * (-3) - (-3)");
  EXPECT_EQ(FormulaTree("x").text({{"x", 0.00001}}), "0.00001") << "never an exponent";
}

TEST(Formulas, SayWhatTheyAreMadeOf) {
  const FormulaTree tree("int(s * max(c_i, c_o)) // n_1");
  for (const char *name : {"int", "max", "//", "*", "s", "c_i", "n_1"}) EXPECT_TRUE(tree.has(name)) << name;
  for (const char *name : {"min", "/", "c", "n"}) EXPECT_FALSE(tree.has(name)) << name;
}

std::string in_latex(const char *formula) { return FormulaTree(formula).latex(); }

TEST(Formulas, InLatex) {
  EXPECT_EQ(in_latex("c_i * n_1 + n_12 - S_in"), R"(c_i\,n_1 + n_{12} - S_{\mathrm{in}})");
  EXPECT_EQ(in_latex("rank_scale * layers"), R"(\mathrm{rank\_scale}\,\mathrm{layers})");
  EXPECT_EQ(in_latex("2 * 3 * N"), R"(2 \cdot 3\,N)");
  EXPECT_EQ(in_latex("S * (D + r * (c_i + c_o))"), R"(S\,(D + r\,(c_i + c_o)))");
  EXPECT_EQ(in_latex("a + (b + c) - (d - e)"), R"(a + b + c - (d - e))");
  EXPECT_EQ(in_latex("c_i * m / g"), R"(\frac{c_i\,m}{g})");
  EXPECT_EQ(in_latex("a * (b / (c + d))"), R"(a\,\frac{b}{c + d})");
  EXPECT_EQ(in_latex("c_o // 4"), R"(\Bigl\lfloor \frac{c_o}{4} \Bigr\rfloor)");
  EXPECT_EQ(in_latex("S * (D + a / b)"), R"(S\,\Bigl( D + \frac{a}{b} \Bigr))");
  EXPECT_EQ(in_latex("int(s * max(c_i, c_o))"), R"(\lfloor s\,\max(c_i, c_o) \rfloor)");
  EXPECT_EQ(in_latex("round(gcd(a, b)) + log2(N) + min(a, 1)"), R"(\operatorname{round}(\gcd(a, b)) + \log_2(N) + \min(a, 1))");
  EXPECT_EQ(in_latex("mode(1, 3, c_o * c_i) * divisor(m, groups)"),
            R"(\operatorname{mode}(1, 3, c_o\,c_i)\,\operatorname{divisor}(m, \mathrm{groups}))");
}

TEST(Formulas, InLinesOfLatex) {
  const FormulaTree tree("a_1 * b_1 + a_2 * b_2 + min(c_1, c_2, d) / e");
  EXPECT_EQ(tree.latex_lines(1000), std::vector<std::string>{tree.latex()});
  // No line ends inside a fraction.
  EXPECT_EQ(tree.latex_lines(8),
            (std::vector<std::string>{R"(a_1\,b_1 )", R"(+ a_2\,b_2 )", R"(+ \frac{\min(c_1, c_2, d)}{e})"}));
  EXPECT_EQ(FormulaTree("min(c_1, c_2, d)").latex_lines(9), (std::vector<std::string>{R"(\min(c_1, )", R"(c_2, d))"}));
}

// The language has no function that cannot be written, and legends are formulas themselves.
TEST(Formulas, EachFunctionIsWritten) {
  for (const FormulaFunction &function : formula_functions()) {
    std::string call = std::string(function.name) + "(6";
    for (std::size_t i = 1; i < function.least; ++i) call += ", 6";
    const FormulaTree tree(call + ")");
    EXPECT_TRUE(tree.has(function.name));
    EXPECT_EQ(tree.text(), call + ")");
    EXPECT_NE(tree.latex().find(function.opening), std::string::npos) << tree.latex();
    EXPECT_EQ(function.usage.empty(), function.meaning.empty()) << function.name;
    if (!function.usage.empty()) {
      EXPECT_EQ(FormulaTree(function.usage).text(), function.usage);
    }
  }
}

// Of every family: read again it is the same formula, to the last bit of its value.
TEST(Formulas, OfFamiliesReadBackTheSame) {
  const ConvSite site =
      make_site("X", {.batch = 2, .channels = 48, .height = 15, .width = 14}, 160, {3, 3}, {1, 1}, {1, 1}, {1, 1}, true);
  for (const Substitution *family : substitutions())
    for (const Settings &settings : test::variants(*family))
      for (const Evaluation evaluation : family->info().evaluations) {
        Symbols symbols;
        for (const SiteSymbol &symbol : site_symbols()) symbols.emplace(symbol.name, symbol.value(site));
        symbols.emplace(family->info().knob.name, family->info().knob.kind == KnobInfo::Kind::kReal ? 0.34 : 4);
        const auto check = [&](const Expression &expression) {
          SCOPED_TRACE(std::string(family->info().name) + ": " + expression);
          const FormulaTree tree(expression);
          const FormulaTree again(tree.text());
          EXPECT_EQ(again.text(), tree.text());
          EXPECT_EQ(again.value(symbols), tree.value(symbols));
          EXPECT_EQ(FormulaTree(tree.text(symbols)).value({}), tree.value(symbols)) << tree.text(symbols);
          EXPECT_FALSE(tree.latex().empty());
          std::string all;
          for (const std::string &line : tree.latex_lines(60)) all += line;
          EXPECT_EQ(all, tree.latex());
          return tree.value(symbols);
        };
        const ClosedForm form = family->closed_form(settings, evaluation);
        for (const Definition &definition : form.definitions) symbols[definition.symbol] = check(definition.expression);
        for (const Expression &expression : {form.parameters, form.mult_adds, form.per_batch}) check(expression);
        for (const EstimateInfo &estimate : kEstimates)
          if (const Expression &expression = form.*estimate.formula; !expression.empty()) check(expression);
      }
}

} // namespace
} // namespace pare

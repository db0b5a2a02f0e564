#include "reports/formulas.hpp"

#include "tests/run.hpp"
#include "tests/support.hpp"

namespace pare {
namespace {

/// A family that has all there is to print.
Formula sample_formula() {
  return {.substitution = "x_y:z=1",
          .description = "some family of r_k and 1 x 1",
          .evaluation = Evaluation::kDense,
          .knob = {"rank_scale", "how much"},
          .form = {.definitions = {{"r", "int(rank_scale * c_i)"}},
                   .parameters = "r * c_o",
                   .mult_adds = "S * r * c_o // 2",
                   .per_batch = "0",
                   .floor = "S * r",
                   .lower_bound = "S * r * (c_o - r)",
                   .novikov = "S * r * r"},
          .left_out = {}};
}
Formula left_out_formula() {
  return {.substitution = "other",
          .description = "another",
          .evaluation = Evaluation::kDense,
          .left_out = "evaluation = dense must be factored for other"};
}

TEST(FormulaTables, EstimatesAreNamedAsSuch) {
  const std::string text = write_formulas({sample_formula(), left_out_formula()}, Format::kText);
  EXPECT_EQ(text, "x_y:z=1, evaluation dense\n"
                  "  r                 = int(rank_scale * c_i)\n"
                  "  parameters        = r * c_o\n"
                  "  mult-adds[macs]   = S * r * c_o // 2\n"
                  "  per batch[macs]   = 0\n"
                  "  floor[macs]       = S * r\n"
                  "  lower-bound[macs] = S * r * (c_o - r)\n"
                  "  novikov[macs]     = S * r * r\n"
                  "\n"
                  "c_i               input channels\n"
                  "c_o               output channels\n"
                  "k_h               kernel height\n"
                  "k_w               kernel width\n"
                  "S                 output positions, of the whole batch\n"
                  "S_in              input positions, of the whole batch\n"
                  "b                 parameters of the convolution's own bias: c_o, or 0 without\n"
                  "a // b            a / b, rounded down\n"
                  "int(a)            the whole part of a, toward zero\n"
                  "[macs]            by convention macs: every multiply-accumulate that the chosen evaluation executes\n"
                  "                  (of fast transforms those reckoned, not executed); no bias, nothing else\n"
                  "floor             an estimate, and no count: for generic values, no linear scheme that treats each\n"
                  "                  position by itself does with less; one that treats several together can\n"
                  "lower-bound       an estimate, and no count: each stored number is used once for each position:\n"
                  "                  mapping activations to the format's own space, and from it, is free\n"
                  "novikov           an estimate, and no count: d r^2 m max(M, N), r and m the largest: an estimate\n"
                  "                  from above (Novikov et al. 2015)\n"
                  "other is left out: evaluation = dense must be factored for other\n");
  const auto json = nlohmann::json::parse(write_formulas({sample_formula(), left_out_formula()}, Format::kJson));
  ASSERT_EQ(json.size(), 2u);
  EXPECT_EQ(json[0]["evaluation"], "dense");
  EXPECT_EQ(json[0]["convention"], "macs");
  ASSERT_EQ(json[0]["estimates"].size(), 3u);
  EXPECT_EQ(json[0]["estimates"][0]["name"], "floor");
  EXPECT_EQ(json[0]["estimates"][1]["expression"], "S * r * (c_o - r)");
  EXPECT_EQ(json[1]["left_out"], "evaluation = dense must be factored for other");
  EXPECT_FALSE(json[1].contains("parameters"));
  const std::string markdown = write_formulas({sample_formula()}, Format::kMarkdown);
  EXPECT_NE(markdown.find("| x_y:z=1 | dense | floor[macs] | S \\* r |\n"), std::string::npos) << markdown;
}

TEST(FormulaTables, InLatex) {
  const std::string latex = write_formulas({sample_formula(), left_out_formula()}, Format::kLatex);
  for (const std::string part :
       {R"(\documentclass{article})", R"(\section*{x\_y:z=1, evaluation dense})", R"(Some family of $r_k$ and 1 $\times$ 1.)",
        R"(Its setting is $\mathrm{rank\_scale}$: how much.)",
        "\\begin{align*}\nr &= \\lfloor \\mathrm{rank\\_scale}\\,c_i \\rfloor\n", R"(\text{parameters} &= r\,c_o \\)",
        R"(\text{mult-adds[macs]} &= \Bigl\lfloor \frac{S\,r\,c_o}{2} \Bigr\rfloor \\)",
        "Estimates, printed beside counts, and none themselves:\n", R"(\text{lower-bound[macs]} &= S\,r\,(c_o - r) \\)",
        "other is left out: evaluation = dense must be factored for other"})
    EXPECT_NE(latex.find(part), std::string::npos) << part << "\nin: " << latex;
  EXPECT_TRUE(latex.ends_with("\\end{document}\n"));
}

TEST(FormulaTables, ASymbolIsNoBeginningOfASentence) {
  Formula formula = sample_formula();
  formula.description = "k x k, and no more";
  EXPECT_NE(write_formulas({formula}, Format::kLatex).find("\nk $\\times$ k, and no more.\n"), std::string::npos);
  formula.description = "depthwise";
  EXPECT_NE(write_formulas({formula}, Format::kLatex).find("\nDepthwise.\n"), std::string::npos);
}

using LatexWithEstimates = test::Cli;

TEST_F(LatexWithEstimates, Compiles) {
  if (test::run_program({"sh", "-c", "command -v pdflatex && kpsewhich amsmath.sty geometry.sty"}).code != 0)
    GTEST_SKIP() << "pdflatex with amsmath and geometry is not installed";
  write("sample.tex", write_formulas({sample_formula(), left_out_formula()}, Format::kLatex));
  const test::Result result = test::run_program({"pdflatex", "-interaction=nonstopmode", "-halt-on-error", "sample.tex"});
  EXPECT_EQ(result.code, 0) << result.out;
  EXPECT_EQ(result.out.find("Overfull"), std::string::npos) << result.out;
}

TEST(FormulaTables, EvaluationsThatAreAskedFor) {
  // Hashing computes a dense weight; a separable convolution has nothing but its two parts.
  const auto names = [](const FormulaRequest &request, Evaluation evaluation) {
    std::pair<std::size_t, std::size_t> out; // with a form, left out
    for (const Formula &formula : formulas(request)) {
      EXPECT_EQ(formula.evaluation, evaluation) << formula.substitution;
      if (formula.substitution == "hashed") {
        EXPECT_EQ(formula.left_out.empty(), evaluation == Evaluation::kDense);
      }
      if (formula.substitution == "sep") {
        EXPECT_EQ(formula.left_out.empty(), evaluation == Evaluation::kFactored);
      }
      ++(formula.left_out.empty() ? out.first : out.second);
    }
    return out;
  };
  for (const Evaluation evaluation : {Evaluation::kFactored, Evaluation::kDense}) {
    const auto [known, left_out] = names({.evaluation = evaluation}, evaluation);
    EXPECT_GE(known, 5u);
    EXPECT_EQ(known + left_out, substitutions().size());
  }
  std::size_t all = 0;
  for (const Substitution *family : substitutions()) all += family->info().evaluations.size();
  EXPECT_EQ(formulas({.all_evaluations = true}).size(), all);
  for (const Formula &formula : formulas({.all_evaluations = true})) EXPECT_FALSE(formula.form.parameters.empty());
  test::expect_message([] { formulas({.substitution = "Sep", .evaluation = Evaluation::kDense}); },
                       "[usage] --evaluation: evaluation = dense must be factored for sep");
}

} // namespace
} // namespace pare

#include "tests/run.hpp"

namespace pare::test {

namespace {

using FormulaDocument = Cli;

// The document needs nothing but itself, and no formula is wider than the page.
TEST_F(FormulaDocument, CompilesAndFitsThePage) {
  if (run_program({"sh", "-c", "command -v pdflatex && kpsewhich amsmath.sty geometry.sty"}).code != 0)
    GTEST_SKIP() << "pdflatex with amsmath and geometry is not installed";
  for (const std::vector<std::string> &words :
       std::vector<std::vector<std::string>>{{"--all"}, {"tensor_train:dimensions=6"}, {"tucker:dimensions=6,core=train"}}) {
    std::vector<std::string> all = {"formulas", "-o", "all.tex"};
    all.insert(all.end(), words.begin(), words.end());
    ASSERT_EQ(run(all).code, 0);
    const Result result = run_program({"pdflatex", "-interaction=nonstopmode", "-halt-on-error", "all.tex"});
    EXPECT_EQ(result.code, 0) << result.out;
    EXPECT_EQ(result.out.find("Overfull"), std::string::npos) << result.out;
    EXPECT_TRUE(std::filesystem::exists(folder() / "all.pdf"));
  }
}

TEST_F(FormulaDocument, EvaluationsByName) {
  for (const Json &formula : json({"formulas", "--evaluation", "dense", "--format", "json"})) {
    EXPECT_EQ(formula.at("evaluation"), "dense");
    EXPECT_NE(formula.contains("left_out"), formula.contains("parameters")) << formula;
  }
  EXPECT_EQ(output({"formulas", "hashed", "--evaluation", "Dense"}), output({"formulas", "hashed"}));
  EXPECT_EQ(output({"formulas", "hashed", "--all"}).substr(0, 25), "hashed, evaluation dense\n");
  expect_fault(run({"formulas", "sep", "--evaluation", "dense"}), 2, "usage",
               {"--evaluation", "evaluation = dense must be factored for sep"});
  expect_fault(run({"formulas", "--evaluation", "dens"}), 2, "invalid_value",
               {"--evaluation", "factored, dense", "did you mean dense?"});
  expect_fault(run({"formulas", "--all", "--evaluation", "dense"}), 2, "usage", {"--all", "one of the two would be accepted"});
}

} // namespace

} // namespace pare::test

#include "solver/candidate_file.hpp"

#include "tests/run.hpp"
#include "tests/solver/candidates.hpp"
#include "tests/support.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace pare {
namespace {

using test::expect_message;

/// A window of the first budget would be two entries; here one limit of each kind, and a name and a text that need care.
CandidateTable written_table() {
  CandidateTable table;
  table.budgets = {{.quantity = "parameters", .at_least = false, .limit = 10},
                   {.quantity = "mult-adds[\"own\"]", .at_least = true, .limit = -3}};
  table.layers = {{.names = {"a", "b\n\"x\""},
                   .costs = {0, 5, 2, 0},
                   .scores = {0, -3},
                   .texts = {"Generic_0.1", "生成"},
                   .levels = {{1, 2}, {1, 1}}},
                  {.names = {"c"}, .costs = {1, 1}, .scores = {7}, .texts = {}, .levels = {}}};
  return table;
}

constexpr std::string_view kWritten = R"({
  "schema": "pare.candidates/1",
  "budgets": [
    {"quantity": "parameters", "relation": "<=", "limit": 10},
    {"quantity": "mult-adds[\"own\"]", "relation": ">=", "limit": -3}
  ],
  "layers": [
    {"names": ["a", "b\n\"x\""],
     "candidates": [
      {"text": "Generic_0.1", "costs": [0, 5], "score": 0, "level": [1, 2]},
      {"text": "生成", "costs": [2, 0], "score": -3, "level": [1, 1]}
    ]},
    {"names": ["c"],
     "candidates": [
      {"costs": [1, 1], "score": 7}
    ]}
  ],
  "certificate": {"shift": 30, "multipliers": [4, 0], "value": 7}
}
)";

TEST(CandidateFile, IsWrittenACandidateToALine) {
  const Certificate certificate{.shift = 30, .multipliers = {4, 0}, .value = 7};
  EXPECT_EQ(write_candidates(written_table(), certificate), kWritten);
  const CandidateFile read = read_candidates(kWritten, "f.json");
  EXPECT_EQ(write_candidates(read.table, read.certificate), kWritten);
  EXPECT_EQ(read.table.cost(0, 1, 0), 2);
  EXPECT_EQ(read.table.layers[0].levels[0], std::pair(std::int64_t{1}, std::int64_t{2}));
  EXPECT_EQ(read.certificate.value, 7);
}

TEST(CandidateFile, OfNothing) {
  const std::string text = write_candidates({}, {.shift = 0, .multipliers = {}, .value = std::nullopt});
  const CandidateFile read = read_candidates(text, "f.json");
  EXPECT_TRUE(read.table.layers.empty() && read.table.budgets.empty() && !read.certificate.value);
  EXPECT_EQ(write_candidates(read.table, read.certificate), text);
}

TEST(CandidateFile, RefusesWhatItIsNot) {
  // Each replaces one part of the file.
  const auto refused = [](std::string_view part, std::string_view by, std::string_view line) {
    std::string text(kWritten);
    const std::size_t at = text.find(part);
    ASSERT_NE(at, std::string::npos) << part;
    text.replace(at, part.size(), by);
    expect_message([&] { read_candidates(text, "f.json"); }, line);
  };
  const std::string at = "[invalid_file] f.json/";
  refused("candidates/1", "candidates/2", at + "schema: schema = \"pare.candidates/2\" must be \"pare.candidates/1\"");
  refused("\"schema\"", "\"scheme\"", at + "schema: \"schema\": \"pare.candidates/1\" is expected, and there is none");
  refused("\"layers\"", "\"layer\"", at + "layers: \"layers\" is missing");
  refused("[\n    {\"quantity\"", "[7, {\"quantity\"", at + "budgets[0]: 7 must be an object");
  refused("\"<=\"", "\"<\"", at + "budgets[0].relation: relation = \"<\" must be one of <=, >=");
  refused("10}", "1e1}",
          at + "budgets[0].limit: limit = 10.0 must be a whole number from -9223372036854775807 up, written in digits");
  refused("10}", "10, \"unit\": 1}", at + "budgets[0].unit: unknown key \"unit\"; known: quantity, relation, limit");
  refused("[\"c\"]", "[]", at + "layers[1].names: names = [] must be the names of the equal layers, one at least");
  refused("[\"c\"]", "\"c\"",
          at + "layers[1].names: names = \"c\" must be an array of names, one for each of the equal layers");
  refused("[\"c\"]", "[\"c\", 3]", at + "layers[1].names[1]: name = 3 must be text in quotes");
  refused("{\"costs\": [1, 1], \"score\": 7}", "",
          at + "layers[1].candidates: candidates = [] must be the candidates of the layer, one at least");
  refused("[1, 1], \"score\"", "[1, -1], \"score\"",
          at + "layers[1].candidates[0].costs[1]: cost = -1 must be a whole number from 0 up");
  refused("[1, 1], \"score\"", "[1, 2.0], \"score\"",
          at + "layers[1].candidates[0].costs[1]: cost = 2.0 must be a whole number from 0 up, written in digits");
  refused("[1, 1], \"score\"", "[1], \"score\"",
          at + "layers[1].candidates[0].costs: 1 costs; 2, one for each budget, would be accepted");
  refused("[0, 5]", "[0, 5, 6]", at + "layers[0].candidates[1].costs: 2 costs; 3, one for each budget, would be accepted");
  refused(",\n    {\"quantity\": \"mult-adds[\\\"own\\\"]\", \"relation\": \">=\", \"limit\": -3}", "",
          at + "layers[0].candidates[0].costs: 2 costs; 1, one for each budget, would be accepted");
  refused("7}\n", "7.5}\n", at + "layers[1].candidates[0].score: score = 7.5 must be a whole number");
  refused("\"text\": \"生成\", ", "",
          at + "layers[0].candidates[1].text: \"text\" is missing; all of a layer's candidates have one, or none");
  refused("\"text\": \"Generic_0.1\", ", "",
          at + "layers[0].candidates[1].text: \"text\" is given, and the first candidate has none; all of a layer's candidates "
               "have one, or none");
  refused("[1, 1]}", "[1, 0]}",
          at + "layers[0].candidates[1].level: level = [1,0] must be [numerator, denominator], whole numbers from 0 and from 1 "
               "up");
  refused("30", "63", at + "certificate.shift: shift = 63 must be a whole number from 0 to 62");
  refused("[4, 0]", "[4]", at + "certificate.multipliers: 1 multipliers; 2, one for each budget, would be accepted");
  refused("[4, 0]", "[4, -1]", at + "certificate.multipliers[1]: multiplier = -1 must be a whole number from 0 up");
  refused("\"value\": 7", "\"value\": \"7\"", at + "certificate.value: value = \"7\" must be a whole number");
  refused("\"certificate\"", "\"proof\"", at + "certificate: \"certificate\" is missing");
  // Sums of what fits alone.
  refused("[2, 0]", "[9223372036854775807, 0]",
          "[overflow] f.json/a: 2 * 9223372036854775807 does not fit in a signed 64-bit integer; counts are exact or refused");
}

TEST(CandidateFile, ReadsSoManyBytesAtMost) {
  const std::string text(kMostCandidateBytes + 1, ' ');
  expect_message([&] { read_candidates(text, "f.json"); },
                 "[limit] f.json: has 134217729 bytes; at most 134217728 are read as pare.candidates/1");
  std::string budgets = R"({"schema": "pare.candidates/1", "layers": [], "budgets": [)";
  for (int j = 0; j < 9; ++j)
    budgets += std::string(j == 0 ? "" : ", ") + R"({"quantity": "parameters", "relation": "<=", "limit": 1})";
  budgets += R"(], "certificate": {"shift": 0, "multipliers": [0, 0, 0, 0, 0, 0, 0, 0, 0], "value": 0}})";
  expect_message([&] { read_candidates(budgets, "f.json"); },
                 "[limit] f.json/budgets: 9 budgets; 8 at most, a window being two, would be accepted");
}

TEST(CandidateFile, ForSolversOfMixedIntegerProgrammes) {
  EXPECT_EQ(write_mps(written_table()), R"(* budget_1: parameters <= 10
* budget_2: mult-adds["own"] >= -3
* layer_1: a b "x"
* x_1_1: Generic_0.1
* x_1_2: 生成
* layer_2: c
NAME candidates
ROWS
 N loss
 L budget_1
 G budget_2
 E layer_1
 E layer_2
COLUMNS
 MARKER 'MARKER' 'INTORG'
 x_1_1 loss 0
 x_1_1 layer_1 1
 x_1_1 budget_2 5
 x_1_2 loss 3
 x_1_2 layer_1 1
 x_1_2 budget_1 2
 x_2_1 loss -7
 x_2_1 layer_2 1
 x_2_1 budget_1 1
 x_2_1 budget_2 1
 MARKER 'MARKER' 'INTEND'
RHS
 RHS budget_1 10
 RHS budget_2 -3
 RHS layer_1 2
 RHS layer_2 1
BOUNDS
 UP BOUND x_1_1 2
 UP BOUND x_1_2 2
 UP BOUND x_2_1 1
ENDATA
)");
}

/// GLPK has a reader and a branch and bound of its own; its doubles hold sums of such numbers exactly.
class CandidateFileMps : public test::Cli {};

TEST_F(CandidateFileMps, IsSolvedAlikeByGlpk) {
  if (test::run_program({"sh", "-c", "command -v glpsol"}).code != 0) GTEST_SKIP() << "glpk-utils is not installed";
  test::Draw draw(4);
  std::vector<std::string> expected;
  for (int n = 0; n < 200; ++n) {
    const CandidateTable table = test::random_table(draw, 90);
    const auto best = test::best_of(table);
    expected.push_back(best.value ? fmt::format("{}.mps {}", n, -*best.value) : fmt::format("{}.mps none", n));
    write(fmt::format("{}.mps", n), write_mps(table));
  }
  // "s mip ROWS COLUMNS o LOSS", o for optimal.
  write("solve.sh", R"(
    for n in $(seq 0 199); do
      glpsol --freemps "$n.mps" --write solution > log || { cat log; exit 1; }
      sed -n "s/^s mip [0-9]* [0-9]* o /$n.mps /p; s/^s mip [0-9]* [0-9]* [nu] .*/$n.mps none/p" solution
    done)");
  const test::Result result = test::run_program({"sh", "solve.sh"});
  EXPECT_EQ(result.code, 0) << result.out << result.err;
  EXPECT_EQ(test::lines(result.out), expected);
}

TEST(CandidateFile, ForPseudoBooleanSolvers) {
  EXPECT_EQ(write_opb(written_table()), R"(* #variable= 5 #constraint= 5
* x1: a Generic_0.1
* x2: a 生成
* x3: b "x" Generic_0.1
* x4: b "x" 生成
* x5: c
min: +0 x1 +3 x2 +0 x3 +3 x4 -7 x5 ;
+0 x1 -2 x2 +0 x3 -2 x4 -1 x5 >= -10 ;
+5 x1 +0 x2 +5 x3 +0 x4 +1 x5 >= -3 ;
+1 x1 +1 x2 = 1 ;
+1 x3 +1 x4 = 1 ;
+1 x5 = 1 ;
)");
}

} // namespace
} // namespace pare

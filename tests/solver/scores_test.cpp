#include "solver/scores/score.hpp"

#include "solver/mixed/problem.hpp"
#include "tests/solver/mixed_requests.hpp"
#include "tests/support.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>

namespace pare {
namespace {

using test::expect_message;

constexpr std::string_view kScoreHeading = "layer,candidate,score\n";

ScoreTable score_table_of(const std::string &lines) { return ScoreTable(std::string(kScoreHeading) + lines, "t.csv"); }

TEST(ScoreTable, ReadsCsv) {
  const ScoreTable table = score_table_of("a,generic:rank=7,1.5\r\n"
                                          "\n"
                                          "a,\"tucker:ranks=3/5/2,core=train\",-2\n"
                                          "\"b \"\"x\"\", y\",Generic_0.5,1e-9\n"
                                          "b,conv,1e6");
  EXPECT_EQ(table.find("a", "generic:rank=7"), 1'500'000'000);
  EXPECT_EQ(table.find("a", "tucker:ranks=3/5/2,core=train"), -2'000'000'000);
  EXPECT_EQ(table.find("b \"x\", y", "Generic_0.5"), 1);
  EXPECT_EQ(table.find("b", "Conv"), 1'000'000'000'000'000);
  EXPECT_EQ(table.find("a", "generic:rank=8"), std::nullopt);
  EXPECT_EQ(table.find("c", "generic:rank=7"), std::nullopt);
}

TEST(ScoreTable, ReadsACandidateByAnyOfItsNames) {
  const ScoreTable table = score_table_of("a,generic:rank_scale=0.5,1\na,shuffle_4,2\n");
  for (const std::string name : {"Generic_0.5", "generic:rank_scale=0.50", "generic_0.5"})
    EXPECT_EQ(table.find("a", name), 1'000'000'000) << name;
  EXPECT_EQ(table.find("a", "shuffle:groups=4"), 2'000'000'000);
}

TEST(ScoreTable, RefusesWhatIsNone) {
  const auto refused = [](const std::string &csv, std::string_view line) {
    expect_message([&] { ScoreTable(csv, "t.csv"); }, line);
  };
  const std::string heading(kScoreHeading);
  refused("", "[invalid_file] t.csv: an empty file; layer,candidate,score must head it");
  refused("layer,score\n", "[invalid_file] t.csv:1: \"layer,score\" must be layer,candidate,score");
  refused(heading + "a,Conv,1\na,conv,2\n", "[invalid_file] t.csv:3: \"conv\" of layer \"a\" is given twice");
  refused(
      heading + "a,Conv\n",
      "[invalid_file] t.csv:2: a line has 2 cells, and must have 3: layer,candidate,score; a candidate with commas stands in "
      "quotes");
  refused(
      heading + "a,tucker:ranks=1/1/1,core=train,3\n",
      "[invalid_file] t.csv:2: a line has 4 cells, and must have 3: layer,candidate,score; a candidate with commas stands in "
      "quotes");
  refused(heading + "a,\"Conv,1\n", "[invalid_file] t.csv:2: a quote is not closed on its line");
  for (const std::string number : {"x", "", "nan", "inf", "-inf", "1.1e6", "1 2", "0x10"})
    refused(heading + "a,Conv," + number + "\n",
            fmt::format("[invalid_file] t.csv:2: score = \"{}\" must be a number from -1e6 to 1e6", number));
  refused(heading + "a,generic,1\n", "[invalid_file] t.csv:2: rank_scale is missing; it must be a number in (0, 1]");
}

TEST(ScoreTable, MissingCandidatesAreNamed) {
  const Network network = make_network("wrn-10-1");
  MixedRequest request = test::mixed_request({"generic"}, {"parameters<=50%"});
  request.score = "table";
  request.rule.most = 3;
  const auto refused = [&](const std::string &lines, std::string_view line) {
    request.table.emplace(score_table_of(lines));
    expect_message([&] { MixedProblem(network, request); }, line);
  };
  refused("", "[invalid_file] t.csv: no score for \"Conv\" of layer \"block1.0.layer.0.conv1\" and 3 more of its candidates; a "
              "line for each candidate of each layer would be accepted");
}

TEST(Scores, SayWhatTheyAre) {
  EXPECT_EQ(scores().size(), 4U);
  for (const Score *score : scores()) {
    EXPECT_EQ(&find_score(score->info().name), score);
    EXPECT_FALSE(score->info().description.empty());
    EXPECT_FALSE(score->info().assumes.empty());
  }
  expect_message(
      [] { find_score("capacty"); },
      "[unknown_name] score: unknown score \"capacty\"; known: capacity, parameters, table, spectral; did you mean capacity?");
}

} // namespace
} // namespace pare

#include "solver/proof.hpp"

#include "solver/candidate_file.hpp"
#include "tests/run.hpp"
#include "tests/solver/candidates.hpp"
#include "tests/support.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace pare {
namespace {

using test::best_of;
using test::certificate_of;
using test::Draw;
using test::expect_message;
using test::forgeries_of;
using test::random_table;

/// Two layers, of which the first stands for two; at most 10 of the one budget. The best choice is 3 + 3 + 7: cost 2 + 2 + 5.
CandidateTable proof_table() {
  CandidateTable table;
  table.budgets = {{.quantity = "parameters", .at_least = false, .limit = 10}};
  table.layers = {{.names = {"a", "b"}, .costs = {0, 2, 6}, .scores = {0, 3, 8}, .texts = {}, .levels = {}},
                  {.names = {"c"}, .costs = {1, 5}, .scores = {1, 7}, .texts = {}, .levels = {}}};
  return table;
}
const Choice kProofChoice = {{1, 1}, {1}};

TEST(Proof, OfASmallTable) {
  // U of the multiplier 1.5: twice max(0, 3 - 3, 8 - 9), max(1 - 1.5, 7 - 7.5), and 15: 14.5.
  const Certificate certificate{.shift = 1, .multipliers = {3}, .value = 13};
  const Proof proof = prove(proof_table(), certificate, &kProofChoice);
  EXPECT_EQ(proof.proven, Proven::kOptimal) << proof.detail;
  EXPECT_EQ(proof.bound, 14);
  EXPECT_EQ(proof.gap, 1);
  EXPECT_FALSE(proof.refuted);
  EXPECT_EQ(proof.limit, Limit::kNone);
  EXPECT_EQ(proof.detail, "no choice that meets the budgets is better");
  EXPECT_EQ(prove(proof_table(), certificate).proven, Proven::kOptimal);
  EXPECT_EQ(prove(proof_table(), certificate, &kProofChoice, {}, Proven::kBound).proven, Proven::kBound);
  EXPECT_EQ(prove(proof_table(), certificate, &kProofChoice, {}, Proven::kFeasible).proven, Proven::kFeasible);
}

TEST(Proof, SaysWhyAClaimIsFalse) {
  const auto detail = [](std::int64_t value, const Choice *choice) {
    const Proof proof = prove(proof_table(), {.shift = 1, .multipliers = {3}, .value = value}, choice);
    EXPECT_TRUE(proof.refuted);
    EXPECT_EQ(proof.proven, Proven::kNothing);
    return proof.detail;
  };
  const Choice dear = {{2, 1}, {1}}, poor = {{1, 1}, {0}};
  EXPECT_EQ(detail(18, &dear), "the choice has parameters 13, and the budget is <= 10");
  EXPECT_EQ(detail(13, &poor), "the choice's scores sum to 7, not to 13");
  EXPECT_EQ(detail(7, &poor), "there is a choice of 12 that meets the budgets"); // a better one, not the best
  EXPECT_EQ(detail(7, nullptr), "there is a choice of 12 that meets the budgets");
  EXPECT_EQ(detail(14, nullptr), "no choice that meets the budgets has the value 14");
  EXPECT_EQ(detail(15, nullptr), "no choice has more than 14");
  const Proof none = prove(proof_table(), {.shift = 1, .multipliers = {3}, .value = std::nullopt});
  EXPECT_TRUE(none.refuted);
  EXPECT_EQ(none.detail, "there is a choice that meets the budgets");
}

TEST(Proof, OfWhatCannotBe) {
  CandidateTable table = proof_table();
  table.budgets[0].limit = 0; // the second layer costs 1 at least
  for (const std::int64_t multiplier : {0, 1}) {
    const Proof proof = prove(table, {.shift = 1, .multipliers = {multiplier}, .value = std::nullopt});
    EXPECT_EQ(proof.proven, Proven::kInfeasible);
    EXPECT_EQ(proof.detail, multiplier == 0 ? "no choice meets the budgets"
                                            : "even what costs least by the multipliers is beyond the budgets");
  }
}

TEST(Proof, RefusesWhatDoesNotFitTheTable) {
  const CandidateTable table = proof_table();
  const auto refused = [&](const Certificate &certificate, const Choice *choice, std::string_view line) {
    expect_message([&] { prove(table, certificate, choice); }, line);
  };
  refused({.shift = 1, .multipliers = {-3}, .value = 13}, nullptr,
          "[invalid_value] certificate/multipliers[0]: multiplier = -3 must be a whole number from 0 up");
  refused({.shift = 63, .multipliers = {3}, .value = 13}, nullptr,
          "[invalid_value] certificate/shift: shift = 63 must be a whole number from 0 to 62");
  refused({.shift = 1, .multipliers = {}, .value = 13}, nullptr,
          "[invalid_value] certificate/multipliers: 0 multipliers of 1 budgets; one for each would be accepted");
  refused({.shift = 1, .multipliers = {3}, .value = std::nullopt}, &kProofChoice,
          "[invalid_value] choice: a choice, and none is said to meet the budgets; no choice would be accepted");
  const Choice few = {{1, 1}}, short_one = {{1}, {1}}, beyond = {{1, 1}, {2}};
  const Certificate certificate{.shift = 1, .multipliers = {3}, .value = 13};
  refused(certificate, &few, "[invalid_value] choice: 1 layers; 2, those of the table, would be accepted");
  refused(certificate, &short_one,
          "[invalid_value] choice[0]: 1 candidates; 2, one for each of the equal layers, would be accepted");
  refused(certificate, &beyond, "[invalid_value] choice[1]: candidate = 2 must be a whole number from 0 to 1");
  refused({.shift = 62, .multipliers = {INT64_MAX}, .value = 13}, nullptr, "no error");
  CandidateTable large = table;
  large.layers[0].scores[0] = INT64_MAX / 4;
  expect_message([&] { prove(large, {.shift = 62, .multipliers = {0}, .value = 13}); },
                 "[overflow] certificate: the bound has more than 120 bits; smaller multipliers, or a smaller shift, would be "
                 "accepted");
}

TEST(Proof, OfRandomTablesAndTheirForgeries) {
  Draw draw(1);
  int optimal = 0, infeasible = 0, forged = 0;
  for (int n = 0; n < 400; ++n) {
    const CandidateTable table = random_table(draw);
    const auto best = best_of(table);
    const Certificate certificate = certificate_of(table, best.value);
    const Proof proof = prove(table, certificate, best.value ? &best.choice : nullptr);
    ASSERT_EQ(proof.proven, best.value ? Proven::kOptimal : Proven::kInfeasible) << n << ' ' << proof.detail;
    ASSERT_EQ(prove(table, certificate).proven, proof.proven) << n;
    ++(best.value ? optimal : infeasible);
    for (const auto &forgery : forgeries_of(table, certificate, best)) {
      const Proof other = prove(forgery.table, forgery.certificate);
      ASSERT_TRUE(other.refuted && other.proven == Proven::kNothing) << n << ' ' << forgery.what << ": " << other.detail;
      ++forged;
    }
    // Multipliers that have nothing to do with the table: the same verdict, since small tables are enumerated whole.
    Certificate any = certificate;
    for (std::int64_t &multiplier : any.multipliers)
      multiplier = draw.one_in(3) ? 0 : draw.from(0, std::int64_t{1} << draw.from(0, 40));
    ASSERT_EQ(prove(table, any).proven, proof.proven) << n;
  }
  EXPECT_GT(optimal, 200);
  EXPECT_GT(infeasible, 20);
  EXPECT_GT(forged, 2000);
}

/// Layers of many candidates; scores that rise with costs, and less and less so.
CandidateTable large_proof_table(std::size_t layers, std::int64_t equal, std::int64_t candidates) {
  Draw draw(3);
  CandidateTable table;
  std::int64_t most = 0;
  for (std::size_t i = 0; i < layers; ++i) {
    CandidateTable::Layer layer;
    for (std::int64_t t = 0; t < equal; ++t) layer.names.push_back(fmt::format("layer{}.{}", i, t));
    for (std::int64_t c = 0; c < candidates; ++c) {
      layer.costs.push_back(draw.from(1, 1'000'000));
      layer.scores.push_back(static_cast<std::int64_t>(1e6 * std::sqrt(static_cast<double>(layer.costs.back()))) +
                             draw.from(0, 100'000));
    }
    most += equal * *std::max_element(layer.costs.begin(), layer.costs.end());
    table.layers.push_back(std::move(layer));
  }
  table.budgets = {{.quantity = "parameters", .at_least = false, .limit = most / 3}};
  return table;
}

/// The same, where only the cost counts: score = 10^9 cost. The multiplier 2^shift 10^9 leaves no losses at all.
// Of many candidates that lose nothing each is tried: here the only choice within the budgets takes one from their middle.
TEST(Proof, TriesEachOfManyEqualCandidates) {
  CandidateTable table;
  table.budgets = {{.quantity = "a", .at_least = false, .limit = 113}, {.quantity = "b", .at_least = false, .limit = 115}};
  for (const std::size_t names : {1, 5}) {
    CandidateTable::Layer &layer = table.layers.emplace_back();
    layer.names.assign(names, "x");
    for (std::int64_t i = 0; i < 20; ++i) {
      const bool is_middle = names == 1 && i == 10;
      layer.costs.push_back(is_middle ? 19 : 2 * i);
      layer.costs.push_back(is_middle ? 19 : 38 - 2 * i);
    }
    if (names == 5) layer.costs.insert(layer.costs.end(), {0, 38});
    layer.scores.assign(layer.costs.size() / 2, 0);
  }
  // (19, 19), and five whose first costs sum to 94 and whose second to 96.
  const Proof none = prove(table, {.shift = 0, .multipliers = {0, 0}, .value = {}});
  EXPECT_EQ(none.proven, Proven::kNothing) << none.detail;
  EXPECT_TRUE(none.refuted) << none.detail;
  const Proof found = prove(table, {.shift = 0, .multipliers = {0, 0}, .value = 0});
  EXPECT_EQ(found.proven, Proven::kOptimal) << found.detail;
}

TEST(Proof, OfABoundBeyondSixtyFourBits) {
  CandidateTable table;
  table.budgets = {{.quantity = "a", .at_least = false, .limit = 0}};
  table.layers.push_back({.names = {"x"}, .costs = {std::int64_t{1} << 40}, .scores = {0}, .texts = {}, .levels = {}});
  const Proof proof = prove(table, {.shift = 0, .multipliers = {std::int64_t{1} << 62}, .value = 0});
  EXPECT_TRUE(proof.refuted);
  EXPECT_FALSE(proof.bound);
  EXPECT_EQ(proof.detail, "no choice has that value");
}

TEST(Proof, OfAFilledBudget) {
  CandidateTable table = large_proof_table(10, 3, 500);
  for (CandidateTable::Layer &layer : table.layers)
    for (std::size_t c = 0; c < layer.size(); ++c) layer.scores[c] = 1'000'000'000 * layer.costs[c];
  const std::int64_t limit = table.budgets[0].limit;
  const Certificate certificate{.shift = 30, .multipliers = {1'000'000'000LL << 30}, .value = 1'000'000'000 * limit};
  const Proof proof = prove(table, certificate);
  EXPECT_EQ(proof.proven, Proven::kOptimal) << proof.detail;
  Certificate less = certificate;
  less.value = 1'000'000'000 * (limit - 1);
  EXPECT_TRUE(prove(table, less).refuted);
  less.value = *certificate.value - 1;
  EXPECT_TRUE(prove(table, less).refuted);
}

TEST(Proof, StopsAtItsLimits) {
  // Nothing is known by multipliers of 0, and the sums of costs are many.
  const CandidateTable table = large_proof_table(12, 2, 500);
  const Certificate certificate{.shift = 0, .multipliers = {0}, .value = std::nullopt};
  CandidateTable window = table;
  for (CandidateTable::Layer &layer : window.layers) {
    layer.costs.clear();
    for (const std::int64_t cost : table.layers[0].costs) layer.costs.insert(layer.costs.end(), {cost, cost});
  }
  window.budgets.push_back({.quantity = "parameters", .at_least = true, .limit = window.budgets[0].limit + 1});
  const Certificate both{.shift = 0, .multipliers = {0, 0}, .value = std::nullopt};
  Control small, soon;
  small.memory_bytes = 1 << 20;
  soon.time_limit_seconds = 0.01;
  const Proof memory = prove(window, both, nullptr, small);
  EXPECT_FALSE(memory.refuted);
  EXPECT_EQ(memory.proven, Proven::kNothing);
  EXPECT_EQ(memory.limit, Limit::kMemory);
  EXPECT_EQ(memory.detail, "not proven: the multipliers leave more choices to look at than 1048576 bytes hold");
  const Proof time = prove(window, both, nullptr, soon);
  EXPECT_EQ(time.limit, Limit::kTime);
  EXPECT_EQ(time.detail, "not proven: the time was over before all choices were looked at");
  Control control;
  control.interrupted = [] { return true; };
  EXPECT_EQ(prove(window, both, nullptr, control).limit, Limit::kInterrupted);
  EXPECT_EQ(prove(window, both, nullptr, control).detail, "not proven: interrupted before all choices were looked at");
  EXPECT_TRUE(prove(table, certificate).refuted); // one budget alone can be met
}

// ------------------------------------------------------------------------------------------------- the second checker

class CheckCandidates : public test::Cli {
protected:
  void write_table(const std::string &name, const CandidateTable &table, const Certificate &certificate) const {
    write(name, write_candidates(table, certificate));
  }
  /// A line for each file that is there, and the exit code.
  test::Result check(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"python3", PARE_SOURCE_DIR "/tests/solver/check_candidates.py"});
    return test::run_program(arguments);
  }
};

TEST_F(CheckCandidates, AgreesOnRandomTablesAndForgeries) {
  Draw draw(2);
  std::vector<std::string> truths, lines;
  std::vector<std::string> forged;
  for (int n = 0; n < 60; ++n) {
    const CandidateTable table = random_table(draw);
    const auto best = best_of(table);
    const Certificate certificate = certificate_of(table, best.value);
    truths.push_back(fmt::format("{}.json", n));
    write_table(truths.back(), table, certificate);
    lines.push_back(truths.back() +
                    (best.value ? fmt::format(": optimal: value {}, bound {}", *best.value, *prove(table, certificate).bound)
                                : ": infeasible"));
    for (const auto &forgery : forgeries_of(table, certificate, best)) {
      forged.push_back(fmt::format("{}_{}.json", n, forged.size()));
      write_table(forged.back(), forgery.table, forgery.certificate);
    }
    Certificate negative = certificate;
    negative.multipliers[0] = -1;
    forged.push_back(fmt::format("{}_negative.json", n));
    write_table(forged.back(), table, negative);
    expect_message([&] { read_candidates(read(forged.back()), "forged.json"); },
                   "[invalid_file] forged.json/certificate.multipliers[0]: multiplier = -1 must be a whole number from 0 up");
  }
  const test::Result proven = check(truths);
  EXPECT_EQ(proven.code, 0) << proven.err;
  EXPECT_EQ(test::lines(proven.out), lines);
  const test::Result refuted = check(forged);
  EXPECT_EQ(refuted.code, 1) << refuted.err;
  const auto refutations = test::lines(refuted.out);
  ASSERT_EQ(refutations.size(), forged.size()) << refuted.err;
  for (std::size_t i = 0; i < forged.size(); ++i)
    EXPECT_TRUE(refutations[i].starts_with(forged[i] + ": refuted: ")) << refutations[i];
}

TEST_F(CheckCandidates, FindsWhatFillsABudget) {
  CandidateTable table = large_proof_table(10, 3, 500);
  for (CandidateTable::Layer &layer : table.layers)
    for (std::size_t c = 0; c < layer.size(); ++c) layer.scores[c] = 1'000'000'000 * layer.costs[c];
  const std::int64_t limit = table.budgets[0].limit;
  Certificate certificate{.shift = 30, .multipliers = {1'000'000'000LL << 30}, .value = 1'000'000'000 * limit};
  write_table("full.json", table, certificate);
  const test::Result proven = check({"full.json"});
  EXPECT_EQ(proven.code, 0) << proven.err;
  EXPECT_EQ(proven.out, fmt::format("optimal: value {0}, bound {0}\n", *certificate.value));
  certificate.value = 1'000'000'000 * (limit - 1);
  write_table("less.json", table, certificate);
  EXPECT_EQ(check({"less.json"}).out, fmt::format("refuted: a choice has {}\n", 1'000'000'000 * limit));
  certificate.value = 1'000'000'000 * limit - 1;
  write_table("odd.json", table, certificate);
  EXPECT_EQ(check({"odd.json"}).code, 1);
}

TEST_F(CheckCandidates, HoldsTheLevelsOfTwoFilesAgainstEachOther) {
  // Of the levels 1/2, 2/3 and 1 in each layer only 1/2 fits into the one's budget with any of the other.
  CandidateTable table;
  table.budgets = {{.quantity = "parameters", .at_least = false, .limit = 10}};
  for (const char *name : {"a", "b"})
    table.layers.push_back(
        {.names = {name}, .costs = {4, 6, 9}, .scores = {1, 2, 3}, .texts = {}, .levels = {{1, 2}, {2, 3}, {1, 1}}});
  CandidateTable above = table;
  for (CandidateTable::Layer &layer : above.layers) layer = {layer.names, {6, 9}, {2, 3}, {}, {{2, 3}, {1, 1}}};
  const Certificate none{.shift = 0, .multipliers = {1}, .value = std::nullopt};
  write_table("f.json", table, certificate_of(table, 3));
  write_table("f.json.next", above, none);
  EXPECT_EQ(check({"--levels", "f.json", "f.json.next"}).out, "highest least level: 1/2\n");
  EXPECT_EQ(check({"f.json"}).code, 0);
  above.layers[1] = {above.layers[1].names, {9}, {3}, {}, {{1, 1}}};
  write_table("f.json.next", above, none);
  const test::Result fewer = check({"--levels", "f.json", "f.json.next"});
  EXPECT_EQ(fewer.code, 1);
  EXPECT_EQ(fewer.out, "refuted: the second file has not what the first has above its least level, 1/2\n");
}

} // namespace
} // namespace pare

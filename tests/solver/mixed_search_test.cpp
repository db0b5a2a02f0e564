#include "base/error.hpp"
#include "solver/mixed/mixed_solver.hpp"
#include "tests/support.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace pare {
namespace {

__extension__ using MixedWide = __int128;

/// The numbers of one choice: each budget's costs, then the score.
std::vector<std::int64_t> mixed_sums(const CandidateTable &table, const Choice &choice) {
  std::vector<std::int64_t> out(table.budgets.size() + 1);
  EXPECT_EQ(choice.size(), table.layers.size());
  for (std::size_t i = 0; i < table.layers.size(); ++i) {
    EXPECT_EQ(choice[i].size(), table.layers[i].names.size());
    for (const std::uint32_t c : choice[i]) {
      for (std::size_t j = 0; j < table.budgets.size(); ++j) out[j] += table.cost(i, c, j);
      out.back() += table.layers[i].scores.at(c);
    }
  }
  return out;
}

bool mixed_fits(const CandidateTable &table, const std::vector<std::int64_t> &sums) {
  for (std::size_t j = 0; j < table.budgets.size(); ++j)
    if (table.budgets[j].at_least ? sums[j] < table.budgets[j].limit : sums[j] > table.budgets[j].limit) return false;
  return true;
}

/// The most that any choice scores, by trying all of them.
std::optional<std::int64_t> mixed_brute_force(const CandidateTable &table) {
  std::optional<std::int64_t> best;
  std::vector<std::size_t> copies; // the layer of each
  for (std::size_t i = 0; i < table.layers.size(); ++i) copies.insert(copies.end(), table.layers[i].names.size(), i);
  std::vector<std::int64_t> sums(table.budgets.size() + 1);
  const std::function<void(std::size_t)> go = [&](std::size_t at) {
    if (at == copies.size()) {
      if (mixed_fits(table, sums) && (!best || sums.back() > *best)) best = sums.back();
      return;
    }
    const std::size_t i = copies[at];
    for (std::size_t c = 0; c < table.layers[i].size(); ++c) {
      for (std::size_t j = 0; j < table.budgets.size(); ++j) sums[j] += table.cost(i, c, j);
      sums.back() += table.layers[i].scores[c];
      go(at + 1);
      for (std::size_t j = 0; j < table.budgets.size(); ++j) sums[j] -= table.cost(i, c, j);
      sums.back() -= table.layers[i].scores[c];
    }
  };
  go(0);
  return best;
}

/// U of candidate_table.hpp.
MixedWide mixed_bound(const CandidateTable &table, const Certificate &certificate) {
  MixedWide out = 0;
  for (std::size_t j = 0; j < table.budgets.size(); ++j) {
    EXPECT_GE(certificate.multipliers[j], 0);
    out += static_cast<MixedWide>(certificate.multipliers[j]) * table.budgets[j].sign() * table.budgets[j].limit;
  }
  for (std::size_t i = 0; i < table.layers.size(); ++i) {
    std::optional<MixedWide> best;
    for (std::size_t c = 0; c < table.layers[i].size(); ++c) {
      MixedWide worth = static_cast<MixedWide>(table.layers[i].scores[c]) * (std::int64_t{1} << certificate.shift);
      for (std::size_t j = 0; j < table.budgets.size(); ++j)
        worth -= static_cast<MixedWide>(certificate.multipliers[j]) * table.budgets[j].sign() * table.cost(i, c, j);
      best = best ? std::max(*best, worth) : worth;
    }
    out += *best * static_cast<MixedWide>(table.layers[i].names.size());
  }
  return out;
}

/// All that a result promises but that it is the best.
void expect_sound(const CandidateTable &table, const MixedResult &result) {
  ASSERT_EQ(result.choice.has_value(), result.value.has_value());
  EXPECT_EQ(result.certificate.value, result.value);
  ASSERT_EQ(result.certificate.multipliers.size(), table.budgets.size());
  const MixedWide unit = MixedWide{1} << result.certificate.shift;
  const MixedWide bound = mixed_bound(table, result.certificate);
  if (result.choice) {
    const std::vector<std::int64_t> sums = mixed_sums(table, *result.choice);
    EXPECT_TRUE(mixed_fits(table, sums));
    EXPECT_EQ(sums.back(), *result.value);
    EXPECT_GE(bound, unit * *result.value);
  }
  switch (result.reason) {
  case Reason::kOptimal:
    EXPECT_TRUE(result.choice);
    EXPECT_EQ(result.bound, result.value);
    EXPECT_EQ(result.limit, Limit::kNone);
    return;
  case Reason::kFeasible:
    EXPECT_TRUE(result.choice);
    EXPECT_NE(result.limit, Limit::kNone);
    break;
  case Reason::kInfeasible:
    EXPECT_FALSE(result.choice);
    EXPECT_FALSE(result.bound);
    EXPECT_EQ(result.limit, Limit::kNone);
    return;
  case Reason::kUnknown:
    EXPECT_FALSE(result.choice);
    EXPECT_NE(result.limit, Limit::kNone);
    break;
  }
  ASSERT_TRUE(result.bound);
  EXPECT_GE(bound, unit * *result.bound);
  EXPECT_LT(bound, unit * (static_cast<MixedWide>(*result.bound) + 1));
}

void expect_best(const CandidateTable &table, const std::string &what) {
  SCOPED_TRACE(what);
  check_table(table);
  const std::optional<std::int64_t> best = mixed_brute_force(table);
  for (const MixedSolver *solver : mixed_solvers()) {
    SCOPED_TRACE(std::string(solver->info().name));
    const MixedResult result = solver->solve(table, {});
    expect_sound(table, result);
    EXPECT_EQ(result.reason, best ? Reason::kOptimal : Reason::kInfeasible);
    EXPECT_EQ(result.value, best);
  }
}

struct MixedShape {
  std::int64_t largest_cost = 50;
  std::int64_t largest_score = 100;
  std::int64_t cost_step = 1;
  bool proportional = false; ///< scores are 1000 times the first cost
  bool windows = false;
};

CandidateTable random_mixed(std::mt19937_64 &random, const MixedShape &shape) {
  const auto up_to = [&](std::int64_t most) {
    return static_cast<std::int64_t>(random() % (static_cast<std::uint64_t>(most) + 1));
  };
  CandidateTable table;
  const std::int64_t quantities = 1 + up_to(3);
  const std::int64_t per_quantity = shape.windows ? 2 : 1;
  const std::int64_t layers = 1 + up_to(3);
  std::vector<std::int64_t> most(static_cast<std::size_t>(quantities));
  for (std::int64_t i = 0; i < layers; ++i) {
    CandidateTable::Layer layer;
    for (std::int64_t t = 0; t <= up_to(3) / 2; ++t)
      layer.names.push_back("layer" + std::to_string(i) + "." + std::to_string(t));
    const std::int64_t size = 1 + up_to(4);
    std::vector<std::int64_t> highest(most.size());
    for (std::int64_t c = 0; c < size; ++c) {
      std::int64_t first = 0;
      for (std::size_t q = 0; q < most.size(); ++q) {
        const std::int64_t cost = up_to(shape.largest_cost / shape.cost_step) * shape.cost_step;
        if (q == 0) first = cost;
        highest[q] = std::max(highest[q], cost);
        layer.costs.insert(layer.costs.end(), static_cast<std::size_t>(per_quantity), cost);
      }
      layer.scores.push_back(shape.proportional ? 1000 * first : up_to(2 * shape.largest_score) - shape.largest_score);
    }
    for (std::size_t q = 0; q < most.size(); ++q) most[q] += highest[q] * static_cast<std::int64_t>(layer.names.size());
    table.layers.push_back(std::move(layer));
  }
  for (std::size_t q = 0; q < most.size(); ++q) {
    const std::int64_t limit = up_to(most[q]);
    const bool at_least = !shape.windows && up_to(2) == 0;
    table.budgets.push_back({.quantity = "q" + std::to_string(q), .at_least = at_least, .limit = at_least ? limit / 2 : limit});
    if (shape.windows) table.budgets.push_back({.quantity = "q", .at_least = true, .limit = limit - up_to(most[q] / 3)});
  }
  return table;
}

void expect_best_of_many(const MixedShape &shape, unsigned seed, int count) {
  std::mt19937_64 random(seed);
  for (int i = 0; i < count; ++i) expect_best(random_mixed(random, shape), "instance " + std::to_string(i));
}

TEST(MixedSearch, AgreesWithBruteForce) { expect_best_of_many({}, 1, 400); }
TEST(MixedSearch, AgreesWithBruteForceWithWindows) { expect_best_of_many({.windows = true}, 2, 200); }
TEST(MixedSearch, AgreesWithBruteForceOnTies) {
  expect_best_of_many({.largest_cost = 3, .largest_score = 2}, 3, 300);
  expect_best_of_many({.largest_cost = 300, .cost_step = 12, .proportional = true}, 4, 200);
  expect_best_of_many({.largest_cost = 300, .cost_step = 12, .proportional = true, .windows = true}, 5, 150);
}
TEST(MixedSearch, AgreesWithBruteForceOnLargeNumbers) {
  // Eight copies at most of what is below 2^59: sums are below 2^62.
  constexpr std::int64_t kLarge = (std::int64_t{1} << 59) - 1;
  expect_best_of_many({.largest_cost = kLarge, .largest_score = kLarge}, 6, 150);
  expect_best_of_many({.largest_cost = kLarge, .largest_score = 3}, 7, 100);
  expect_best_of_many({.largest_cost = 3, .largest_score = kLarge}, 8, 100);
  expect_best_of_many({.largest_cost = kLarge, .largest_score = kLarge, .windows = true}, 9, 100);
}

TEST(MixedSearch, SmallestTables) {
  const CandidateTable none{.budgets = {{.quantity = "parameters", .limit = 0}}, .layers = {}};
  expect_best(none, "no layers");
  CandidateTable wanting = none;
  wanting.budgets[0] = {.quantity = "parameters", .at_least = true, .limit = 1};
  expect_best(wanting, "no layers, and something is asked for");
  expect_best({.budgets = {}, .layers = {{.names = {"a", "b"}, .costs = {}, .scores = {1, 3}, .texts = {}, .levels = {}}}},
              "no budgets");
  CandidateTable one = none;
  one.layers = {{.names = {"a"}, .costs = {0, 0}, .scores = {-5, -4}, .texts = {}, .levels = {}}};
  expect_best(one, "zero costs, negative scores");
  one.layers[0].costs = {1, 1};
  expect_best(one, "too much");
  one.budgets[0].limit = INT64_MIN;
  expect_best(one, "the least limit");
  one.budgets[0].at_least = true;
  expect_best(one, "no less than the least limit");
  one.budgets[0].limit = INT64_MAX;
  expect_best(one, "no less than the most");
}

TEST(MixedSearch, ANarrowWindowThatNoSumMeetsIsInfeasible) {
  // Sums are even, and multipliers see no reason against 7.
  CandidateTable table{.budgets = {{.quantity = "p", .limit = 7}, {.quantity = "p", .at_least = true, .limit = 7}},
                       .layers = {}};
  for (int i = 0; i < 5; ++i)
    table.layers.push_back({.names = {"a"}, .costs = {0, 0, 2, 2, 4, 4}, .scores = {0, 1, 5}, .texts = {}, .levels = {}});
  expect_best(table, "even");
  // As 6a + 10b + 15c with a, b and c of 0 and 1 is never 14.
  table.budgets[0].limit = table.budgets[1].limit = 14;
  table.layers.clear();
  for (const std::int64_t cost : {6, 10, 15})
    table.layers.push_back({.names = {"a"}, .costs = {0, 0, cost, cost}, .scores = {0, 1}, .texts = {}, .levels = {}});
  expect_best(table, "no sum");
}

/// Layers of a network of low ranks: costs rise with the rank in steps, scores as its logarithm, about.
CandidateTable mixed_ranks(std::size_t layers, std::size_t ranks, unsigned seed) {
  std::mt19937_64 random(seed);
  CandidateTable table{.budgets = {{.quantity = "parameters", .limit = 0}}, .layers = {}};
  for (std::size_t i = 0; i < layers; ++i) {
    CandidateTable::Layer layer{.names = {"a"}, .costs = {}, .scores = {}, .texts = {}, .levels = {}};
    if (random() % 3 == 0) layer.names = {"a", "b", "c"};
    const auto step = static_cast<std::int64_t>(3 + random() % 40);
    std::int64_t score = 0;
    for (std::size_t r = 0; r < ranks; ++r) {
      score += 1'000'000 / static_cast<std::int64_t>(r + 1) + static_cast<std::int64_t>(random() % 1000);
      layer.costs.push_back(step * static_cast<std::int64_t>(r + 1) + 9);
      layer.scores.push_back(score);
    }
    table.budgets[0].limit += static_cast<std::int64_t>(layer.names.size()) * (step * static_cast<std::int64_t>(ranks) / 3);
    table.layers.push_back(std::move(layer));
  }
  return table;
}

TEST(MixedSearch, AgreesWithDynamicProgrammingOverAllCosts) {
  for (const unsigned seed : {1, 2, 3, 4, 5}) {
    const CandidateTable table = mixed_ranks(12, 20, seed);
    const auto limit = static_cast<std::size_t>(table.budgets[0].limit);
    ASSERT_LT(limit, 100'000U);
    constexpr std::int64_t kNone = INT64_MIN;
    std::vector<std::int64_t> best(limit + 1, kNone); // the most at this cost
    best[0] = 0;
    for (const CandidateTable::Layer &layer : table.layers)
      for (std::size_t copy = 0; copy < layer.names.size(); ++copy) {
        std::vector<std::int64_t> next(limit + 1, kNone);
        for (std::size_t cost = 0; cost <= limit; ++cost)
          for (std::size_t c = 0; c < layer.size() && best[cost] != kNone; ++c)
            if (const std::size_t sum = cost + static_cast<std::size_t>(layer.costs[c]); sum <= limit)
              next[sum] = std::max(next[sum], best[cost] + layer.scores[c]);
        best = std::move(next);
      }
    for (const MixedSolver *solver : mixed_solvers()) {
      const MixedResult result = solver->solve(table, {});
      expect_sound(table, result);
      EXPECT_EQ(result.reason, Reason::kOptimal);
      EXPECT_EQ(result.value, *std::max_element(best.begin(), best.end())) << seed;
    }
  }
}

/// Three budgets over unrelated costs: too hard to be proven at once.
CandidateTable hard_mixed() {
  std::mt19937_64 random(11);
  CandidateTable table;
  for (int j = 0; j < 3; ++j) table.budgets.push_back({.quantity = "q" + std::to_string(j), .limit = 40 * 400'000});
  for (int i = 0; i < 40; ++i) {
    CandidateTable::Layer layer{.names = {"a"}, .costs = {}, .scores = {}, .texts = {}, .levels = {}};
    for (int c = 0; c < 40; ++c) {
      for (int j = 0; j < 3; ++j) layer.costs.push_back(static_cast<std::int64_t>(random() % 1'000'000));
      layer.scores.push_back(static_cast<std::int64_t>(random() % 1'000'000));
    }
    table.layers.push_back(std::move(layer));
  }
  return table;
}

TEST(MixedSearch, ALimitEndsItWithABoundThatHolds) {
  const CandidateTable table = hard_mixed();
  for (const MixedSolver *solver : mixed_solvers()) {
    SCOPED_TRACE(std::string(solver->info().name));
    Control control;
    control.time_limit_seconds = 0;
    MixedResult result = solver->solve(table, control);
    expect_sound(table, result);
    EXPECT_EQ(result.reason, Reason::kUnknown);
    EXPECT_EQ(result.limit, Limit::kTime);

    control = {};
    control.interrupted = [] { return true; };
    result = solver->solve(table, control);
    expect_sound(table, result);
    EXPECT_EQ(result.limit, Limit::kInterrupted);

    control = {};
    control.memory_bytes = 1;
    result = solver->solve(table, control);
    expect_sound(table, result);
    EXPECT_EQ(result.limit, Limit::kMemory);

    control = {};
    control.relative_gap = 0.5;
    result = solver->solve(table, control);
    expect_sound(table, result);
    EXPECT_EQ(result.limit, Limit::kGap);
  }
}

TEST(MixedSearch, InterruptedLaterItHasAPlan) {
  const CandidateTable table = hard_mixed();
  bool stop = false;
  std::optional<Count> best;
  Control control;
  control.progress = [&](const SearchProgress &progress) {
    if (progress.best) {
      EXPECT_GE(*progress.best, best.value_or(*progress.best));
      EXPECT_LE(*progress.best, progress.bound.value_or(*progress.best));
    }
    best = progress.best;
    stop = progress.best.has_value();
  };
  control.interrupted = [&] { return stop; };
  control.relative_gap = 1e-9; // else the first plan is the best one, and proven
  const MixedResult result = find_mixed_solver("exact").solve(table, control);
  expect_sound(table, result);
  EXPECT_EQ(result.reason, Reason::kFeasible);
  EXPECT_EQ(result.limit, Limit::kInterrupted);
}

TEST(MixedSearch, TheSameTwice) {
  const CandidateTable table = hard_mixed();
  Control control;
  control.relative_gap = 1e-4;
  control.memory_bytes = 1'000'000;
  for (const MixedSolver *solver : mixed_solvers()) {
    const MixedResult one = solver->solve(table, control);
    const MixedResult two = solver->solve(table, control);
    EXPECT_EQ(one.choice, two.choice);
    EXPECT_EQ(one.reason, two.reason);
    EXPECT_EQ(one.certificate.multipliers, two.certificate.multipliers);
  }
}

TEST(MixedSearch, Registry) {
  EXPECT_EQ(find_mixed_solver("Exact").info().name, "exact");
  test::expect_message([] { find_mixed_solver("exat"); },
                       "[unknown_name] method: unknown method \"exat\"; known: exact, nlopt; did you mean exact?");
}

TEST(CandidateTable, WhatIsNoneIsRefused) {
  const CandidateTable fine = mixed_ranks(2, 3, 1);
  check_table(fine);
  const auto refused = [&](const std::function<void(CandidateTable &)> &change, std::string_view line) {
    CandidateTable table = fine;
    change(table);
    test::expect_message([&] { check_table(table); }, line);
  };
  refused([](CandidateTable &t) { t.layers[1].names.clear(); },
          "[invalid_value] layers[1]/names: a layer without a name; one name for each of the equal layers would be accepted");
  refused([](CandidateTable &t) { t.layers[0].scores.clear(); },
          "[invalid_value] a/scores: a layer without candidates; one at least would be accepted");
  refused([](CandidateTable &t) { t.layers[0].costs.pop_back(); },
          "[invalid_value] a/costs: 2 entries of 3 candidates; 3 would be accepted");
  refused([](CandidateTable &t) { t.layers[0].costs[1] = -1; },
          "[invalid_value] a/costs: a cost of -1; 0 or more would be accepted");
  refused([](CandidateTable &t) { t.layers[0].costs[1] = t.layers[1].costs[1] = INT64_MAX; },
          "[overflow] a: 3 * 9223372036854775807 does not fit in a signed 64-bit integer; counts are exact or refused");
  refused([](CandidateTable &t) { t.layers[0].scores[1] = INT64_MIN; },
          "[overflow] a: -9223372036854775808 * -1 does not fit in a signed 64-bit integer; counts are exact or refused");
}

} // namespace
} // namespace pare

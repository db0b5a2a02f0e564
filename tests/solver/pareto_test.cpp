#include "solver/pareto.hpp"

#include "base/error.hpp"
#include "solver/mixed/mixed.hpp"
#include "solver/solved_config.hpp"
#include "solver/verify.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace pare {
namespace {

std::vector<Convention> pareto_conventions() { return {find_convention("macs"), find_convention("reference")}; }

MixedRequest pareto_request(const std::string &budget = {}) {
  MixedRequest out;
  out.conventions = pareto_conventions();
  out.rule.most = 30; // quick
  if (!budget.empty()) out.budgets = {parse_budget(budget)};
  return out;
}

Design pareto_read_back(const Solution &point) { return read_solved(write_solved(point, "{}"), "point.json"); }

Solution pareto_solve(const Network &network, MixedRequest request, const std::string &budget) {
  request.budgets.push_back(parse_budget(budget));
  return solve_mixed(network, request);
}

TEST(Pareto, LimitsAreSpacedGeometrically) {
  EXPECT_EQ(geometric_limits(1, 1000, 4), (std::vector<std::int64_t>{1, 10, 100, 1000}));
  EXPECT_EQ(geometric_limits(7, 7, 20), (std::vector<std::int64_t>{7}));
  EXPECT_EQ(geometric_limits(2, 4, 20), (std::vector<std::int64_t>{2, 3, 4}));
  constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(geometric_limits(1, kMost, 2), (std::vector<std::int64_t>{1, kMost}));
  EXPECT_EQ(geometric_limits(kMost - 1, kMost, 5), (std::vector<std::int64_t>{kMost - 1, kMost}));
}

// Ends, order and proofs, with another budget and without.
TEST(Pareto, EachPointIsProvenAndNoneIsWorseThanTheOneBefore) {
  const Network network = make_network("wrn-10-1");
  for (const std::string &other : std::vector<std::string>{"", "mult-adds[macs]<=8M"}) {
    const MixedRequest request = pareto_request(other);
    std::size_t said = 0;
    const std::vector<Solution> points =
        pareto(network, request, Quantity{}, 5, {}, [&](const Solution &, std::size_t place, std::size_t count) {
          EXPECT_EQ(place, ++said);
          EXPECT_EQ(count, 5U);
        });
    ASSERT_EQ(points.size(), 5U);
    EXPECT_EQ(said, 5U);
    for (std::size_t i = 0; i < points.size(); ++i) {
      EXPECT_EQ(points[i].termination.reason, Reason::kOptimal);
      EXPECT_LE(points[i].costs->at(Quantity{}), points[i].budgets.back().limit);
      const Verification verification = verify(pareto_read_back(points[i]));
      EXPECT_TRUE(verification.is_claim) << verification.objection.value_or("");
      EXPECT_EQ(verification.proven, Proven::kOptimal);
      if (i == 0) continue;
      EXPECT_GE(*points[i].mixed->value, *points[i - 1].mixed->value);
      EXPECT_GT(points[i].budgets.back().limit, points[i - 1].budgets.back().limit);
      EXPECT_EQ(points[i].mixed->candidate_count, points[0].mixed->candidate_count);
    }
    // Nothing below the least; nothing more is had without a limit, and the last limit is what that needs.
    MixedRequest same = points.front().mixed->request;
    same.budgets.pop_back();
    const std::int64_t least = points.front().budgets.back().limit.whole();
    EXPECT_EQ(pareto_solve(network, same, "parameters<=" + std::to_string(least - 1)).termination.reason, Reason::kInfeasible);
    EXPECT_EQ(pareto_solve(network, same, "parameters<=1G").mixed->value, points.back().mixed->value);
    if (!other.empty()) continue;
    const std::int64_t most = points.back().budgets.back().limit.whole();
    EXPECT_LT(*pareto_solve(network, same, "parameters<=" + std::to_string(most - 1)).mixed->value,
              *points.back().mixed->value);
  }
}

// A uniform plan is one of the choices: under the same score and budget it is never better.
TEST(Pareto, NoUniformPlanIsBetterThanTheOnesOfALayerEach) {
  const Network network = make_network("wrn-10-1");
  MixedRequest request = pareto_request();
  request.families = {"Generic", "Shuffle", "LR"};
  request.score = "parameters";
  request.rule.most = 3; // so that uniform answers are not among the others
  for (const Solution &point : pareto(network, request, Quantity::mult_adds("macs"), 6))
    for (const std::string &family : request.families) {
      const Solution uniform = solve_uniform(network, {.substitution = family,
                                                       .budgets = {point.budgets.back()},
                                                       .conventions = request.conventions,
                                                       .where_refused = WhereRefused::kLeaveAsItIs});
      if (uniform.costs) {
        EXPECT_GE(point.costs->parameters(), uniform.costs->parameters()) << family;
      }
    }
}

TEST(Pareto, WhatEndsASearchKeepsThePoints) {
  const Network network = make_network("wrn-10-1");
  std::size_t said = 0;
  Control control;
  control.interrupted = [&] { return said >= 2; };
  const auto points =
      pareto(network, pareto_request(), Quantity{}, 9, control, [&](const Solution &, std::size_t, std::size_t) { ++said; });
  ASSERT_GE(points.size(), 2U);
  EXPECT_LE(points.size(), 3U);
  EXPECT_EQ(points[0].termination.reason, Reason::kOptimal);
  EXPECT_EQ(points[1].termination.reason, Reason::kOptimal);
}

TEST(Pareto, WithoutALeastEndThereIsNoFront) {
  Control control;
  control.time_limit_seconds = 0;
  const auto points = pareto(make_network("wrn-10-1"), pareto_request("mult-adds[macs]<=8M"), Quantity{}, 5, control);
  ASSERT_EQ(points.size(), 1U);
  EXPECT_EQ(points[0].termination.reason, Reason::kUnknown);
  EXPECT_EQ(points[0].termination.limit, Limit::kTime);
  EXPECT_EQ(points[0].termination.detail, "the search for the least parameters ended at its limit (time)");
  EXPECT_FALSE(points[0].costs.has_value());
  EXPECT_TRUE(points[0].plan.layers.empty());
  EXPECT_TRUE(points[0].kept.empty());
  EXPECT_EQ(points[0].mixed->value, std::nullopt);
  EXPECT_EQ(points[0].mixed->proof.proven, Proven::kNothing);
}

// Where a search ends early each point is as good as the one before it, and what it claims is so.
TEST(Pareto, PointsThatAreNotProvenKeepUp) {
  const Network network = make_network("wrn-10-1");
  Control control;
  control.relative_gap = 0.5;
  const auto points = pareto(network, pareto_request(), Quantity{}, 6, control);
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (!points[i].costs) continue;
    if (i > 0) {
      EXPECT_GE(*points[i].mixed->value, *points[i - 1].mixed->value);
    }
    const Verification verification = verify(pareto_read_back(points[i]));
    EXPECT_TRUE(verification.is_claim) << verification.objection.value_or("");
  }
}

TEST(Pareto, OtherBudgetsThatCannotBeMet) {
  const auto points = pareto(make_network("wrn-10-1"), pareto_request("mult-adds<=1K"), Quantity{}, 5);
  ASSERT_EQ(points.size(), 1U);
  EXPECT_FALSE(points.front().costs);
  EXPECT_EQ(points.front().termination.reason, Reason::kInfeasible);
}

TEST(Pareto, BalancedHasALevelAtEachPoint) {
  MixedRequest request = pareto_request();
  request.score = kBalancedScore;
  request.objective = Objective::kBalanced;
  const auto points = pareto(make_network("wrn-10-1"), request, Quantity{}, 4);
  ASSERT_EQ(points.size(), 4U);
  for (std::size_t i = 1; i < points.size(); ++i)
    EXPECT_TRUE(compare(*points[i].mixed->level, *points[i - 1].mixed->level) >= 0);
}

TEST(Pareto, RefusesABudgetOfWhatVaries) {
  const Network network = make_network("wrn-10-1");
  EXPECT_THROW(pareto(network, pareto_request("parameters<=1M"), Quantity{}, 5), Error);
  EXPECT_THROW(pareto(network, pareto_request(), Quantity{}, 1), Error);
  const SolveRequest near{.substitution = "LR", .budgets = {parse_budget("mult-adds~1M")}, .conventions = pareto_conventions()};
  EXPECT_THROW(uniform_front(network, near, Quantity{}), Error);
}

// Of a list (Shuffle, width), of ordered settings, and of those without end: no plan is dominated, each is a fit's answer, and
// every setting's parameters are reached by some plan with no more of the quantity.
TEST(Pareto, NoPlanOfAFamilyIsDominated) {
  const Network network = make_network("wrn-10-1");
  for (const std::string &family : std::vector<std::string>{"Shuffle", "Generic", "acdc", "width"})
    for (const Quantity &quantity :
         std::vector<Quantity>{Quantity{}, Quantity::mult_adds("macs"), Quantity{.metric = Metric::kActivations}}) {
      SolveRequest request{.substitution = family, .budgets = {}, .conventions = pareto_conventions()};
      if (family == "acdc" && quantity != Quantity{}) { // whose macs are the pointwise convolutions', however many factors
        EXPECT_THROW(uniform_front(network, request, Quantity::mult_adds("macs")), Error);
        request.budgets = {parse_budget("parameters<=50K")};
      }
      const UniformFront front = uniform_front(network, request, quantity);
      ASSERT_FALSE(front.plans.empty());
      EXPECT_GE(front.steps, front.plans.size());
      for (std::size_t i = 0; i < front.plans.size(); ++i) {
        if (i > 0) {
          EXPECT_GT(front.plans[i].costs.at(quantity), front.plans[i - 1].costs.at(quantity)) << family;
          EXPECT_GT(front.plans[i].costs.parameters(), front.plans[i - 1].costs.parameters()) << family;
        }
        if (i % 16 != 0) continue;
        const Solution plan = front_plan(network, request, front, i);
        EXPECT_EQ(plan.termination.reason, Reason::kOptimal);
        EXPECT_EQ(plan.costs->parameters(), front.plans[i].costs.parameters());
      }
    }
}

// All of Generic: ranks int(s c) of 16, 64, 128 and 256 channels are multiples of 1 / 256, and each is a step.
TEST(Pareto, AllStepsOfAStaircase) {
  const SolveRequest request{.substitution = "Generic", .budgets = {}, .conventions = pareto_conventions()};
  const UniformFront front = uniform_front(make_network("wrn-16-4"), request, Quantity{});
  EXPECT_EQ(front.plans.size(), front.steps);
  EXPECT_EQ(front.plans.back().end, std::nextafter(1.0, 2.0));
  for (std::size_t i = 1; i < front.plans.size(); ++i) EXPECT_EQ(front.plans[i].first, front.plans[i - 1].end);
}

TEST(Pareto, ManyPlansAreThinned) {
  const Network network = make_network("wrn-10-1");
  const SolveRequest request{.substitution = "hashed", .budgets = {}, .conventions = {find_convention("macs")}};
  EXPECT_THROW(uniform_front(network, request, Quantity{}), Error);
  const UniformFront front = uniform_front(network, request, Quantity{}, 5);
  ASSERT_EQ(front.plans.size(), 5U);
  EXPECT_EQ(front.plans.back().text, "hashed:ratio=1");
  EXPECT_EQ(front_plan(network, request, front, 2).costs->parameters(), front.plans[2].costs.parameters());
}

} // namespace
} // namespace pare

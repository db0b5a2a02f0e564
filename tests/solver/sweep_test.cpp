// Every distinct plan of a family, held against layers resolved and networks lowered one by one.

#include "analysis/cost_model.hpp"
#include "analysis/network_file.hpp"
#include "solver/solved_config.hpp"
#include "solver/sweep.hpp"
#include "tests/analysis/tower.hpp"
#include "tests/known_names.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

namespace pare {
namespace {

double before(double setting) { return std::nextafter(setting, 0.0); }

/// What each replaceable layer comes to; none where it refuses.
std::vector<std::optional<Structure>> resolved(const Network &network, Substitute substitute, double knob) {
  substitute.knob = knob;
  std::vector<std::optional<Structure>> out;
  for (const ConvSites &sites : replaceable_sites(network.graph)) {
    Resolved own = resolve(sites, substitute);
    out.push_back(own.refusal ? std::nullopt : std::optional(own.structure));
  }
  return out;
}

bool applies(const std::vector<std::optional<Structure>> &layers, const Sweep &sweep) {
  const auto accepts = [](const std::optional<Structure> &layer) { return layer.has_value(); };
  // Layers that accept no setting stay as they are anyway.
  const auto accepting = static_cast<std::size_t>(std::count_if(layers.begin(), layers.end(), accepts));
  return sweep.leaves_layers() ? accepting > 0 : accepting + sweep.kept().size() == layers.size();
}

std::vector<SweptPlan> plans_of(Sweep &sweep, std::size_t most) {
  std::vector<SweptPlan> out;
  sweep.run([&](const SweptPlan &plan) {
    out.push_back(plan);
    return out.size() < most;
  });
  return out;
}

/// A plan costs what its network costs, lowered and counted.
void expect_costs(const Network &network, const Substitute &free, const Sweep &sweep, const SweptPlan &plan) {
  SCOPED_TRACE(plan.setting.text);
  const Substitute written = parse_substitute(plan.setting.text);
  EXPECT_EQ(written.knob, plan.setting.knob);
  EXPECT_EQ(written.settings, free.settings);
  const Lowered lowered = lower(network.graph, {.uniform = written, .layers = {}},
                                sweep.leaves_layers() ? WhereRefused::kLeaveAsItIs : WhereRefused::kThrow);
  const CostReport report = count(lowered.graph);
  EXPECT_EQ(plan.kept, static_cast<std::int64_t>(lowered.kept.size()));
  for (const Quantity &quantity : quantities(sweep.conventions()))
    EXPECT_EQ(plan.setting.costs.at(quantity).to_string(), amount(report, quantity, sweep.conventions()).to_string())
        << quantity.text();
}

/// The plans are distinct, and all there are between the first and the last of them.
void expect_complete(const Network &network, const Substitute &free, const Sweep &sweep, const std::vector<SweptPlan> &plans) {
  const auto at = [&](double knob) { return resolved(network, free, knob); };
  const KnobInfo &knob = free.family->info().knob;
  for (std::size_t i = 0; i < plans.size(); ++i) {
    const Setting &own = plans[i].setting;
    SCOPED_TRACE(own.text);
    const auto layers = at(own.first);
    ASSERT_TRUE(applies(layers, sweep));
    if (i > 0) {
      ASSERT_NE(layers, at(plans[i - 1].setting.first));
    }
    if (knob.kind == KnobInfo::Kind::kReal) {
      // No number falls as the knob rises: where both ends are the same, so is all between.
      ASSERT_LE(own.first, own.knob);
      ASSERT_LT(own.knob, own.end);
      ASSERT_EQ(layers, at(before(own.end)));
      if (i > 0) {
        ASSERT_EQ(plans[i - 1].setting.end, own.first);
      }
      continue;
    }
    ASSERT_EQ(own.first, own.end);
    ASSERT_EQ(own.first, own.knob);
    const double end = i + 1 < plans.size() ? plans[i + 1].setting.first : own.first + 1;
    for (double setting = own.first; setting < end; ++setting) ASSERT_EQ(layers, at(setting)) << setting;
  }
}

std::vector<std::string> swept_families() {
  std::vector<std::string> out;
  for (const Substitution *family : substitutions())
    if (parse_substitute(family->info().name, FreeKnob::kAllow).has_free_knob()) out.emplace_back(family->info().name);
  // Names of the 2019 system, and keys that are not standard.
  out.insert(out.end(), {"ACDC", "SepHashed", "tucker:dimensions=4,core=train", "tensor_train:rank_of=channels"});
  return out;
}

struct SweptNetwork {
  std::string name;
  Network network;
};
std::vector<SweptNetwork> swept_networks() {
  std::vector<SweptNetwork> out;
  NetworkOptions options;
  options.input.batch = 3;
  out.push_back({"wrn-10-1", make_network("wrn-10-1", options)});
  out.push_back({"darts", make_network("darts:channels=4,layers=3")});
  out.push_back({"tower", read_design(test::tower(), "tower.json", {}).network}); // whose layers share parameters
  return out;
}

class Sweeps : public ::testing::TestWithParam<std::string> {};

TEST_P(Sweeps, AreAllPlansAndCostWhatTheyCost) {
  constexpr std::size_t kWalked = 1200;
  const Substitute free = parse_substitute(GetParam(), FreeKnob::kAllow);
  const KnobInfo &knob = free.family->info().knob;
  std::mt19937 random(17);
  int swept = 0;
  for (const auto &[name, network] : swept_networks())
    for (const WhereRefused where_refused : {WhereRefused::kThrow, WhereRefused::kLeaveAsItIs}) {
      SCOPED_TRACE(name + (where_refused == WhereRefused::kThrow ? "" : " where possible"));
      SweepRequest request{.substitution = GetParam(),
                           .conventions = {conventions().begin(), conventions().end()},
                           .where_refused = where_refused,
                           .most = SweepRequest::kAll};
      const auto most = resolved(network, free, knob.kind == KnobInfo::Kind::kReal ? 1.0 : static_cast<double>(knob.least));
      if (where_refused == WhereRefused::kThrow && std::count(most.begin(), most.end(), std::nullopt) > 0) {
        EXPECT_THROW(Sweep(network, request), Error);
        continue;
      }
      Sweep sweep(network, request);
      EXPECT_TRUE(sweep.is_complete());
      const std::vector<SweptPlan> plans = plans_of(sweep, kWalked);
      ASSERT_FALSE(plans.empty());
      ++swept;
      expect_complete(network, free, sweep, plans);

      // There are none before the first and behind the last.
      const bool is_whole = plans.size() < kWalked;
      const Setting &first = plans.front().setting;
      const Setting &last = plans.back().setting;
      switch (knob.kind) {
      case KnobInfo::Kind::kReal:
        if (before(first.first) > 0) {
          EXPECT_FALSE(applies(resolved(network, free, before(first.first)), sweep));
          EXPECT_EQ(sweep.notes().size(), 1U);
        }
        if (is_whole) {
          EXPECT_EQ(last.end, std::nextafter(1.0, 2.0));
        }
        break;
      case KnobInfo::Kind::kInteger:
        EXPECT_EQ(first.knob, static_cast<double>(knob.least));
        EXPECT_EQ(last.knob, 128);
        EXPECT_EQ(plans.size(), static_cast<std::size_t>(129 - knob.least));
        break;
      case KnobInfo::Kind::kGroups:
        EXPECT_EQ(first.knob, static_cast<double>(knob.least));
        for (double setting = last.knob; setting < 1000; ++setting)
          ASSERT_EQ(resolved(network, free, setting), resolved(network, free, last.knob));
        break;
      case KnobInfo::Kind::kNone: FAIL();
      }

      std::uniform_int_distribution<std::size_t> any(0, plans.size() - 1);
      for (int i = 0; i < test::trials(12); ++i) expect_costs(network, free, sweep, plans[any(random)]);
      expect_costs(network, free, sweep, plans.front());
      expect_costs(network, free, sweep, plans.back());

      // The same, listed first; and where they are too many, some of them, each with the whole of its settings.
      if (is_whole) {
        request.most = plans.size();
        request.points = 2;
        Sweep listed(network, request);
        EXPECT_EQ(listed.count(), plans.size());
        const std::vector<SweptPlan> again = plans_of(listed, kWalked);
        ASSERT_EQ(again.size(), plans.size());
        for (std::size_t i = 0; i < plans.size(); ++i) {
          EXPECT_EQ(again[i].setting.text, plans[i].setting.text);
          EXPECT_EQ(again[i].setting.end, plans[i].setting.end);
        }
        if (plans.size() < 3) continue;
      }
      request.most = request.points = 2 + plans.size() / 4;
      if (plans.size() <= request.most) continue;
      Sweep some(network, request);
      EXPECT_FALSE(some.is_complete());
      EXPECT_NE(some.notes().back().find("not every plan is listed"), std::string::npos);
      const std::vector<SweptPlan> spaced = plans_of(some, SIZE_MAX);
      EXPECT_EQ(some.count(), spaced.size());
      EXPECT_LE(spaced.size(), request.points);
      EXPECT_EQ(spaced.front().setting.text, first.text);
      if (is_whole) {
        EXPECT_EQ(spaced.back().setting.text, last.text);
      }
      for (std::size_t i = 0; i < spaced.size(); ++i) {
        const Setting &own = spaced[i].setting;
        if (i > 0) {
          EXPECT_GT(own.first, spaced[i - 1].setting.first);
        }
        if (knob.kind != KnobInfo::Kind::kReal) continue;
        EXPECT_EQ(resolved(network, free, own.first), resolved(network, free, before(own.end)));
        if (before(own.first) > 0) {
          EXPECT_NE(resolved(network, free, own.first), resolved(network, free, before(own.first)));
        }
      }
      expect_costs(network, free, some, spaced[spaced.size() / 2]);
    }
  EXPECT_GE(swept, 2);
}

INSTANTIATE_TEST_SUITE_P(Families, Sweeps, ::testing::ValuesIn(swept_families()), [](const auto &family) {
  std::string name = family.param;
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
});

// rank = int(s n) for n of 160, 320 and 640 channels: a plan for each k / 640 from 1 / 160 = 4 / 640 up, 640 - 4 + 1.
TEST(Sweep, OfLowRankIsASettingForEachRankOfTheWidestLayer) {
  const Network network = make_network("wrn-28-10");
  Sweep sweep(network, {.substitution = "Generic", .conventions = {}});
  EXPECT_EQ(sweep.count(), 637U);
  double channels = 4;
  sweep.run([&](const SweptPlan &plan) {
    EXPECT_NEAR(plan.setting.first * 640, channels, 1e-9);
    ++channels;
    return true;
  });
  EXPECT_EQ(channels, 641);
  EXPECT_EQ(sweep.notes(), (std::vector<std::string>{
                               "there is no plan below rank_scale = 0.00625: block1.0.layer.0.conv1 does not accept it"}));
}

TEST(Sweep, OfAWidth) {
  const Network network = make_network("wrn-10-2");
  Sweep sweep(network, {.substitution = "width", .conventions = {standard_convention()}, .max_width = 1});
  EXPECT_EQ(sweep.knob(), "width");
  // int(16 w) of 1 to 32 channels, and twice and four times as many: int(64 w) from 4, without which the narrowest has none.
  EXPECT_EQ(sweep.count(), 128U - 4 + 1);
  EXPECT_EQ(sweep.notes(), std::vector<std::string>{"the settings up to width=2 (the network's own) are taken"});
  EXPECT_EQ(Sweep(network, {.substitution = "width", .conventions = {standard_convention()}}).count(), 512U - 4 + 1);
  const std::vector<SweptPlan> plans = plans_of(sweep, SIZE_MAX);
  for (const std::size_t i : {std::size_t{0}, std::size_t{50}, plans.size() - 1}) {
    const CostReport report = count(lower(make_network("wide_resnet:depth=10," + plans[i].setting.text).graph, {}).graph);
    EXPECT_EQ(plans[i].setting.costs.parameters(), report.parameters) << plans[i].setting.text;
  }
}

} // namespace
} // namespace pare

#include "solver/mixed/problem.hpp"

#include "analysis/site_costs.hpp"
#include "solver/mixed/mixed.hpp"
#include "solver/mixed/ties.hpp"
#include "solver/solved_config.hpp"
#include "tests/solver/candidates.hpp"
#include "tests/solver/mixed_requests.hpp"
#include "tests/support.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace pare {
namespace {

using test::Draw;
using test::expect_message;
using test::mixed_request;
using test::random_choice;
using test::sum_of;

struct ProblemCase {
  std::string network;
  std::vector<std::string> families;
  Tie tie = Tie::kNone;
  std::vector<std::string> excluded = {};
  std::vector<std::pair<std::string, std::string>> fixed = {};
};

std::vector<ProblemCase> problem_cases() {
  return {{"wrn-10-1", {"all"}},
          {"wrn-10-3", {"generic", "acdc", "SepHashed", "tucker:core=train"}, Tie::kStage},
          {"wrn-16-1", {"generic", "shuffle"}, Tie::kBlock, {"block2.*"}},
          {"wrn-16-1", {"lr", "cp"}, Tie::kShape, {}, {{"*conv2", "generic:rank=2"}}},
          {"darts:channels=8,layers=4", {"generic", "Conv", "sep", "tensor_train"}},
          {"darts:channels=8,layers=4", {"generic", "shuffle"}, Tie::kStage, {}, {{"*cells.0*", "Shuffle_2"}}},
          {"mobilenet-v2", {"generic", "acdc", "hashed"}, Tie::kBlock},
          {"shared", {"generic", "shuffle", "tucker"}}};
}

Network network_of(const std::string &name) {
  if (name != "shared") return make_network(name);
  return read_design(test::golden("shared_network.json").dump(), "shared").network;
}

// What a choice costs in the table is what its lowered graph is counted to, in every quantity; of those that are not whole no
// less for <=, no more for >=, and by less than one for each layer.
TEST(MixedProblem, CostsAreThoseOfTheLoweredGraph) {
  Draw draw(5);
  int looked_at = 0, rounded = 0;
  for (const ProblemCase &which : problem_cases()) {
    const Network network = network_of(which.network);
    for (const std::vector<std::string> &budgets : std::vector<std::vector<std::string>>{
             {"parameters<=9e18", "mult-adds[macs]<=9e18", "activations>=1", "stored-bytes>=1"},
             {"mult-adds[reference]<=9e15", "mult-adds[reference]>=1"}}) {
      MixedRequest request = mixed_request(which.families, budgets);
      request.tie = which.tie;
      request.excluded = which.excluded;
      request.fixed = which.fixed;
      request.rule.most = 20;
      const MixedProblem problem(network, request);
      const CandidateTable table = *problem.table();
      check_table(table);
      for (int n = 0; n < 4; ++n) {
        const Choice choice = random_choice(draw, table);
        const Plan plan = problem.plan(choice);
        EXPECT_EQ(plan.layers.size(), replaceable_sites(network.graph).size());
        const Costs costs = costs_of(network.graph, plan, problem.setting().conventions);
        const auto again = problem.choice_of(plan);
        ASSERT_TRUE(again.has_value());
        EXPECT_EQ(problem.plan(*again).layers, plan.layers);
        for (std::size_t j = 0; j < table.budgets.size(); ++j) {
          const Budget &budget = problem.setting().budgets[j];
          const Count &counted = costs.at(budget.quantity);
          const std::int64_t sum = sum_of(table, choice, j);
          const bool is_rounded =
              std::find(problem.rounded().begin(), problem.rounded().end(), budget.quantity) != problem.rounded().end();
          ++looked_at;
          if (!is_rounded) {
            EXPECT_EQ(Count(sum), counted) << which.network << ' ' << budget.text();
            continue;
          }
          ++rounded;
          const double against = (Count(sum) - counted).to_double() * (budget.relation == Relation::kAtMost ? 1 : -1);
          EXPECT_GE(against, 0) << which.network << ' ' << budget.text();
          EXPECT_LT(against, static_cast<double>(problem.layer_count() + 1)) << which.network << ' ' << budget.text();
        }
      }
    }
  }
  EXPECT_EQ(looked_at, 8 * 4 * (4 + 2));
  EXPECT_GT(rounded, 10);
}

// The number of numbers that are free, by the layer: sums of ln, and of parameters beside all that is not chosen.
TEST(MixedProblem, ScoresAreSumsOverLayers) {
  Draw draw(6);
  const Network network = make_network("wrn-10-2");
  const std::vector<ConvSites> layers = replaceable_sites(network.graph);
  for (const Tie tie : {Tie::kNone, Tie::kStage}) {
    MixedRequest request = mixed_request({"generic", "tucker", "hashed"}, {"parameters<=9e18"});
    request.tie = tie;
    request.rule.most = 30;
    const MixedProblem capacity(network, request);
    request.score = "parameters";
    const MixedProblem parameters(network, request);
    const CandidateTable table = *capacity.table();
    const CandidateTable counted = *parameters.table();
    const std::int64_t rest = counted.layers.back().costs[0];
    for (int n = 0; n < 20; ++n) {
      const Choice choice = random_choice(draw, table);
      double expected = 0;
      const Plan plan = capacity.plan(choice);
      for (const ConvSites &layer : layers)
        expected += std::log(static_cast<double>(degrees_of_freedom(layer.front(), *plan.find(layer.front().name)).value));
      EXPECT_NEAR(static_cast<double>(sum_of(table, choice)) / 1e9, expected, 1e-8);
      EXPECT_EQ(sum_of(counted, choice), (sum_of(counted, choice, 0) - rest) * 1'000'000'000);
    }
  }
}

std::vector<Substitute> candidates_of(const CandidateTable &table, const std::string &layer) {
  for (const CandidateTable::Layer &own : table.layers)
    if (std::find(own.names.begin(), own.names.end(), layer) != own.names.end()) {
      std::vector<Substitute> out;
      for (const std::string &text : own.texts) out.push_back(parse_substitute(text));
      return out;
    }
  return {};
}

// The layer as it is, and what the family's uniform answer comes to there, whatever the rule.
TEST(MixedProblem, TheLayerAsItIsAndUniformAnswersAreAlwaysIn) {
  const Network network = make_network("wrn-10-2");
  int found = 0;
  for (const Substitution *family : substitutions()) {
    if (family->info().knob.kind == KnobInfo::Kind::kNone) continue;
    const std::string name(family->info().name);
    MixedRequest request = mixed_request({name}, {"parameters<=40%"});
    request.rule = {.most = 2, .multiple_of = 7};
    const MixedProblem problem(network, request);
    const CandidateTable table = *problem.table(true);
    const Solution uniform = solve_uniform(
        network,
        {.substitution = name, .budgets = request.budgets, .conventions = {}, .where_refused = WhereRefused::kLeaveAsItIs});
    ASSERT_TRUE(uniform.costs.has_value()) << name;
    for (const ConvSites &layer : replaceable_sites(network.graph)) {
      const std::vector<Substitute> own = candidates_of(table, layer.front().name);
      ASSERT_FALSE(own.empty());
      EXPECT_EQ(own.front(), baseline_substitute());
      const Substitute &answer = *uniform.plan.find(layer.front().name);
      if (answer == baseline_substitute()) continue;
      const Structure structure = resolve(layer, answer).structure;
      EXPECT_TRUE(std::any_of(own.begin() + 1, own.end(),
                              [&](const Substitute &candidate) {
                                return candidate.family == family && resolve(layer, candidate).structure == structure;
                              }))
          << name << ' ' << layer.front().name;
      ++found;
    }
  }
  EXPECT_GT(found, 40);
}

TEST(MixedProblem, TheRuleSaysWhichCandidates) {
  const Network network = make_network("wrn-10-4"); // 64, 128, 256 channels
  const auto ranks = [&](std::size_t most, std::int64_t multiple_of) {
    MixedRequest request = mixed_request({"generic"}, {"parameters>=1"}); // of which all uniform answers are the largest
    request.rule = {.most = most, .multiple_of = multiple_of};
    std::vector<std::int64_t> out;
    for (const Substitute &candidate : candidates_of(*MixedProblem(network, request).table(true), "block1.0.layer.0.conv2"))
      if (candidate.numbers) out.push_back(candidate.numbers->front());
    return out;
  };
  EXPECT_EQ(ranks(1000, 1).size(), 64U);
  EXPECT_EQ(ranks(CandidateRule::kAll, 1).size(), 64U);
  EXPECT_EQ(ranks(1000, 8), (std::vector<std::int64_t>{8, 16, 24, 32, 40, 48, 56, 64}));
  const std::vector<std::int64_t> few = ranks(4, 1);
  EXPECT_LE(few.size(), 5U);
  EXPECT_EQ(few.front(), 1);
  EXPECT_TRUE(std::find(few.begin(), few.end(), 64) != few.end());
}

// Equal layers are one of the table's with a name for each, and choose each for itself.
TEST(MixedProblem, EqualLayersAreMerged) {
  const Network network = make_network("wrn-16-1");
  // 16 channels: 4 layers. 32: 3 equal, and one from 16 with stride 2; 64 the same. All that is not chosen is another.
  MixedRequest request = mixed_request({"generic"}, {"parameters<=50%"});
  const MixedProblem problem(network, request);
  const CandidateTable table = *problem.table();
  std::vector<std::size_t> sizes;
  for (const CandidateTable::Layer &layer : table.layers) sizes.push_back(layer.names.size());
  EXPECT_EQ(sizes, (std::vector<std::size_t>{4, 1, 3, 1, 3, 1}));
  EXPECT_EQ(problem.layer_count(), 12U);
  Choice choice(6);
  for (std::size_t i = 0; i < 6; ++i) choice[i].assign(sizes[i], 0);
  choice[0][2] = 3;
  const Plan plan = problem.plan(choice);
  EXPECT_EQ(std::count_if(plan.layers.begin(), plan.layers.end(),
                          [](const auto &layer) { return layer.second != baseline_substitute(); }),
            1);
  request.tie = Tie::kShape;
  EXPECT_EQ(MixedProblem(network, request).layer_count(), 5U);
  request.tie = Tie::kStage;
  EXPECT_EQ(MixedProblem(network, request).layer_count(), 3U);
  request.tie = Tie::kBlock;
  EXPECT_EQ(MixedProblem(network, request).layer_count(), 6U);
  request.tie = Tie::kGroups;
  request.groups = {{"block1*"}, {"block3.0.layer.0.conv1", "block3.0.layer.0.conv2"}};
  EXPECT_EQ(MixedProblem(network, request).layer_count(), 1U + 4 + 1 + 2);
}

TEST(MixedProblem, TiedLayersShareTheirSubstitute) {
  const Network network = make_network("wrn-16-1");
  MixedRequest request = mixed_request({"generic", "shuffle"}, {"parameters<=20%"});
  request.tie = Tie::kStage;
  const Solution solution = solve_mixed(network, request);
  ASSERT_TRUE(solution.costs.has_value());
  std::map<std::string, std::set<std::string>> by_stage;
  for (const auto &[layer, substitute] : solution.plan.layers) by_stage[layer.substr(0, 6)].insert(substitute.text());
  ASSERT_EQ(by_stage.size(), 3U);
  for (const auto &stage : by_stage) EXPECT_EQ(stage.second.size(), 1U) << stage.first;
}

// Two layers of odd numbers: ACDC has no shape for them (N = 5 is not even), LR no groups where 5 does not divide 7.
TEST(MixedProblem, FamiliesThatRefuseALayerAreNotThere) {
  const Network network = read_design(R"({"schema": "pare.network/1", "name": "odd", "input": [5, 8, 8], "layers": [
    {"id": "a", "op": "conv", "inputs": ["input"], "out_channels": 7, "kernel": 3, "padding": 1, "replaceable": "Conv"},
    {"id": "b", "op": "conv", "inputs": ["a"], "out_channels": 14, "kernel": 3, "padding": 1, "replaceable": "Conv"}],
    "attention_taps": [], "output": "b"})",
                                      "odd")
                              .network;
  const auto families_at = [&](const std::string &layer, std::vector<std::string> families) {
    std::set<std::string> out;
    const MixedProblem problem(network, mixed_request(std::move(families), {"parameters<=90%"}));
    for (const Substitute &candidate : candidates_of(*problem.table(true), layer)) out.emplace(candidate.family->info().name);
    return out;
  };
  EXPECT_EQ(families_at("a", {"acdc", "lr", "generic"}), (std::set<std::string>{"baseline", "generic"}));
  EXPECT_EQ(families_at("b", {"acdc", "lr", "generic"}).count("lr"), 1U);
  EXPECT_EQ(families_at("a", {"lr"}), (std::set<std::string>{"baseline"}));
}

TEST(MixedProblem, FamiliesAreThoseThatWereNamed) {
  const Network network = make_network("wrn-10-1");
  const auto families = [&](std::vector<std::string> names) {
    return MixedProblem(network, mixed_request(std::move(names), {"parameters<=50%"})).request().families;
  };
  const std::vector<std::string> all = families({"all"});
  EXPECT_EQ(std::count(all.begin(), all.end(), "hashed"), 0);
  for (const Substitution *family : substitutions()) {
    if (family->info().among_all) {
      EXPECT_EQ(std::count(all.begin(), all.end(), family->info().name), 1) << family->info().name;
    }
  }
  EXPECT_EQ(families({"ALL"}), all);
  EXPECT_EQ(families({"Generic", "generic"}), std::vector<std::string>{"Generic"});
  // The reference's names have keys of their own, which their candidates keep.
  for (const std::string name : {"SepHashed", "Tucker", "ACDC", "TensorTrain", "Generic", "tucker:core=train"}) {
    const Substitute family = parse_substitute(name, FreeKnob::kAllow);
    const MixedProblem problem(network, mixed_request({name}, {"parameters<=50%"}));
    const auto candidates = candidates_of(*problem.table(true), "block3.0.layer.0.conv2");
    EXPECT_GT(candidates.size(), 1U) << name;
    for (std::size_t c = 1; c < candidates.size(); ++c) {
      EXPECT_EQ(candidates[c].family, family.family) << name;
      EXPECT_EQ(candidates[c].settings, family.settings) << name;
    }
  }
}

TEST(MixedProblem, RefusesWhatMakesNoSense) {
  const Network network = make_network("wrn-10-1");
  const auto refused = [&](std::string_view line, const std::function<void(MixedRequest &)> &change,
                           const std::vector<std::string> &budgets = {"parameters<=50%"}) {
    MixedRequest request = mixed_request({"generic"}, budgets);
    change(request);
    expect_message([&] { MixedProblem(network, request); }, line);
  };
  const auto nothing = [](MixedRequest &) {};
  refused(
      "[usage] budget parameters~1e4: ~ (nearest) is for one setting of the whole network; per layer, a window of >= and <= "
      "would be accepted",
      nothing, {"parameters~1e4"});
  refused("[usage] budget parameters<=20%: parameters has another <=; one of each would be accepted", nothing,
          {"parameters<=1e4", "parameters<=20%"});
  refused("[usage] budget: 5 quantities have a budget (parameters, mult-adds[macs], mult-adds[reference], activations, "
          "stored-bytes), and a mixed plan may have 4",
          nothing,
          {"parameters<=50%", "mult-adds[macs]<=50%", "mult-adds[reference]<=50%", "activations<=99%", "stored-bytes<=50%"});
  refused("[usage] families: at least one family is needed, or all", [](MixedRequest &r) { r.families = {}; });
  refused("[usage] score: table needs a file; table:FILE would be accepted", [](MixedRequest &r) { r.score = "table"; });
  refused("[usage] score: capacity takes no file of scores",
          [](MixedRequest &r) { r.table.emplace("layer,candidate,score\n", "t.csv"); });
  refused("[usage] score: the objective balanced fills by parameters; that score, or the objective sum, would be accepted",
          [](MixedRequest &r) { r.objective = Objective::kBalanced; });
  refused("[unknown_name] exclude: no replaceable layer of wide_resnet:depth=10,width=1,classes=10 is called "
          "\"block1.0.layer.0.conv3\"; there are 6, such as block1.0.layer.0.conv1",
          [](MixedRequest &r) { r.excluded = {"block1.0.layer.0.conv3"}; });
  refused("[invalid_config] fix: layer \"block1.0.layer.0.conv1\" is excluded or fixed twice, as Conv and as generic:rank=2; "
          "one would "
          "be accepted",
          [](MixedRequest &r) {
            r.excluded = {"*.conv1"};
            r.fixed = {{"block1.*", "generic:rank=2"}};
          });
  refused("[not_applicable] block1.0.layer.0.conv1/rank: generic:rank=99 does not apply: rank = 99 must be from 1 to 16",
          [](MixedRequest &r) {
            r.fixed = {{"block1.*", "generic:rank=99"}};
          });
  refused("[invalid_config] tie: layer \"block1.0.layer.0.conv2\" is in two groups; one would be accepted",
          [](MixedRequest &r) {
            r.tie = Tie::kGroups;
            r.groups = {{"block1.*"}, {"*.conv2"}};
          });
  refused("[unknown_name] tie: no layer that is chosen for is called \"block9\"; there are 6, such as block1.0.layer.0.conv1",
          [](MixedRequest &r) {
            r.tie = Tie::kGroups;
            r.groups = {{"block9"}};
          });
}

TEST(MixedTies, PatternsHaveStars) {
  for (const std::string pattern : {"layer1.0.conv1", "*", "**", "layer*", "*conv1", "l*1.*.c*1", "*1", "*layer1.0.conv1*"})
    EXPECT_TRUE(matches(pattern, "layer1.0.conv1")) << pattern;
  for (const std::string pattern : {"", "layer1.0.conv", "ayer*", "*conv", "layer1.0.conv1?", "l*2.*", "*1.1*"})
    EXPECT_FALSE(matches(pattern, "layer1.0.conv1")) << pattern;
  EXPECT_TRUE(matches("*", ""));
  EXPECT_TRUE(matches("*ab", "aab"));
}

// ResNets' blocks are layer1.0, of two or three convolutions; MobileNetV2's are features.3; cells of DARTS hold several.
TEST(MixedTies, BlocksAreNamesUpToTheirLastNumber) {
  const auto blocks = [](const std::string &name) {
    const Network network = make_network(name);
    MixedRequest request;
    request.tie = Tie::kBlock;
    const std::vector<ConvSites> sites = replaceable_sites(network.graph);
    std::vector<std::size_t> all(sites.size());
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
    std::vector<std::string> out;
    for (const std::vector<std::size_t> &block : tied(sites, all, request)) {
      std::vector<std::string> names;
      for (const std::size_t at : block) names.push_back(sites[at].front().name);
      out.push_back(fmt::format("{}", fmt::join(names, " ")));
    }
    return out;
  };
  EXPECT_EQ(blocks("resnet-18").at(0), "layer1.0.conv1 layer1.0.conv2");
  EXPECT_EQ(blocks("resnet-18").size(), 8U);
  EXPECT_EQ(blocks("wrn-10-1"), (std::vector<std::string>{"block1.0.layer.0.conv1 block1.0.layer.0.conv2",
                                                          "block2.0.layer.0.conv1 block2.0.layer.0.conv2",
                                                          "block3.0.layer.0.conv1 block3.0.layer.0.conv2"}));
}

} // namespace
} // namespace pare

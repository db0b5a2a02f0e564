// Layers that run with the parameters of another: counted once, run as often as they stand there, given one substitute.

#include "analysis/builder.hpp"
#include "analysis/cost_model.hpp"
#include "analysis/lower.hpp"
#include "analysis/network_file.hpp"
#include "tests/analysis/contract.hpp"
#include "tests/analysis/tower.hpp"
#include "tests/support.hpp"

#include <algorithm>
#include <set>

namespace pare {
namespace {

using test::tower;
using test::unshared;
using Json = nlohmann::ordered_json;

NetworkFile read(const std::string &text) { return read_network(text, "net.json"); }

TEST(Sharing, CountsParametersOnceAndRunsAll) {
  const Graph graph = lower(read(tower()).graph, {}).graph;
  const CostReport report = count(graph, Detail::kLayers);
  // stem 3 x 8 x 9; a 8 x 8 x 9 + 8; its norm 8 + 8; other 8 x 8 x 9; gate 8 x 8 + 8; fc 8 x 4 + 4.
  EXPECT_EQ(report.parameters, 216 + 584 + 16 + 576 + 72 + 36);
  EXPECT_EQ(report.batch_norm_parameters, 16);
  // 12 x 10 positions, and 6 x 5 behind the stride.
  EXPECT_EQ(report.mult_adds(find_convention("macs")), Count(120 * (216 + 2 * 576) + 30 * 2 * 576 + 2 * 64 + 32));
  // stem, a, an, b, bn on 120 positions, c, cn, other on 30, the pool, the gate twice, the classes.
  EXPECT_EQ(report.activation_elements, 8 * (5 * 120 + 3 * 30 + 3) + 4);
  for (const LayerCost &layer : report.layers)
    if (graph.layer(layer.layer).shares) {
      EXPECT_EQ(layer.parameters, 0);
    }
}

// Whatever is substituted: as without sharing, but for the parameters that there are once, and the work on them.
class SharingOf : public testing::TestWithParam<std::string> {};

TEST_P(SharingOf, IsOneSubstituteAtAllPlaces) {
  const Substitution &family = find_substitution(GetParam());
  const Graph shared = read(tower()).graph;
  const Graph apart = read(unshared()).graph;
  const auto cost = [](const Graph &graph, const Plan &plan) { return count(lower(graph, plan).graph); };
  const auto only = [](const char *layer, const Substitute &substitute) {
    Plan plan;
    plan.layers.emplace(layer, substitute);
    return plan;
  };
  std::size_t applied = 0;
  for (const Settings &settings : test::variants(family))
    for (const std::optional<double> knob : test::knobs_to_try(family, settings)) {
      const Substitute substitute{.family = &family, .settings = settings, .knob = knob};
      SCOPED_TRACE(substitute.text());
      const Plan plan{.uniform = substitute, .layers = {}};
      if (resolve(replaceable_sites(shared)[0], substitute).refusal) continue;
      ++applied;
      const CostReport once = cost(shared, plan);
      const CostReport thrice = cost(apart, plan);
      // "other" is a layer like "a" but for its bias; of that one it is known what it costs alone.
      const CostReport all_dense = cost(apart, {});
      const CostReport a_alone = cost(apart, only("a", substitute));
      const std::int64_t of_a = a_alone.parameters - all_dense.parameters + 584;
      EXPECT_EQ(once.parameters, thrice.parameters - 2 * of_a - 2 * 16 - 72);
      EXPECT_EQ(once.activation_elements, thrice.activation_elements);
      for (const Convention &convention : conventions()) {
        EXPECT_EQ(once.mult_adds(convention), thrice.mult_adds(convention)) << convention.name;
        Count per_batch = once.per_batch(convention);
        per_batch += a_alone.per_batch(convention).repeated(2);
        EXPECT_EQ(per_batch, thrice.per_batch(convention)) << convention.name;
      }
      EXPECT_EQ(once.buffer_elements() + 2 * (a_alone.buffer_elements() - all_dense.buffer_elements()),
                thrice.buffer_elements());
      EXPECT_EQ(cost(shared, only("a", substitute)).parameters, of_a + (216 + 16 + 576 + 72 + 36));
    }
  EXPECT_GT(applied, 0u);
}

INSTANTIATE_TEST_SUITE_P(Families, SharingOf, testing::ValuesIn(test::family_names()),
                         [](const auto &which) { return test::test_name(which.param); });

// Contracted, what is merged once per batch is one thing for all places: where their positions would ask for different orders
// it is refused, and what is not refused is lowered.
TEST(Sharing, PlacesAreContractedInOneOrder) {
  const Graph shared = read(tower()).graph;
  const ConvSites sites = replaceable_sites(shared)[0];
  ASSERT_GT(sites.size(), 1u);
  std::size_t refused = 0;
  std::size_t lowered = 0;
  for (const char *text : {"tucker2@contraction", "spatial@contraction", "btt@contraction", "TensorTrain@contraction"}) {
    const Substitute free = parse_substitute(text, FreeKnob::kAllow);
    for (int step = 1; step <= 40; ++step) {
      Substitute substitute = free;
      substitute.knob = step / 40.0;
      if (const auto refusal = resolve(std::span<const ConvSite>(sites), substitute).refusal) {
        EXPECT_EQ(refusal->field, "evaluation") << substitute.text();
        ++refused;
        continue;
      }
      Plan plan;
      plan.layers.emplace(sites.front().name, substitute);
      EXPECT_GT(count(lower(shared, plan).graph).parameters, 0) << substitute.text();
      ++lowered;
    }
  }
  EXPECT_GT(refused, 0u);
  EXPECT_GT(lowered, 80u);
}

TEST(Sharing, IsOneReplaceableLayer) {
  const Graph graph = read(tower()).graph;
  ASSERT_EQ(graph.replaceable().size(), 2u);
  const auto sites = replaceable_sites(graph);
  ASSERT_EQ(sites.size(), 2u);
  ASSERT_EQ(sites[0].size(), 3u);
  EXPECT_EQ(sites[1].size(), 1u);
  EXPECT_EQ(sites[0][1].dilation, (Pair{2, 2}));
  EXPECT_EQ(sites[0][1].padding, (Padding{2, 2}));
  EXPECT_EQ(sites[0][2].stride, (Pair{2, 2}));
  EXPECT_EQ(sites[0][2].padding, (Padding{1, 1})) << "what a layer that shares does not say is as its owner says";
  EXPECT_EQ(sites[0][2].output, (Shape{.batch = 1, .channels = 8, .height = 6, .width = 5}));
  // Kept as one, and listed once.
  Plan plan;
  plan.layers.emplace("a", parse_substitute("Generic_0.01"));
  const Lowered kept = lower(graph, plan, WhereRefused::kLeaveAsItIs);
  ASSERT_EQ(kept.kept.size(), 1u);
  EXPECT_EQ(kept.kept[0].layer, "a");
  EXPECT_EQ(count(kept.graph).parameters, count(lower(graph, {}).graph).parameters);
  // A layer that shares is no layer for a plan.
  Plan of_sharer;
  of_sharer.layers.emplace("b", parse_substitute("Sep"));
  test::expect_error([&] { lower(graph, of_sharer); }, ErrorCode::kUnknownName, "plan/b", "no replaceable layer");
  // What grows is compared at all its places: Sep has 9 x 8 + 64 + 8 parameters.
  const auto grown = growths(graph, {.uniform = parse_substitute("Generic_1"), .layers = {}});
  EXPECT_TRUE(grown.empty());
  Graph narrow;
  Builder b(narrow);
  const NodeId x = narrow.add_input({.batch = 1, .channels = 2, .height = 4, .width = 4});
  const NodeId conv = b.conv("conv", x, {.out_channels = 2});
  narrow.mark_replaceable(conv, Baseline::kConv);
  b.shared("again", conv, conv, Conv{});
  const auto wider = growths(narrow, {.uniform = parse_substitute("Generic_1"), .layers = {}});
  ASSERT_EQ(wider.size(), 1u);
  EXPECT_EQ(wider[0].parameters_before, 4);
  EXPECT_EQ(wider[0].parameters_after, 8);
  EXPECT_EQ(wider[0].mult_adds_before, Count(2 * 4 * 16));
  EXPECT_EQ(wider[0].mult_adds_after, Count(2 * 8 * 16));
}

TEST(Sharing, IsWrittenAsItWasRead) {
  const std::string text = write_network(read(tower()).graph, "tower");
  EXPECT_EQ(text, tower());
  // Layers may stand in any order here too.
  Json document = Json::parse(tower());
  std::reverse(document["layers"].begin(), document["layers"].end());
  const NetworkFile reversed = read(document.dump());
  EXPECT_EQ(count(lower(reversed.graph, {}).graph).parameters, count(lower(read(tower()).graph, {}).graph).parameters);
  // "same" is an owner's padding too, on each image anew.
  document = Json::parse(tower());
  document["layers"][1]["padding"] = "same";
  const Graph same = read(document.dump()).graph;
  EXPECT_EQ(replaceable_sites(same)[0][2].padding, (Padding{{0, 1}, {0, 1}}));
  EXPECT_NE(describe(same, same.replaceable()[0].node), "");
  const NodeId sharer = same.sharers()[0][0];
  EXPECT_NE(describe(same, sharer).find("shares a"), std::string::npos) << describe(same, sharer);
}

TEST(Sharing, BadFilesAreRefused) {
  const auto with = [](std::size_t layer, const char *field, const Json &value) {
    Json document = Json::parse(tower());
    document["layers"][layer][field] = value;
    return document.dump();
  };
  const auto refused = [](const std::string &text, std::string_view line, int at = __builtin_LINE()) {
    test::expect_message([&] { read(text); }, line, __builtin_FILE(), at);
  };
  refused(with(3, "shares", "q"), R"([invalid_file] net.json/layers[3].shares (b): no layer has the id "q")");
  refused(with(3, "shares", "input"), R"([invalid_file] net.json/layers[3].shares (b): no layer has the id "input")");
  refused(with(3, "shares", 1), R"([invalid_file] net.json/layers[3].shares (b): shares = 1 must be text in quotes)");
  refused(with(3, "shares", "b"), "[invalid_file] net.json/layers[3].shares (b): a layer cannot share its own parameters; "
                                  "another layer's id would be accepted");
  refused(
      with(5, "shares", "b"),
      R"([invalid_file] net.json/layers[5].shares (a#2): layer "b" shares parameters itself; one that has its own would be accepted)");
  refused(
      with(3, "shares", "an"),
      R"([invalid_file] net.json/layers[3].shares (b): layer "an" is a batch_norm, and this one a conv; one of its kind would be accepted)");
  refused(with(8, "shares", "a"),
          R"([invalid_file] net.json/layers[8].shares (pool): a global_avg_pool has no parameters to share; leave it out)");
  for (const char *field : {"kernel", "out_channels", "bias", "replaceable"})
    refused(with(3, field, 3), std::string("[invalid_file] net.json/layers[3].") + field + " (b): " + field +
                                   R"( is said by "a", whose parameters are shared; leave it out here)");
  refused(with(3, "groups", 2), "[invalid_config] net.json/layers[3].weight (b): weight [8, 8, 3, 3] is for 16 input channels "
                                "in 2 groups, the input has 8");
  refused(with(3, "inputs", Json::array({"input"})),
          R"([invalid_config] net.json/layers[3] (b): in_channels = 3 must be 8, those of "a", whose parameters it shares)");
  refused(with(3, "inputs", Json::array({"an", "a"})),
          "[invalid_file] net.json/layers[3].inputs (b): 2 inputs given, 1 expected");
  refused(with(10, "inputs", Json::array({"an#2"})),
          "[invalid_config] net.json/layers[10].in_features (gate.again): in_features = 8 must equal the features of the "
          "input, which is "
          "[1, 8, 6, 5]; [1, 8, 1, 1] would be accepted (for another image size, check --input and the pooling in front)");
  // An owner needs its parameters first: one that takes what a sharer makes is a cycle.
  refused(with(1, "inputs", Json::array({"b"})),
          "[invalid_file] net.json/layers: a network must have no cycle, and this one has: a <- b <- an <- a");
  // An owner has its parameters first, though nothing goes round where it takes what comes from a layer that shares with it.
  Json late = Json::parse(tower());
  late["layers"][1]["inputs"] = {"b"};
  late["layers"][3]["inputs"] = {"stem"};
  refused(late.dump(), R"([invalid_file] net.json/layers[3].shares (b): "a" takes what comes from this layer, and an owner )"
                       "stands before those that share with it; the first of them as the owner of the parameters would be "
                       "accepted");
}

// Two layers of one name would have parameters of one name.
TEST(Sharing, OwnersHaveNamesOfTheirOwn) {
  const auto named = [](std::size_t layer, const char *name) {
    Json document = Json::parse(tower());
    document["layers"][layer]["name"] = name;
    return document.dump();
  };
  const auto refused = [](const std::string &text, const std::string &place, const std::string &first,
                          const std::string &second, const std::string &name, bool one_kind, int at = __builtin_LINE()) {
    test::expect_message([&] { read(text); },
                         "[invalid_file] net.json/" + place + ": layers \"" + first + "\" and \"" + second +
                             "\" both have parameters of their own, of the name \"" + name + "\"; another name" +
                             (one_kind ? ", or \"shares\": \"" + first + "\" if it is one module that runs twice," : "") +
                             " would be accepted",
                         __builtin_FILE(), at);
  };
  refused(named(7, "a"), "layers[7].name (other)", "a", "other", "a", true);
  refused(named(2, "a"), "layers[2].name (an)", "a", "an", "a", false);
  refused(named(11, "gate"), "layers[11].name (fc)", "gate", "fc", "gate", true);
  EXPECT_NO_THROW(read(named(8, "a"))) << "a layer without parameters";
  // What stands for a replaceable layer has parts of such names; others that begin so are nobody's.
  test::expect_message(
      [&] { lower(read(named(0, "a.conv")).graph, {}); },
      "[invalid_config] a.conv: two layers have parameters of this name, one of them a part of what stands for a "
      "replaceable layer; another name of the other one would be accepted");
  for (const char *name : {"a.bn", "gate.conv"}) EXPECT_NO_THROW(lower(read(named(0, name)).graph, {})) << name;
  // Modules in modules have names.
  for (const char *name : {"", ".", "a.", ".a", "a..b"})
    test::expect_message([&] { read(named(0, name)); },
                         std::string("[invalid_file] net.json/layers[0].name (stem): name = \"") + name +
                             "\" must have no empty part before, between or behind its dots");
  std::string deep = "x";
  for (int i = 0; i < 64; ++i) deep += ".x";
  test::expect_error([&] { read(named(0, deep.c_str())); }, ErrorCode::kInvalidFile, "layers[0].name (stem)",
                     "at most 64 parts between dots; it has 65");
  EXPECT_NO_THROW(read(named(8, "a..b"))) << "a layer without parameters is in no module";
  EXPECT_NO_THROW(read(named(3, "stem"))) << "a layer that shares";
}

TEST(Sharing, BuildersRefuseWhatCannotBe) {
  Graph graph;
  Builder b(graph);
  const NodeId x = graph.add_input({.batch = 1, .channels = 4, .height = 4, .width = 4});
  const NodeId norm = b.batch_norm("norm", x, {}, false);
  const NodeId again = b.shared("again", x, norm, BatchNorm{});
  EXPECT_EQ(graph.layer(graph.node(again).layer).shares, graph.node(norm).layer);
  test::expect_message([&] { b.shared("third", x, again, BatchNorm{}); },
                       R"([invalid_config] third: "again" shares the parameters of "norm" itself; "norm" would be accepted)");
  test::expect_message([&] { b.shared("third", x, norm, Conv{}); },
                       R"([invalid_config] third: a conv cannot share the parameters of "norm", a batch_norm)");
  const NodeId relu = b.op("relu", Relu{}, {x});
  test::expect_message([&] { b.shared("third", x, relu, Relu{}); },
                       "[invalid_config] third: a relu has no parameters to share");
  const NodeId wide = b.conv("wide", x, {.out_channels = 8});
  test::expect_message([&] { b.shared("third", wide, norm, BatchNorm{}); },
                       R"([invalid_config] third: in_channels = 8 must be 4, those of "norm", whose parameters it shares)");
  // A replaceable weight that is used in silence.
  graph.mark_replaceable(wide, Baseline::kConv);
  const NodeId silent = graph.add(graph.add_layer("silent", "conv"), Conv{}, {x, graph.inputs(wide)[1]});
  EXPECT_NE(silent, wide);
  test::expect_message([&] { lower(graph, {}); },
                       "[invalid_config] silent: a replaceable layer must have a weight of its own; this one's is computed, "
                       "or used by a layer that does not say that it shares it");
}

/// A user's family that looks at positions: what it needs is not the same at every place.
class Positional final : public Substitution {
public:
  explicit Positional(bool says_so, std::int64_t too_many = 0) : says_so_(says_so), too_many_(too_many) {}
  const SubstitutionInfo &info() const override {
    static const SubstitutionInfo info{.name = "positional",
                                       .description = "",
                                       .source = "",
                                       .example = "positional",
                                       .evaluations = {Evaluation::kFactored},
                                       .knob = {},
                                       .keys = {},
                                       .reference_names = {}};
    return info;
  }
  Resolved resolve(const ConvSite &site, const Settings & /*settings*/, double /*knob*/) const override {
    return {.structure = {says_so_ ? site.output.height : 1}, .refusal = {}};
  }
  NodeId lower(Builder &builder, const ConvSite &site, NodeId x, const Settings & /*settings*/, const Structure & /*structure*/,
               Evaluation /*evaluation*/) const override {
    const NodeId narrow = builder.conv(site.name + ".narrow", x,
                                       {.out_channels = site.output.height,
                                        .kernel = site.kernel,
                                        .stride = site.stride,
                                        .padding = site.padding,
                                        .dilation = site.dilation});
    return builder.conv(site.name + ".wide", narrow, {.out_channels = site.out_channels() + too_many_});
  }
  ClosedForm closed_form(const Settings & /*settings*/, Evaluation /*evaluation*/) const override { return {}; }

private:
  bool says_so_;
  std::int64_t too_many_;
};

TEST(Sharing, AFamilyMustMakeTheSameParametersEverywhere) {
  const Graph graph = read(tower()).graph;
  for (const bool says_so : {true, false}) {
    const Positional family(says_so);
    Plan plan;
    plan.layers.emplace("a", Substitute{.family = &family, .settings = {}, .knob = {}});
    test::expect_message(
        [&] { lower(graph, plan); },
        says_so
            ? "[not_applicable] a/shares: positional does not apply: the layers that share its parameters would need other "
              "numbers (ranks, groups) than it has itself; another family would be accepted"
            : "[not_applicable] a/shares: positional makes other parameters here than at \"a\", whose parameters it shares; "
              "another family would be accepted");
  }
}

// A user's family that makes what does not fit is named, and not the layer behind it.
TEST(Sharing, AFamilyMustMakeWhatItReplaces) {
  const Positional family(false, 1);
  Plan plan;
  plan.layers.emplace("other", Substitute{.family = &family, .settings = {}, .knob = {}});
  const Graph graph = read(tower()).graph;
  test::expect_message(
      [&] { lower(graph, plan); },
      "[invalid_config] other: positional makes [1, 9, 6, 5], and [1, 8, 6, 5] is needed in its place; a lower() "
      "that makes that would be accepted");
}

} // namespace
} // namespace pare

#include "analysis/lower.hpp"

#include "analysis/builder.hpp"
#include "analysis/cost_model.hpp"
#include "analysis/network_file.hpp"
#include "models/network.hpp"
#include "tests/support.hpp"

#include <set>

namespace pare {
namespace {

std::set<std::string> parameter_names(const Graph &graph) {
  std::set<std::string> out;
  for (NodeId id = 0; id < graph.node_count(); ++id)
    if (std::holds_alternative<Parameter>(graph.node(id).op)) out.insert(graph.parameter_name(id));
  return out;
}

Plan uniform(const char *text) { return {.uniform = parse_substitute(text), .layers = {}}; }

TEST(Plans, SayWhatIsUniform) {
  EXPECT_EQ(uniform("Generic_0.1").text(), "Generic_0.1");
  EXPECT_EQ(Plan{}.text(), std::nullopt);
  Plan mixed = uniform("Generic_0.1");
  mixed.layers.emplace("a", parse_substitute("Shuffle_4"));
  EXPECT_EQ(mixed.text(), std::nullopt);
  EXPECT_EQ(mixed.find("a")->text(), "Shuffle_4");
  EXPECT_EQ(mixed.find("b")->text(), "Generic_0.1");
  EXPECT_EQ(Plan{}.find("a"), nullptr);
}

TEST(Lowering, WithoutAPlanIsTheBaseline) {
  const Network network = make_network("wrn-10-1");
  const Lowered nothing = lower(network.graph, {});
  EXPECT_EQ(parameter_names(nothing.graph), parameter_names(lower(network.graph, uniform("Conv")).graph));
  EXPECT_TRUE(parameter_names(nothing.graph).contains("block1.0.layer.0.conv1.conv.weight"));
  EXPECT_EQ(count(nothing.graph).parameters, count(network.graph).parameters) << "for a network of full convolutions";
  // DARTS has Sep in every place: 3349342 parameters, and full convolutions only where asked for by Pare's own name.
  const Network darts = make_network("darts");
  EXPECT_EQ(count(lower(darts.graph, {}).graph).parameters, 3349342);
  EXPECT_EQ(count(lower(darts.graph, uniform("Conv")).graph).parameters, 3349342);
  EXPECT_EQ(count(lower(darts.graph, uniform("Sep")).graph).parameters, 3349342);
  EXPECT_EQ(count(lower(darts.graph, uniform("convolution")).graph).parameters, count(darts.graph).parameters);
}

TEST(Lowering, LeavesTheOriginalAlone) {
  const Network network = make_network("wrn-10-1");
  const std::int64_t before = count(network.graph).parameters;
  lower(network.graph, uniform("Generic_0.1"));
  EXPECT_EQ(count(network.graph).parameters, before);
}

TEST(Lowering, MixesPerLayer) {
  const Network network = make_network("wrn-10-1");
  Plan plan;
  plan.layers.emplace("block3.0.layer.0.conv2", parse_substitute("Generic_0.25"));
  const Lowered lowered = lower(network.graph, plan);
  // 64 -> 64: 64 x 64 x 9 go; 9 x 64 + 16 (64 + 64) come.
  EXPECT_EQ(count(lowered.graph).parameters, 77850 - 64 * 64 * 9 + 9 * 64 + 16 * (64 + 64));
  EXPECT_TRUE(parameter_names(lowered.graph).contains("block3.0.layer.0.conv2.lowrank_expand.weight"));
  EXPECT_TRUE(parameter_names(lowered.graph).contains("block3.0.layer.0.conv1.conv.weight"));
}

TEST(Lowering, KeepsTapsAndOutput) {
  const Network network = make_network("darts:channels=4,layers=6");
  const Lowered lowered = lower(network.graph, uniform("Generic_0.5"));
  ASSERT_EQ(lowered.graph.attention_taps().size(), network.graph.attention_taps().size());
  for (std::size_t i = 0; i < network.graph.attention_taps().size(); ++i)
    EXPECT_EQ(lowered.graph.activation(lowered.graph.attention_taps()[i]),
              network.graph.activation(network.graph.attention_taps()[i]));
  EXPECT_EQ(lowered.graph.activation(lowered.graph.output()), network.graph.activation(network.graph.output()));
  EXPECT_EQ(lowered.graph.input_shape(), network.graph.input_shape());
}

TEST(Lowering, NamesTheLayerAndTheRule) {
  // wrn-10-1 narrows nowhere, so LR applies; DARTS's 1x1 convolutions go from 108 to 36 channels.
  const Network darts = make_network("darts");
  test::expect_error([&] { lower(darts.graph, uniform("LR_0.25")); }, ErrorCode::kNotApplicable,
                     "cells.0.preprocess0.op.1/out_channels", "in_channels = 108 must divide out_channels = 36");
  test::expect_error([&] { lower(make_network("wrn-10-1").graph, uniform("Generic_0.01")); }, ErrorCode::kNotApplicable,
                     "block1.0.layer.0.conv1/rank_scale", "a rank_scale from 0.0625 up would be accepted");
  Plan unknown;
  unknown.layers.emplace("block9.conv1", parse_substitute("Sep"));
  test::expect_error([&] { lower(make_network("wrn-10-1").graph, unknown); }, ErrorCode::kUnknownName, "plan/block9.conv1",
                     "no replaceable layer");
}

TEST(Lowering, WherePossible) {
  const Network darts = make_network("darts");
  const Lowered lowered = lower(darts.graph, uniform("LR_0.25"), WhereRefused::kLeaveAsItIs);
  // Every 1x1 but none of the 3x3 (C -> C) narrows: 42 of 240.
  EXPECT_EQ(lowered.kept.size(), 42u);
  for (const Lowered::Kept &kept : lowered.kept) EXPECT_NE(kept.reason.find("must divide"), std::string::npos) << kept.layer;
  EXPECT_EQ(lowered.kept[0].layer, "cells.0.preprocess0.op.1");
  EXPECT_TRUE(parameter_names(lowered.graph).contains("cells.0.preprocess0.op.1.pointwise.weight"));
  EXPECT_TRUE(lower(darts.graph, uniform("Generic_0.5"), WhereRefused::kLeaveAsItIs).kept.empty());
}

// Dense numbers are not shown under a substitute's name.
TEST(Lowering, ASubstitutionMustApplySomewhere) {
  const Graph plain = read_network(R"({"schema": "pare.network/1", "name": "plain", "input": [3, 8, 8], "layers": [
      {"id": "a", "op": "conv", "inputs": ["input"], "out_channels": 4, "kernel": 3}]})",
                                   "net.json")
                          .graph;
  for (const WhereRefused where : {WhereRefused::kThrow, WhereRefused::kLeaveAsItIs})
    test::expect_message([&] { lower(plain, uniform("Generic_0.5"), where); },
                         "[not_applicable] substitution: Generic_0.5 applies to no layer: the network has 0 replaceable ones");
  EXPECT_NO_THROW(lower(plain, {})) << "nothing was asked for";
  // Every layer of it refuses.
  Graph odd;
  Builder b(odd);
  odd.mark_replaceable(b.conv("c", odd.add_input({.batch = 1, .channels = 3, .height = 8, .width = 8}), {.out_channels = 4}),
                       Baseline::kConv);
  test::expect_message([&] { lower(odd, uniform("LR_0.5"), WhereRefused::kLeaveAsItIs); },
                       "[not_applicable] substitution: LR_0.5 applies to no layer (c: in_channels = 3 "
                       "must divide out_channels = 4: the input is repeated to reach them)");
  test::expect_message([&] { lower(odd, uniform("LR_0.5")); },
                       "[not_applicable] c/out_channels: LR_0.5 does not apply: in_channels = 3 must divide out_channels = 4: "
                       "the input is repeated to reach them");
  Plan settled; // a plan that names its layers says itself what it does
  settled.layers.emplace("c", parse_substitute("LR_0.5"));
  EXPECT_EQ(lower(odd, settled, WhereRefused::kLeaveAsItIs).kept.size(), 1U);
}

// "It happened on 11 and 14 December 2018": a rank near full has more parameters than the dense 1 x 1.
TEST(Growths, AreListed) {
  const Network darts = make_network("darts");
  // Generic with r = max(c_i, c_o) of 36 -> 36: 36 x 72 instead of 36 x 36.
  const auto grown = growths(darts.graph, uniform("Generic_1"));
  ASSERT_EQ(grown.size(), darts.graph.replaceable().size());
  for (const Growth &g : grown)
    if (g.layer == "cells.0._ops.0.op.1") {
      EXPECT_EQ(g.parameters_before, 9 * 36 + 36 * 36);
      EXPECT_EQ(g.parameters_after, 9 * 36 + 36 * 72);
      EXPECT_EQ(g.mult_adds_before, Count(32 * 32 * (9 * 36 + 36 * 36)));
      EXPECT_EQ(g.mult_adds_after, Count(32 * 32 * (9 * 36 + 36 * 72)));
      EXPECT_EQ(g.substitute, "Generic_1");
    }
  EXPECT_TRUE(growths(darts.graph, uniform("Generic_0.1")).empty());
  EXPECT_TRUE(growths(darts.graph, uniform("Sep")).empty());
  EXPECT_TRUE(growths(darts.graph, {}).empty());
  // Hashed has fewer parameters than Sep here, and the mult-adds of a full convolution.
  bool only_mult_adds = false;
  for (const Growth &g : growths(darts.graph, uniform("Hashed_0.01")))
    only_mult_adds = only_mult_adds || (g.parameters_after < g.parameters_before && g.mult_adds_after > g.mult_adds_before);
  EXPECT_TRUE(only_mult_adds);
}

} // namespace
} // namespace pare

// A linear layer that is replaceable is a 1 x 1 convolution on a 1 x 1 map to every family.

#include "analysis/cost_model.hpp"
#include "analysis/explanation.hpp"
#include "analysis/lower.hpp"
#include "analysis/network_file.hpp"
#include "models/network.hpp"
#include "tests/support.hpp"

namespace pare {
namespace {

/// 16 features to 24, as a linear layer or as a convolution, with a bias or without.
Graph layer_of(bool is_linear, bool bias) {
  Graph graph;
  Builder builder(graph);
  const NodeId x = graph.add_input({.batch = 1, .channels = 16, .height = 1, .width = 1});
  if (is_linear)
    graph.mark_replaceable(builder.linear("fc", x, 24, bias), Baseline::kLinear);
  else
    graph.mark_replaceable(builder.conv("fc", x, {.out_channels = 24, .bias = bias}), Baseline::kConv);
  return graph;
}

CostReport cost(const Graph &graph, const std::string &substitute) {
  Plan plan;
  plan.uniform = parse_substitute(substitute);
  return count(lower(graph, plan).graph);
}

// 16 -> 24 by hand: what the family's definition has, and the bias of 24.
TEST(ReplaceableLinear, CountsByHand) {
  const Graph linear = layer_of(true, true);
  EXPECT_EQ(cost(linear, "generic:rank=5").parameters, 5 * (16 + 24) + 24);
  EXPECT_EQ(cost(linear, "generic:rank=5").mult_adds(find_convention("macs")), Count(5 * (16 + 24)));
  EXPECT_EQ(cost(linear, "Sep").parameters, 16 * 24 + 24); // no depthwise in front of 1 x 1
  EXPECT_EQ(cost(linear, "convolution").parameters, 16 * 24 + 24);
  EXPECT_EQ(cost(linear, "grouped:groups=8,shuffle=no").parameters, 16 * 24 / 8 + 24);
  EXPECT_EQ(cost(linear, "hashed:values=50").parameters, 50 + 24);
}

TEST(ReplaceableLinear, IsAConvolutionToEveryFamily) {
  std::size_t applied = 0;
  for (const Substitution *family : substitutions()) {
    const std::string text(family->info().example);
    const Substitute substitute = parse_substitute(text);
    for (const bool bias : {false, true}) {
      const Graph linear = layer_of(true, bias);
      const Graph conv = layer_of(false, bias);
      const ConvSite site = replaceable_sites(linear).front().front();
      const ConvSite other = replaceable_sites(conv).front().front();
      const Resolved own = resolve(site, substitute);
      const Resolved as_conv = resolve(other, substitute);
      ASSERT_EQ(own.refusal.has_value(), as_conv.refusal.has_value()) << text;
      if (own.refusal) continue;
      EXPECT_EQ(own.structure, as_conv.structure) << text;
      EXPECT_EQ(cost(linear, text).parameters, cost(conv, text).parameters) << text;
      EXPECT_EQ(cost(linear, text).activation_elements, cost(conv, text).activation_elements) << text;
      EXPECT_EQ(cost(linear, text).stored_bytes(), cost(conv, text).stored_bytes()) << text;
      if (is_baseline(site, substitute)) continue; // its own events
      ++applied;
      for (const Convention &convention : conventions())
        EXPECT_EQ(cost(linear, text).mult_adds(convention).to_string(), cost(conv, text).mult_adds(convention).to_string())
            << text << " " << convention.name;
      // Formulas of the site.
      Plan plan;
      plan.uniform = substitute;
      EXPECT_NO_THROW(explain(linear, "fc", plan)) << text;
    }
  }
  EXPECT_GE(applied, 24U);
}

// Where nothing is substituted it is what it was: the reference counter counts the bias of linear layers, and not of
// convolutions.
TEST(ReplaceableLinear, StaysALinearLayer) {
  for (const bool is_planned : {false, true}) {
    Plan plan;
    if (is_planned) plan.uniform = parse_substitute("Conv");
    const Graph lowered = lower(layer_of(true, true), plan).graph;
    const CostReport report = count(lowered);
    EXPECT_EQ(report.parameters, 16 * 24 + 24);
    EXPECT_EQ(report.substituted_parameters, 0);
    EXPECT_EQ(report.mult_adds(find_convention("macs")), Count(16 * 24));
    EXPECT_EQ(report.mult_adds(find_convention("reference")), Count(16 * 24 + 24));
    std::vector<std::string> names;
    for (NodeId id = 0; id < lowered.node_count(); ++id)
      if (std::holds_alternative<Parameter>(lowered.node(id).op)) names.push_back(lowered.parameter_name(id));
    EXPECT_EQ(names, (std::vector<std::string>{"fc.weight", "fc.bias"}));
  }
  EXPECT_EQ(cost(layer_of(true, true), "convolution").mult_adds(find_convention("reference")), Count(16 * 24));
}

constexpr const char *kFile = R"({
  "schema": "pare.network/1",
  "name": "two",
  "input": [3, 4, 4],
  "layers": [
    {"id": "a", "op": "conv", "inputs": ["input"], "out_channels": 4, "kernel": 3, "padding": 1},
    {"id": "f", "op": "flatten", "inputs": ["a"]},
    {"id": "h", "op": "linear", "inputs": ["f"], "out_features": 32, "bias": true, "replaceable": "Linear"},
    {"id": "r", "op": "relu", "inputs": ["h"]},
    {"id": "o", "op": "linear", "inputs": ["r"], "out_features": 10, "bias": true}
  ],
  "attention_taps": [],
  "output": "o"
}
)";

TEST(ReplaceableLinear, IsSaidByFiles) {
  const NetworkFile file = read_network(kFile, "net.json");
  ASSERT_EQ(file.graph.replaceable().size(), 1U);
  EXPECT_EQ(file.graph.replaceable()[0].baseline, Baseline::kLinear);
  const std::string text = write_network(file.graph, file.name);
  EXPECT_NE(text.find(R"("replaceable": "Linear")"), std::string::npos);
  EXPECT_EQ(write_network(read_network(text, "net.json").graph, "two"), text);
  // 3 x 4 x 9 + h + 32 x 10 + 10; h: 64 x 32 + 32, and at rank 5 5 (64 + 32) + 32.
  EXPECT_EQ(count(lower(file.graph, {}).graph).parameters, 3 * 4 * 9 + 64 * 32 + 32 + 330);
  EXPECT_EQ(cost(file.graph, "generic:rank=5").parameters, 3 * 4 * 9 + 5 * (64 + 32) + 32 + 330);
  const auto refused = [](std::string from, const std::string &to, const std::string &message) {
    std::string changed = kFile;
    changed.replace(changed.find(from), from.size(), to);
    test::expect_error([&] { read_network(changed, "net.json"); }, ErrorCode::kInvalidFile, "net.json/layers", message);
  };
  refused(R"("replaceable": "Linear")", R"("replaceable": "Conv")", "replaceable = \"Conv\" must be Linear, its baseline");
  refused(R"("kernel": 3,)", R"("kernel": 3, "replaceable": "Linear",)", "must be Conv or Sep, its baseline");
  refused(R"("inputs": ["h"])", R"("inputs": ["h"], "replaceable": "Linear")", "replaceable");
}

TEST(ReplaceableLinear, IsAKeyOfFamilies) {
  for (const std::string spec : {"wrn-10-1", "resnet-18", "wrn-50-2", "darts:layers=4", "darts-imagenet:layers=4"}) {
    const Network plain = make_network(spec);
    const Network marked = make_network(spec + (spec.find(':') == std::string::npos ? ":" : ",") + "replace_linear=Yes");
    ASSERT_EQ(marked.graph.replaceable().size(), plain.graph.replaceable().size() + 1) << spec;
    EXPECT_EQ(marked.graph.replaceable().back().baseline, Baseline::kLinear);
    EXPECT_EQ(marked.name, plain.name + ",replace_linear=yes");
    EXPECT_EQ(make_network(spec + (spec.find(':') == std::string::npos ? ":" : ",") + "replace_linear=no").name, plain.name);
    for (const Convention &convention : conventions())
      EXPECT_EQ(count(lower(marked.graph, {}).graph).mult_adds(convention),
                count(lower(plain.graph, {}).graph).mult_adds(convention));
  }
  test::expect_error([] { make_network("wrn-10-1:replace_linear=maybe"); }, ErrorCode::kInvalidValue,
                     "wide_resnet/replace_linear", "must be yes or no");
  test::expect_error([] { make_network("mobilenet-v2:replace_linear=yes"); }, ErrorCode::kUnknownName, "mobilenet_v2",
                     "replace_linear");
}

} // namespace
} // namespace pare

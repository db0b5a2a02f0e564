// Names and shapes of parameters and buffers, against blocks and whole networks that the 2019 code wrote to files.

#include "analysis/cost_model.hpp"
#include "analysis/lower.hpp"
#include "models/network.hpp"
#include "tests/support.hpp"

#include <map>
#include <set>

namespace pare {
namespace {

using Json = nlohmann::ordered_json;
using Shapes = std::map<std::string, std::vector<std::int64_t>>;

const Json &blocks() {
  static const Json file = test::golden("block_parameters.json");
  return file.at("blocks");
}

Shapes shapes_of(const Json &object) {
  Shapes out;
  for (const auto &[name, shape] : object.items()) out[name] = shape.get<std::vector<std::int64_t>>();
  return out;
}

/// "HashedSeparable" in the fixtures has a budget of K = (c_i k^2 + c_i c_o) // 3 values, which for k = 1 all go to the
/// pointwise.
std::string substitute_of(const Json &block) {
  const auto name = block.at("substitution").get<std::string>();
  if (name != "HashedSeparable") return name;
  const Json &conv = block.at("conv");
  const auto c_i = conv.at("in_channels").get<std::int64_t>();
  const auto c_o = conv.at("out_channels").get<std::int64_t>();
  if (conv.at("kernel_size") != 1) return "hashed_separable:divisor=3,index=reference";
  // (16 + 512) // 3 = 176 of 512, and (32 + 512) // 3 = 181 of 512: ratios that are exact in binary.
  return "HashedSeparable_" + shortest(static_cast<double>((c_i + c_i * c_o) / 3) / static_cast<double>(c_i * c_o));
}

class Blocks : public testing::TestWithParam<std::size_t> {};

TEST_P(Blocks, HaveTheReferencesParameters) {
  const Json &block = blocks().at(GetParam());
  const Json &conv = block.at("conv");
  const auto both = [&](const char *key) { return Pair{conv.at(key).get<std::int64_t>(), conv.at(key).get<std::int64_t>()}; };
  const auto input = block.at("input").get<std::vector<std::int64_t>>();
  const auto output = block.at("output").get<std::vector<std::int64_t>>();
  const ConvSite site = make_site("X", {.batch = input[0], .channels = input[1], .height = input[2], .width = input[3]},
                                  conv.at("out_channels").get<std::int64_t>(), both("kernel_size"), both("stride"),
                                  {both("padding").height, both("padding").width}, both("dilation"));
  Graph graph;
  const NodeId y = lower_site(graph, site, graph.add_input(site.input), parse_substitute(substitute_of(block)));
  EXPECT_EQ(graph.activation(y), (Shape{.batch = output[0], .channels = output[1], .height = output[2], .width = output[3]}));

  Shapes parameters;
  Shapes buffers;
  for (NodeId id = 0; id < graph.node_count(); ++id) {
    const Op &op = graph.node(id).op;
    if (!std::holds_alternative<Parameter>(op) && !std::holds_alternative<Buffer>(op)) continue;
    const Extents &extents = graph.weight(id);
    (std::holds_alternative<Parameter>(op) ? parameters : buffers)[graph.parameter_name(id).substr(2)] = {extents.begin(),
                                                                                                          extents.end()};
  }
  EXPECT_EQ(parameters, shapes_of(block.at("parameters")));
  EXPECT_EQ(buffers, shapes_of(block.at("buffers")));
  EXPECT_EQ(count(graph).parameters, block.at("count").get<std::int64_t>());
}

std::vector<std::size_t> block_indices() {
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < blocks().size(); ++i) out.push_back(i);
  return out;
}

INSTANTIATE_TEST_SUITE_P(Fixtures, Blocks, testing::ValuesIn(block_indices()),
                         [](const testing::TestParamInfo<std::size_t> &param) {
                           return test::test_name(blocks().at(param.param).at("block").get<std::string>());
                         });

TEST(BlocksFile, HasAllItsBlocks) { EXPECT_EQ(blocks().size(), 54u); }

// Whole networks: every name, which of them have scaled decay, and the ratio that scales it: parameters of the compressed
// network by those of the original (DARTS: with Sep).
TEST(TrainingSteps, HaveTheReferencesParametersAndDecay) {
  const Json file = test::golden("step_parameters.json");
  EXPECT_EQ(file.at("runs").size(), 8u);
  for (const Json &run : file.at("runs")) {
    SCOPED_TRACE(run.at("run").get<std::string>());
    const Network network = make_network(run.at("network").get<std::string>());
    const Lowered lowered =
        lower(network.graph, {.uniform = parse_substitute(run.at("substitution").get<std::string>()), .layers = {}});
    std::set<std::string> scaled;
    std::set<std::string> not_scaled;
    for (NodeId id = 0; id < lowered.graph.node_count(); ++id)
      if (const auto *parameter = std::get_if<Parameter>(&lowered.graph.node(id).op))
        (parameter->decay_scaled ? scaled : not_scaled).insert(lowered.graph.parameter_name(id));
    EXPECT_EQ(scaled, run.at("scaled").get<std::set<std::string>>());
    EXPECT_EQ(not_scaled, run.at("not_scaled").get<std::set<std::string>>());
    const auto original = static_cast<double>(count(lower(network.graph, {}).graph).parameters);
    EXPECT_EQ(static_cast<double>(count(lowered.graph).parameters) / original, run.at("compression_ratio").get<double>());
  }
}

} // namespace
} // namespace pare

#include "analysis/cost_model.hpp"
#include "analysis/lower.hpp"
#include "models/network.hpp"
#include "tests/support.hpp"

#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <set>

namespace pare {
namespace {

using Json = nlohmann::json;

constexpr const char *kV2 = R"({"normal": [["sep_conv_3x3", 0], ["sep_conv_3x3", 1], ["sep_conv_3x3", 0], ["sep_conv_3x3", 1],
  ["sep_conv_3x3", 1], ["skip_connect", 0], ["skip_connect", 0], ["dil_conv_3x3", 2]], "normal_concat": [2, 3, 4, 5],
  "reduce": [["max_pool_3x3", 0], ["max_pool_3x3", 1], ["skip_connect", 2], ["max_pool_3x3", 1], ["max_pool_3x3", 0], ["skip_connect", 2],
  ["skip_connect", 2], ["max_pool_3x3", 1]], "reduce_concat": [2, 3, 4, 5]})";
// Liu et al. 2018, the first-order architecture as published.
constexpr const char *kV1 = R"({"normal": [["sep_conv_3x3", 1], ["sep_conv_3x3", 0], ["skip_connect", 0], ["sep_conv_3x3", 1],
  ["skip_connect", 0], ["sep_conv_3x3", 1], ["sep_conv_3x3", 0], ["skip_connect", 2]], "normal_concat": [2, 3, 4, 5],
  "reduce": [["max_pool_3x3", 0], ["max_pool_3x3", 1], ["skip_connect", 2], ["max_pool_3x3", 0], ["max_pool_3x3", 0], ["skip_connect", 2],
  ["skip_connect", 2], ["avg_pool_3x3", 0]], "reduce_concat": [2, 3, 4, 5]})";
// Every operation once, and unequal numbers of nodes and concatenations.
constexpr const char *kAll = R"({"normal": [["none", 0], ["sep_conv_5x5", 1], ["dil_conv_5x5", 2], ["sep_conv_7x7", 0],
  ["avg_pool_3x3", 3], ["skip_connect", 1]], "normal_concat": [2, 4],
  "reduce": [["skip_connect", 0], ["dil_conv_3x3", 1], ["conv_7x1_1x7", 0], ["sep_conv_3x3", 2]], "reduce_concat": [3]})";

/// Parameters of a DARTS with Sep in every place, from networks.md, cell by cell.
std::int64_t expected_parameters(const Json &genotype, std::int64_t c, std::int64_t layers, std::int64_t classes) {
  const auto conv_bn = [](std::int64_t in, std::int64_t out) { return in * out + 2 * out; }; // a 1x1 and its batch norm
  const auto operation = [&](const std::string &op, std::int64_t channels, bool strided) -> std::int64_t {
    if (op == "none" || op.find("pool") != std::string::npos) return 0;
    if (op == "skip_connect") return strided ? conv_bn(channels, channels) : 0;
    if (op == "conv_7x1_1x7") return 2 * 7 * channels * channels + 2 * channels;
    const std::int64_t k = op.back() - '0';
    const std::int64_t one = k * k * channels + conv_bn(channels, channels);
    return op.starts_with("sep") ? 2 * one : one;
  };
  std::int64_t before_last = 3 * c;
  std::int64_t last = 3 * c;
  std::int64_t total = 9 * 3 * last + 2 * last;
  for (std::int64_t i = 0; i < layers; ++i) {
    const bool reduction = i == layers / 3 || i == 2 * layers / 3;
    if (reduction) c *= 2;
    total += conv_bn(before_last, c) + conv_bn(last, c); // a FactorizedReduce has as many
    const Json &cell = genotype.at(reduction ? "reduce" : "normal");
    for (const Json &edge : cell) total += operation(edge[0], c, reduction && edge[1].get<int>() < 2);
    before_last = last;
    last = c * static_cast<std::int64_t>(genotype.at(reduction ? "reduce_concat" : "normal_concat").size());
  }
  return total + last * classes + classes;
}

std::int64_t parameters(const std::string &spec) { return count(lower(make_network(spec).graph, {}).graph).parameters; }

TEST(Darts, GenotypesCountAsTheirCellsSay) {
  EXPECT_EQ(expected_parameters(Json::parse(kV2), 36, 20, 10), 3349342) << "golden/counts.json, so the formula holds";
  EXPECT_EQ(parameters("darts"), 3349342);
  EXPECT_EQ(parameters("darts:genotype=darts_v1"), expected_parameters(Json::parse(kV1), 36, 20, 10));
  for (const std::int64_t layers : {1, 2, 3, 5, 8})
    for (const char *genotype : {kV1, kV2, kAll})
      EXPECT_EQ(parameters("darts:channels=6,classes=7,layers=" + std::to_string(layers) + ",genotype=" + genotype),
                expected_parameters(Json::parse(genotype), 6, layers, 7));
}

TEST(Darts, GenotypesAsJsonAndAsFiles) {
  const Network named = make_network("darts");
  const Network spelled = make_network(std::string("darts:genotype=") + kV2 + ",channels=36");
  EXPECT_EQ(spelled.graph.node_count(), named.graph.node_count());
  EXPECT_EQ(count(spelled.graph).parameters, count(named.graph).parameters);
  EXPECT_NE(spelled.name.find("genotype={\"normal\":[[\"sep_conv_3x3\",0],"), std::string::npos) << spelled.name;

  const std::string path = testing::TempDir() + "/pare_genotype_" + std::to_string(::getpid()) + ".json";
  std::ofstream(path) << kV1 << "\n";
  const Network from_file = make_network("darts:genotype=@" + path + ",layers=6");
  std::remove(path.c_str());
  EXPECT_EQ(count(from_file.graph).parameters, count(make_network("darts:genotype=darts_v1,layers=6").graph).parameters);
  // The spec stands for itself: the file is in it.
  EXPECT_EQ(from_file.name.find('@'), std::string::npos);
  EXPECT_EQ(make_network(from_file.name).name, from_file.name);
}

void bad(const std::string &genotype, std::string_view line, const char *file = __builtin_FILE(), int at = __builtin_LINE()) {
  test::expect_message([&] { make_network("darts:layers=3,genotype=" + genotype); }, line, file, at);
}

TEST(Darts, BadGenotypes) {
  const auto with = [](const char *pointer, const Json &value) {
    Json document = Json::parse(kV2);
    document[Json::json_pointer(pointer)] = value;
    return document.dump();
  };
  const std::string accepted =
      " must be darts_v1, darts_v2, nasnet, amoebanet, p_darts, pc_darts, pc_darts_image, gdas, fair_darts_a, fair_darts_b, "
      "fair_darts_c, fair_darts_d, fair_darts_e, fair_darts_f, fair_darts_g, or one written out: "
      "Genotype(normal=[('skip_connect', 0), ...], normal_concat=..., reduce=..., "
      "reduce_concat=...), or JSON with these members (@file reads one)";
  bad("darts_v3", "[invalid_config] darts/genotype: genotype = darts_v3" + accepted);
  bad("gdsa", "[invalid_config] darts/genotype: genotype = gdsa" + accepted + "; did you mean gdas?");
  bad("", "[invalid_config] darts/genotype: genotype = \"\"" + accepted);
  bad("[1]", "[invalid_config] darts/genotype: genotype = [1]" + accepted);
  bad("{}", R"([invalid_config] darts/genotype/normal: "normal" is missing)");
  bad("{\"normal\": 1}",
      R"([invalid_config] darts/genotype/normal: normal = 1 must be a list of operations, two for each node, such as [["sep_conv_3x3", 0], ["skip_connect", 1]])");
  bad("{nonsense}",
      "[invalid_value] darts/genotype: line 1, column 2: \"nonsense}\" stands where a key in quotes would be accepted");
  bad(with("/more", 1),
      R"([invalid_config] darts/genotype/more: unknown key "more"; known: normal, normal_concat, reduce, reduce_concat, connectN, connects)");
  bad(with("/normal", Json::array()),
      R"([invalid_config] darts/genotype/normal: normal = [] must be a list of operations, two for each node, such as [["sep_conv_3x3", 0], ["skip_connect", 1]])");
  bad(with("/normal/0", "sep_conv_3x3"),
      R"([invalid_config] darts/genotype/normal[0]: operation = "sep_conv_3x3" must be [name, input], [name, input, weight] or [name, node, input], such as ["sep_conv_3x3", 0])");
  bad(with("/normal/0/0", "sep_conv_9x9"),
      R"([invalid_config] darts/genotype/normal[0]: unknown operation "sep_conv_9x9"; known: none, skip_connect, max_pool_3x3, max_pool_5x5, max_pool_7x7, avg_pool_3x3, avg_pool_5x5, sep_conv_3x3, sep_conv_5x5, sep_conv_7x7, dil_conv_3x3, dil_conv_5x5, dil_sep_conv_3x3, conv_1x1, conv_3x3, conv_3x1_1x3, conv_7x1_1x7, nor_conv_1x1, nor_conv_3x3, nor_conv_7x7, dua_sepc_3x3, dua_sepc_5x5, dil_sepc_3x3, dil_sepc_5x5)");
  bad(with("/normal/0/1", 2),
      "[invalid_config] darts/genotype/normal[0]: input = 2 must be from 0 to 1: an input of the cell or an earlier node");
  bad(with("/normal/0/1", -1),
      "[invalid_config] darts/genotype/normal[0]: input = -1 must be from 0 to 1: an input of the cell or an earlier node");
  bad(with("/normal/0/1", 0.5),
      R"([invalid_config] darts/genotype/normal[0]: operation = ["sep_conv_3x3",0.5] must be [name, input], [name, input, weight] or [name, node, input], such as ["sep_conv_3x3", 0])");
  bad(with("/reduce/7/1", 5),
      "[invalid_config] darts/genotype/reduce[7]: input = 5 must be from 0 to 4: an input of the cell or an earlier node");
  bad(with("/normal_concat", Json::array()), "[invalid_config] darts/genotype/normal_concat: normal_concat = [] must be a list "
                                             "of the nodes that are joined, such as [2, 3]");
  bad(with("/normal_concat/0", 1),
      "[invalid_config] darts/genotype/normal_concat[0]: node = 1 must be a whole number from 2 to 5");
  bad(with("/reduce_concat/0", 6),
      "[invalid_config] darts/genotype/reduce_concat[0]: node = 6 must be a whole number from 2 to 5");
  Json odd = Json::parse(kV2);
  odd["normal"].erase(0);
  bad(odd.dump(),
      R"([invalid_config] darts/genotype/normal: normal = [["sep_conv_3x3",1],["sep_con...nect",0],["dil_conv_3x3",2]] must be two operations for each node, such as [["sep_conv_3x3", 0], ["skip_connect", 1]])");
  std::string truncated = kV2;
  truncated.pop_back();
  bad(truncated,
      R"([invalid_value] darts: in "layers=3,genotype={"normal": [["sep_conv_3x3", 0], ["sep_co...", 2], ["max_pool_3x3", 1]], "reduce_concat": [2, 3, 4, 5]" a bracket is not closed; a value that has a [, { or ( must have its partner)");
  bad(with("/normal_concat/1", 2),
      "[invalid_config] darts/genotype/normal_concat[1]: node 2 is joined twice; each once would be accepted"); // [2, 2, 4, 5]
  bad(with("/reduce_concat", Json::array({2, 2})),
      "[invalid_config] darts/genotype/reduce_concat[1]: node 2 is joined twice; each once would be accepted");
  // A key twice, at each level.
  bad(R"({"normal": [], "normal": []})", R"([invalid_value] darts/genotype: line 1, column 16: "normal" is given twice)");
  std::string twice = kV2;
  twice.insert(twice.rfind('}'), R"(, "reduce_concat": [2])");
  bad(twice, R"([invalid_value] darts/genotype: line 4, column 77: "reduce_concat" is given twice)");
  bad(with("/normal/0", Json::array({"none", 0, 1})),
      R"([invalid_config] darts/genotype/normal[1]: operation = ["sep_conv_3x3",1] must be of one form with those before it: [name, input], [name, input, weight] or [name, node, input], such as ["sep_conv_3x3", 0])");
  bad(with("/normal/0", Json::object()),
      R"([invalid_config] darts/genotype/normal[0]: operation = {} must be [name, input], [name, input, weight] or [name, node, input], such as ["sep_conv_3x3", 0])");
  bad(with("/normal/0/0", std::string(10'000, 'x')),
      R"([invalid_config] darts/genotype/normal[0]: unknown operation "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"; known: none, skip_connect, max_pool_3x3, max_pool_5x5, max_pool_7x7, avg_pool_3x3, avg_pool_5x5, sep_conv_3x3, sep_conv_5x5, sep_conv_7x7, dil_conv_3x3, dil_conv_5x5, dil_sep_conv_3x3, conv_1x1, conv_3x3, conv_3x1_1x3, conv_7x1_1x7, nor_conv_1x1, nor_conv_3x3, nor_conv_7x7, dua_sepc_3x3, dua_sepc_5x5, dil_sepc_3x3, dil_sepc_5x5)");
  bad(with("/normal", "sep"),
      R"([invalid_config] darts/genotype/normal: normal = "sep" must be a list of operations, two for each node, such as [["sep_conv_3x3", 0], ["skip_connect", 1]])");
  bad(with("/normal_concat", 2), "[invalid_config] darts/genotype/normal_concat: normal_concat = 2 must be a list of the nodes "
                                 "that are joined, such as [2, 3]");
  bad(with("/normal_concat/0", "2"),
      R"([invalid_config] darts/genotype/normal_concat[0]: node = "2" must be a whole number from 2 to 5)");
}

// Each byte damaged in turn: an Error or a network, never anything else.
TEST(Darts, DamageIsAnErrorOrANetwork) {
  const std::string text = kAll;
  for (std::size_t at = 0; at < text.size(); at += 3)
    for (const char byte : {'"', '[', '}', '9', ',', '\xff'}) {
      std::string damaged = text;
      damaged[at] = byte;
      const std::string line = test::message_of([&] { make_network("darts:layers=1,channels=2,genotype=" + damaged); });
      EXPECT_TRUE(line == "no error" || line.starts_with("[invalid_") || line.starts_with("[unknown_name] darts")) << line;
    }
  for (std::size_t size = 0; size < text.size(); size += 5)
    EXPECT_TRUE(test::message_of([&] { make_network("darts:genotype=" + text.substr(0, size)); }).starts_with("[invalid_"));
}

TEST(Darts, NamesAndBaselines) {
  const Network network = make_network("darts");
  EXPECT_EQ(network.graph.replaceable().size(), 240u);
  std::set<std::string> names;
  for (const Layer &layer : network.graph.layers()) names.insert(layer.name);
  for (const char *name :
       {"stem.0", "stem.1", "cells.0.preprocess0.op.0", "cells.0.preprocess0.op.1", "cells.0.preprocess0.op.2",
        "cells.7.preprocess0.relu", "cells.7.preprocess0.conv_1", "cells.7.preprocess0.conv_2", "cells.7.preprocess0.bn",
        "cells.0._ops.0.op.0", "cells.0._ops.0.op.5", "cells.0._ops.7.op.1", "classifier"})
    EXPECT_TRUE(names.contains(name)) << name;
  for (const Graph::Replaceable &r : network.graph.replaceable()) EXPECT_EQ(r.baseline, Baseline::kSep);
}

// The output of cells L//3 - 1 and 2L//3 - 1: with 20 layers those of cells 5 and 12, 4 x 36 at 32 x 32 and 4 x 72 at 16 x 16.
TEST(Darts, AttentionTaps) {
  const Network network = make_network("darts");
  const auto taps = network.graph.attention_taps();
  ASSERT_EQ(taps.size(), 2u);
  EXPECT_EQ(network.graph.layer(network.graph.node(taps[0]).layer).name, "cells.5.concat");
  EXPECT_EQ(network.graph.layer(network.graph.node(taps[1]).layer).name, "cells.12.concat");
  EXPECT_EQ(network.graph.activation(taps[0]), (Shape{.batch = 1, .channels = 144, .height = 32, .width = 32}));
  EXPECT_EQ(network.graph.activation(taps[1]), (Shape{.batch = 1, .channels = 288, .height = 16, .width = 16}));
}

// Liu et al. 2018, table 3: 4.7 M parameters; the published code prints 4.718752 M (without the auxiliary head).
TEST(Darts, OfImageNet) {
  EXPECT_EQ(parameters("darts-imagenet"), 4718752);
  const Network network = make_network("darts_imagenet");
  EXPECT_EQ(network.input, (Shape{.batch = 1, .channels = 3, .height = 224, .width = 224}));
  // 112, 56 and 28 behind the three strided convolutions; cells 4 and 9 of 14 halve it twice.
  const auto taps = network.graph.attention_taps();
  ASSERT_EQ(taps.size(), 2u);
  EXPECT_EQ(network.graph.activation(taps[0]), (Shape{.batch = 1, .channels = 4 * 48, .height = 28, .width = 28}));
  EXPECT_EQ(network.graph.activation(taps[1]), (Shape{.batch = 1, .channels = 4 * 96, .height = 14, .width = 14}));
}

TEST(Darts, OddImagesDoNotFitAFactorizedReduce) {
  // 33 -> 17 positions from x, 16 from x[1:, 1:].
  test::expect_message([] { make_network("darts", {.input = Shape{.batch = 1, .channels = 3, .height = 33, .width = 33}}); },
                       "[invalid_config] cells.7.preprocess0.concat/inputs: input 1 is [1, 36, 16, 16], input 0 is [1, 36, 17, "
                       "17]; only channels may differ");
}

} // namespace
} // namespace pare

// pare.network/1: what is written reads back as the same network, and nothing that is wrong is read.

#include "analysis/network_file.hpp"

#include "analysis/cost_model.hpp"
#include "analysis/lower.hpp"
#include "models/network.hpp"
#include "tests/known_names.hpp"
#include "tests/support.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <random>

namespace pare {
namespace {

using Json = nlohmann::ordered_json;

NetworkFile read(const std::string &text) { return read_network(text, "net.json"); }

constexpr const char *kSmall = R"({
  "schema": "pare.network/1",
  "name": "small",
  "input": [3, 8, 8],
  "layers": [
    {"id": "a", "op": "conv", "inputs": ["input"], "out_channels": 4, "kernel": 3, "padding": 1, "bias": true, "replaceable": "Conv"},
    {"id": "n", "op": "batch_norm", "inputs": ["a"]},
    {"id": "r", "op": "relu", "inputs": ["n"], "spelling": "function"},
    {"id": "c", "op": "conv", "inputs": ["r"], "out_channels": 4, "kernel": [1, 3], "stride": [1, 2], "padding": [0, 1], "dilation": 1, "groups": 2},
    {"id": "p", "op": "avg_pool", "inputs": ["r"], "kernel": [1, 2], "stride": [1, 2]},
    {"id": "s", "op": "add", "inputs": ["c", "p"]},
    {"id": "g", "op": "global_avg_pool", "inputs": ["s"]},
    {"id": "f", "op": "linear", "inputs": ["g"], "out_features": 10, "bias": true}
  ],
  "attention_taps": ["s"],
  "output": "f"
})";

/// kSmall with one layer's or the header's field changed.
std::string changed(const std::string &pointer, const Json &value) {
  Json document = Json::parse(kSmall);
  document[Json::json_pointer(pointer)] = value;
  return document.dump();
}
std::string without(const std::string &pointer) {
  Json document = Json::parse(kSmall);
  const Json::json_pointer at(pointer);
  document[at.parent_pointer()].erase(at.back());
  return document.dump();
}

TEST(NetworkFiles, AreReadAsWritten) {
  const NetworkFile file = read(kSmall);
  EXPECT_EQ(file.name, "small");
  EXPECT_EQ(file.graph.input_shape(), (Shape{.batch = 1, .channels = 3, .height = 8, .width = 8}));
  EXPECT_EQ(file.graph.activation(file.graph.output()), (Shape{.batch = 1, .channels = 10, .height = 1, .width = 1}));
  ASSERT_EQ(file.graph.attention_taps().size(), 1u);
  EXPECT_EQ(file.graph.activation(file.graph.attention_taps()[0]), (Shape{.batch = 1, .channels = 4, .height = 8, .width = 4}));
  ASSERT_EQ(file.graph.replaceable().size(), 1u);
  const CostReport report = count(file.graph);
  // a: 4 x 3 x 9 + 4; n: 4 + 4; c: 4 x 2 x 3; f: 4 x 10 + 10.
  EXPECT_EQ(report.parameters, 4 * 3 * 9 + 4 + 4 + 4 + 4 * 2 * 3 + 4 * 10 + 10);
  EXPECT_EQ(report.mult_adds(find_convention("macs")), Count(64 * 4 * 3 * 9 + 8 * 4 * 4 * 2 * 3 + 40));
  // The reference sees the pooling module (2 per output) and not the ReLU function.
  EXPECT_EQ(report.mult_adds(find_convention("reference")),
            Count(64 * 4 * 3 * 9 + 8 * 4 * 4 * 2 * 3 + 40 + 10 + 2 * (4 * 8 * 4)));
}

TEST(NetworkFiles, TakeAnotherInput) {
  const NetworkFile file = read_network(kSmall, "net.json", Shape{.batch = 5, .channels = 3, .height = 16, .width = 4});
  EXPECT_EQ(file.graph.input_shape().batch, 5);
  EXPECT_EQ(file.graph.activation(file.graph.output()).batch, 5);
}

TEST(NetworkFiles, ASecondRoundIsByteIdentical) {
  for (
      const char *spec :
      {"wrn-28-10",
       "wrn-10-1",
       "wrn-16-0.5",
       "wide_resnet:depth=22,width=1.5,classes=100,attention_split=3",
       "darts",
       "darts:channels=4,layers=6,genotype=darts_v1",
       "darts:layers=1,channels=1,classes=1",
       "darts-imagenet",
       "darts_imagenet:channels=4,layers=3",
       "wrn-50-2",
       "wrn_50_2:classes=7,width=0.25",
       "resnet-18",
       "resnet-34",
       "resnet-50",
       "resnet-101",
       "resnet-152",
       "resnet:depth=50,width=0.5,expansion=2,classes=3",
       "mobilenet-v2",
       "mobilenet_v2:width=0.35,round_to=8",
       "mobilenet_v2:width=1.4",
       R"(darts:layers=3,channels=4,genotype={"normal":[["none",0],["dil_conv_5x5",1]],"normal_concat":[2],"reduce":[["none",0],["avg_pool_3x3",1],["sep_conv_7x7",2],["conv_7x1_1x7",0]],"reduce_concat":[2,3]})"}) {
    SCOPED_TRACE(spec);
    const Network network = make_network(spec);
    const std::string first = write_network(network.graph, network.name);
    const NetworkFile file = read(first);
    EXPECT_EQ(write_network(file.graph, file.name), first);
    EXPECT_EQ(file.name, network.name);
    // And it is the same network: counted, lowered, tapped.
    for (const char *substitute : {"Conv", "Generic_0.5"}) {
      const Plan plan{.uniform = parse_substitute(substitute), .layers = {}};
      const CostReport a = count(lower(network.graph, plan, WhereRefused::kLeaveAsItIs).graph);
      const CostReport b = count(lower(file.graph, plan, WhereRefused::kLeaveAsItIs).graph);
      EXPECT_EQ(a.parameters, b.parameters);
      for (const Convention &convention : conventions()) EXPECT_EQ(a.mult_adds(convention), b.mult_adds(convention));
      EXPECT_EQ(a.activation_elements, b.activation_elements);
    }
    ASSERT_EQ(file.graph.attention_taps().size(), network.graph.attention_taps().size());
    for (std::size_t i = 0; i < network.graph.attention_taps().size(); ++i)
      EXPECT_EQ(file.graph.attention_taps()[i], network.graph.attention_taps()[i]);
    EXPECT_EQ(file.graph.node_count(), network.graph.node_count());
    EXPECT_FALSE(write_dot(network.graph, network.name).empty());
  }
}

TEST(NetworkFiles, AUsersFileSettlesAfterOneRound) {
  const std::string once = write_network(read(kSmall).graph, "small");
  EXPECT_EQ(write_network(read(once).graph, "small"), once);
  // Names that repeat get ids of their own, also where one looks like such an id.
  std::string text = R"({"schema": "pare.network/1", "name": "ids \"quoted\"\u00e9", "input": [1, 4, 4], "layers": [)";
  text +=
      R"({"id": "1", "name": "r", "op": "relu", "inputs": ["input"]}, {"id": "2", "name": "r#2", "op": "relu", "inputs": ["1"]},)";
  text +=
      R"({"id": "3", "name": "r", "op": "relu", "inputs": ["2"]}, {"id": "4", "name": "input", "op": "relu", "inputs": ["3"]}]})";
  const NetworkFile file = read(text);
  const std::string written = write_network(file.graph, file.name);
  const NetworkFile again = read(written);
  EXPECT_EQ(write_network(again.graph, again.name), written);
  EXPECT_EQ(again.name, file.name);
  EXPECT_EQ(again.graph.layer(again.graph.node(3).layer).name, "r");
}

TEST(NetworkFiles, PaddingHasFourSides) {
  const auto with = [](const std::string &op, const std::string &padding) {
    return R"({"schema": "pare.network/1", "name": "n", "input": [3, 8, 7], "layers": [{"id": "c", "op": ")" + op +
           R"(", "inputs": ["input"], "kernel": 3, "stride": 2, "padding": )" + padding +
           (op == "conv" ? R"(, "out_channels": 4}]})" : "}]}");
  };
  for (const std::string op : {"conv", "max_pool", "avg_pool"})
    for (const auto &[padding, height, width, written] :
         std::vector<std::tuple<std::string, int, int, std::string>>{{"1", 4, 4, "1"},
                                                                     {"[1, 0]", 4, 3, "[1, 0]"},
                                                                     {"[0, 1, 0, 1]", 4, 3, "[0, 1, 0, 1]"},
                                                                     {"[1, 1, 0, 0]", 4, 3, "[1, 0]"},
                                                                     {"\"same\"", 4, 4, "[0, 1, 1, 1]"}}) {
      SCOPED_TRACE(op + " " + padding);
      const NetworkFile file = read(with(op, padding));
      EXPECT_EQ(file.graph.activation(file.graph.output()).height, height);
      EXPECT_EQ(file.graph.activation(file.graph.output()).width, width);
      const std::string text = write_network(file.graph, "n");
      EXPECT_NE(text.find("\"padding\": " + written), std::string::npos) << text;
      EXPECT_EQ(write_network(read(text).graph, "n"), text);
    }
  // "same" is of the input that there is.
  const NetworkFile other = read_network(with("conv", "\"same\""), "n.json", parse_image_shape("--input", "3,9,9"));
  EXPECT_EQ(other.graph.activation(other.graph.output()).height, 5);
  for (const std::string padding : {"[1]", "[1, 1, 1]", "\"valid\"", "1.5", "[1, 2, 3, \"4\"]", "null"})
    test::expect_message([&] { read(with("conv", padding)); },
                         "[invalid_file] net.json/layers[0].padding (c): padding = " + Json::parse(padding).dump() +
                             " must be a whole number, [vertical, horizontal], [top, bottom, left, right] or \"same\"");
  test::expect_message(
      [&] { read(with("max_pool", "[0, 1, 0, 0], \"ceil_mode\": true")); },
      "[invalid_config] net.json/layers[0].ceil_mode (c): ceil_mode = true must be false where padding differs from side to "
      "side, as in [0, 1, 0, 0]: no library says which partial windows there are then");
  EXPECT_NO_THROW(read(with("max_pool", "1, \"ceil_mode\": true")));
  test::expect_message(
      [&] { read(with("max_pool", "[0, 2, 0, 0]")); },
      "[invalid_config] net.json/layers[0].padding (c): padding = [0, 2, 0, 0] must be at most half of the kernel, 3 x 3");
}

TEST(NetworkFiles, LayersMayStandInAnyOrder) {
  for (const char *spec : {"darts:channels=4,layers=6", "wrn-16-1", "mobilenet-v2"}) {
    const Network network = make_network(spec);
    const CostReport expected = count(network.graph);
    Json document = Json::parse(write_network(network.graph, "net"));
    std::mt19937_64 engine(7);
    for (int round = 0; round < 5; ++round) {
      Json &layers = document["layers"];
      for (std::size_t i = layers.size(); i > 1; --i) std::swap(layers[i - 1], layers[engine() % i]);
      const NetworkFile file = read(document.dump());
      const CostReport report = count(file.graph);
      EXPECT_EQ(report.parameters, expected.parameters);
      for (const Convention &convention : conventions())
        EXPECT_EQ(report.mult_adds(convention), expected.mult_adds(convention));
      EXPECT_EQ(report.activation_elements, expected.activation_elements);
      EXPECT_EQ(file.graph.activation(file.graph.output()), network.graph.activation(network.graph.output()));
      const std::string once = write_network(file.graph, "net");
      EXPECT_EQ(write_network(read(once).graph, "net"), once);
    }
  }
}

// ---------------------------------------------------------------------------------------------------------- refusals

void bad(const std::string &text, std::string_view line, const char *file = __builtin_FILE(), int at = __builtin_LINE()) {
  test::expect_message([&] { read(text); }, line, file, at);
}

TEST(BadNetworkFiles, EveryPrefixIsRefused) {
  const std::string text = kSmall;
  for (std::size_t n = 0; n < text.size(); ++n) {
    SCOPED_TRACE(n);
    test::expect_error([&] { read(text.substr(0, n)); }, ErrorCode::kInvalidFile, "net.json", "parse error at line ");
  }
  EXPECT_NO_THROW(read(text));
  EXPECT_NO_THROW(read(text + "\n"));
  bad(text + "x",
      R"([invalid_file] net.json: parse error at line 17, column 2: syntax error while parsing value - invalid literal; last read: '"f"<U+000A>}x'; expected end of input)");
}

// Each byte damaged in turn, by each of a few that matter to JSON: an Error or a network, never anything else.
TEST(BadNetworkFiles, DamageIsAnErrorOrANetwork) {
  const std::string text = kSmall;
  std::size_t refused = 0;
  for (std::size_t at = 0; at < text.size(); ++at)
    for (const char byte : {'\0', '"', '[', '}', '9', '-', '\xff'}) {
      std::string damaged = text;
      damaged[at] = byte;
      try {
        count(read(damaged).graph);
      } catch (const Error &) {
        ++refused;
      }
    }
  EXPECT_GT(refused, text.size());
}

TEST(BadNetworkFiles, Headers) {
  bad("", "[invalid_file] net.json: parse error at line 1, column 1: syntax error while parsing value - unexpected end of "
          "input; expected '[', '{', or a literal");
  bad("null", "[invalid_file] net.json: null must be an object with \"schema\": \"pare.network/1\"");
  bad("[]", "[invalid_file] net.json: [] must be an object with \"schema\": \"pare.network/1\"");
  bad("3", "[invalid_file] net.json: 3 must be an object with \"schema\": \"pare.network/1\"");
  bad("{}", R"([invalid_file] net.json/schema: "schema": "pare.network/1" is expected, and there is none)");
  bad(changed("/schema", "pare.network/2"),
      R"([invalid_file] net.json/schema: schema = "pare.network/2" must be "pare.network/1")");
  bad(without("/schema"), R"([invalid_file] net.json/schema: "schema": "pare.network/1" is expected, and there is none)");
  bad(without("/name"), R"([invalid_file] net.json/name: "name" is missing)");
  bad(changed("/name", 3), "[invalid_file] net.json/name: name = 3 must be text in quotes");
  bad(without("/input"), R"([invalid_file] net.json/input: "input" is missing)");
  bad(without("/layers"), R"([invalid_file] net.json/layers: "layers" must list at least one layer)");
  bad(changed("/layers", Json::array()), R"([invalid_file] net.json/layers: "layers" must list at least one layer)");
  bad(changed("/layers", Json::object()), "[invalid_file] net.json/layers: layers must be an array");
  bad(changed("/layers", 3), "[invalid_file] net.json/layers: layers must be an array");
  bad(changed("/layers", nullptr), "[invalid_file] net.json/layers: layers must be an array");
  bad(changed("/more", 1),
      R"([invalid_file] net.json/more: unknown key "more"; known: schema, name, width, round_to, input, output, attention_taps, drop_path, segment_ends, layers)");
  bad(changed("/output", "zz"), R"([invalid_file] net.json/output: no layer has the id "zz")");
  bad(changed("/output", 3), "[invalid_file] net.json/output: no layer has the id 3");
  bad(changed("/attention_taps", "s"),
      R"([invalid_file] net.json/attention_taps: attention_taps = "s" must be an array of ids)");
  bad(changed("/attention_taps", Json::array({"zz"})),
      R"([invalid_file] net.json/attention_taps[0]: no layer has the id "zz")");
  for (const char *list : {"attention_taps", "drop_path", "segment_ends"}) {
    Json document = Json::parse(changed("/attention_taps", Json::array()));
    document[list] = Json::array({"s", "a", "s"});
    bad(document.dump(), fmt::format("[invalid_file] net.json/{}[2]: \"s\" is listed twice; once would be accepted", list));
  }
  for (const Json &input :
       std::vector<Json>{Json::array({3, 8}), Json::array({3, 8, 8, 8}), Json::array({3, 8, 0}), Json::array({3, 8, -1}),
                         Json::array({3, 8, 8.5}), Json::array({"3", 8, 8}), Json::array({3, 8, nullptr}),
                         Json::array({3, 8, 18446744073709551615u}), Json("3,8,8"), Json(3)})
    bad(changed("/input", input), "[invalid_file] net.json/input: input = " + input.dump() +
                                      " must be [channels, height, width], three whole numbers from 1 up");
}

TEST(BadNetworkFiles, Layers) {
  bad(changed("/layers/1", 3), "[invalid_file] net.json/layers[1]: 3 must be an object");
  bad(changed("/layers/1", Json::array()), "[invalid_file] net.json/layers[1]: [] must be an object");
  bad(without("/layers/1/id"), R"([invalid_file] net.json/layers[1].id: "id" is missing)");
  bad(without("/layers/1/op"), R"([invalid_file] net.json/layers[1].op (n): "op" is missing)");
  bad(without("/layers/1/inputs"), R"([invalid_file] net.json/layers[1].inputs (n): "inputs" is missing)");
  bad(changed("/layers/1/id", ""), R"([invalid_file] net.json/layers[1].id: id = "" must not be empty, nor "input")");
  bad(changed("/layers/1/id", "input"),
      R"([invalid_file] net.json/layers[1].id (input): id = "input" must not be empty, nor "input")");
  bad(changed("/layers/1/id", 4), "[invalid_file] net.json/layers[1].id: id = 4 must be text in quotes");
  bad(changed("/layers/1/id", "a"),
      R"([invalid_file] net.json/layers[1].id (a): id "a" is taken by layers[0]; ids must be unique)");
  bad(changed("/layers/1/op", "batchnorm"),
      R"([invalid_file] net.json/layers[1].op (n): unknown op "batchnorm"; known: )" PARE_KNOWN_FILE_OPS);
  for (const char *op : {"input", "parameter", "gather", "transpose", "add_bias"})
    bad(changed("/layers/1/op", op),
        "[invalid_file] net.json/layers[1].op (n): unknown op \"" + std::string(op) + "\"; known: " PARE_KNOWN_FILE_OPS);
  bad(changed("/layers/1/inputs", "a"),
      R"([invalid_file] net.json/layers[1].inputs (n): inputs = "a" must be an array of ids)");
  bad(changed("/layers/1/inputs/0", 0), "[invalid_file] net.json/layers[1].inputs (n): input 0 must be an id in quotes");
  bad(changed("/layers/1/inputs/0", "zz"), R"([invalid_file] net.json/layers[1].inputs (n): no layer has the id "zz")");
  bad(changed("/layers/1/inputs", Json::array({"a", "a"})),
      "[invalid_file] net.json/layers[1].inputs (n): 2 inputs given, 1 expected");
  bad(changed("/layers/1/inputs", Json::array()), "[invalid_file] net.json/layers[1].inputs (n): 0 inputs given, 1 expected");
  bad(changed("/layers/1/momentum", "x"), R"([invalid_file] net.json/layers[1].momentum (n): momentum = "x" must be a number)");
  bad(changed("/layers/1/momentums", 1),
      R"([invalid_file] net.json/layers[1].momentums (n): unknown key "momentums"; known: id, op, inputs, name, shares, affine, eps, momentum, spelling; did you mean momentum?)");
  bad(changed("/layers/2/spelling", "method"),
      R"([invalid_file] net.json/layers[2].spelling (r): spelling = "method" must be module or function)");
  bad(changed("/layers/2/kernel", 3),
      R"([invalid_file] net.json/layers[2].kernel (r): unknown key "kernel"; known: id, op, inputs, name, spelling)");
  bad(changed("/layers/2/replaceable", "Conv"),
      R"([invalid_file] net.json/layers[2].replaceable (r): unknown key "replaceable"; known: id, op, inputs, name, spelling)");
  bad(without("/layers/0/out_channels"), R"([invalid_file] net.json/layers[0].out_channels (a): "out_channels" is missing)");
  bad(without("/layers/0/kernel"), R"([invalid_file] net.json/layers[0].kernel (a): "kernel" is missing)");
  bad(changed("/layers/0/bias", 1), "[invalid_file] net.json/layers[0].bias (a): bias = 1 must be true or false");
  bad(changed("/layers/0/kernel", "3"),
      R"([invalid_file] net.json/layers[0].kernel (a): kernel = "3" must be a whole number or [vertical, horizontal])");
  bad(changed("/layers/0/kernel", Json::array({3})),
      "[invalid_file] net.json/layers[0].kernel (a): kernel = [3] must be a whole number or [vertical, horizontal]");
  bad(changed("/layers/0/kernel", Json::array({3, 3.5})),
      "[invalid_file] net.json/layers[0].kernel (a): kernel = [3,3.5] must be a whole number or [vertical, horizontal]");
  bad(changed("/layers/0/out_channels", 4.0),
      "[invalid_file] net.json/layers[0].out_channels (a): out_channels = 4.0 must be a whole number, written in digits");
  bad(changed("/layers/0/out_channels", nullptr),
      "[invalid_file] net.json/layers[0].out_channels (a): out_channels = null must be a whole number");
  bad(changed("/layers/0/out_channels", 9223372036854775808u),
      "[invalid_file] net.json/layers[0].out_channels (a): out_channels = 9223372036854775808 must be a whole number up to "
      "9223372036854775807");
  bad(changed("/layers/0/replaceable", "Dense"),
      R"([invalid_file] net.json/layers[0].replaceable (a): replaceable = "Dense" must be Conv or Sep, its baseline)");
  bad(changed("/layers/0/replaceable", true),
      "[invalid_file] net.json/layers[0].replaceable (a): replaceable = true must be text in quotes");
  bad(without("/layers/4/stride"), R"([invalid_file] net.json/layers[4].stride (p): "stride" is missing)");
  bad(without("/layers/7/out_features"), R"([invalid_file] net.json/layers[7].out_features (f): "out_features" is missing)");
}

TEST(BadNetworkFiles, ShapesAndSizes) {
  bad(changed("/layers/0/out_channels", 0),
      "[invalid_file] net.json/layers[0].out_channels (a): out_channels = 0 must be at least 1");
  bad(changed("/layers/0/out_channels", -4),
      "[invalid_file] net.json/layers[0].out_channels (a): out_channels = -4 must be at least 1");
  bad(changed("/layers/3/groups", 3),
      "[invalid_config] net.json/layers[3].groups (c): groups = 3 must divide in_channels = 4 and out_channels = 4");
  bad(changed("/layers/3/stride", 0), "[invalid_file] net.json/layers[3].stride (c): stride = 0 must be at least 1");
  bad(changed("/layers/3/stride", 1), "[invalid_config] net.json/layers[5].inputs (s): input 1 is [1, 4, 8, 4], input 0 is [1, "
                                      "4, 8, 8]; shapes must be equal to be added");
  bad(changed("/layers/0/kernel", 11), "[invalid_config] net.json/layers[0].kernel (a): a window of 11 (kernel 11, dilation 1) "
                                       "does not fit into 10 (input 8, padding 1); a "
                                       "smaller kernel, more padding or a larger input would");
  bad(changed("/layers/7/inputs/0", "s"),
      "[invalid_config] net.json/layers[7].in_features (f): in_features = 4 must equal the features of the input, which is [1, "
      "4, 8, 4]; "
      "[1, 4, 1, 1] would be accepted (for another image size, check --input and the pooling in front)");
  bad(changed("/layers/0/padding", std::numeric_limits<std::int64_t>::max()),
      "[overflow] net.json/layers[0] (a): 9223372036854775807 + 9223372036854775807 does not fit in a signed 64-bit integer; "
      "counts are "
      "exact or refused");
  bad(changed("/input", Json::array({std::int64_t{1} << 40, std::int64_t{1} << 20, std::int64_t{1} << 20})),
      "[overflow] net.json/input: 1152921504606846976 * 1048576 does not fit in a signed 64-bit integer; counts are exact or "
      "refused");
  bad(changed("/layers/0/out_channels", std::int64_t{1} << 62),
      "[overflow] net.json/layers[0] (a): 4611686018427387904 * 3 does not fit in a signed 64-bit integer; counts are exact or "
      "refused");
  // What fits as shapes may not fit as a count.
  const NetworkFile wide = read(R"({"schema": "pare.network/1", "name": "wide", "input": [1073741824, 64, 64], "layers": [
      {"id": "a", "op": "conv", "inputs": ["input"], "out_channels": 2097152, "kernel": 1}]})");
  test::expect_message(
      [&] { count(wide.graph); },
      "[overflow] a: 8589934592 * 1073741824 does not fit in a signed 64-bit integer; counts are exact or refused");
}

TEST(BadNetworkFiles, CyclesAreNamed) {
  bad(changed("/layers/1/inputs/0", "n"),
      "[invalid_file] net.json/layers: a network must have no cycle, and this one has: n <- n");
  // n needs s, s needs c, c needs r, r needs n.
  bad(changed("/layers/1/inputs/0", "s"),
      "[invalid_file] net.json/layers: a network must have no cycle, and this one has: n <- s <- c <- r <- n");
  // A cycle of many is cut.
  Json ring = Json::parse(kSmall);
  for (int i = 0; i < 100; ++i)
    ring["layers"].push_back(
        {{"id", "x" + std::to_string(i)}, {"op", "relu"}, {"inputs", {"x" + std::to_string((i + 1) % 100)}}});
  bad(ring.dump(), "[invalid_file] net.json/layers: a network must have no cycle, and this one has: x0 <- x1 <- x2 <- x3 <- x4 "
                   "<- x5 <- x6 <- x7 <- ... <- x0");
}

TEST(BadNetworkFiles, DuplicatesAndNesting) {
  bad(R"({"schema": "pare.network/1", "schema": "pare.network/1"})",
      R"([invalid_file] net.json/schema: key "schema" is given twice in one object)");
  bad(R"({"schema": "pare.network/1", "layers": [{"id": "a", "id": "b"}]})",
      R"([invalid_file] net.json/layers[0].id: key "id" is given twice in one object)");
  bad(R"({"schema": "pare.network/1", "name": "x", "input": [1, 1, 1], "layers": [{"id": "a", "op": "relu", "inputs": ["input"]}], "layers": []})",
      R"([invalid_file] net.json/layers: key "layers" is given twice in one object)");
  bad(R"({"schema": "pare.network/1", "name": "x", "input": [1, 1, 1], "layers": [{"id": "a", "name": "same", "op": "conv", "out_channels": 1, "kernel": 1, "replaceable": "Conv", "inputs": ["input"]}, {"id": "b", "name": "same", "op": "conv", "out_channels": 1, "kernel": 1, "replaceable": "Conv", "inputs": ["a"]}]})",
      R"([invalid_file] net.json/layers[1].name (b): layers "a" and "b" both have parameters of their own, of the name "same"; another name, or "shares": "a" if it is one module that runs twice, would be accepted)");
  bad(std::string(100'000, '['),
      "[invalid_file] net.json: nested deeper than 64 levels, which nothing that is read here needs");
  bad(R"({"schema": )" + std::string(100'000, '['),
      "[invalid_file] net.json: nested deeper than 64 levels, which nothing that is read here needs");
  bad(R"({"layers": )" + std::string(100'000, '['),
      "[invalid_file] net.json: nested deeper than 64 levels, which nothing that is read here needs");
  std::string objects;
  for (int i = 0; i < 100'000; ++i) objects += "{\"a\":";
  bad(objects, "[invalid_file] net.json: nested deeper than 64 levels, which nothing that is read here needs");
  bad(R"({"name": 1e999})", "[invalid_file] net.json/name: number 1e999 is beyond a double");
  bad("{\"name\": \"\xff\"}", "[invalid_file] net.json: parse error at line 1, column 11: syntax error while parsing value - "
                              "invalid string: ill-formed UTF-8 byte; last read: '\"\xff'");
  bad(changed("/layers/1/id", std::string(100'000, 'x') + "\n"),
      R"([invalid_file] net.json/layers[2].inputs (r): no layer has the id "n")");
}

TEST(BadNetworkFiles, LoweredGraphsAreNotWritten) {
  const Network network = make_network("wrn-10-1");
  for (const char *substitute : {"Hashed_0.1", "LR_0.25", "TensorTrain_0.5"}) {
    const Lowered lowered = lower(network.graph, {.uniform = parse_substitute(substitute), .layers = {}});
    test::expect_message([&] { write_network(lowered.graph, "x"); },
                         "[invalid_config] block1.0.layer.0.conv1: a network file holds layers with weights of their own; this "
                         "one's is computed");
  }
  // One whose parts are all layers of their own is a network like any other.
  const Lowered generic = lower(network.graph, {.uniform = parse_substitute("Generic_0.5"), .layers = {}});
  EXPECT_EQ(count(read(write_network(generic.graph, "x")).graph).parameters, count(generic.graph).parameters);
}

TEST(NetworkFiles, ShowThemselves) {
  const NetworkFile file = read(kSmall);
  const std::string dot = write_dot(file.graph, file.name);
  EXPECT_TRUE(dot.starts_with("digraph \"small\" {"));
  EXPECT_EQ(std::count(dot.begin(), dot.end(), '>'), 9) << "input-a, a-n, n-r, r-c, r-p, c-s, p-s, s-g, g-f";
  EXPECT_NE(describe(file.graph, file.graph.replaceable()[0].node).find("out_channels 4"), std::string::npos);
}

} // namespace
} // namespace pare

// What ties channels, and what forbids a width: networks of a few layers, their channels derived by hand.

#include "analysis/widen.hpp"

#include "analysis/network_file.hpp"
#include "tests/support.hpp"

#include <map>

namespace pare {
namespace {

using test::expect_error;

/// A network of these layers of JSON, on images of 4 channels, 6 x 6.
Graph graph_of(const std::string &layers) {
  return read_network(R"({"schema": "pare.network/1", "name": "n", "input": [4, 6, 6], "layers": [)" + layers + "]}", "n.json")
      .graph;
}

/// The channels that layers have at a width.
std::map<std::string, std::int64_t> channels(const std::string &layers, double factor, std::int64_t round_to = 1) {
  const Graph graph = graph_of(layers);
  const Graph wide = Widening(graph).widened(graph, factor, round_to);
  std::map<std::string, std::int64_t> out;
  for (NodeId id = 0; id < wide.node_count(); ++id)
    if (wide.node(id).on_activations) out[wide.layer(wide.node(id).layer).name] = wide.activation(id).channels;
  return out;
}
using Channels = std::map<std::string, std::int64_t>;

std::string conv(const std::string &id, const std::string &from, int out, const std::string &more = "") {
  return R"({"id": ")" + id + R"(", "op": "conv", "inputs": [")" + from + R"("], "kernel": 1, "out_channels": )" +
         std::to_string(out) + more + "},";
}
std::string op(const std::string &id, const std::string &kind, const std::string &from, const std::string &more = "") {
  return R"({"id": ")" + id + R"(", "op": ")" + kind + R"(", "inputs": [)" + from + "]" + more + "},";
}
/// The last layer, whose channels stay.
std::string last(const std::string &from) {
  return R"({"id": "last", "op": "conv", "inputs": [")" + from + R"("], "kernel": 1, "out_channels": 5})";
}

TEST(Widening, ScalesWhatIsBetweenTheInputAndTheLastLayer) {
  const std::string plain = conv("a", "input", 10) + op("n", "batch_norm", R"("a")") + op("r", "relu", R"("n")") + last("r");
  EXPECT_EQ(channels(plain, 0.75), (Channels{{"input", 4}, {"a", 7}, {"n", 7}, {"r", 7}, {"last", 5}}));
  EXPECT_EQ(channels(plain, 2.99).at("a"), 29);
  EXPECT_EQ(channels(plain, 0.01).at("a"), 1);     // at least
  EXPECT_EQ(channels(plain, 1.25, 8).at("a"), 16); // 12.5: the nearest of 8 and 16
}

TEST(Widening, TiesWhatIsAdded) {
  const std::string residual =
      conv("a", "input", 6) + conv("b", "a", 9) + conv("c", "b", 6) + op("s", "add", R"("a", "c")") + last("s");
  EXPECT_EQ(channels(residual, 1.5), (Channels{{"input", 4}, {"a", 9}, {"b", 13}, {"c", 9}, {"s", 9}, {"last", 5}}));
  // A gate of one number for each channel.
  const std::string gate = conv("a", "input", 6) + op("g", "global_avg_pool", R"("a")") + conv("d", "g", 2) +
                           conv("e", "d", 6) + op("m", "multiply", R"("a", "e")") + last("m");
  EXPECT_EQ(channels(gate, 1.5), (Channels{{"input", 4}, {"a", 9}, {"g", 9}, {"d", 3}, {"e", 9}, {"m", 9}, {"last", 5}}));
}

TEST(Widening, PutsConcatenationsBesideEachOther) {
  const std::string dense = conv("a", "input", 3) + conv("b", "a", 5) + op("c", "concat", R"("a", "b", "input")") + last("c");
  EXPECT_EQ(channels(dense, 1.5), (Channels{{"input", 4}, {"a", 4}, {"b", 7}, {"c", 4 + 7 + 4}, {"last", 5}}));
  // Where a concatenation is added to one layer, all of it scales by the parts that both have: 3 and 3 of 6, of 3 each.
  const std::string halves = conv("a", "input", 3) + conv("b", "input", 3) + op("c", "concat", R"("a", "b")") +
                             conv("d", "c", 6) + op("s", "add", R"("c", "d")") + last("s");
  EXPECT_EQ(channels(halves, 1.5), (Channels{{"input", 4}, {"a", 4}, {"b", 4}, {"c", 8}, {"d", 8}, {"s", 8}, {"last", 5}}));
  // 2 and 4 of 6: multiples of int(2 x 1.5) = 3.
  const std::string thirds = conv("a", "input", 2) + conv("b", "input", 4) + op("c", "concat", R"("a", "b")") +
                             conv("d", "c", 6) + op("s", "add", R"("c", "d")") + last("s");
  EXPECT_EQ(channels(thirds, 1.5), (Channels{{"input", 4}, {"a", 3}, {"b", 6}, {"c", 9}, {"d", 9}, {"s", 9}, {"last", 5}}));
}

TEST(Widening, KeepsGroups) {
  // Depthwise: as many groups as channels, two outputs for each.
  const std::string depthwise = conv("a", "input", 6) + conv("d", "a", 12, R"(, "groups": 6)") + last("d");
  const Graph graph = graph_of(depthwise);
  const Graph wide = Widening(graph).widened(graph, 1.5);
  for (const Node &node : wide.nodes())
    if (const auto *own = std::get_if<Conv>(&node.op); own != nullptr && wide.layer(node.layer).name == "d") {
      EXPECT_EQ(own->groups, 9);
    }
  EXPECT_EQ(channels(depthwise, 1.5), (Channels{{"input", 4}, {"a", 9}, {"d", 18}, {"last", 5}}));
  // Three groups stay three: int(6 x 1.25) = 7 and int(9 x 1.25) = 11 become 6 and 9.
  const std::string grouped = conv("a", "input", 6) + conv("g", "a", 9, R"(, "groups": 3)") + last("g");
  EXPECT_EQ(channels(grouped, 1.25), (Channels{{"input", 4}, {"a", 6}, {"g", 9}, {"last", 5}}));
  EXPECT_EQ(channels(grouped, 2), (Channels{{"input", 4}, {"a", 12}, {"g", 18}, {"last", 5}}));
  EXPECT_EQ(channels(grouped, 0.1), (Channels{{"input", 4}, {"a", 3}, {"g", 3}, {"last", 5}}));
  // The image itself in groups, which do not scale.
  const std::string of_image = conv("a", "input", 8, R"(, "groups": 4)") + conv("b", "a", 6) + last("b");
  EXPECT_EQ(channels(of_image, 1.5), (Channels{{"input", 4}, {"a", 8}, {"b", 9}, {"last", 5}}));
}

TEST(Widening, FollowsChannelsThroughShufflesAndSlices) {
  // ShuffleNet V2: half goes by, half through a layer; joined, shuffled, split again.
  const std::string shuffled = conv("a", "input", 8) + op("x", "slice_channels", R"("a")", R"(, "begin": 0, "count": 4)") +
                               op("y", "slice_channels", R"("a")", R"(, "begin": 4, "count": 4)") + conv("b", "y", 4) +
                               op("c", "concat", R"("x", "b")") + op("s", "shuffle_channels", R"("c")", R"(, "groups": 2)") +
                               op("z", "slice_channels", R"("s")", R"(, "begin": 4, "count": 4)") + last("z");
  EXPECT_EQ(channels(shuffled, 1.5),
            (Channels{{"input", 4}, {"a", 12}, {"x", 6}, {"y", 6}, {"b", 6}, {"c", 12}, {"s", 12}, {"z", 6}, {"last", 5}}));
  EXPECT_EQ(channels(shuffled, 1.3).at("a"), 10); // twice int(4 x 1.3)
  // A cut through the boundary of two.
  const std::string cut = conv("a", "input", 4) + conv("b", "input", 6) + op("c", "concat", R"("a", "b")") +
                          op("x", "slice_channels", R"("c")", R"(, "begin": 2, "count": 5)") + last("x");
  // Of a its second half; of b its first half.
  EXPECT_EQ(channels(cut, 2), (Channels{{"input", 4}, {"a", 8}, {"b", 12}, {"c", 20}, {"x", 4 + 6}, {"last", 5}}));
  const std::string sums = conv("a", "input", 6) + op("r", "repeat_channels", R"("a")", R"(, "times": 2)") +
                           op("m", "sum_channels", R"("r")", R"(, "size": 4)") + last("m");
  EXPECT_EQ(channels(sums, 2), (Channels{{"input", 4}, {"a", 12}, {"r", 24}, {"m", 6}, {"last", 5}}));
}

TEST(Widening, CountsPositionsOfFlattenedMaps) {
  const std::string flat =
      conv("a", "input", 3) + op("f", "flatten", R"("a")") +
      R"({"id": "h", "op": "linear", "inputs": ["f"], "out_features": 10}, {"id": "l", "op": "linear", "inputs": ["h"], "out_features": 7})";
  EXPECT_EQ(channels(flat, 1.5), (Channels{{"input", 4}, {"a", 4}, {"f", 4 * 36}, {"h", 15}, {"l", 7}}));
}

TEST(Widening, TiesModulesThatAreUsedTwice) {
  const std::string twice = conv("a", "input", 6) + conv("b", "input", 6) + conv("c", "a", 8) +
                            R"({"id": "d", "op": "conv", "inputs": ["b"], "shares": "c"},)" + op("s", "add", R"("c", "d")") +
                            last("s");
  EXPECT_EQ(channels(twice, 1.25), (Channels{{"input", 4}, {"a", 7}, {"b", 7}, {"c", 10}, {"d", 10}, {"s", 10}, {"last", 5}}));
}

// Units never fall as the factor rises, and equal units are equal networks: the widths can be listed.
TEST(Widening, UnitsNeverFall) {
  const Graph graph = graph_of(conv("a", "input", 6) + conv("g", "a", 9, R"(, "groups": 3)") + conv("b", "g", 7) + last("b"));
  const Widening ties(graph);
  for (const std::int64_t round_to : {1, 4}) {
    std::vector<std::int64_t> before;
    for (int i = 1; i <= 500; ++i) {
      const std::vector<std::int64_t> units = ties.units(i / 100.0, round_to);
      ASSERT_EQ(units.size(), 3U);
      for (std::size_t k = 0; k < before.size(); ++k) EXPECT_LE(before[k], units[k]) << i;
      before = units;
    }
  }
}

TEST(Widening, IsRefusedWithTheLayerThatForbidsIt) {
  const auto refused = [](const std::string &layers, const std::string &layer, const std::string &why) {
    expect_error([&] { (void)Widening(graph_of(layers)); }, ErrorCode::kInvalidConfig, layer, why);
  };
  // A hidden layer as wide as the image.
  refused(conv("a", "input", 4) + op("s", "add", R"("input", "a")") + conv("b", "s", 6) + last("b"), "s",
          "ties the channels of a to those of the input");
  // Nothing between the input and the last layer.
  refused(last("input"), "last", "all channels are tied");
  refused(op("r", "relu", R"("input")") + last("r"), "last", "all channels are tied");
  // A residual around everything: the last layer is as wide as the image, and what is between still scales.
  const std::string around =
      conv("a", "input", 6) + conv("b", "a", 4) + R"({"id": "s", "op": "add", "inputs": ["input", "b"]})";
  EXPECT_EQ(channels(around, 2), (Channels{{"input", 4}, {"a", 12}, {"b", 4}, {"s", 4}}));
}

TEST(Widening, OfManyChannelsIsAnError) {
  const Graph graph = graph_of(conv("a", "input", 1000000) + last("a"));
  expect_error([&] { Widening(graph).units(1e300); }, ErrorCode::kOverflow, "width", "2^53");
}

// A concatenation of concatenations has twice as many parts each time.
TEST(Widening, EndsOnConcatenationsWithoutEnd) {
  std::string layers = conv("a0", "input", 1) + conv("b0", "input", 1);
  for (int i = 1; i <= 40; ++i) {
    const std::string before = std::to_string(i - 1);
    const std::string now = std::to_string(i);
    layers += op("a" + now, "concat", "\"a" + before + "\", \"b" + before + "\"") +
              op("b" + now, "concat", "\"b" + before + "\", \"a" + before + "\"");
  }
  layers += R"({"id": "last", "op": "global_avg_pool", "inputs": ["a40"]})";
  // Of the parts of all that were looked at, 2^i at each step: 2^22 are passed at the 21st.
  expect_error([&] { (void)Widening(graph_of(layers)); }, ErrorCode::kInvalidConfig, "b21", "parts");
}

} // namespace
} // namespace pare

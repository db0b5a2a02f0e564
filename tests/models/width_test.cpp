// Widths of networks from files: against the families' own, where both scale the same channels.

#include "models/width.hpp"

#include "analysis/cost_model.hpp"
#include "tests/support.hpp"

namespace pare {
namespace {

/// A family's network as a file has it.
Network from_file(const std::string &spec) {
  return make_network(read_network(write_network(make_network(spec).graph, "mine"), "mine.json"));
}

std::vector<std::string> layers_of(const Graph &graph) {
  std::vector<std::string> out;
  for (NodeId id = 0; id < graph.node_count(); ++id)
    out.push_back(graph.layer(graph.node(id).layer).name + " " + to_string(graph.node(id).shape));
  return out;
}

// Where a family's width scales all channels, a file's of the same factor is the same network, layer by layer. It is not of
// wide_resnet, resnet and wrn_50_2, whose stems keep their 16 or 64 channels, nor of mobilenet_v2 below 1, whose last
// convolution keeps its 1280; nor where int() of a product is not the product of int(): mobilenet_v2 expands int(16 w) to six
// times that, a file's has int(6 x 16 w).
TEST(FileWidths, AreThoseOfTheFamily) {
  for (const auto &[spec, own, wide, factor] : std::vector<std::tuple<std::string, std::string, std::string, double>>{
           {"darts:layers=4,channels=", "8", "4", 0.5},
           {"darts:layers=4,channels=", "8", "8", 1},
           {"darts:layers=4,channels=", "8", "22", 2.75},
           {"darts:layers=4,genotype=darts_v1,channels=", "12", "18", 1.5},
           {"darts_imagenet:layers=6,channels=", "8", "6", 0.75},
           {"darts_imagenet:layers=6,channels=", "8", "32", 4},
           {"mobilenet_v2:width=", "1", "2", 2},
           {"mobilenet_v2:width=", "1", "1.375", 1.375},
           {"mobilenet_v2:width=", "2", "4", 2}}) {
    const Network expected = from_file(spec + wide);
    EXPECT_EQ(layers_of(Widths(from_file(spec + own)).at(factor).graph), layers_of(expected.graph)) << spec << wide;
    EXPECT_EQ(write_network(Widths(from_file(spec + own)).at(factor).graph, "mine"), write_network(expected.graph, "mine"));
  }
}

TEST(FileWidths, OfOneChangeNothing) {
  for (const std::string spec :
       {"wrn-16-2", "resnet-18", "resnet-50", "wrn-50-2", "mobilenet-v2", "darts:layers=6", "darts-imagenet:layers=6"})
    EXPECT_EQ(write_network(Widths(from_file(spec)).at(1).graph, "mine"), write_network(make_network(spec).graph, "mine"))
        << spec;
}

// wrn-10-1 by hand, twice as wide: conv1 3 -> 32; groups of 32, 64, 128 channels, 3 x 3 twice, a 1 x 1 shortcut from the
// second; batch norms of 2 C; fc from 128 to 10. The family would have 16 in conv1, and a shortcut in the first group for it.
TEST(FileWidths, OfAResidualNetworkByHand) {
  const std::int64_t stem = 3 * 32 * 9;
  const std::int64_t first = 2 * (32 * 32 * 9) + 2 * (2 * 32);
  const std::int64_t second = 32 * 64 * 9 + 64 * 64 * 9 + 32 * 64 + 2 * 32 + 2 * 64;
  const std::int64_t third = 64 * 128 * 9 + 128 * 128 * 9 + 64 * 128 + 2 * 64 + 2 * 128;
  const std::int64_t head = 2 * 128 + 128 * 10 + 10;
  const Network wide = Widths(from_file("wrn-10-1")).at(2);
  EXPECT_EQ(count(wide.graph).parameters, stem + first + second + third + head);
  EXPECT_EQ(wide.name, "mine:width=2");
}

TEST(FileWidths, GoUpToSoManyTimesTheNetworksOwn) {
  EXPECT_EQ(Widths(make_network("wrn-10-2")).most(4), 8);
  EXPECT_EQ(Widths(make_network("mobilenet-v2:width=0.5")).most(1.5), 0.75);
  EXPECT_EQ(Widths(make_network("darts:channels=9")).most(1.5), 13);           // int(13.5)
  EXPECT_EQ(Widths(make_network("darts-imagenet:channels=10")).most(1.5), 14); // 15 is odd
  EXPECT_EQ(Widths(make_network("darts-imagenet:channels=48")).most(1), 48);
  const Network file = from_file("wrn-10-1");
  EXPECT_EQ(Widths(Widths(file).at(0.5)).most(4), 2); // of the network as it is given
}

} // namespace
} // namespace pare

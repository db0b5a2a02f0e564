#include "formats/name_maps.hpp"

#include "analysis/lower.hpp"
#include "models/network.hpp"
#include "tests/support.hpp"

#include <set>

namespace pare::formats {
namespace {

/// Parameters and buffers of the lowered graph in the order of its nodes; a batch norm's buffers, which are no nodes, with it.
std::vector<std::pair<std::string, std::vector<std::int64_t>>> tensors_of(const Graph &graph) {
  std::vector<std::pair<std::string, std::vector<std::int64_t>>> out;
  for (NodeId id = 0; id < graph.node_count(); ++id) {
    const Node &node = graph.node(id);
    if (std::holds_alternative<Parameter>(node.op) || std::holds_alternative<Buffer>(node.op)) {
      const Extents &extents = graph.weight(id);
      out.emplace_back(graph.parameter_name(id), std::vector<std::int64_t>(extents.begin(), extents.end()));
    } else if (std::holds_alternative<BatchNorm>(node.op)) {
      const std::string &layer = graph.layer(node.layer).name;
      const std::int64_t channels = graph.activation(id).channels;
      out.emplace_back(layer + ".running_mean", std::vector<std::int64_t>{channels});
      out.emplace_back(layer + ".running_var", std::vector<std::int64_t>{channels});
      out.emplace_back(layer + ".num_batches_tracked", std::vector<std::int64_t>{});
    }
  }
  return out;
}

NamedSizes sizes(const std::vector<std::pair<std::string, std::vector<std::int64_t>>> &tensors) {
  return {tensors.begin(), tensors.end()};
}

std::vector<std::pair<std::string, std::vector<std::int64_t>>> torchvision(const std::string &network) {
  std::vector<std::pair<std::string, std::vector<std::int64_t>>> out;
  const auto golden = test::golden("torchvision_names.json");
  for (const auto &[name, shape] : golden["networks"][network].items())
    out.emplace_back(name, shape.get<std::vector<std::int64_t>>());
  return out;
}

struct Case {
  const char *theirs;
  const char *ours;
  const char *map;
};

class TorchvisionNames : public testing::TestWithParam<Case> {};

// torchvision lists a network's tensors in the order in which it defines the layers, which is that of execution, as our nodes:
// so the order tells which is which where many have one shape.
TEST_P(TorchvisionNames, MapOneToOneInOrder) {
  const auto theirs = torchvision(GetParam().theirs);
  const auto ours = tensors_of(lower(make_network(GetParam().ours).graph, {}).graph);
  ASSERT_FALSE(theirs.empty());
  ASSERT_EQ(theirs.size(), ours.size());
  const Fit best = best_fit(sizes(ours), sizes(theirs));
  ASSERT_TRUE(best.whole()) << best.problems();
  ASSERT_NE(best.map, nullptr);
  EXPECT_EQ(best.map->name, GetParam().map);
  EXPECT_EQ(best.source.size(), ours.size());
  for (std::size_t i = 0; i < ours.size(); ++i) EXPECT_EQ(best.source.at(ours[i].first), theirs[i].first);
}

INSTANTIATE_TEST_SUITE_P(Networks, TorchvisionNames,
                         testing::Values(Case{"resnet18", "resnet-18", "torchvision ResNet"},
                                         Case{"resnet50", "resnet-50", "torchvision ResNet"},
                                         Case{"wide_resnet50_2", "wrn-50-2", "torchvision ResNet"},
                                         Case{"wide_resnet50_2", "resnet:depth=50,width=2,expansion=2", "torchvision ResNet"},
                                         Case{"mobilenet_v2", "mobilenet-v2", "torchvision MobileNetV2"}),
                         [](const auto &param_info) {
                           return test::test_name(std::string(param_info.param.theirs) + "_" + param_info.param.ours);
                         });

TEST(NameMaps, OwnNamesAreTakenAsTheyAre) {
  const NamedSizes ours = sizes(tensors_of(lower(make_network("resnet-18").graph, {}).graph));
  const Fit best = best_fit(ours, ours);
  EXPECT_TRUE(best.whole());
  EXPECT_EQ(best.map, nullptr);
}

TEST(NameMaps, WhatDoesNotFitIsTold) {
  NamedSizes theirs = sizes(torchvision("resnet18"));
  theirs["fc.weight"] = {10, 512}; // another number of classes
  theirs.erase("layer2.1.bn2.bias");
  theirs["head.weight"] = {1};
  theirs.erase("bn1.num_batches_tracked"); // may be missing
  const Fit best = best_fit(sizes(tensors_of(lower(make_network("resnet-18").graph, {}).graph)), theirs);
  ASSERT_NE(best.map, nullptr);
  EXPECT_EQ(best.missing, std::vector<std::string>{"layer2.1.bn2.bias"});
  EXPECT_EQ(best.unexpected, std::vector<std::string>{"head.weight"});
  ASSERT_EQ(best.different.size(), 1U);
  EXPECT_EQ(best.different[0].name, "fc.weight");
  EXPECT_EQ(best.different[0].wanted, (std::vector<std::int64_t>{1000, 512}));
  EXPECT_EQ(best.different[0].given, (std::vector<std::int64_t>{10, 512}));
}

TEST(NameMaps, EveryMapRefusesNamesThatItDoesNotKnow) {
  for (const NameMap &map : name_maps())
    for (const char *name :
         {"", ".", "....", "weight", "layer.0.conv1.weight", "layer1.x.conv1.weight", "layer1.0.downsample.2.weight",
          "features.x.0.weight", "features.1.conv.9.weight", "features.99.conv.0.0.weight", "features.2.conv.0.5.weight",
          "features.-1.0.weight", "classifier.0.weight"})
      EXPECT_FALSE(map.ours(name).has_value()) << map.name << ": " << name << " -> " << *map.ours(name);
}

} // namespace
} // namespace pare::formats

// Families that other code publishes, against it: parameters, macs (golden/family_counts.csv) and the names and shapes of the
// tensors in their checkpoints, in order (golden/family_names.json).

#include "analysis/cost_model.hpp"
#include "analysis/lower.hpp"
#include "models/network.hpp"
#include "tests/support.hpp"

#include <algorithm>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace pare {
namespace {

TEST(PublishedFamilies, CountAsThePublishedCode) {
  std::istringstream in(test::read_text(std::string(PARE_GOLDEN_DIR) + "/family_counts.csv"));
  std::string line;
  std::getline(in, line);
  ASSERT_EQ(line, "model,spec,size,parameters,macs,source");
  std::size_t rows = 0;
  for (; std::getline(in, line); ++rows) {
    std::istringstream fields(line);
    std::vector<std::string> row;
    for (std::string field; std::getline(fields, field, ',');) row.push_back(field);
    SCOPED_TRACE(line);
    const Network network = make_network(row.at(1));
    EXPECT_EQ(network.input.height, std::stoll(row.at(2)));
    const CostReport report = count(lower(network.graph, {}).graph);
    EXPECT_EQ(report.parameters, std::stoll(row.at(3)));
    EXPECT_EQ(report.mult_adds(find_convention("macs")), Count(std::stoll(row.at(4))));
    EXPECT_EQ(make_network(network.name).name, network.name);
  }
  EXPECT_EQ(rows, 24U);
}

/// A linear layer may be replaced in every family that has one.
TEST(Families, LinearLayersHaveTheirKey) {
  for (const NetworkFamily *family : network_families()) {
    const auto &keys = family->info().keys;
    const bool has_key = std::any_of(keys.begin(), keys.end(), [](const auto &key) { return key.name == kReplaceLinear; });
    const Graph graph = make_network(std::string(family->info().name)).graph;
    const auto nodes = graph.nodes();
    const bool has_linear =
        std::any_of(nodes.begin(), nodes.end(), [](const Node &node) { return std::holds_alternative<Linear>(node.op); });
    EXPECT_EQ(has_key, has_linear) << family->info().name;
  }
}

TEST(ResNet, ChannelsAreMultiplesOfGroupsAndOfWhatTheyAreRoundedTo) {
  const Network network = make_network("resnet:depth=50,width=2,groups=12,round_to=8");
  for (const std::int64_t channels : network.family->channels(network.values)) EXPECT_EQ(channels % 24, 0) << channels;
}

TEST(PublishedFamilies, NamesAreThoseOfTheirCheckpoints) {
  const auto golden = nlohmann::ordered_json::parse(test::read_text(std::string(PARE_GOLDEN_DIR) + "/family_names.json"));
  ASSERT_EQ(golden.size(), 6U);
  for (const auto &[spec, tensors] : golden.items()) {
    SCOPED_TRACE(spec);
    const Graph graph = make_network(spec).graph; // a replaced layer has the names of its parts instead
    std::vector<std::pair<std::string, std::string>> ours;
    for (NodeId id = 0; id < graph.node_count(); ++id)
      if (std::holds_alternative<Parameter>(graph.node(id).op))
        ours.emplace_back(graph.parameter_name(id), to_string(graph.weight(id)));
    std::vector<std::pair<std::string, std::string>> theirs;
    for (const auto &tensor : tensors) {
      auto name = tensor.at(0).get<std::string>();
      if (name.ends_with(".running_mean") || name.ends_with(".running_var") || name.ends_with(".num_batches_tracked")) continue;
      // The names of ResNets' shortcuts are the 2019 system's.
      for (const auto &[published, own] : {std::pair("downsample.0.", "downsample.conv."), {"downsample.1.", "downsample.bn."}})
        if (const auto at = name.find(published); at != std::string::npos)
          name.replace(at, std::string_view(published).size(), own);
      Extents shape;
      for (const auto &extent : tensor.at(1)) shape.push_back(extent.get<std::int64_t>());
      theirs.emplace_back(name, to_string(shape));
    }
    EXPECT_EQ(ours, theirs);
  }
}

std::set<std::string> replaceable_layers(const std::string &spec) {
  std::set<std::string> out;
  const Network network = make_network(spec);
  for (const Graph::Replaceable &r : network.graph.replaceable())
    out.insert(network.graph.layer(network.graph.node(r.node).layer).name);
  return out;
}

// All convolutions but the first, and those that have groups.
TEST(PublishedFamilies, WhatIsReplaceable) {
  EXPECT_EQ(replaceable_layers("resnet-20").size(), 18U);
  EXPECT_EQ(replaceable_layers("vgg16").size(), 12U);
  EXPECT_EQ(replaceable_layers("vgg16_bn").size(), 12U);
  EXPECT_EQ(replaceable_layers("densenet121").size(), 2 * (6 + 12 + 24 + 16) + 3U);
  EXPECT_EQ(replaceable_layers("efficientnet-lite0").size(), 2 * 16 - 1 + 1U) << "block 0 does not expand; the head";
  EXPECT_EQ(replaceable_layers("resnext50_32x4d").size(), 2 * 16 + 4U) << "two of three in each block, four shortcuts";
  EXPECT_FALSE(replaceable_layers("resnet-20").contains("conv1"));
  EXPECT_FALSE(replaceable_layers("vgg16").contains("features.0"));
  EXPECT_FALSE(replaceable_layers("densenet121").contains("features.conv0"));
  EXPECT_FALSE(replaceable_layers("efficientnet-lite0").contains("_blocks.1._depthwise_conv"));
  EXPECT_FALSE(replaceable_layers("resnext50_32x4d").contains("layer1.0.conv2"));
}

std::vector<std::string> tap_shapes(const std::string &spec) {
  std::vector<std::string> out;
  const Network network = make_network(spec);
  for (const NodeId tap : network.graph.attention_taps()) out.push_back(to_string(network.graph.activation(tap)));
  return out;
}

// The ends of the stages.
TEST(PublishedFamilies, AttentionTaps) {
  using Shapes = std::vector<std::string>;
  EXPECT_EQ(tap_shapes("resnet-20"), (Shapes{"[1, 16, 32, 32]", "[1, 32, 16, 16]", "[1, 64, 8, 8]"}));
  EXPECT_EQ(tap_shapes("vgg16"),
            (Shapes{"[1, 64, 224, 224]", "[1, 128, 112, 112]", "[1, 256, 56, 56]", "[1, 512, 28, 28]", "[1, 512, 14, 14]"}));
  EXPECT_EQ(tap_shapes("densenet121"),
            (Shapes{"[1, 256, 56, 56]", "[1, 512, 28, 28]", "[1, 1024, 14, 14]", "[1, 1024, 7, 7]"}));
  EXPECT_EQ(tap_shapes("efficientnet-lite0"),
            (Shapes{"[1, 24, 56, 56]", "[1, 40, 28, 28]", "[1, 80, 14, 14]", "[1, 192, 7, 7]"}));
  EXPECT_EQ(tap_shapes("resnext50_32x4d"),
            (Shapes{"[1, 256, 56, 56]", "[1, 512, 28, 28]", "[1, 1024, 14, 14]", "[1, 2048, 7, 7]"}));
}

// efficientnet-lite-pytorch 0.1.0 pads its strided layers by ZeroPad2d (0, 1, 0, 1) and (1, 2, 1, 2) at 224 x 224.
TEST(PublishedFamilies, EfficientNetLiteIsPaddedAsTensorFlowPads) {
  const Network network = make_network("efficientnet-lite0");
  std::size_t strided = 0;
  for (NodeId id = 0; id < network.graph.node_count(); ++id) {
    const auto *conv = std::get_if<Conv>(&network.graph.node(id).op);
    if (conv == nullptr || conv->stride == Pair{1, 1}) continue;
    ++strided;
    const std::string &name = network.graph.layer(network.graph.node(id).layer).name;
    const bool is_five = name == "_blocks.3._depthwise_conv" || name == "_blocks.11._depthwise_conv";
    EXPECT_EQ(conv->padding, is_five ? (Padding{{1, 2}, {1, 2}}) : (Padding{{0, 1}, {0, 1}})) << name;
  }
  EXPECT_EQ(strided, 5U);
}

TEST(PublishedFamilies, NamesAreReadAsTorchvisionWritesThem) {
  const auto same = [](const char *name, const char *known) { EXPECT_EQ(make_network(name).name, known) << name; };
  same("resnet20", "resnet_cifar:depth=20,width=1,classes=10");
  same("ResNet-56", "resnet_cifar:depth=56,width=1,classes=10");
  same("resnet-18", "resnet:depth=18,width=1,classes=1000");
  same("resnext50_32x4d", "resnet:depth=50,width=2,classes=1000,expansion=2,groups=32");
  same("ResNeXt101-32x8d", "resnet:depth=101,width=4,classes=1000,expansion=1,groups=32");
  same("wide_resnet101_2", "resnet:depth=101,width=2,classes=1000,expansion=2");
  same("vgg16", "vgg:depth=16,width=1,classes=1000,batch_norm=off");
  same("VGG-16", "vgg:depth=16,width=1,classes=1000,batch_norm=off");
  same("vgg19_bn", "vgg:depth=19,width=1,classes=1000,batch_norm=on");
  same("densenet121", "densenet:depth=121,width=1,classes=1000");
  same("DenseNet-169", "densenet:depth=169,width=1,classes=1000");
  same("efficientnet_lite0", "efficientnet_lite0:width=1,classes=1000");
}

void published_refused(const std::string &spec, std::string_view line, const char *file = __builtin_FILE(),
                       int at = __builtin_LINE()) {
  test::expect_message([&] { make_network(spec); }, line, file, at);
}

TEST(PublishedFamilies, BadKeys) {
  published_refused("resnet_cifar:depth=21",
                    "[invalid_value] resnet_cifar/depth: depth = 21 must be 6n + 2, such as 20, 32, 44, 56 or 110");
  published_refused("vgg:depth=12", "[invalid_value] vgg/depth: depth = 12 must be 11, 13, 16 or 19");
  published_refused("vgg:batch_norm=maybe", "[invalid_value] vgg/batch_norm: vgg/batch_norm = maybe must be on or off");
  published_refused("densenet:depth=100", "[invalid_value] densenet/depth: depth = 100 must be 121, 161, 169 or 201");
  published_refused("resnet-18:groups=2",
                    "[invalid_value] resnet/groups: groups = 2 must be 1 for basic blocks, which have no 3 "
                    "x 3 between two 1 x 1");
}

// Whole groups: int(64 x 0.7) = 44 is 32, int(128 x 0.7) = 89 is 64, 179 is 160, 358 is 352.
TEST(PublishedFamilies, WidthsOfResNeXtAreOfWholeGroups) {
  EXPECT_EQ(find_network_family("resnet").channels({{"width", "0.7"}, {"groups", "32"}}),
            (std::vector<std::int64_t>{32, 64, 160, 352}));
  EXPECT_NO_THROW(make_network("resnet:depth=50,width=0.7,expansion=2,groups=32"));
}

// Shortcuts without parameters at every width, odd numbers of channels too.
TEST(PublishedFamilies, OptionAOfAnyWidth) {
  for (const char *width : {"0.07", "0.1", "0.35", "1.3", "2"}) {
    const Network network = make_network(std::string("resnet_cifar:depth=8,width=") + width);
    for (const NodeId tap : network.graph.attention_taps()) EXPECT_GT(network.graph.activation(tap).channels, 0);
    for (const Layer &layer : network.graph.layers()) EXPECT_EQ(layer.name.find("downsample"), std::string::npos);
  }
}

} // namespace
} // namespace pare

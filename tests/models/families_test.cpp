// Layer names, replaceable layers, attention taps and widths of wide_resnet, resnet, wrn_50_2 and mobilenet_v2, from
// networks.md.

#include "analysis/cost_model.hpp"
#include "models/network.hpp"
#include "tests/support.hpp"

#include <set>

namespace pare {
namespace {

std::set<std::string> layer_names(const Network &network) {
  std::set<std::string> out;
  for (const Layer &layer : network.graph.layers()) out.insert(layer.name);
  return out;
}

std::set<std::string> replaceable_names(const Network &network) {
  std::set<std::string> out;
  for (const Graph::Replaceable &r : network.graph.replaceable()) {
    EXPECT_EQ(r.baseline, Baseline::kConv);
    out.insert(network.graph.layer(network.graph.node(r.node).layer).name);
  }
  return out;
}

std::vector<Shape> taps(const Network &network) {
  std::vector<Shape> out;
  for (NodeId tap : network.graph.attention_taps()) out.push_back(network.graph.activation(tap));
  return out;
}

Shape chw(std::int64_t channels, std::int64_t height, std::int64_t width) {
  return {.batch = 1, .channels = channels, .height = height, .width = width};
}

/// Output channels of a convolution by layer name.
std::int64_t channels_of(const Network &network, const std::string &name) {
  for (NodeId id = 0; id < network.graph.node_count(); ++id)
    if (std::holds_alternative<Conv>(network.graph.node(id).op) &&
        network.graph.layer(network.graph.node(id).layer).name == name)
      return network.graph.activation(id).channels;
  ADD_FAILURE() << "no convolution " << name;
  return 0;
}

TEST(WideResNet, Names) {
  const Network network = make_network("wrn-28-10");
  const auto names = layer_names(network);
  for (const char *name :
       {"conv1", "block1.0.layer.0.bn1", "block1.0.layer.0.relu1", "block1.0.layer.0.conv1", "block1.0.layer.0.convShortcut",
        "block2.0.layer.3.conv2", "block3.0.layer.3.relu2", "bn1", "relu", "fc"})
    EXPECT_TRUE(names.contains(name)) << name;
  EXPECT_FALSE(names.contains("block1.0.layer.1.convShortcut")) << "only where channels change";
  EXPECT_FALSE(names.contains("block1.0.layer.4.conv1"));
  const auto replaceable = replaceable_names(network);
  EXPECT_EQ(replaceable.size(), 24u);
  for (const char *kept : {"conv1", "block1.0.layer.0.convShortcut", "fc"}) EXPECT_FALSE(replaceable.contains(kept)) << kept;
}

TEST(WideResNet, AttentionSplits) {
  EXPECT_EQ(taps(make_network("wrn-28-10")), (std::vector<Shape>{chw(160, 32, 32), chw(320, 16, 16), chw(640, 8, 8)}));
  const Network split = make_network("wide_resnet:depth=28,width=10,attention_split=2");
  EXPECT_EQ(taps(split), (std::vector<Shape>{chw(160, 32, 32), chw(160, 32, 32), chw(320, 16, 16), chw(320, 16, 16),
                                             chw(640, 8, 8), chw(640, 8, 8)}));
  const auto names = layer_names(split);
  EXPECT_TRUE(names.contains("block2.1.layer.1.conv1"));
  EXPECT_FALSE(names.contains("block2.0.layer.2.conv1"));
  // For attention only: what is computed is the same.
  EXPECT_EQ(count(split.graph).parameters, 36479194);
  EXPECT_EQ(count(split.graph).mult_adds(find_convention("reference")), Count(5245638922));
  EXPECT_EQ(taps(make_network("wide_resnet:attention_split=4")).size(), 12u);
}

// int(16 x 0.7) = 11, int(32 x 0.7) = 22, int(64 x 0.7) = 44 (44.8); 3 blocks are too many to count by hand, one is not.
TEST(WideResNet, FractionalWidths) {
  const Network network = make_network("wrn-10-0.7");
  EXPECT_EQ(taps(network), (std::vector<Shape>{chw(11, 32, 32), chw(22, 16, 16), chw(44, 8, 8)}));
  const auto block = [](std::int64_t in, std::int64_t out) {
    return 2 * in + 9 * in * out + 2 * out + 9 * out * out + in * out;
  };
  EXPECT_EQ(count(network.graph).parameters, 27 * 16 + block(16, 11) + block(11, 22) + block(22, 44) + 2 * 44 + 44 * 10 + 10);
  // At width 1 the first group keeps 16 channels, so it has no shortcut convolution.
  EXPECT_FALSE(layer_names(make_network("wrn-10-1")).contains("block1.0.layer.0.convShortcut"));
}

TEST(ResNet, NamesAndMarks) {
  const Network network = make_network("resnet-50");
  const auto names = layer_names(network);
  for (const char *name : {"conv1", "bn1", "relu", "maxpool", "layer1.0.conv1", "layer1.0.bn3", "layer1.0.downsample.conv",
                           "layer1.0.downsample.bn", "layer3.5.conv2", "layer4.2.relu", "avgpool", "fc"})
    EXPECT_TRUE(names.contains(name)) << name;
  EXPECT_FALSE(names.contains("layer1.1.downsample.conv"));
  const auto replaceable = replaceable_names(network);
  EXPECT_EQ(replaceable.size(), 52u) << "16 blocks of 3, and 4 shortcuts";
  EXPECT_FALSE(replaceable.contains("conv1"));
  EXPECT_TRUE(replaceable.contains("layer2.0.downsample.conv"));
  // One ReLU module, three uses.
  std::size_t uses = 0;
  for (const Layer &layer : network.graph.layers()) uses += layer.name == "layer1.0.relu" ? 1 : 0;
  EXPECT_EQ(uses, 3u);
  EXPECT_EQ(replaceable_names(make_network("resnet-18")).size(), 19u)
      << "8 blocks of 2, and 3 shortcuts: layer1 changes nothing";
}

TEST(ResNet, Taps) {
  EXPECT_EQ(taps(make_network("resnet-50")),
            (std::vector<Shape>{chw(256, 56, 56), chw(512, 28, 28), chw(1024, 14, 14), chw(2048, 7, 7)}));
  EXPECT_EQ(taps(make_network("resnet-34")),
            (std::vector<Shape>{chw(64, 56, 56), chw(128, 28, 28), chw(256, 14, 14), chw(512, 7, 7)}));
  const Network wide = make_network("wrn-50-2");
  EXPECT_EQ(taps(wide), (std::vector<Shape>{chw(256, 56, 56), chw(512, 28, 28), chw(1024, 14, 14), chw(2048, 7, 7)}));
  EXPECT_EQ(channels_of(wide, "layer1.0.conv1"), 128);
  EXPECT_EQ(channels_of(wide, "layer4.0.conv2"), 1024);
  EXPECT_EQ(replaceable_names(wide).size(), 52u);
}

TEST(MobileNetV2, NamesAndMarks) {
  const Network network = make_network("mobilenet-v2");
  const auto names = layer_names(network);
  for (const char *name : {"features.0.0", "features.0.2", "features.1.conv.0", "features.1.conv.3", "features.2.conv.0",
                           "features.17.conv.6", "features.18.0", "classifier_conv"})
    EXPECT_TRUE(names.contains(name)) << name;
  const auto replaceable = replaceable_names(network);
  // 17 blocks: two 1 x 1 each but in the first; the last convolution; the classifier.
  EXPECT_EQ(replaceable.size(), 17u * 2 - 1 + 1 + 1);
  EXPECT_FALSE(replaceable.contains("features.0.0"));
  EXPECT_FALSE(replaceable.contains("features.1.conv.0")) << "a depthwise convolution";
  EXPECT_TRUE(replaceable.contains("classifier_conv"));
  EXPECT_EQ(taps(network), (std::vector<Shape>{chw(24, 56, 56), chw(32, 28, 28), chw(64, 14, 14), chw(160, 7, 7)}));
}

// Reference: int(c m). torchvision: _make_divisible(c m, 8) = max(8, int(c m + 4) // 8 x 8), and 8 more where that is below 0.9
// c m.
TEST(MobileNetV2, Widths) {
  const auto widths = [](const char *spec) {
    const Network network = make_network(spec);
    std::vector<std::int64_t> out = {channels_of(network, "features.0.0"), channels_of(network, "features.1.conv.3")};
    for (const char *name : {"features.2.conv.6", "features.4.conv.6", "features.7.conv.6", "features.11.conv.6",
                             "features.14.conv.6", "features.17.conv.6", "features.18.0"})
      out.push_back(channels_of(network, name));
    return out;
  };
  const std::vector<std::int64_t> standard = {32, 16, 24, 32, 64, 96, 160, 320, 1280};
  EXPECT_EQ(widths("mobilenet-v2"), standard);
  EXPECT_EQ(widths("mobilenet_v2:round_to=8"), standard) << "torchvision's mobilenet_v2 at width 1";
  EXPECT_EQ(widths("mobilenet_v2:width=0.35"), (std::vector<std::int64_t>{11, 5, 8, 11, 22, 33, 56, 112, 1280}));
  // 11.2 -> 8 is below 0.9 x 11.2 -> 16; 5.6 -> 8; 8.4 -> 8; 11.2 -> 16; 22.4 -> 24; 33.6 -> 32; 56; 112.
  EXPECT_EQ(widths("mobilenet_v2:width=0.35,round_to=8"), (std::vector<std::int64_t>{16, 8, 8, 16, 24, 32, 56, 112, 1280}));
  // 44.8 -> 48; 22.4 -> 24; 33.6 -> 32; 44.8 -> 48; 89.6 -> 88; 134.4 -> 136; 224; 448; 1792.
  EXPECT_EQ(widths("mobilenet_v2:width=1.4,round_to=8"), (std::vector<std::int64_t>{48, 24, 32, 48, 88, 136, 224, 448, 1792}));
  EXPECT_EQ(widths("mobilenet_v2:width=1.4"), (std::vector<std::int64_t>{44, 22, 33, 44, 89, 134, 224, 448, 1792}));
  EXPECT_EQ(channels_of(make_network("mobilenet-v2"), "features.2.conv.0"), 6 * 16) << "hidden = round(t in)";
}

} // namespace
} // namespace pare

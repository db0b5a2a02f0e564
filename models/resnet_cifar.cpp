#include "models/network.hpp"

#include "analysis/builder.hpp"

#include <fmt/format.h>

#include <array>

namespace pare {

namespace {

constexpr std::array<std::int64_t, 3> kCifarStages = {16, 32, 64};

class ResNetCifar final : public NetworkFamily {
public:
  const NetworkInfo &info() const override {
    static const NetworkInfo info{
        .name = "resnet_cifar",
        .description =
            "the residual network of basic blocks for 32 x 32 images, with shortcuts that have no parameters (option A)",
        .source = "He et al. 2016",
        .keys = {{"depth", "20", "a whole number, 6n + 2, up to 60002", true},
                 {"width", "1", "a number above 0: scales all channels", true},
                 {"classes", "10", "a whole number from 1 to 1099511627776", true},
                 round_to_key(),
                 replace_linear_key()},
        // Each written out: resnet-D is the network for 224 x 224 images.
        .short_names = {{"resnet-20", "depth=20"},
                        {"resnet-32", "depth=32"},
                        {"resnet-44", "depth=44"},
                        {"resnet-56", "depth=56"},
                        {"resnet-110", "depth=110"},
                        {"resnet-1202", "depth=1202"}},
        .input = {.batch = 1, .channels = 3, .height = 32, .width = 32},
        .width_key = "width"};
    return info;
  }

  /// The three stages; the stem has as many as the first.
  std::vector<std::int64_t> channels(const NetworkValues &values) const override {
    return spec::Reader(info(), values).scaled(kCifarStages);
  }

  Graph build(const NetworkValues &values, const Shape &input) const override {
    const spec::Reader read(info(), values);
    const std::int64_t depth = read.whole("depth", 8, 60'002);
    if (depth % 6 != 2) read.fail("depth", "6n + 2, such as 20, 32, 44, 56 or 110");
    const std::int64_t classes = read.whole("classes", 1, std::int64_t{1} << 40);
    const std::vector<std::int64_t> widths = channels(values);

    Graph graph({.convolutions_by_fan_out = true});
    Builder b(graph);
    NodeId x = conv(b, "conv1", graph.add_input(input), widths[0], 1);
    x = b.op("relu", Relu{}, {b.batch_norm("bn1", x)}, Spelling::kFunction);
    for (std::size_t stage = 0; stage < widths.size(); ++stage) {
      for (std::int64_t i = 0; i < (depth - 2) / 6; ++i) {
        x = block(b, fmt::format("layer{}.{}", stage + 1, i), x, widths[stage], i == 0 && stage > 0 ? 2 : 1);
        graph.mark(x, Mark::kSegmentEnd);
      }
      graph.mark_attention_tap(x);
    }
    x = b.op("avg_pool", GlobalAvgPool{}, {x}, Spelling::kFunction);
    b.linear("linear", x, classes);
    return graph;
  }

private:
  static NodeId conv(Builder &b, const std::string &name, NodeId x, std::int64_t channels, std::int64_t stride) {
    return b.conv(name, x, {.out_channels = channels, .kernel = {3, 3}, .stride = {stride, stride}, .padding = {1, 1}});
  }

  static NodeId block(Builder &b, const std::string &name, NodeId x, std::int64_t channels, std::int64_t stride) {
    NodeId y = conv(b, name + ".conv1", x, channels, stride);
    b.graph().mark_replaceable(y, Baseline::kConv);
    y = b.op(name + ".relu", Relu{}, {b.batch_norm(name + ".bn1", y)}, Spelling::kFunction);
    y = conv(b, name + ".conv2", y, channels, 1);
    b.graph().mark_replaceable(y, Baseline::kConv);
    y = b.batch_norm(name + ".bn2", y);
    y = b.op(name + ".add", Add{}, {y, shortcut(b, name + ".shortcut", x, channels, stride)}, Spelling::kFunction);
    return b.op(name + ".relu", Relu{}, {y}, Spelling::kFunction);
  }

  /// Option A: every stride-th position, with zeros for the channels that x has not, before and behind its own.
  static NodeId shortcut(Builder &b, const std::string &name, NodeId x, std::int64_t channels, std::int64_t stride) {
    const std::int64_t missing = channels - b.shape(x).channels;
    if (stride != 1) x = b.op(name, Crop{.stride = {stride, stride}}, {x}, Spelling::kFunction);
    if (missing == 0) return x;
    const auto zeros = [&](std::int64_t count) {
      const NodeId some = b.op(name, SliceChannels{.begin = 0, .count = count}, {x}, Spelling::kFunction);
      return b.op(name, Zeros{}, {some}, Spelling::kFunction);
    };
    std::vector<NodeId> joined;
    if (missing / 2 > 0) joined.push_back(zeros(missing / 2));
    joined.push_back(x);
    joined.push_back(zeros(missing - missing / 2));
    return b.op(name, Concat{}, joined, Spelling::kFunction);
  }
};

} // namespace

const NetworkFamily &network_resnet_cifar() {
  static const ResNetCifar instance;
  return instance;
}

} // namespace pare

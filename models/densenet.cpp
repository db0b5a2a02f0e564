#include "models/network.hpp"

#include "analysis/builder.hpp"
#include "base/values.hpp"

#include <fmt/format.h>

#include <array>

namespace pare {

namespace {

struct DenseNetDepth {
  std::int64_t depth;
  std::array<std::int64_t, 4> layers; ///< of each dense block
  std::int64_t growth;                ///< channels that each layer adds; the stem has twice as many
};
constexpr std::array<DenseNetDepth, 4> kDenseNetDepths = {
    {{121, {6, 12, 24, 16}, 32}, {161, {6, 12, 36, 24}, 48}, {169, {6, 12, 32, 32}, 32}, {201, {6, 12, 48, 32}, 32}}};
constexpr std::int64_t kBottleneck = 4; ///< channels between a layer's two convolutions: so many times the growth

class DenseNet final : public NetworkFamily {
public:
  const NetworkInfo &info() const override {
    static const NetworkInfo info{
        .name = "densenet",
        .description =
            "densely connected blocks of bottlenecks that halve their channels between them (BC), for 224 x 224 images",
        .source = "Huang et al. 2017",
        .keys = {{"depth", "121", "121, 161, 169 or 201", true},
                 {"width", "1", "a number above 0: scales the channels of the stem and those that each layer adds", true},
                 {"classes", "1000", "a whole number from 1 to 1099511627776", true},
                 round_to_key(),
                 replace_linear_key()},
        .short_names = {{"densenet-D", "depth=D"}},
        .input = {.batch = 1, .channels = 3, .height = 224, .width = 224},
        .width_key = "width"};
    return info;
  }

  /// The stem's, and those that each layer adds.
  std::vector<std::int64_t> channels(const NetworkValues &values) const override {
    const spec::Reader read(info(), values);
    const std::int64_t growth = depth_of(read).growth;
    return read.scaled(std::array{2 * growth, growth});
  }

  Graph build(const NetworkValues &values, const Shape &input) const override {
    const spec::Reader read(info(), values);
    const DenseNetDepth &depth = depth_of(read);
    const std::int64_t classes = read.whole("classes", 1, std::int64_t{1} << 40);
    const std::vector<std::int64_t> widths = channels(values);

    Graph graph({.convolutions_by_fan_out = true, .zero_linear_biases = true});
    Builder b(graph);
    NodeId x = b.conv("features.conv0", graph.add_input(input),
                      {.out_channels = widths[0], .kernel = {7, 7}, .stride = {2, 2}, .padding = {3, 3}});
    x = b.op("features.relu0", Relu{}, {b.batch_norm("features.norm0", x)});
    x = b.op("features.pool0", MaxPool{.kernel = {3, 3}, .stride = {2, 2}, .padding = {1, 1}}, {x});
    for (std::size_t block = 1; block <= depth.layers.size(); ++block) {
      for (std::int64_t layer = 1; layer <= depth.layers[block - 1]; ++layer) {
        const std::string name = fmt::format("features.denseblock{}.denselayer{}", block, layer);
        NodeId y = norm_relu_conv(b, name, "1", x, {.out_channels = checked_mul(kBottleneck, widths[1])});
        y = norm_relu_conv(b, name, "2", y, {.out_channels = widths[1], .kernel = {3, 3}, .padding = {1, 1}});
        x = b.op(name + ".concat", Concat{}, {x, y}, Spelling::kFunction);
        graph.mark(x, Mark::kSegmentEnd);
      }
      graph.mark_attention_tap(x);
      if (block == depth.layers.size()) break;
      const std::string name = fmt::format("features.transition{}", block);
      x = norm_relu_conv(b, name, "", x, {.out_channels = b.shape(x).channels / 2});
      x = b.op(name + ".pool", AvgPool{.kernel = {2, 2}, .stride = {2, 2}}, {x});
    }
    x = b.op("relu", Relu{}, {b.batch_norm("features.norm5", x)}, Spelling::kFunction);
    x = b.op("adaptive_avg_pool2d", GlobalAvgPool{}, {x}, Spelling::kFunction);
    b.linear("classifier", x, classes);
    return graph;
  }

private:
  static const DenseNetDepth &depth_of(const spec::Reader &read) {
    const auto asked = parse_whole(read.text("depth"));
    for (const DenseNetDepth &d : kDenseNetDepths)
      if (d.depth == asked) return d;
    read.fail("depth", "121, 161, 169 or 201");
  }

  /// Layers NAME.norm1, NAME.relu1 and NAME.conv1 of place "1".
  static NodeId norm_relu_conv(Builder &b, const std::string &name, std::string_view place, NodeId x,
                               const ConvOptions &options) {
    x = b.batch_norm(fmt::format("{}.norm{}", name, place), x);
    x = b.op(fmt::format("{}.relu{}", name, place), Relu{}, {x});
    x = b.conv(fmt::format("{}.conv{}", name, place), x, options);
    b.graph().mark_replaceable(x, Baseline::kConv);
    return x;
  }
};

} // namespace

const NetworkFamily &network_densenet() {
  static const DenseNet instance;
  return instance;
}

} // namespace pare

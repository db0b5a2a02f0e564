#include "models/network.hpp"

#include "analysis/builder.hpp"

#include <fmt/format.h>

#include <array>

namespace pare {

namespace {

struct LiteStage {
  std::int64_t expansion, channels, blocks, stride, kernel;
};
constexpr std::array<LiteStage, 7> kLiteStages = {{{1, 16, 1, 1, 3},
                                                   {6, 24, 2, 2, 3},
                                                   {6, 40, 2, 2, 5},
                                                   {6, 80, 3, 2, 3},
                                                   {6, 112, 3, 1, 5},
                                                   {6, 192, 4, 2, 5},
                                                   {6, 320, 1, 1, 3}}};
constexpr std::int64_t kLiteStem = 32;
constexpr std::int64_t kLiteHead = 1280;

class EfficientNetLite0 final : public NetworkFamily {
public:
  const NetworkInfo &info() const override {
    static const NetworkInfo info{
        .name = "efficientnet_lite0",
        .description =
            "EfficientNet-Lite0: inverted residuals without squeeze and excitation, ReLU6, padded as TensorFlow pads, "
            "for 224 x 224 images",
        .source = "Tan and Le 2019; TensorFlow TPU repository, efficientnet/lite",
        .keys = {{"width", "1", "a number above 0: scales the channels of the blocks, not of stem and head", true},
                 {"classes", "1000", "a whole number from 1 to 1099511627776", true},
                 round_to_key("8"),
                 replace_linear_key()},
        .short_names = {{"efficientnet-lite0", ""}},
        .input = {.batch = 1, .channels = 3, .height = 224, .width = 224},
        .width_key = "width"};
    return info;
  }

  /// The stages.
  std::vector<std::int64_t> channels(const NetworkValues &values) const override {
    std::vector<std::int64_t> stages;
    for (const LiteStage &stage : kLiteStages) stages.push_back(stage.channels);
    return spec::Reader(info(), values).scaled(stages);
  }

  Graph build(const NetworkValues &values, const Shape &input) const override {
    const spec::Reader read(info(), values);
    const std::int64_t classes = read.whole("classes", 1, std::int64_t{1} << 40);
    const std::vector<std::int64_t> widths = channels(values);

    Graph graph;
    Builder b(graph);
    NodeId x = conv(b, "_conv_stem", graph.add_input(input), {.out_channels = kLiteStem, .kernel = {3, 3}, .stride = {2, 2}});
    x = norm_relu6(b, "_bn0", "_swish", x);
    std::int64_t index = 0;
    for (std::size_t s = 0; s < kLiteStages.size(); ++s)
      for (std::int64_t i = 0; i < kLiteStages[s].blocks; ++i, ++index) {
        const std::int64_t stride = i == 0 ? kLiteStages[s].stride : 1;
        x = block(b, fmt::format("_blocks.{}", index), x, kLiteStages[s], widths[s], stride);
        graph.mark(x, Mark::kSegmentEnd);
        if (stride == 2) graph.mark_attention_tap(x);
      }
    x = replaceable_conv(b, "_conv_head", x, kLiteHead);
    x = norm_relu6(b, "_bn1", "_swish", x);
    x = b.op("_avg_pooling", GlobalAvgPool{}, {x});
    x = b.op("_dropout", Dropout{.probability = 0.2}, {x});
    b.linear("_fc", x, classes);
    return graph;
  }

private:
  static NodeId conv(Builder &b, const std::string &name, NodeId x, ConvOptions options) {
    options.padding = same_padding(b.shape(x), options.kernel, options.stride, options.dilation);
    return b.conv(name, x, options);
  }

  static NodeId replaceable_conv(Builder &b, const std::string &name, NodeId x, std::int64_t channels) {
    const NodeId y = conv(b, name, x, {.out_channels = channels});
    b.graph().mark_replaceable(y, Baseline::kConv);
    return y;
  }

  static NodeId norm(Builder &b, const std::string &name, NodeId x) {
    return b.batch_norm(name, x, BatchNorm{.eps = 1e-3, .momentum = 0.01});
  }

  static NodeId norm_relu6(Builder &b, const std::string &name, const std::string &activation, NodeId x) {
    return b.op(activation, Relu6{}, {norm(b, name, x)});
  }

  static NodeId block(Builder &b, const std::string &name, NodeId x, const LiteStage &stage, std::int64_t channels,
                      std::int64_t stride) {
    const std::int64_t hidden = checked_mul(b.shape(x).channels, stage.expansion);
    NodeId y = x;
    if (stage.expansion != 1)
      y = norm_relu6(b, name + "._bn0", name + "._swish", replaceable_conv(b, name + "._expand_conv", y, hidden));
    y = conv(b, name + "._depthwise_conv", y,
             {.out_channels = hidden, .kernel = {stage.kernel, stage.kernel}, .stride = {stride, stride}, .groups = hidden});
    y = norm_relu6(b, name + "._bn1", name + "._swish", y);
    y = norm(b, name + "._bn2", replaceable_conv(b, name + "._project_conv", y, channels));
    if (stride != 1 || b.shape(x).channels != channels) return y;
    b.graph().mark(y, Mark::kDropPath); // "drop connect"
    return b.op(name + ".add", Add{}, {x, y}, Spelling::kFunction);
  }
};

} // namespace

const NetworkFamily &network_efficientnet_lite0() {
  static const EfficientNetLite0 instance;
  return instance;
}

} // namespace pare

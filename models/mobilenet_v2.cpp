#include "models/network.hpp"

#include "analysis/builder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace pare {

namespace {

struct Stage {
  std::int64_t expansion, channels, blocks, stride;
};
constexpr std::array<Stage, 7> kStages = {
    {{1, 16, 1, 1}, {6, 24, 2, 2}, {6, 32, 3, 2}, {6, 64, 4, 2}, {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1}}};

class MobileNetV2 final : public NetworkFamily {
public:
  const NetworkInfo &info() const override {
    static const NetworkInfo info{
        .name = "mobilenet_v2",
        .description = "inverted residuals with linear bottlenecks, for 224 x 224 images",
        .source = "Sandler et al. 2018",
        .keys = {{"width", "1", "a number above 0: scales all channels, int()", true},
                 {"classes", "1000", "a whole number from 1 to 1099511627776", true},
                 {"round_to", "1", "a whole number from 1 to 1048576: channels are rounded to its multiples (torchvision: 8)",
                  false}},
        .short_names = {{"mobilenet-v2", ""}},
        .input = {.batch = 1, .channels = 3, .height = 224, .width = 224},
        .width_key = "width"};
    return info;
  }

  /// The stem, the stages, the last convolution.
  std::vector<std::int64_t> channels(const NetworkValues &values) const override {
    const spec::Reader read(info(), values);
    const double width = read.positive("width");
    const std::int64_t round_to = read.whole("round_to", 1, kMostRoundTo);
    const auto scaled = [&](std::int64_t channels, double factor) {
      return spec::scaled(channels, factor, "mobilenet_v2/width", round_to);
    };
    std::vector<std::int64_t> out = {scaled(32, width)};
    for (const Stage &stage : kStages) out.push_back(scaled(stage.channels, width));
    out.push_back(scaled(1280, std::max(1.0, width)));
    return out;
  }

  Graph build(const NetworkValues &values, const Shape &input) const override {
    const spec::Reader read(info(), values);
    const std::int64_t classes = read.whole("classes", 1, std::int64_t{1} << 40);
    const std::vector<std::int64_t> widths = channels(values);

    Graph graph({.convolutions_by_fan_out = true, .zero_convolution_biases = true});
    Builder b(graph);
    NodeId x = b.conv("features.0.0", graph.add_input(input),
                      {.out_channels = widths[0], .kernel = {3, 3}, .stride = {2, 2}, .padding = {1, 1}});
    x = b.op("features.0.2", Relu6{}, {b.batch_norm("features.0.1", x)});
    std::int64_t index = 1;
    for (std::size_t s = 0; s < kStages.size(); ++s)
      for (std::int64_t i = 0; i < kStages[s].blocks; ++i, ++index) {
        const std::int64_t stride = i == 0 ? kStages[s].stride : 1;
        x = inverted_residual(b, fmt::format("features.{}.conv", index), x, kStages[s].expansion, widths[s + 1], stride);
        graph.mark(x, Mark::kSegmentEnd);
        if (stride == 2) graph.mark_attention_tap(x);
      }
    const std::string last = fmt::format("features.{}", index);
    x = replaceable_conv(b, last + ".0", x, {.out_channels = widths.back()});
    x = b.op(last + ".2", Relu6{}, {b.batch_norm(last + ".1", x)});
    x = b.op("mean", GlobalAvgPool{}, {x}, Spelling::kFunction);
    x = replaceable_conv(b, "classifier_conv", x, {.out_channels = classes, .bias = true});
    b.op("flatten", Flatten{}, {x}, Spelling::kFunction);
    return graph;
  }

private:
  static NodeId replaceable_conv(Builder &b, const std::string &name, NodeId x, const ConvOptions &options) {
    const NodeId y = b.conv(name, x, options);
    b.graph().mark_replaceable(y, Baseline::kConv);
    return y;
  }

  static NodeId inverted_residual(Builder &b, const std::string &name, NodeId x, std::int64_t expansion,
                                  std::int64_t out_channels, std::int64_t stride) {
    std::int64_t step = 0;
    const auto next = [&] { return fmt::format("{}.{}", name, step++); };
    const std::int64_t hidden = checked_mul(b.shape(x).channels, expansion);
    NodeId y = x;
    if (expansion != 1) {
      y = replaceable_conv(b, next(), y, {.out_channels = hidden});
      y = b.batch_norm(next(), y);
      y = b.op(next(), Relu6{}, {y});
    }
    y = b.conv(next(), y,
               {.out_channels = hidden, .kernel = {3, 3}, .stride = {stride, stride}, .padding = {1, 1}, .groups = hidden});
    y = b.batch_norm(next(), y);
    y = b.op(next(), Relu6{}, {y});
    y = replaceable_conv(b, next(), y, {.out_channels = out_channels});
    y = b.batch_norm(next(), y);
    return stride == 1 && b.shape(x).channels == out_channels ? b.op(name + ".add", Add{}, {x, y}, Spelling::kFunction) : y;
  }
};

} // namespace

const NetworkFamily &network_mobilenet_v2() {
  static const MobileNetV2 instance;
  return instance;
}

} // namespace pare

#include "models/network.hpp"

#include "analysis/builder.hpp"
#include "base/values.hpp"

#include <fmt/format.h>

#include <array>

namespace pare {

namespace {

/// Convolutions in each of the five stages.
struct VggDepth {
  std::int64_t depth;
  std::array<std::int64_t, 5> convolutions;
};
constexpr std::array<VggDepth, 4> kVggDepths = {
    {{11, {1, 1, 2, 2, 2}}, {13, {2, 2, 2, 2, 2}}, {16, {2, 2, 3, 3, 3}}, {19, {2, 2, 4, 4, 4}}}};
constexpr std::array<std::int64_t, 6> kVggChannels = {64, 128, 256, 512, 512, 4096}; ///< of the stages, and hidden features

class Vgg final : public NetworkFamily {
public:
  const NetworkInfo &info() const override {
    static const NetworkInfo info{
        .name = "vgg",
        .description = "plain 3 x 3 convolutions and three linear layers, for 224 x 224 images; with batch norm or without",
        .source = "Simonyan and Zisserman 2015",
        .keys = {{"depth", "16", "11, 13, 16 or 19", true},
                 {"width", "1", "a number above 0: scales all channels and hidden features", true},
                 {"classes", "1000", "a whole number from 1 to 1099511627776", true},
                 {"batch_norm", "off", "on or off: behind every convolution", true, {"on", "off"}},
                 round_to_key(),
                 replace_linear_key()},
        .short_names = {{"vggD_bn", "depth=D,batch_norm=on"}, {"vggD", "depth=D"}},
        .input = {.batch = 1, .channels = 3, .height = 224, .width = 224},
        .width_key = "width"};
    return info;
  }

  /// The five stages, and the hidden features of the classifier.
  std::vector<std::int64_t> channels(const NetworkValues &values) const override {
    return spec::Reader(info(), values).scaled(kVggChannels);
  }

  Graph build(const NetworkValues &values, const Shape &input) const override {
    const spec::Reader read(info(), values);
    const auto asked = parse_whole(read.text("depth"));
    const VggDepth *depth = nullptr;
    for (const VggDepth &d : kVggDepths)
      if (d.depth == asked) depth = &d;
    if (depth == nullptr) read.fail("depth", "11, 13, 16 or 19");
    const bool has_norm = read_switch("vgg/batch_norm", read.text("batch_norm"));
    const std::int64_t classes = read.whole("classes", 1, std::int64_t{1} << 40);
    const std::vector<std::int64_t> widths = channels(values);

    Graph graph({.convolutions_by_fan_out = true, .zero_convolution_biases = true, .zero_linear_biases = true});
    Builder b(graph);
    NodeId x = graph.add_input(input);
    std::int64_t index = 0;
    const auto next = [&] { return fmt::format("features.{}", index++); };
    for (std::size_t stage = 0; stage < depth->convolutions.size(); ++stage) {
      for (std::int64_t i = 0; i < depth->convolutions[stage]; ++i) {
        const bool is_stem = index == 0;
        x = b.conv(next(), x, {.out_channels = widths[stage], .kernel = {3, 3}, .padding = {1, 1}, .bias = true});
        if (!is_stem) graph.mark_replaceable(x, Baseline::kConv);
        if (has_norm) x = b.batch_norm(next(), x);
        x = b.op(next(), Relu{}, {x});
      }
      graph.mark_attention_tap(x);
      x = b.op(next(), MaxPool{.kernel = {2, 2}, .stride = {2, 2}}, {x});
      graph.mark(x, Mark::kSegmentEnd);
    }
    x = b.op("avgpool", AdaptiveAvgPool{.size = {7, 7}}, {x});
    x = b.op("flatten", Flatten{}, {x}, Spelling::kFunction);
    for (int layer = 0; layer < 6; layer += 3) {
      const auto name = [&](int place) { return fmt::format("classifier.{}", layer + place); };
      x = b.op(name(1), Relu{}, {b.linear(name(0), x, widths.back())});
      x = b.op(name(2), Dropout{.probability = 0.5}, {x});
    }
    b.linear("classifier.6", x, classes);
    return graph;
  }
};

} // namespace

const NetworkFamily &network_vgg() {
  static const Vgg instance;
  return instance;
}

} // namespace pare

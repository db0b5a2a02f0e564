#include "models/network.hpp"

#include "analysis/builder.hpp"

#include <fmt/format.h>

#include <array>

namespace pare {

namespace {

struct CifarStage {
  std::int64_t expansion, channels, blocks, stride;
};
constexpr std::array<CifarStage, 7> kCifarStages = {
    {{1, 16, 1, 1}, {6, 24, 2, 1}, {6, 32, 3, 2}, {6, 64, 4, 2}, {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1}}};
constexpr std::int64_t kCifarStem = 32;
constexpr std::int64_t kCifarLast = 1280;

/// MobileNetV2 as it is known for small images: two strides fewer, ReLU, and a convolution in each shortcut where the channels
/// change and the size does not.
class MobileNetV2Cifar final : public NetworkFamily {
public:
  const NetworkInfo &info() const override {
    static const NetworkInfo info{.name = "mobilenet_v2_cifar",
                                  .description = "inverted residuals with convolutions in their shortcuts, for 32 x 32 images",
                                  .source = "github.com/kuangliu/pytorch-cifar, after Sandler et al. 2018",
                                  .keys = {{"width", "1", "a number above 0: scales all channels", true},
                                           {"classes", "10", "a whole number from 1 to 1099511627776", true},
                                           round_to_key(),
                                           replace_linear_key()},
                                  .short_names = {{"mobilenet-v2-cifar", ""}},
                                  .input = {.batch = 1, .channels = 3, .height = 32, .width = 32},
                                  .width_key = "width"};
    return info;
  }

  /// The stem, the stages, the last convolution.
  std::vector<std::int64_t> channels(const NetworkValues &values) const override {
    std::vector<std::int64_t> out = {kCifarStem};
    for (const CifarStage &stage : kCifarStages) out.push_back(stage.channels);
    out.push_back(kCifarLast);
    return spec::Reader(info(), values).scaled(out);
  }

  Graph build(const NetworkValues &values, const Shape &input) const override {
    const spec::Reader read(info(), values);
    const std::int64_t classes = read.whole("classes", 1, std::int64_t{1} << 40);
    const std::vector<std::int64_t> widths = channels(values);

    Graph graph({.convolutions_by_fan_out = true, .zero_linear_biases = true});
    Builder b(graph);
    NodeId x = b.conv("conv1", graph.add_input(input), {.out_channels = widths[0], .kernel = {3, 3}, .padding = {1, 1}});
    x = b.op("relu", Relu{}, {b.batch_norm("bn1", x)}, Spelling::kFunction);
    std::int64_t index = 0;
    for (std::size_t s = 0; s < kCifarStages.size(); ++s)
      for (std::int64_t i = 0; i < kCifarStages[s].blocks; ++i) {
        const std::int64_t stride = i == 0 ? kCifarStages[s].stride : 1;
        x = block(b, fmt::format("layers.{}", index++), x, kCifarStages[s].expansion, widths[s + 1], stride);
        graph.mark(x, Mark::kSegmentEnd);
        if (stride == 2) graph.mark_attention_tap(x);
      }
    x = replaceable(b, "conv2", x, widths.back());
    x = b.op("relu2", Relu{}, {b.batch_norm("bn2", x)}, Spelling::kFunction);
    x = b.op("avg_pool", pool_to_one(b.shape(x), 4), {x}, Spelling::kFunction);
    b.linear("linear", x, classes);
    return graph;
  }

private:
  static NodeId replaceable(Builder &b, const std::string &name, NodeId x, std::int64_t out_channels) {
    const NodeId y = b.conv(name, x, {.out_channels = out_channels});
    b.graph().mark_replaceable(y, Baseline::kConv);
    return y;
  }

  static NodeId block(Builder &b, const std::string &name, NodeId x, std::int64_t expansion, std::int64_t out_channels,
                      std::int64_t stride) {
    const std::int64_t hidden = checked_mul(b.shape(x).channels, expansion);
    NodeId y = b.batch_norm(name + ".bn1", replaceable(b, name + ".conv1", x, hidden));
    y = b.op(name + ".relu1", Relu{}, {y}, Spelling::kFunction);
    y = b.conv(name + ".conv2", y,
               {.out_channels = hidden, .kernel = {3, 3}, .stride = {stride, stride}, .padding = {1, 1}, .groups = hidden});
    y = b.op(name + ".relu2", Relu{}, {b.batch_norm(name + ".bn2", y)}, Spelling::kFunction);
    y = b.batch_norm(name + ".bn3", replaceable(b, name + ".conv3", y, out_channels));
    if (stride != 1) return y;
    const NodeId shortcut = b.shape(x).channels == out_channels
                                ? x
                                : b.batch_norm(name + ".shortcut.1", replaceable(b, name + ".shortcut.0", x, out_channels));
    return b.op(name + ".add", Add{}, {y, shortcut}, Spelling::kFunction);
  }
};

} // namespace

const NetworkFamily &network_mobilenet_v2_cifar() {
  static const MobileNetV2Cifar instance;
  return instance;
}

} // namespace pare

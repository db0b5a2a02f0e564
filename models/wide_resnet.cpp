#include "models/network.hpp"

#include "analysis/builder.hpp"

#include <fmt/format.h>

#include <array>

namespace pare {

namespace {

constexpr std::array<std::int64_t, 3> kChannels = {16, 32, 64};
constexpr std::int64_t kGreatestDepth = 60'004; ///< what is built in a second or two

class WideResNet final : public NetworkFamily {
public:
  const NetworkInfo &info() const override {
    static const NetworkInfo info{
        .name = "wide_resnet",
        .description = "wide residual network of pre-activation basic blocks, for 32 x 32 images",
        .source = "Zagoruyko and Komodakis 2016",
        .keys = {{"depth", "28", "a whole number, 6n + 4, up to 60004", true},
                 {"width", "10", "a number above 0", true},
                 {"classes", "10", "a whole number from 1 to 1099511627776", true},
                 {"attention_split", "1", "a divisor of n: sub-groups of each group, for attention", false},
                 {"round_to", "1",
                  "a whole number from 1 to 1048576: the channels of the three groups are rounded to its multiples", false},
                 replace_linear_key()},
        .short_names = {{"wrn-D-K", "depth=D,width=K"}},
        .input = {.batch = 1, .channels = 3, .height = 32, .width = 32},
        .width_key = "width"};
    return info;
  }

  std::vector<std::int64_t> channels(const NetworkValues &values) const override {
    return spec::Reader(info(), values).scaled(kChannels);
  }

  Graph build(const NetworkValues &values, const Shape &input) const override {
    const spec::Reader read(info(), values);
    const std::int64_t depth = read.whole("depth", 10, kGreatestDepth);
    if ((depth - 4) % 6 != 0) read.fail("depth", "6n + 4, such as 10, 16, 22, 28 or 40");
    const std::int64_t n = (depth - 4) / 6;
    const std::int64_t split = read.whole("attention_split", 1, n);
    if (n % split != 0) read.fail("attention_split", fmt::format("a divisor of n = {}", n));
    const std::int64_t classes = read.whole("classes", 1, std::int64_t{1} << 40);
    const std::vector<std::int64_t> widths = channels(values);

    Graph graph({.convolutions_by_fan_out = true, .zero_linear_biases = true});
    Builder b(graph);
    NodeId x = b.conv("conv1", graph.add_input(input), {.out_channels = 16, .kernel = {3, 3}, .padding = {1, 1}});
    for (std::size_t group = 0; group < widths.size(); ++group)
      for (std::int64_t part = 0; part < split; ++part) {
        for (std::int64_t i = 0; i < n / split; ++i) {
          const bool first = part == 0 && i == 0;
          x = block(b, fmt::format("block{}.{}.layer.{}", group + 1, part, i), x, widths[group], first && group > 0 ? 2 : 1);
          graph.mark(x, Mark::kSegmentEnd);
        }
        graph.mark_attention_tap(x);
      }
    x = b.op("relu", Relu{}, {b.batch_norm("bn1", x)});
    x = b.op("avg_pool", pool_to_one(b.shape(x), 8), {x}, Spelling::kFunction);
    b.linear("fc", x, classes);
    return graph;
  }

private:
  static NodeId block(Builder &b, const std::string &name, NodeId x, std::int64_t out_channels, std::int64_t stride) {
    const NodeId activated = b.op(name + ".relu1", Relu{}, {b.batch_norm(name + ".bn1", x)});
    NodeId y = b.conv(name + ".conv1", activated,
                      {.out_channels = out_channels, .kernel = {3, 3}, .stride = {stride, stride}, .padding = {1, 1}});
    b.graph().mark_replaceable(y, Baseline::kConv);
    y = b.op(name + ".relu2", Relu{}, {b.batch_norm(name + ".bn2", y)});
    y = b.conv(name + ".conv2", y, {.out_channels = out_channels, .kernel = {3, 3}, .padding = {1, 1}});
    b.graph().mark_replaceable(y, Baseline::kConv);
    const bool same = stride == 1 && b.shape(x).channels == out_channels;
    const NodeId shortcut =
        same ? x : b.conv(name + ".convShortcut", activated, {.out_channels = out_channels, .stride = {stride, stride}});
    return b.op(name + ".add", Add{}, {y, shortcut}, Spelling::kFunction);
  }
};

} // namespace

const NetworkFamily &network_wide_resnet() {
  static const WideResNet instance;
  return instance;
}

} // namespace pare

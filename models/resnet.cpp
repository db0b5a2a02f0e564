#include "models/resnet.hpp"

#include "analysis/builder.hpp"
#include "base/values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>

namespace pare {

namespace {

constexpr std::string_view kResNetRoundTo =
    "a whole number from 1 to 1048576: the inner channels of every stage are rounded to its multiples";

using Blocks = std::array<std::int64_t, 4>;

struct Depth {
  std::int64_t depth;
  Blocks blocks;
  bool bottleneck;
};
constexpr std::array<Depth, 5> kDepths = {{{18, {2, 2, 2, 2}, false},
                                           {34, {3, 4, 6, 3}, false},
                                           {50, {3, 4, 6, 3}, true},
                                           {101, {3, 4, 23, 3}, true},
                                           {152, {3, 8, 36, 3}, true}}};

/// Substitutes have no groups: a grouped convolution stays as it is.
NodeId replaceable_conv(Builder &b, const std::string &name, NodeId x, std::int64_t out_channels, std::int64_t kernel,
                        std::int64_t stride, std::int64_t groups = 1) {
  const NodeId y = b.conv(name, x,
                          {.out_channels = out_channels,
                           .kernel = {kernel, kernel},
                           .stride = {stride, stride},
                           .padding = {kernel / 2, kernel / 2},
                           .groups = groups});
  if (groups == 1) b.graph().mark_replaceable(y, Baseline::kConv);
  return y;
}

NodeId block(Builder &b, const std::string &name, NodeId x, std::int64_t inner, std::int64_t expansion, std::int64_t stride,
             bool bottleneck, std::int64_t groups) {
  const std::int64_t out = checked_mul(inner, expansion);
  struct Step {
    std::int64_t channels, kernel, stride;
    std::int64_t groups = 1;
  };
  const std::vector<Step> steps = bottleneck ? std::vector<Step>{{inner, 1, 1}, {inner, 3, stride, groups}, {out, 1, 1}}
                                             : std::vector<Step>{{inner, 3, stride}, {out, 3, 1}};
  NodeId y = x;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    y = replaceable_conv(b, fmt::format("{}.conv{}", name, i + 1), y, steps[i].channels, steps[i].kernel, steps[i].stride,
                         steps[i].groups);
    y = b.batch_norm(fmt::format("{}.bn{}", name, i + 1), y);
    if (i + 1 < steps.size()) y = b.op(name + ".relu", Relu{}, {y});
  }
  NodeId shortcut = x;
  if (stride != 1 || b.shape(x).channels != out)
    shortcut = b.batch_norm(name + ".downsample.bn", replaceable_conv(b, name + ".downsample.conv", x, out, 1, stride));
  y = b.op(name + ".add", Add{}, {y, shortcut}, Spelling::kFunction);
  return b.op(name + ".relu", Relu{}, {y});
}

class ResNet final : public ResNetFamily {
public:
  const NetworkInfo &info() const override {
    static const NetworkInfo info{
        .name = "resnet",
        .description =
            "residual network for 224 x 224 images: basic blocks (18, 34) or bottlenecks (50, 101, 152); with groups "
            "ResNeXt",
        .source = "He et al. 2016, Xie et al. 2017",
        .keys = {{"depth", "50", "18, 34, 50, 101 or 152", true},
                 {"width", "1", "a number above 0: scales the channels of every stage", true},
                 {"classes", "1000", "a whole number from 1 to 1099511627776", true},
                 {"expansion", "", "a whole number from 1 to 1048576; default: 1 for basic blocks, 4 for bottlenecks", false},
                 {"groups", "1", "a whole number from 1 to 1048576: of the 3 x 3 convolutions of bottlenecks (ResNeXt)", false},
                 {"round_to", "1", kResNetRoundTo, false},
                 replace_linear_key()},
        // torchvision's names beside the papers': an inner width of 64 x width, outputs of expansion times that.
        .short_names = {{"resnet-D", "depth=D"},
                        {"wide_resnet101_2", "depth=101,width=2,expansion=2"},
                        {"resnext50_32x4d", "depth=50,width=2,expansion=2,groups=32"},
                        {"resnext101_32x8d", "depth=101,width=4,expansion=1,groups=32"},
                        {"resnext101_64x4d", "depth=101,width=4,expansion=1,groups=64"}},
        .input = {.batch = 1, .channels = 3, .height = 224, .width = 224},
        .width_key = "width"};
    return info;
  }
};

class Wrn50 final : public ResNetFamily {
public:
  Wrn50() : ResNetFamily(50, 2) {}
  const NetworkInfo &info() const override {
    static const NetworkInfo info{.name = "wrn_50_2",
                                  .description =
                                      "WRN-50-2: a ResNet-50 of twice the inner width and expansion 2, for 224 x 224 images",
                                  .source = "Zagoruyko and Komodakis 2016",
                                  .keys = {{"classes", "1000", "a whole number from 1 to 1099511627776", true},
                                           {"width", "2", "a number above 0: scales the channels of every stage", false},
                                           {"round_to", "1", kResNetRoundTo, false},
                                           replace_linear_key()},
                                  .short_names = {{"wrn-50-2", ""}, {"wide_resnet50_2", ""}}, // torchvision's name
                                  .input = {.batch = 1, .channels = 3, .height = 224, .width = 224},
                                  .width_key = "width"};
    return info;
  }
};

} // namespace

std::vector<std::int64_t> ResNetFamily::channels(const NetworkValues &values) const {
  const spec::Reader read(info(), values);
  const double width = read.positive("width");
  const std::int64_t round_to = read.whole("round_to", 1, kMostRoundTo);
  const std::int64_t groups = groups_of(read);
  const std::int64_t multiple = round_to == 1 ? 1 : std::lcm(groups, round_to);
  std::vector<std::int64_t> out;
  for (std::int64_t c : {64, 128, 256, 512})
    out.push_back(spec::scaled(c, width, std::string(info().name) + "/width", multiple));
  // Of grouped convolutions whole groups: as many channels for each as there are.
  for (std::int64_t &c : out) c = std::max(c / groups, std::int64_t{1}) * groups;
  return out;
}

std::int64_t ResNetFamily::groups_of(const spec::Reader &read) const { return depth_ ? 1 : read.whole("groups", 1, 1 << 20); }

Graph ResNetFamily::build(const NetworkValues &values, const Shape &input) const {
  const spec::Reader read(info(), values);
  const auto depth = depth_ ? depth_ : parse_whole(read.text("depth"));
  const Depth *shape = nullptr;
  for (const Depth &d : kDepths)
    if (d.depth == depth) shape = &d;
  if (shape == nullptr) read.fail("depth", "18, 34, 50, 101 or 152");
  const std::int64_t standard = shape->bottleneck ? 4 : 1;
  const std::int64_t expansion = expansion_                       ? *expansion_
                                 : read.text("expansion").empty() ? standard
                                                                  : read.whole("expansion", 1, 1 << 20);
  const std::int64_t classes = read.whole("classes", 1, std::int64_t{1} << 40);
  const std::int64_t groups = groups_of(read);
  if (groups != 1 && !shape->bottleneck) read.fail("groups", "1 for basic blocks, which have no 3 x 3 between two 1 x 1");
  const std::vector<std::int64_t> inner = channels(values);

  Graph graph({.convolutions_by_fan_out = true});
  Builder b(graph);
  NodeId x =
      b.conv("conv1", graph.add_input(input), {.out_channels = 64, .kernel = {7, 7}, .stride = {2, 2}, .padding = {3, 3}});
  x = b.op("relu", Relu{}, {b.batch_norm("bn1", x)});
  x = b.op("maxpool", MaxPool{.kernel = {3, 3}, .stride = {2, 2}, .padding = {1, 1}}, {x});
  for (std::size_t stage = 0; stage < inner.size(); ++stage) {
    for (std::int64_t i = 0; i < shape->blocks[stage]; ++i) {
      x = block(b, fmt::format("layer{}.{}", stage + 1, i), x, inner[stage], expansion, i == 0 && stage > 0 ? 2 : 1,
                shape->bottleneck, groups);
      graph.mark(x, Mark::kSegmentEnd);
    }
    graph.mark_attention_tap(x);
  }
  x = b.op("avgpool", pool_to_one(b.shape(x), 7), {x});
  b.linear("fc", x, classes);
  return graph;
}

const NetworkFamily &network_resnet() {
  static const ResNet instance;
  return instance;
}

const NetworkFamily &network_wrn_50_2() {
  static const Wrn50 instance;
  return instance;
}

} // namespace pare

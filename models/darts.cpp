#include "models/network.hpp"

#include "analysis/builder.hpp"
#include "base/error.hpp"
#include "models/genotype.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace pare {

namespace {

// What is built in a second or two.
constexpr std::int64_t kMostCells = 10'000;
constexpr std::int64_t kMostOperations = 8 * kMostCells; ///< of all cells

/// Writes the pieces that cells are made of.
class Cells {
public:
  explicit Cells(Graph &graph) : b(graph) {}
  Builder b;

  /// ReLU, convolution, batch norm, as layers NAME.first, NAME.first + 1, NAME.first + 2.
  NodeId relu_conv_bn(const std::string &name, std::int64_t first, NodeId x, const ConvOptions &options,
                      Baseline baseline = Baseline::kSep) {
    x = b.op(fmt::format("{}.{}", name, first), Relu{}, {x});
    x = b.conv(fmt::format("{}.{}", name, first + 1), x, options);
    b.graph().mark_replaceable(x, baseline);
    return b.batch_norm(fmt::format("{}.{}", name, first + 2), x);
  }

  NodeId factorized_reduce(const std::string &name, NodeId x, std::int64_t channels) {
    x = b.op(name + ".relu", Relu{}, {x});
    const ConvOptions half{.out_channels = channels / 2, .stride = {2, 2}};
    const NodeId first = b.conv(name + ".conv_1", x, half);
    b.graph().mark_replaceable(first, Baseline::kSep);
    const NodeId shifted = b.op(name + ".shift", Crop{.top = 1, .left = 1}, {x}, Spelling::kFunction);
    const NodeId second = b.conv(name + ".conv_2", shifted, half);
    b.graph().mark_replaceable(second, Baseline::kSep);
    return b.batch_norm(name + ".bn", b.op(name + ".concat", Concat{}, {first, second}, Spelling::kFunction));
  }

  NodeId operation(const std::string &name, const CellEdge &edge, NodeId x, std::int64_t channels, std::int64_t stride) {
    const Pair strides{stride, stride};
    const std::int64_t k = edge.kernel;
    const auto options = [&](std::int64_t stride_of_one, std::int64_t dilation) {
      const std::int64_t padding = dilation * (k - 1) / 2;
      return ConvOptions{.out_channels = channels,
                         .kernel = {k, k},
                         .stride = {stride_of_one, stride_of_one},
                         .padding = {padding, padding},
                         .dilation = {dilation, dilation}};
    };
    const auto twice = [&](std::int64_t dilation) {
      return relu_conv_bn(name + ".op", 3, relu_conv_bn(name + ".op", 0, x, options(stride, dilation)), options(1, dilation));
    };
    switch (edge.kind) {
    case OperationKind::kNone: return b.op(name, Zeros{.stride = strides}, {x}, Spelling::kFunction);
    case OperationKind::kSkip: return stride == 1 ? x : factorized_reduce(name, x, channels);
    case OperationKind::kMaxPool:
      return b.op(name, MaxPool{.kernel = {k, k}, .stride = strides, .padding = {k / 2, k / 2}}, {x});
    case OperationKind::kAvgPool:
      return b.op(name, AvgPool{.kernel = {k, k}, .stride = strides, .padding = {k / 2, k / 2}, .count_include_pad = false},
                  {x});
    case OperationKind::kSeparable: return twice(1);
    case OperationKind::kDilatedSeparable: return twice(2);
    case OperationKind::kDilated: return relu_conv_bn(name + ".op", 0, x, options(stride, 2));
    case OperationKind::kFull: return relu_conv_bn(name + ".op", 0, x, options(stride, 1), Baseline::kConv);
    case OperationKind::kFactorized:
      x = b.op(name + ".op.0", Relu{}, {x});
      x = b.conv(name + ".op.1", x, {.out_channels = channels, .kernel = {1, k}, .stride = {1, stride}, .padding = {0, k / 2}});
      x = b.conv(name + ".op.2", x, {.out_channels = channels, .kernel = {k, 1}, .stride = {stride, 1}, .padding = {k / 2, 0}});
      return b.batch_norm(name + ".op.3", x);
    }
    return x;
  }

  NodeId cell(const std::string &name, NodeId s0, NodeId s1, std::int64_t channels, bool reduction, bool previous_reduction,
              const Genotype &genotype) {
    const GenotypeCell &own = reduction ? genotype.reduce : genotype.normal;
    std::vector<NodeId> states(2);
    states[0] = previous_reduction ? factorized_reduce(name + ".preprocess0", s0, channels)
                                   : relu_conv_bn(name + ".preprocess0.op", 0, s0, {.out_channels = channels});
    states[1] = relu_conv_bn(name + ".preprocess1.op", 0, s1, {.out_channels = channels});
    std::size_t operations = 0;
    for (std::size_t i = 0; i < own.nodes.size(); ++i) {
      std::vector<NodeId> sides;
      for (const CellEdge &edge : own.nodes[i]) {
        const std::int64_t stride = reduction && edge.input < 2 ? 2 : 1;
        const NodeId input = states[static_cast<std::size_t>(edge.input)];
        const NodeId side = operation(fmt::format("{}._ops.{}", name, operations++), edge, input, channels, stride);
        if (side != input) b.graph().mark(side, Mark::kDropPath);
        sides.push_back(side);
      }
      states.push_back(sides.size() == 1 ? sides[0]
                                         : b.op(fmt::format("{}.add.{}", name, i), Add{}, sides, Spelling::kFunction));
    }
    std::vector<NodeId> joined;
    for (const std::int64_t state : own.concat) joined.push_back(states[static_cast<std::size_t>(state)]);
    return b.op(name + ".concat", Concat{}, joined, Spelling::kFunction);
  }
};

NetworkKeyInfo genotype_key() {
  static const std::string accepted =
      fmt::format("{}, or one written out, as repositories print it or in JSON, or @file", fmt::join(genotype_names(), ", "));
  return {.name = "genotype",
          .standard = "darts_v2",
          .accepted = accepted,
          .always_written = true,
          .choices = {genotype_names().begin(), genotype_names().end()},
          .canonical = canonical_genotype};
}
constexpr std::string_view kDartsRoundTo = "a whole number from 1 to 1048576: channels are rounded to its multiples";

/// Stems and pooling apart, the CIFAR and the ImageNet form are the same.
class DartsFamily : public NetworkFamily {
public:
  std::vector<std::int64_t> channels(const NetworkValues &values) const override {
    const spec::Reader read(info(), values);
    const std::int64_t channels =
        spec::scaled(read.whole("channels", 1, std::int64_t{1} << 40), 1, fmt::format("{}/channels", info().name),
                     read.whole("round_to", 1, kMostRoundTo));
    if (channels % multiple_of_ != 0)
      read.fail("channels", fmt::format("a multiple of {}: they are made in halves", multiple_of_));
    return {channels};
  }

  Graph build(const NetworkValues &values, const Shape &input) const override {
    const spec::Reader read(info(), values);
    std::int64_t channels = this->channels(values)[0];
    const std::int64_t layers = read.whole("layers", 1, kMostCells);
    const std::int64_t classes = read.whole("classes", 1, std::int64_t{1} << 40);
    const Genotype genotype = parse_genotype(read.text("genotype"), fmt::format("{}/genotype", info().name));
    const std::size_t most = std::max(genotype.normal.edge_count(), genotype.reduce.edge_count());
    if (const std::int64_t cells = kMostOperations / static_cast<std::int64_t>(most); layers > cells)
      throw Error(ErrorCode::kInvalidConfig, fmt::format("{}/genotype", info().name),
                  fmt::format("{} operations in each of {} cells are more than {} in all; fewer operations, or layers up to {} "
                              "would be accepted",
                              most, layers, kMostOperations, cells));

    Graph graph;
    Cells cells(graph);
    Builder &b = cells.b;
    auto [s0, s1] = stem(b, graph.add_input(input), channels);
    // The second stem of the ImageNet form has halved the map that the first cell sees, as a reduction would.
    bool previous_reduction = s0 != s1;
    for (std::int64_t i = 0; i < layers; ++i) {
      const bool reduction = i == layers / 3 || i == 2 * layers / 3;
      if (reduction) {
        channels = checked_mul(channels, 2);
        graph.mark_attention_tap(s1);
      }
      const NodeId out = cells.cell(fmt::format("cells.{}", i), s0, s1, channels, reduction, previous_reduction, genotype);
      graph.mark(out, Mark::kSegmentEnd);
      if (i == 2 * layers / 3) graph.mark(out, Mark::kAuxiliaryTap);
      s0 = s1;
      s1 = out;
      previous_reduction = reduction;
    }
    NodeId x = pool(b, s1);
    b.linear("classifier", x, classes);
    return graph;
  }

  std::optional<Graph> auxiliary_head(const NetworkValues &values, const Shape &tap) const override {
    const spec::Reader read(info(), values);
    const AuxiliaryForm form = auxiliary_form();
    const std::string name = "auxiliary_head";
    Graph graph;
    Builder b(graph);
    NodeId x = b.op(name + ".features.0", Relu{}, {graph.add_input(tap)});
    x = b.op(name + ".features.1", AvgPool{.kernel = {5, 5}, .stride = {form.stride, form.stride}, .count_include_pad = false},
             {x});
    x = b.batch_norm(name + ".features.3", b.conv(name + ".features.2", x, {.out_channels = 128}));
    x = b.op(name + ".features.4", Relu{}, {x});
    x = b.conv(name + ".features.5", x, {.out_channels = 768, .kernel = {2, 2}});
    if (form.second_norm) x = b.batch_norm(name + ".features.6", x);
    x = b.op(form.second_norm ? name + ".features.7" : name + ".features.6", Relu{}, {x});
    b.linear(name + ".classifier", x, read.whole("classes", 1, std::int64_t{1} << 40));
    return graph;
  }

protected:
  /// What of the auxiliary head differs.
  struct AuxiliaryForm {
    std::int64_t stride; ///< of its pooling
    bool second_norm;    ///< a batch norm after its 2 x 2 convolution
  };

  explicit DartsFamily(std::int64_t multiple_of) : multiple_of_(multiple_of) {}

private:
  /// The two inputs of the first cell.
  virtual std::pair<NodeId, NodeId> stem(Builder &b, NodeId x, std::int64_t channels) const = 0;
  virtual NodeId pool(Builder &b, NodeId x) const = 0;
  virtual AuxiliaryForm auxiliary_form() const = 0;

  std::int64_t multiple_of_; ///< what channels must be
};

class Darts final : public DartsFamily {
public:
  Darts() : DartsFamily(1) {}
  const NetworkInfo &info() const override {
    static const NetworkInfo info{
        .name = "darts",
        .description = "network of searched cells, for 32 x 32 images; every replaceable convolution is depthwise separable",
        .source = "Liu et al. 2018",
        .keys = {{"channels", "36", "a whole number from 1 to 1099511627776", true},
                 {"layers", "20", "a whole number from 1 to 10000", true},
                 {"classes", "10", "a whole number from 1 to 1099511627776", true},
                 genotype_key(),
                 {"round_to", "1", kDartsRoundTo, false},
                 replace_linear_key()},
        .short_names = {},
        .input = {.batch = 1, .channels = 3, .height = 32, .width = 32},
        .width_key = "channels",
        .width_is_whole = true};
    return info;
  }

private:
  std::pair<NodeId, NodeId> stem(Builder &b, NodeId x, std::int64_t channels) const override {
    x = b.conv("stem.0", x, {.out_channels = checked_mul(3, channels), .kernel = {3, 3}, .padding = {1, 1}});
    x = b.batch_norm("stem.1", x);
    return {x, x};
  }
  NodeId pool(Builder &b, NodeId x) const override { return b.op("global_pooling", GlobalAvgPool{}, {x}); }
  AuxiliaryForm auxiliary_form() const override { return {.stride = 3, .second_norm = true}; }
};

class DartsImageNet final : public DartsFamily {
public:
  DartsImageNet() : DartsFamily(2) {}
  const NetworkInfo &info() const override {
    static const NetworkInfo info{.name = "darts_imagenet",
                                  .description =
                                      "DARTS for 224 x 224 images: the cells of darts behind three strided convolutions",
                                  .source = "Liu et al. 2018",
                                  .keys = {{"channels", "48", "an even number from 2 to 1099511627776", true},
                                           {"layers", "14", "a whole number from 1 to 10000", true},
                                           {"classes", "1000", "a whole number from 1 to 1099511627776", true},
                                           genotype_key(),
                                           {"round_to", "1", kDartsRoundTo, false},
                                           replace_linear_key()},
                                  .short_names = {{"darts-imagenet", ""}},
                                  .input = {.batch = 1, .channels = 3, .height = 224, .width = 224},
                                  .width_key = "channels",
                                  .width_is_whole = true};
    return info;
  }

private:
  std::pair<NodeId, NodeId> stem(Builder &b, NodeId x, std::int64_t channels) const override {
    const auto conv = [&](const std::string &name, NodeId from, std::int64_t out) {
      return b.conv(name, from, {.out_channels = out, .kernel = {3, 3}, .stride = {2, 2}, .padding = {1, 1}});
    };
    x = b.batch_norm("stem0.1", conv("stem0.0", x, channels / 2));
    x = b.op("stem0.2", Relu{}, {x});
    const NodeId first = b.batch_norm("stem0.4", conv("stem0.3", x, channels));
    x = b.op("stem1.0", Relu{}, {first});
    return {first, b.batch_norm("stem1.2", conv("stem1.1", x, channels))};
  }
  NodeId pool(Builder &b, NodeId x) const override { return b.op("global_pooling", pool_to_one(b.shape(x), 7), {x}); }
  // The published ImageNet networks lack the second batch norm.
  AuxiliaryForm auxiliary_form() const override { return {.stride = 2, .second_norm = false}; }
};

} // namespace

const NetworkFamily &network_darts() {
  static const Darts instance;
  return instance;
}

const NetworkFamily &network_darts_imagenet() {
  static const DartsImageNet instance;
  return instance;
}

} // namespace pare

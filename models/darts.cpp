#include "models/network.hpp"

#include "analysis/builder.hpp"
#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

namespace pare {

namespace {

/// One operation of a cell: its kind, and the state (0 and 1 are the cell's inputs, 2 ... its nodes) that it reads.
struct Edge {
  std::string op;
  std::int64_t input;
};

struct Genotype {
  std::vector<Edge> normal;
  std::vector<std::int64_t> normal_concat;
  std::vector<Edge> reduce;
  std::vector<std::int64_t> reduce_concat;
};

// The two published architectures (Liu et al. 2018), two operations for each of four nodes.
constexpr std::string_view kDartsV1 =
    R"({"normal": [["sep_conv_3x3", 1], ["sep_conv_3x3", 0], ["skip_connect", 0], ["sep_conv_3x3", 1],
                   ["skip_connect", 0], ["sep_conv_3x3", 1], ["sep_conv_3x3", 0], ["skip_connect", 2]],
        "normal_concat": [2, 3, 4, 5],
        "reduce": [["max_pool_3x3", 0], ["max_pool_3x3", 1], ["skip_connect", 2], ["max_pool_3x3", 0],
                   ["max_pool_3x3", 0], ["skip_connect", 2], ["skip_connect", 2], ["avg_pool_3x3", 0]],
        "reduce_concat": [2, 3, 4, 5]})";
constexpr std::string_view kDartsV2 =
    R"({"normal": [["sep_conv_3x3", 0], ["sep_conv_3x3", 1], ["sep_conv_3x3", 0], ["sep_conv_3x3", 1],
                   ["sep_conv_3x3", 1], ["skip_connect", 0], ["skip_connect", 0], ["dil_conv_3x3", 2]],
        "normal_concat": [2, 3, 4, 5],
        "reduce": [["max_pool_3x3", 0], ["max_pool_3x3", 1], ["skip_connect", 2], ["max_pool_3x3", 1],
                   ["max_pool_3x3", 0], ["skip_connect", 2], ["skip_connect", 2], ["max_pool_3x3", 1]],
        "reduce_concat": [2, 3, 4, 5]})";

// What is built in a second or two.
constexpr std::int64_t kMostCells = 10'000;
constexpr std::int64_t kMostOperations = 8 * kMostCells; ///< of all cells

constexpr std::array<std::string_view, 10> kOperations = {"none",         "max_pool_3x3", "avg_pool_3x3", "skip_connect",
                                                          "sep_conv_3x3", "sep_conv_5x5", "sep_conv_7x7", "dil_conv_3x3",
                                                          "dil_conv_5x5", "conv_7x1_1x7"};

/// The states that a list of edges makes: the cell's two inputs, and a node for each two edges.
std::int64_t states_of(std::size_t edges) { return static_cast<std::int64_t>(edges / 2 + 2); }

void parse_cell(json::Members &genotype, const std::string &name, std::vector<Edge> &edges, std::vector<std::int64_t> &concat) {
  const json::Value &cell = genotype.at(name);
  const json::Place place = genotype.place(name);
  if (!cell.is_array() || cell.empty() || cell.size() % 2 != 0)
    json::refuse(cell, place, name, R"(two operations for each node, such as [["sep_conv_3x3", 0], ["skip_connect", 1]])");
  for (std::size_t i = 0; i < cell.size(); ++i) {
    const json::Value &edge = cell[i];
    const auto input = edge.is_array() && edge.size() == 2 && edge[0].is_string() ? json::as_whole(edge[1]) : std::nullopt;
    if (!input) json::refuse(edge, place.item(i), "operation", R"([name, input], such as ["sep_conv_3x3", 0])");
    const auto op = edge[0].get<std::string>();
    if (std::find(kOperations.begin(), kOperations.end(), op) == kOperations.end())
      place.item(i).fail(fmt::format("unknown operation {}; known: {}", shown(op), fmt::join(kOperations, ", ")));
    if (const std::int64_t states = states_of(i); *input < 0 || *input >= states)
      place.item(i).fail(
          fmt::format("input = {} must be from 0 to {}: an input of the cell or an earlier node", *input, states - 1));
    edges.push_back({op, *input});
  }
  const std::string joined_name = name + "_concat";
  const json::Value &joined = genotype.at(joined_name);
  const json::Place joined_place = genotype.place(joined_name);
  const std::int64_t states = states_of(cell.size());
  if (!joined.is_array() || joined.empty())
    json::refuse(joined, joined_place, joined_name, "a list of the nodes that are joined, such as [2, 3]");
  for (std::size_t i = 0; i < joined.size(); ++i) {
    const auto state = json::as_whole(joined[i]);
    if (!state || *state < 2 || *state >= states)
      json::refuse(joined[i], joined_place.item(i), "node", fmt::format("a whole number from 2 to {}", states - 1));
    if (std::find(concat.begin(), concat.end(), *state) != concat.end())
      joined_place.item(i).fail(fmt::format("node {} is joined twice; each once would be accepted", *state));
    concat.push_back(*state);
  }
}

Genotype parse_genotype(const std::string &text, const std::string &where) {
  constexpr std::string_view kAccepted = "darts_v1, darts_v2, or a JSON object with normal, normal_concat, reduce and "
                                         "reduce_concat (@file reads one)";
  const json::Place place(where, ErrorCode::kInvalidConfig);
  std::string_view json = text == "darts_v1" ? kDartsV1 : text == "darts_v2" ? kDartsV2 : std::string_view(text);
  json.remove_prefix(std::min(json.find_first_not_of(" \t\r\n"), json.size()));
  if (!json.starts_with('{')) place.fail(fmt::format("genotype = {} must be {}", plain(text), kAccepted));
  const json::Value document = json::parse(json, place);
  json::Members genotype(document, place);
  Genotype out;
  parse_cell(genotype, "normal", out.normal, out.normal_concat);
  parse_cell(genotype, "reduce", out.reduce, out.reduce_concat);
  genotype.finish();
  return out;
}

/// Writes the pieces that cells are made of.
class Cells {
public:
  explicit Cells(Graph &graph) : b(graph) {}
  Builder b;

  /// ReLU, convolution, batch norm, as layers NAME.first, NAME.first + 1, NAME.first + 2.
  NodeId relu_conv_bn(const std::string &name, std::int64_t first, NodeId x, const ConvOptions &options) {
    x = b.op(fmt::format("{}.{}", name, first), Relu{}, {x});
    x = b.conv(fmt::format("{}.{}", name, first + 1), x, options);
    b.graph().mark_replaceable(x, Baseline::kSep);
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

  NodeId operation(const std::string &name, const std::string &op, NodeId x, std::int64_t channels, std::int64_t stride) {
    const Pair strides{stride, stride};
    if (op == "none") return b.op(name, Zeros{.stride = strides}, {x}, Spelling::kFunction);
    if (op == "skip_connect") return stride == 1 ? x : factorized_reduce(name, x, channels);
    if (op == "max_pool_3x3") return b.op(name, MaxPool{.kernel = {3, 3}, .stride = strides, .padding = {1, 1}}, {x});
    if (op == "avg_pool_3x3")
      return b.op(name, AvgPool{.kernel = {3, 3}, .stride = strides, .padding = {1, 1}, .count_include_pad = false}, {x});
    if (op == "conv_7x1_1x7") {
      x = b.op(name + ".op.0", Relu{}, {x});
      x = b.conv(name + ".op.1", x, {.out_channels = channels, .kernel = {1, 7}, .stride = {1, stride}, .padding = {0, 3}});
      x = b.conv(name + ".op.2", x, {.out_channels = channels, .kernel = {7, 1}, .stride = {stride, 1}, .padding = {3, 0}});
      return b.batch_norm(name + ".op.3", x);
    }
    const std::int64_t k = op.back() - '0'; // sep_conv_KxK, dil_conv_KxK
    if (op.starts_with("dil"))
      return relu_conv_bn(
          name + ".op", 0, x,
          {.out_channels = channels, .kernel = {k, k}, .stride = strides, .padding = {k - 1, k - 1}, .dilation = {2, 2}});
    x = relu_conv_bn(name + ".op", 0, x,
                     {.out_channels = channels, .kernel = {k, k}, .stride = strides, .padding = {k / 2, k / 2}});
    return relu_conv_bn(name + ".op", 3, x, {.out_channels = channels, .kernel = {k, k}, .padding = {k / 2, k / 2}});
  }

  NodeId cell(const std::string &name, NodeId s0, NodeId s1, std::int64_t channels, bool reduction, bool previous_reduction,
              const Genotype &genotype) {
    const auto &edges = reduction ? genotype.reduce : genotype.normal;
    const auto &concat = reduction ? genotype.reduce_concat : genotype.normal_concat;
    std::vector<NodeId> states(2);
    states[0] = previous_reduction ? factorized_reduce(name + ".preprocess0", s0, channels)
                                   : relu_conv_bn(name + ".preprocess0.op", 0, s0, {.out_channels = channels});
    states[1] = relu_conv_bn(name + ".preprocess1.op", 0, s1, {.out_channels = channels});
    for (std::size_t i = 0; i < edges.size(); i += 2) {
      std::array<NodeId, 2> sides{};
      for (std::size_t side = 0; side < 2; ++side) {
        const Edge &edge = edges[i + side];
        const std::int64_t stride = reduction && edge.input < 2 ? 2 : 1;
        sides[side] = operation(fmt::format("{}._ops.{}", name, i + side), edge.op,
                                states[static_cast<std::size_t>(edge.input)], channels, stride);
        if (sides[side] != states[static_cast<std::size_t>(edge.input)]) b.graph().mark(sides[side], Mark::kDropPath);
      }
      states.push_back(b.op(fmt::format("{}.add.{}", name, i / 2), Add{}, {sides[0], sides[1]}, Spelling::kFunction));
    }
    std::vector<NodeId> joined;
    for (std::int64_t state : concat) joined.push_back(states[static_cast<std::size_t>(state)]);
    return b.op(name + ".concat", Concat{}, joined, Spelling::kFunction);
  }
};

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
    const std::size_t most = std::max(genotype.normal.size(), genotype.reduce.size());
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
                 {"genotype",
                  "darts_v2",
                  "darts_v1, darts_v2, a JSON object in the published form, or @file",
                  true,
                  {"darts_v1", "darts_v2"}},
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
                                           {"genotype",
                                            "darts_v2",
                                            "darts_v1, darts_v2, a JSON object in the published form, or @file",
                                            true,
                                            {"darts_v1", "darts_v2"}},
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

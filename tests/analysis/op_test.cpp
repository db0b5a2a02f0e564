// Shapes and events of each primitive. The derivation is written out; the sums are the compiler's.

#include "analysis/builder.hpp"
#include "analysis/cost_model.hpp"
#include "analysis/substitution.hpp"
#include "tests/support.hpp"

#include <algorithm>
#include <cstdint>
#include <set>

namespace pare {
namespace {

/// Events of one graph by name: {"conv.mac", 8 * 18 ...}. Zero amounts are left out.
std::map<std::string, Count> events_of(const Graph &graph) {
  std::map<std::string, Count> out;
  for (const EventCount &e : count(graph).events) {
    EXPECT_TRUE(pare::events_of(e.op_kind).contains(e.event))
        << kind_name(e.op_kind) << " does not say that it emits " << to_string(e.event);
    if (!e.amount.is_zero()) out[std::string(kind_name(e.op_kind)) + "." + std::string(to_string(e.event))] += e.amount;
  }
  return out;
}

using Events = std::map<std::string, Count>;

/// An op on one activation.
struct One {
  Graph graph;
  NodeId y = 0;
};
One apply(const Shape &input, Op op) {
  One out;
  Builder b(out.graph);
  out.y = b.op("x", std::move(op), {out.graph.add_input(input)});
  return out;
}
Shape shape_of(const Shape &input, Op op) {
  const One one = apply(input, std::move(op));
  return one.graph.activation(one.y);
}

constexpr Shape kOpImage{.batch = 2, .channels = 6, .height = 9, .width = 8};

TEST(ConvOp, CountsAllTaps) {
  // 2 images, 12 output channels, 5 x 4 positions, 6 / 3 input channels of a group, 3 x 3 taps.
  Graph graph;
  Builder b(graph);
  const NodeId y =
      b.conv("c", graph.add_input(kOpImage),
             {.out_channels = 12, .kernel = {3, 3}, .stride = {2, 2}, .padding = {1, 1}, .groups = 3, .bias = true});
  EXPECT_EQ(graph.activation(y), (Shape{.batch = 2, .channels = 12, .height = 5, .width = 4}));
  EXPECT_EQ(events_of(graph), (Events{{"conv.mac", 2 * 12 * 5 * 4 * 2 * 3 * 3}, {"conv.bias", 2 * 12 * 5 * 4}}));
  EXPECT_EQ(count(graph).parameters, 12 * 2 * 3 * 3 + 12);
}

TEST(ConvOp, DilationAndUnequalSides) {
  Graph graph;
  Builder b(graph);
  const NodeId y = b.conv("c", graph.add_input(kOpImage),
                          {.out_channels = 1, .kernel = {1, 3}, .stride = {1, 2}, .padding = {0, 2}, .dilation = {1, 2}});
  // Width: (8 + 2 x 2 - 2 (3 - 1) - 1) / 2 + 1 = 4.
  EXPECT_EQ(graph.activation(y), (Shape{.batch = 2, .channels = 1, .height = 9, .width = 4}));
  EXPECT_EQ(events_of(graph), (Events{{"conv.mac", 2 * 1 * 9 * 4 * 6 * 1 * 3}}));
}

TEST(ConvOp, TheConventionsOfOneConvolution) {
  // One 3 x 3 convolution of 1 channel on 3 x 3 with padding: 9 positions x 9 taps = 81 for tools that count all taps.
  Graph graph;
  Builder b(graph);
  b.conv("c", graph.add_input({.batch = 1, .channels = 1, .height = 3, .width = 3}),
         {.kernel = {3, 3}, .padding = {1, 1}, .bias = true});
  EXPECT_EQ(count(graph).mult_adds(find_convention("macs")), Count(81));
  EXPECT_EQ(count(graph).mult_adds(find_convention("reference")), Count(81));
}

TEST(ConvOp, RefusesWhatDoesNotFit) {
  const auto conv = [](const ConvOptions &options) {
    Graph graph;
    Builder b(graph);
    b.conv("block2.conv1", graph.add_input({.batch = 1, .channels = 32, .height = 4, .width = 4}), options);
  };
  test::expect_error([&] { conv({.out_channels = 64, .groups = 5}); }, ErrorCode::kInvalidConfig, "block2.conv1/groups",
                     "groups = 5 must divide in_channels = 32 and out_channels = 64");
  test::expect_error([&] { conv({.out_channels = 0}); }, ErrorCode::kInvalidValue, "block2.conv1/out_channels", "at least 1");
  test::expect_message([&] { conv({.kernel = {0, 1}}); }, "[invalid_value] block2.conv1/kernel: kernel = 0 must be at least 1");
  test::expect_message([&] { conv({.stride = {0, 1}}); }, "[invalid_value] block2.conv1/stride: stride = 0 must be at least 1");
  test::expect_message(
      [&] {
        conv({.padding = {-1, 0}});
      },
      "[invalid_value] block2.conv1/padding: padding = -1 must be at least 0");
  test::expect_message(
      [&] {
        conv({.dilation = {1, 0}});
      },
      "[invalid_value] block2.conv1/dilation: dilation = 0 must be at least 1");
  test::expect_message([&] { conv({.groups = 0}); }, "[invalid_value] block2.conv1/groups: groups = 0 must be at least 1");
  test::expect_error(
      [&] {
        conv({.kernel = {5, 5}});
      },
      ErrorCode::kInvalidConfig, "block2.conv1/kernel", "does not fit into 4");
}

TEST(LinearOp, CountsRowsTimesWeights) {
  Graph graph;
  Builder b(graph);
  const NodeId y = b.linear("fc", graph.add_input({.batch = 3, .channels = 7, .height = 1, .width = 1}), 5);
  EXPECT_EQ(graph.activation(y), (Shape{.batch = 3, .channels = 5, .height = 1, .width = 1}));
  EXPECT_EQ(events_of(graph), (Events{{"linear.mac", 3 * 7 * 5}, {"linear.bias", 3 * 5}}));
  EXPECT_EQ(count(graph).parameters, 7 * 5 + 5);
  Graph spatial;
  Builder bad(spatial);
  const NodeId x = spatial.add_input(kOpImage);
  test::expect_message(
      [&] { bad.linear("fc", x, 5); },
      "[invalid_config] fc/in_features: in_features = 6 must equal the features of the input, which is [2, 6, 9, 8]; [2, 6, 1, "
      "1] would be accepted (for another image size, check --input and the pooling in front)");
}

TEST(BatchNormOp, HasTwoParametersAChannel) {
  Graph graph;
  Builder b(graph);
  b.batch_norm("bn", graph.add_input(kOpImage));
  EXPECT_EQ(events_of(graph), (Events{{"batch_norm.element", 2 * 6 * 9 * 8}}));
  EXPECT_EQ(count(graph).parameters, 6 + 6);
  EXPECT_EQ(count(graph).batch_norm_parameters, 12);
  Graph plain;
  Builder c(plain);
  c.batch_norm("bn", plain.add_input(kOpImage), {}, false);
  EXPECT_EQ(count(plain).parameters, 0);
}

TEST(ElementwiseOps, ReadEachElement) {
#define PARE_ELEMENTWISE(Type, name)                                                                                           \
  EXPECT_EQ(events_of(apply(kOpImage, Type{}).graph), (Events{{#name ".element", 2 * 6 * 9 * 8}}));                            \
  EXPECT_EQ(shape_of(kOpImage, Type{}), kOpImage);
#include "analysis/ops/elementwise.def"
#undef PARE_ELEMENTWISE
}

TEST(MultiplyOp, StretchesOnePixel) {
  const Shape pixel{.batch = 2, .channels = 6, .height = 1, .width = 1};
  const auto multiplied = [](const std::vector<Shape> &factors) {
    Graph graph;
    Builder b(graph);
    const NodeId x = graph.add_input(kOpImage);
    std::vector<NodeId> inputs;
    for (const Shape &shape : factors)
      inputs.push_back(shape == kOpImage ? x : b.op("p", AdaptiveAvgPool{.size = {shape.height, shape.width}}, {x}));
    const NodeId y = b.op("y", Multiply{}, inputs);
    return std::pair(graph.activation(y), events_of(graph)["multiply.multiply"]);
  };
  const std::int64_t elements = 2 * 6 * 9 * 8;
  EXPECT_EQ(multiplied({kOpImage, kOpImage}), std::pair(kOpImage, Count(elements)));
  EXPECT_EQ(multiplied({kOpImage, pixel, kOpImage}), std::pair(kOpImage, Count(2 * elements)));
  EXPECT_EQ(multiplied({pixel, kOpImage}), std::pair(kOpImage, Count(elements)));
  EXPECT_EQ(multiplied({pixel, pixel}), std::pair(pixel, Count(12)));
  test::expect_message(
      [&] {
        multiplied({kOpImage, {.batch = 2, .channels = 6, .height = 3, .width = 3}});
      },
      "[invalid_config] y/inputs: input 1 of [2, 6, 3, 3] and those before it of [2, 6, 9, 8] must have one "
      "shape, or one of them be [2, 6, 1, 1]");
  test::expect_message([&] { multiplied({kOpImage}); }, "[invalid_config] y/inputs: 1 input given, 2 to 1024 expected");
}

// Windows of torch.nn.AdaptiveAvgPool2d: of 9 rows in 4 they are [0, 3), [2, 5), [4, 7), [6, 9): 12; of 8 columns in 3 they are
// [0, 3), [2, 6), [5, 8): 10.
TEST(AdaptiveAvgPoolOp, ReadsItsWindows) {
  const One pool = apply(kOpImage, AdaptiveAvgPool{.size = {4, 3}});
  EXPECT_EQ(pool.graph.activation(pool.y), (Shape{.batch = 2, .channels = 6, .height = 4, .width = 3}));
  EXPECT_EQ(events_of(pool.graph), (Events{{"adaptive_avg_pool.element", 2 * 6 * 12 * 10}}));
  EXPECT_EQ(events_of(apply(kOpImage, AdaptiveAvgPool{}).graph), (Events{{"adaptive_avg_pool.element", 2 * 6 * 9 * 8}}));
  for (std::int64_t length = 1; length <= 12; ++length)
    for (std::int64_t windows = 1; windows <= 14; ++windows) {
      std::int64_t read = 0;
      for (std::int64_t i = 0; i < windows; ++i) read += ((i + 1) * length + windows - 1) / windows - i * length / windows;
      const Shape line{.batch = 1, .channels = 1, .height = 1, .width = length};
      EXPECT_EQ(events_of(apply(line, AdaptiveAvgPool{.size = {1, windows}}).graph),
                (Events{{"adaptive_avg_pool.element", read}}));
    }
  test::expect_message(
      [] {
        apply(kOpImage, AdaptiveAvgPool{.size = {0, 1}});
      },
      "[invalid_value] x/size: size = 0 must be at least 1");
}

TEST(DropoutOp, DoesNothingThatCouldBeWeighed) {
  EXPECT_TRUE(events_of(apply(kOpImage, Dropout{}).graph).empty());
  EXPECT_EQ(shape_of(kOpImage, Dropout{.probability = 0}), kOpImage);
  EXPECT_EQ(count(apply(kOpImage, Dropout{}).graph).activation_elements, 0) << "the trained network has the identity there";
  EXPECT_EQ(count(apply(kOpImage, Relu{}).graph).activation_elements, kOpImage.elements());
  test::expect_message([] { apply(kOpImage, Dropout{.probability = 1}); },
                       "[invalid_value] x/probability: probability = 1 must be from 0 up and below 1");
}

TEST(PoolOps, CountWindows) {
  const One max = apply(kOpImage, MaxPool{.kernel = {3, 3}, .stride = {2, 2}, .padding = {1, 1}});
  EXPECT_EQ(max.graph.activation(max.y), (Shape{.batch = 2, .channels = 6, .height = 5, .width = 4}));
  EXPECT_EQ(events_of(max.graph), (Events{{"max_pool.window", 9 * (2 * 6 * 5 * 4)}}));
  const One average = apply(kOpImage, AvgPool{.kernel = {9, 2}, .stride = {1, 2}});
  EXPECT_EQ(average.graph.activation(average.y), (Shape{.batch = 2, .channels = 6, .height = 1, .width = 4}));
  EXPECT_EQ(events_of(average.graph), (Events{{"avg_pool.window", 18 * (2 * 6 * 1 * 4)}}));
  const One global = apply(kOpImage, GlobalAvgPool{});
  EXPECT_EQ(global.graph.activation(global.y), (Shape{.batch = 2, .channels = 6, .height = 1, .width = 1}));
  EXPECT_EQ(events_of(global.graph), (Events{{"global_avg_pool.element", 2 * 6 * 9 * 8}}));
  test::expect_error(
      [] {
        apply(kOpImage, MaxPool{.kernel = {3, 3}, .padding = {2, 2}});
      },
      ErrorCode::kInvalidConfig, "x/padding", "half");
  test::expect_message(
      [] {
        apply(kOpImage, AvgPool{.kernel = {0, 3}});
      },
      "[invalid_value] x/kernel: kernel = 0 must be at least 1");
}

// torch.nn.MaxPool2d(3, 2, ceil_mode=True) on 8: ceil((8 - 3) / 2) + 1 = 4; on 9 nothing is left over: 4. With kernel 1 and
// stride 2 on 2 the last window would start at 2, outside: dropped.
TEST(PoolOps, CeilModeKeepsPartialWindowsThatStartInside) {
  const auto height = [](std::int64_t size, std::int64_t kernel, std::int64_t stride, std::int64_t padding) {
    return shape_of({.batch = 1, .channels = 1, .height = size, .width = size}, MaxPool{.kernel = {kernel, kernel},
                                                                                        .stride = {stride, stride},
                                                                                        .padding = {padding, padding},
                                                                                        .ceil_mode = true})
        .height;
  };
  EXPECT_EQ(height(8, 3, 2, 0), 4);
  EXPECT_EQ(height(9, 3, 2, 0), 4);
  EXPECT_EQ(height(2, 1, 2, 0), 1);
  EXPECT_EQ(height(4, 2, 3, 0), 2) << "the second window starts at 3";
  EXPECT_EQ(height(3, 2, 3, 0), 1) << "it would start at 3, and there are 3";
  EXPECT_EQ(height(6, 3, 2, 1), 4) << "ceil((6 + 2 - 3) / 2) + 1, the last starts at 6 - 1 = 5";
}

TEST(StructureOps, MoveAndAdd) {
  Graph graph;
  Builder b(graph);
  const NodeId x = graph.add_input(kOpImage);
  const NodeId y = b.op("cat", Concat{}, {x, x, x});
  EXPECT_EQ(graph.activation(y), (Shape{.batch = 2, .channels = 18, .height = 9, .width = 8}));
  b.op("add", Add{}, {y, y, y});
  EXPECT_EQ(events_of(graph), (Events{{"concat.copy", 2 * 18 * 9 * 8}, {"add.element", 2 * (2 * 18 * 9 * 8)}}));

  EXPECT_EQ(shape_of(kOpImage, Crop{.top = 1, .left = 2}), (Shape{.batch = 2, .channels = 6, .height = 8, .width = 6}));
  // Rows 0, 2, 4, 6, 8 and columns 0, 2, 4, 6; rows 2, 5, 8 and columns 1, 3, 5, 7.
  EXPECT_EQ(shape_of(kOpImage, Crop{.stride = {2, 2}}), (Shape{.batch = 2, .channels = 6, .height = 5, .width = 4}));
  EXPECT_EQ(shape_of(kOpImage, Crop{.top = 2, .left = 1, .stride = {3, 2}}),
            (Shape{.batch = 2, .channels = 6, .height = 3, .width = 4}));
  test::expect_message(
      [] {
        apply(kOpImage, Crop{.stride = {0, 1}});
      },
      "[invalid_value] x/stride: stride = 0 must be at least 1");
  EXPECT_EQ(shape_of(kOpImage, SliceChannels{.begin = 2, .count = 3}),
            (Shape{.batch = 2, .channels = 3, .height = 9, .width = 8}));
  EXPECT_EQ(shape_of(kOpImage, Flatten{}), (Shape{.batch = 2, .channels = 6 * 9 * 8, .height = 1, .width = 1}));
  EXPECT_EQ(shape_of(kOpImage, Zeros{.stride = {2, 3}}), (Shape{.batch = 2, .channels = 6, .height = 5, .width = 3}));
  const One repeated = apply(kOpImage, RepeatChannels{.times = 4});
  EXPECT_EQ(repeated.graph.activation(repeated.y).channels, 24);
  EXPECT_EQ(events_of(repeated.graph), (Events{{"repeat_channels.copy", 2 * 24 * 9 * 8}}));
  const One summed = apply(kOpImage, SumChannels{.size = 3});
  EXPECT_EQ(summed.graph.activation(summed.y).channels, 2);
  EXPECT_EQ(events_of(summed.graph), (Events{{"sum_channels.element", 2 * 6 * 9 * 8}}));
  EXPECT_EQ(events_of(apply(kOpImage, ShuffleChannels{.groups = 3}).graph), (Events{{"shuffle_channels.copy", 2 * 6 * 9 * 8}}));

  for (const Op &view : std::initializer_list<Op>{Crop{}, SliceChannels{}, Flatten{}}) {
    EXPECT_TRUE(events_of(apply(kOpImage, view).graph).empty()) << kind_name(view);
    EXPECT_EQ(count(apply(kOpImage, view).graph).activation_elements, 0) << kind_name(view) << " is a view";
  }
  test::expect_message([] { apply(kOpImage, Crop{.top = 9}); },
                       "[invalid_config] x/top: a crop of 9 x 0 leaves nothing of [2, 6, 9, 8]");
  test::expect_message([] { apply(kOpImage, Crop{.top = -1}); }, "[invalid_value] x/top: top = -1 must be at least 0");
  test::expect_message([] { apply(kOpImage, SliceChannels{.begin = 4, .count = 3}); },
                       "[invalid_config] x/count: channels 4 to 6 are not all in [2, 6, 9, 8]");
  test::expect_message([] { apply(kOpImage, SumChannels{.size = 4}); },
                       "[invalid_config] x/size: size = 4 must divide channels = 6");
  test::expect_message([] { apply(kOpImage, ShuffleChannels{.groups = 4}); },
                       "[invalid_config] x/groups: groups = 4 must divide channels = 6");
  test::expect_message([] { apply(kOpImage, RepeatChannels{.times = 0}); },
                       "[invalid_value] x/times: times = 0 must be at least 1");
  test::expect_message(
      [] {
        apply(kOpImage, Zeros{.stride = {0, 1}});
      },
      "[invalid_value] x/stride: stride = 0 must be at least 1");
  test::expect_message([] { apply(kOpImage, Add{}); }, "[invalid_config] x/inputs: 1 input given, 2 to 1024 expected");
}

TEST(StructureOps, RefuseUnequalShapes) {
  Graph graph;
  Builder b(graph);
  const NodeId x = graph.add_input(kOpImage);
  const NodeId smaller = b.op("pool", MaxPool{.kernel = {2, 2}, .stride = {2, 2}}, {x});
  test::expect_error([&] { b.op("add", Add{}, {x, smaller}); }, ErrorCode::kInvalidConfig, "add/inputs", "must be equal");
  test::expect_error(
      [&] {
        b.op("cat", Concat{}, {x, smaller});
      },
      ErrorCode::kInvalidConfig, "cat/inputs", "only channels may differ");
}

// ----------------------------------------------------------------------------------------------- weights from parameters

/// A graph with an input and one op on parameters of these extents.
Graph on_parameters(const std::vector<Extents> &parameters, Op op) {
  Graph graph;
  Builder b(graph);
  graph.add_input({});
  const LayerId layer = b.layer("w", "w");
  std::vector<NodeId> inputs;
  for (std::size_t i = 0; i < parameters.size(); ++i)
    inputs.push_back(b.parameter(layer, "p" + std::to_string(i), parameters[i], Start::constant(0)));
  graph.add(layer, std::move(op), inputs);
  return graph;
}

TEST(WeightOps, TensorTrainIsMergedFromTheLeft) {
  // [1, 4, 2] [2, 3, 5] [5, 6, 1]: (4 x 3) results of rank 5, 2 products each; then (4 x 3 x 6), 5 products each.
  const Graph graph = on_parameters({{1, 4, 2}, {2, 3, 5}, {5, 6, 1}}, TtMerge{.extents = {8, 9, 1, 1}});
  EXPECT_EQ(events_of(graph), (Events{{"tt_merge.mac", 4 * 3 * 2 * 5 + 4 * 3 * 6 * 5}}));
  EXPECT_EQ(count(graph).parameters, 4 * 2 + 2 * 3 * 5 + 5 * 6);
  test::expect_message(
      [] {
        on_parameters({{1, 4, 2}, {3, 3, 1}}, TtMerge{.extents = {12}});
      },
      "[invalid_config] w/inputs: core 1 has extents [3, 3, 1], [2, mode, 1] expected");
  test::expect_message(
      [] {
        on_parameters({{1, 4, 2}, {2, 3, 1}}, TtMerge{.extents = {13}});
      },
      "[invalid_config] w/extents: the cores make 12 elements, [13] has 13");
}

TEST(WeightOps, ModeProduct) {
  const Graph graph = on_parameters({{3, 4, 5}, {7, 4}}, ModeProduct{.mode = 1});
  EXPECT_EQ(graph.weight(graph.output()), (Extents{3, 7, 5}));
  EXPECT_EQ(events_of(graph), (Events{{"mode_product.mac", (3 * 7 * 5) * 4}}));
  test::expect_message(
      [] {
        on_parameters({{3, 4}, {7, 4}}, ModeProduct{.mode = 0});
      },
      "[invalid_config] w/mode: a factor of [7, 4] cannot multiply dimension 0 of [3, 4]");
}

TEST(WeightOps, CanonicalPolyadic) {
  // Three factors of rank 5: 4 x 3 products of two columns, five times, then each of 4 x 3 x 6 elements sums five.
  const Graph graph = on_parameters({{4, 5}, {3, 5}, {6, 5}}, CpMerge{.extents = {8, 9}});
  EXPECT_EQ(events_of(graph), (Events{{"cp_merge.multiply", 4 * 3 * 5}, {"cp_merge.mac", 4 * 3 * 6 * 5}}));
}

TEST(WeightOps, BlockDiagonalAndCirculantBlocksAreMoved) {
  const Graph blocks = on_parameters({{6, 2, 1, 1}}, BlockDiagonal{.groups = 3, .row_groups = 2});
  EXPECT_EQ(blocks.weight(blocks.output()), (Extents{6, 6, 1, 1}));
  EXPECT_EQ(events_of(blocks), (Events{{"block_diagonal.copy", 36}}));
  const Graph cut = on_parameters({{6, 2, 1, 1}}, BlockDiagonal{.groups = 3, .row_groups = 2, .rows = 5, .columns = 4});
  EXPECT_EQ(cut.weight(cut.output()), (Extents{5, 4, 1, 1}));
  EXPECT_EQ(events_of(cut), (Events{{"block_diagonal.copy", 20}}));
  const Graph circulant = on_parameters({{2, 3, 4}}, CirculantMerge{});
  EXPECT_EQ(circulant.weight(circulant.output()), (Extents{8, 12, 1, 1}));
  EXPECT_EQ(events_of(circulant), (Events{{"circulant_merge.copy", 96}}));
}

TEST(WeightOps, AcdcProduct) {
  // Two factors of 8: four diagonals scale a matrix each, and the four matrices A C, D C^-1, ... are joined by three products.
  const Graph graph = on_parameters({{8, 1}, {8, 1}, {8, 1}, {8, 1}}, AcdcProduct{});
  EXPECT_EQ(graph.weight(graph.output()), (Extents{8, 8, 1, 1}));
  EXPECT_EQ(events_of(graph), (Events{{"acdc_product.multiply", 4 * 8 * 8}, {"acdc_product.mac", 3 * 8 * 8 * 8}}));
  test::expect_message(
      [] {
        on_parameters({{8, 1}}, AcdcProduct{});
      },
      "[invalid_config] w/inputs: 1 diagonals given, A and D for each factor expected");
}

TEST(WeightOps, TransposeAndReshapeAreViews) {
  const Graph transposed = on_parameters({{3, 4, 1, 1}}, Transpose{});
  EXPECT_EQ(transposed.weight(transposed.output()), (Extents{4, 3, 1, 1}));
  EXPECT_TRUE(events_of(transposed).empty());
  EXPECT_TRUE(events_of(on_parameters({{3, 4}}, Reshape{.extents = {2, 6}})).empty());
  test::expect_message(
      [] {
        on_parameters({{3, 4}}, Reshape{.extents = {2, 7}});
      },
      "[invalid_config] w/extents: [3, 4] cannot be seen as [2, 7]");
}

TEST(WeightOps, GatherCopiesAndSigns) {
  Graph graph;
  Builder b(graph);
  graph.add_input({});
  const LayerId layer = b.layer("h", "hashed");
  const NodeId values = b.parameter(layer, "v", {10}, Start::constant(0));
  const NodeId index = b.buffer(layer, "i", {36}, 10);
  const NodeId signs = b.buffer(layer, "s", {36}, 0);
  graph.add(layer, Gather{.extents = {4, 9}}, {values, index, signs});
  EXPECT_EQ(events_of(graph), (Events{{"gather.copy", 36}, {"gather.multiply", 36}}));
  EXPECT_EQ(count(graph).parameters, 10);
  EXPECT_EQ(count(graph).buffer_elements(), 36 + 36);
  test::expect_message(
      [&] {
        graph.add(layer, Gather{.extents = {4, 8}}, {values, index});
      },
      "[invalid_config] h/extents: input 1 has 36 elements, [4, 8] has 32");
}

TEST(WeightOps, AddBias) {
  Graph graph;
  Builder b(graph);
  const NodeId x = graph.add_input(kOpImage);
  const LayerId layer = b.layer("a", "add_bias");
  graph.add(layer, AddBias{}, {x, b.parameter(layer, "bias", {6}, Start::constant(0))});
  EXPECT_EQ(events_of(graph), (Events{{"add_bias.bias", 2 * 6 * 9 * 8}}));
}

// ------------------------------------------------------------------------------------------------------------ kinds

TEST(Kinds, NamesAreUniqueAndReadBack) {
  std::set<std::string_view> names;
  for (std::size_t kind = 0; kind < kOpKindCount; ++kind) {
    EXPECT_TRUE(names.insert(kind_name(kind)).second) << kind_name(kind);
    EXPECT_EQ(kind_from(kind_name(kind)), kind);
    EXPECT_EQ(kind_index(make_op(kind)), kind);
  }
  EXPECT_FALSE(kind_from("convolution").has_value());
  for (std::size_t i = 0; i < kEventCount; ++i) EXPECT_EQ(event_from(to_string(static_cast<Event>(i))), static_cast<Event>(i));
  EXPECT_FALSE(event_from("macs").has_value());
  EXPECT_EQ(spelling_from("module"), Spelling::kModule);
  EXPECT_EQ(spelling_from("function"), Spelling::kFunction);
  EXPECT_FALSE(spelling_from("").has_value());
}

const ContractWeights product{.a = {{0, 3}, {1, 4}}, .b = {{1, 4}, {2, 5}}, .out = {{0, 3}, {2, 5}}};

TEST(WeightOps, AreContracted) {
  // [3, 4] times [4, 5]: 3 x 4 x 5 multiply-accumulates.
  const Graph graph = on_parameters({{3, 4}, {4, 5}}, product);
  EXPECT_EQ(graph.weight(graph.output()), (Extents{15}));
  EXPECT_EQ(events_of(graph), (Events{{"contract_weights.mac", 3 * 4 * 5}}));
  // One weight summed over a label is read once.
  const Graph sum = on_parameters({{3, 4}}, ContractWeights{.a = {{0, 3}, {1, 4}}, .b = {}, .out = {{0, 3}}});
  EXPECT_EQ(sum.weight(sum.output()), (Extents{3}));
  EXPECT_EQ(events_of(sum), (Events{{"contract_weights.element", 12}}));
  const auto bad = [](ContractWeights op, std::string_view line) {
    test::expect_message([&] { on_parameters({{3, 4}, {4, 5}}, op); }, line);
  };
  ContractWeights op = product;
  op.a = {{0, 3}, {1, 5}};
  bad(op, "[invalid_config] w/a: legs [0:3, 1:5] are of 15 elements, and there are 12");
  op = product;
  op.b = {{1, 2}, {2, 10}};
  bad(op, "[invalid_config] w/out: leg 1:2 is not one of the operands' [0:3, 1:4, 2:10]");
  op = product;
  op.b = {{2, 4}, {2, 5}};
  bad(op, "[invalid_config] w/b: legs [2:4, 2:5] have a label twice");
  op = product;
  op.out = {{7, 3}};
  bad(op, "[invalid_config] w/out: leg 7:3 is not one of the operands' [0:3, 1:4, 2:5]");
}

TEST(Ops, Contract) {
  // Six channels as 2 x 3, of which 3 meet a weight of 3 x 4: eight channels come out, at every second position.
  Graph graph;
  Builder b(graph);
  const NodeId x = graph.add_input(kOpImage);
  const LayerId layer = b.layer("c", "c");
  const NodeId weight = b.parameter(layer, "w", {3, 4}, Start::constant(0));
  Contract op{.x = {{0, 2}, {1, 3}}, .weight = {{1, 3}, {2, 4}}, .out = {{0, 2}, {2, 4}}, .stride = {2, 2}};
  const NodeId y = graph.add(layer, op, {x, weight});
  EXPECT_EQ(graph.activation(y), (Shape{.batch = 2, .channels = 8, .height = 5, .width = 4}));
  EXPECT_EQ(events_of(graph), (Events{{"contract.mac", 2 * 5 * 4 * (2 * 3 * 4)}}));
  op.x = {{0, 2}, {1, 2}};
  test::expect_message(
      [&] {
        graph.add(layer, op, {x, weight});
      },
      "[invalid_config] c/x: legs [0:2, 1:2] are of 4 elements, and there are 6");
}

TEST(Ops, AcdcTransform) {
  Graph graph;
  Builder b(graph);
  const NodeId x = graph.add_input({.batch = 2, .channels = 6, .height = 3, .width = 2});
  const LayerId layer = b.layer("a", "a");
  const NodeId a = b.parameter(layer, "A", {6, 1}, Start::constant(1));
  const NodeId d = b.parameter(layer, "D", {6, 1}, Start::constant(1));
  const NodeId y = graph.add(layer, AcdcTransform{}, {x, a, d});
  EXPECT_EQ(graph.activation(y), graph.activation(x));
  // 4 x 6 + 5 x 6 log2 6 = 101.55, up.
  EXPECT_EQ(events_of(graph), (Events{{"acdc_transform.transform", 2 * 3 * 2 * 102}}));
  const NodeId odd = graph.add(layer, SliceChannels{.begin = 0, .count = 5}, {x});
  const NodeId small = b.parameter(layer, "E", {5, 1}, Start::constant(1));
  test::expect_message(
      [&] {
        graph.add(layer, AcdcTransform{}, {odd, small, small});
      },
      "[invalid_config] a/inputs: the 5 channels must be even in number");
}

// Conventions are refused where they weigh what no op emits, and accepted where one does: both need the whole list.
TEST(Kinds, EmitTheEventsThatTheySay) {
  std::vector<Graph> graphs;
  for (const Op &op : std::initializer_list<Op>{
#define PARE_ELEMENTWISE(Type, name) Type{},
#include "analysis/ops/elementwise.def"
#undef PARE_ELEMENTWISE
           MaxPool{}, AvgPool{}, GlobalAvgPool{}, AdaptiveAvgPool{}, Dropout{}, Flatten{}, Crop{},
           SliceChannels{.begin = 0, .count = 1}, RepeatChannels{.times = 2}, SumChannels{.size = 2},
           ShuffleChannels{.groups = 2}, Zeros{}, BatchNorm{}})
    graphs.push_back(apply(kOpImage, op).graph);
  for (const Op &op : std::initializer_list<Op>{Add{}, Multiply{}, Concat{}}) {
    Graph &graph = graphs.emplace_back();
    const NodeId x = graph.add_input(kOpImage);
    Builder(graph).op("x", op, {x, x});
  }
  {
    Graph &graph = graphs.emplace_back();
    Builder b(graph);
    NodeId x = graph.add_input(kOpImage);
    const LayerId layer = b.layer("a", "add_bias");
    x = graph.add(layer, AddBias{}, {x, b.parameter(layer, "bias", {6}, Start::constant(0))});
    x = b.op("g", GlobalAvgPool{}, {b.conv("c", x, {.out_channels = 8, .bias = true})});
    b.linear("l", x, 2);
  }
  graphs.push_back(on_parameters({{1, 4, 2}, {2, 3, 1}}, TtMerge{.extents = {12}}));
  graphs.push_back(on_parameters({{3, 4, 5}, {7, 4}}, ModeProduct{.mode = 1}));
  graphs.push_back(on_parameters({{4, 5}, {3, 5}, {6, 5}}, CpMerge{.extents = {8, 9}}));
  graphs.push_back(on_parameters({{8, 1}, {8, 1}, {8, 1}, {8, 1}}, AcdcProduct{}));
  graphs.push_back(on_parameters({{3, 4}, {4, 5}}, product));
  graphs.push_back(on_parameters({{3, 4}}, ContractWeights{.a = {{0, 3}, {1, 4}}, .b = {}, .out = {{0, 3}}}));
  graphs.push_back(on_parameters({{6, 2, 1, 1}}, BlockDiagonal{.groups = 2, .row_groups = 3}));
  graphs.push_back(on_parameters({{2, 3, 4}}, CirculantMerge{}));
  graphs.push_back(on_parameters({{3, 4, 1, 1}}, Transpose{}));
  graphs.push_back(on_parameters({{3, 4}}, Reshape{.extents = {2, 6}}));
  const ConvSite site = make_site("s", {.batch = 1, .channels = 8, .height = 4, .width = 4}, 8, {1, 1}, {1, 1}, {0, 0}, {1, 1});
  for (const char *text : {"ACDC_4", "Hashed_0.5", "hashed:ratio=0.5,sign=yes", "ACDC_4@fast", "TensorTrain_0.3@contraction"}) {
    Graph &graph = graphs.emplace_back();
    lower_site(graph, site, graph.add_input(site.input), parse_substitute(text));
  }
  std::set<std::pair<std::size_t, Event>> seen;
  for (const Graph &graph : graphs)
    for (const EventCount &e : count(graph).events) seen.emplace(e.op_kind, e.event);
  for (std::size_t kind = 0; kind < kOpKindCount; ++kind)
    for (std::size_t i = 0; i < kEventCount; ++i)
      EXPECT_EQ(pare::events_of(kind).contains(static_cast<Event>(i)), seen.contains({kind, static_cast<Event>(i)}))
          << kind_name(kind) << "." << to_string(static_cast<Event>(i));
}

TEST(Kinds, WeightsAndActivationsAreNotMixedUp) {
  Graph graph;
  Builder b(graph);
  const NodeId x = graph.add_input(kOpImage);
  const LayerId layer = b.layer("l", "l");
  const NodeId weight = b.parameter(layer, "w", {6, 6, 1, 1}, Start::constant(0));
  test::expect_error(
      [&] {
        graph.add(layer, Conv{}, {weight, weight});
      },
      ErrorCode::kInvalidConfig, "l/inputs", "an activation is expected");
  test::expect_error([&] { graph.add(layer, Conv{}, {x, x}); }, ErrorCode::kInvalidConfig, "l/inputs", "a weight is expected");
  test::expect_message([&] { graph.add(layer, Relu{}, {weight}); },
                       "[invalid_config] l/inputs: input 0 is a weight of [6, 6, 1, 1], an activation is expected");
  test::expect_error([&] { graph.add(layer, Conv{}, {x}); }, ErrorCode::kInvalidConfig, "l/inputs", "1 input given");
}

} // namespace
} // namespace pare

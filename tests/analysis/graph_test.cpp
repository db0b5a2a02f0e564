#include "analysis/graph.hpp"

#include "analysis/builder.hpp"
#include "analysis/cost_model.hpp"
#include "tests/support.hpp"

#include <algorithm>

namespace pare {
namespace {

constexpr Shape kImage{.batch = 1, .channels = 4, .height = 6, .width = 6};

/// input -> conv "a" -> relu "r" -> conv "b" (+ input of a) -> add
Graph small() {
  Graph graph;
  Builder b(graph);
  const NodeId x = graph.add_input(kImage);
  const NodeId a = b.conv("a", x, {.out_channels = 4, .kernel = {3, 3}, .padding = {1, 1}});
  graph.mark_replaceable(a, Baseline::kConv);
  const NodeId r = b.op("r", Relu{}, {a});
  const NodeId second = b.conv("b", r, {.out_channels = 4, .bias = true});
  graph.mark_replaceable(second, Baseline::kSep);
  graph.mark_attention_tap(r);
  b.op("sum", Add{}, {second, x});
  return graph;
}

TEST(Graphs, KeepPortsInOrder) {
  const Graph graph = small();
  // input, a.weight, a, r, b.weight, b.bias, b, sum
  ASSERT_EQ(graph.node_count(), 8u);
  EXPECT_EQ(graph.inputs(2), (std::vector<NodeId>{0, 1}));
  EXPECT_EQ(graph.inputs(6), (std::vector<NodeId>{3, 4, 5}));
  EXPECT_EQ(graph.inputs(7), (std::vector<NodeId>{6, 0}));
  EXPECT_TRUE(graph.inputs(0).empty());
  EXPECT_EQ(graph.output(), 7u);
  EXPECT_EQ(graph.input_shape(), kImage);
  EXPECT_EQ(graph.parameter_name(1), "a.weight");
  EXPECT_EQ(graph.parameter_name(5), "b.bias");
  EXPECT_EQ(graph.layer(graph.node(5).layer).name, "b");
  EXPECT_EQ(graph.layer(graph.node(6).layer).kind, "conv");
}

TEST(Graphs, OneNodeTwiceIsTwoPorts) {
  Graph graph;
  Builder b(graph);
  const NodeId x = graph.add_input(kImage);
  const NodeId y = b.op("twice", Add{}, {x, x});
  EXPECT_EQ(graph.inputs(y), (std::vector<NodeId>{0, 0}));
}

TEST(Graphs, KnowWhatDependsOnTheImage) {
  const Graph graph = small();
  for (NodeId id = 0; id < graph.node_count(); ++id)
    EXPECT_EQ(graph.node(id).on_activations, !std::holds_alternative<Parameter>(graph.node(id).op)) << id;
}

TEST(Graphs, CarryMarks) {
  const Graph graph = small();
  ASSERT_EQ(graph.replaceable().size(), 2u);
  EXPECT_EQ(graph.replaceable()[0].node, 2u);
  EXPECT_EQ(graph.replaceable()[0].baseline, Baseline::kConv);
  EXPECT_EQ(graph.replaceable()[1].baseline, Baseline::kSep);
  ASSERT_EQ(graph.attention_taps().size(), 1u);
  EXPECT_EQ(graph.attention_taps()[0], 3u);
  EXPECT_EQ(to_string(Baseline::kConv), "Conv");
  EXPECT_EQ(baseline_from("Sep"), Baseline::kSep);
  EXPECT_FALSE(baseline_from("sep").has_value());
}

TEST(Graphs, CopyAndClear) {
  Graph graph = small();
  Graph copy = graph;
  graph.clear();
  EXPECT_EQ(graph.node_count(), 0u);
  EXPECT_EQ(graph.layer_count(), 0u);
  EXPECT_TRUE(graph.replaceable().empty());
  EXPECT_EQ(copy.node_count(), 8u);
  EXPECT_EQ(copy.inputs(6), (std::vector<NodeId>{3, 4, 5}));
  EXPECT_EQ(count(copy).parameters, count(small()).parameters);
  EXPECT_EQ(copy.attention_taps().size(), 1u);
  // A cleared graph begins again at node 0.
  EXPECT_EQ(graph.add_input(kImage), 0u);
  graph = copy;
  EXPECT_EQ(graph.node_count(), 8u);
  const Graph moved = std::move(copy);
  EXPECT_EQ(moved.inputs(7), (std::vector<NodeId>{6, 0}));
}

TEST(Graphs, AFailedAddChangesNothing) {
  Graph graph;
  Builder b(graph);
  const NodeId x = graph.add_input(kImage);
  const std::size_t before = graph.node_count();
  test::expect_message(
      [&] {
        b.op("p", MaxPool{.kernel = {9, 9}, .stride = {1, 1}}, {x});
      },
      "[invalid_config] p/kernel: a window of 9 (kernel 9, dilation 1) does not fit into 6 (input 6, padding 0); a smaller "
      "kernel, more padding or a larger input would");
  EXPECT_EQ(graph.node_count(), before);
  EXPECT_EQ(graph.output(), x);
}

// "A parameter used twice (LR) is counted once."
TEST(Graphs, SharedParametersAreOneParameter) {
  Graph graph;
  Builder b(graph);
  const NodeId x = graph.add_input(kImage);
  const LayerId layer = b.layer("tied", "tied");
  const NodeId v = b.parameter(layer, "v", {2, 4, 1, 1}, Start::constant(0));
  const NodeId down = graph.add(layer, Conv{}, {x, v});
  graph.add(layer, Conv{}, {down, graph.add(layer, Transpose{}, {v})});
  EXPECT_EQ(count(graph).parameters, 2 * 4);
  EXPECT_EQ(count(graph).mult_adds(find_convention("macs")), Count(36 * 4 * 2 + 36 * 2 * 4));
}

TEST(DependencyOrders, PutWhatIsNeededFirst) {
  using Needs = std::vector<std::pair<std::size_t, std::size_t>>;
  const DependencyOrder sorted = dependency_order(4, Needs{{0, 1}, {1, 2}, {0, 3}, {3, 2}});
  EXPECT_TRUE(sorted.cycle.empty());
  ASSERT_EQ(sorted.order.size(), 4u);
  const auto place = [&](std::size_t v) {
    return std::find(sorted.order.begin(), sorted.order.end(), v) - sorted.order.begin();
  };
  for (const auto &[vertex, needed] : Needs{{0, 1}, {1, 2}, {0, 3}, {3, 2}}) EXPECT_GT(place(vertex), place(needed));

  const DependencyOrder cyclic = dependency_order(5, Needs{{0, 1}, {1, 2}, {2, 3}, {3, 1}, {4, 0}});
  ASSERT_EQ(cyclic.cycle.size(), 3u);
  const std::vector<std::size_t> ring = {1, 2, 3, 1, 2, 3};
  EXPECT_NE(std::search(ring.begin(), ring.end(), cyclic.cycle.begin(), cyclic.cycle.end()), ring.end())
      << "each needs the next";
  EXPECT_EQ(dependency_order(2, Needs{{1, 1}}).cycle, (std::vector<std::size_t>{1}));
  EXPECT_TRUE(dependency_order(0, Needs{}).order.empty());
}

// A chain given backwards, long enough that a recursive search would exhaust the stack.
TEST(DependencyOrders, AreFoundWithoutRecursion) {
  constexpr std::size_t kLength = 300'000;
  std::vector<std::pair<std::size_t, std::size_t>> needs;
  for (std::size_t i = 0; i + 1 < kLength; ++i) needs.emplace_back(i, i + 1);
  const DependencyOrder sorted = dependency_order(kLength, needs);
  ASSERT_EQ(sorted.order.size(), kLength);
  EXPECT_EQ(sorted.order.front(), kLength - 1);
}

} // namespace
} // namespace pare

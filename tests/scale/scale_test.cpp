// A network of a million layers costs a hundred times what one of ten thousand does: no step is quadratic.

#include "analysis/builder.hpp"
#include "analysis/cost_model.hpp"
#include "analysis/lower.hpp"
#include "analysis/network_file.hpp"
#include "solver/solved_config.hpp"
#include "solver/solver.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <ctime>
#include <limits>
#include <string>

namespace pare {
namespace {

constexpr std::int64_t kSmall = 10'000;
constexpr std::int64_t kLarge = 1'000'000;
// Caches and the allocator make a layer of a large network dearer; a quadratic step would make it a hundred times so.
constexpr double kMostGrowth = 4;

Graph chain(std::int64_t layers) {
  Graph graph;
  Builder builder(graph);
  NodeId x = graph.add_input({.batch = 1, .channels = 16, .height = 8, .width = 8});
  for (std::int64_t i = 0; i < layers; ++i) {
    x = builder.conv("conv" + std::to_string(i), x, {.out_channels = 16, .kernel = {3, 3}, .padding = {1, 1}});
    graph.mark_replaceable(x, Baseline::kConv);
  }
  return graph;
}

/// Processor time of the shortest of several runs, by layer: other tests run beside this one.
template <class Run>
double seconds_per_layer(std::int64_t layers, int runs, const Run &run) {
  double best = std::numeric_limits<double>::infinity();
  for (int i = 0; i < runs; ++i) {
    const std::clock_t begin = std::clock();
    run();
    best = std::min(best, static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC);
  }
  return best / static_cast<double>(layers);
}

TEST(Scale, CountingIsLinear) {
  const Graph small = chain(kSmall);
  const double small_time = seconds_per_layer(kSmall, 50, [&] { ASSERT_EQ(count(small).parameters, kSmall * 16 * 16 * 9); });
  const Graph large = chain(kLarge);
  const double large_time = seconds_per_layer(kLarge, 5, [&] { ASSERT_EQ(count(large).parameters, kLarge * 16 * 16 * 9); });
  EXPECT_LT(large_time / small_time, kMostGrowth);
}

TEST(Scale, LoweringIsLinear) {
  Plan plan;
  plan.uniform = parse_substitute("Generic_0.5");
  const Graph small = chain(kSmall);
  const double small_time = seconds_per_layer(kSmall, 5, [&] { lower(small, plan); });
  const Graph large = chain(kLarge / 4);
  const double large_time = seconds_per_layer(kLarge / 4, 2, [&] { lower(large, plan); });
  EXPECT_LT(large_time / small_time, kMostGrowth);
}

TEST(Scale, AMillionLayersAreReadCountedAndWritten) {
  const auto cycle = [](std::int64_t layers) {
    const std::string text = write_network(chain(layers), "chain");
    return seconds_per_layer(layers, layers == kSmall ? 5 : 1, [&] {
      const NetworkFile file = read_network(text, "chain.json");
      ASSERT_EQ(count(file.graph).parameters, layers * 16 * 16 * 9);
      ASSERT_EQ(write_network(file.graph, file.name), text);
    });
  };
  const double small_time = cycle(kSmall);
  const double large_time = cycle(kLarge);
  EXPECT_LT(large_time / small_time, kMostGrowth);
}

TEST(Scale, FittingIsLinear) {
  const auto solve = [](std::int64_t layers) {
    Network network;
    network.name = "chain";
    network.graph = chain(layers);
    network.input = network.graph.input_shape();
    SolveRequest request;
    request.substitution = "Generic";
    request.budgets = {parse_budget("parameters<=10%")};
    return seconds_per_layer(layers, 2, [&] {
      const Solution solution = solve_uniform(network, request);
      ASSERT_TRUE(solution.uniform->answer);
      // Rank 2 of 16: 16 x 9 + 2 x 32 of 16 x 16 x 9; rank 3 is over a tenth.
      ASSERT_EQ(solution.uniform->answer->costs.parameters(), layers * (144 + 2 * 32));
    });
  };
  const double small_time = solve(kSmall);
  EXPECT_LT(solve(kLarge / 10) / small_time, kMostGrowth);
}

TEST(Scale, SolvedFilesAreLinear) {
  const auto cycle = [](std::int64_t layers) {
    Network network;
    network.name = "chain";
    network.graph = chain(layers);
    network.input = network.graph.input_shape();
    SolveRequest request;
    request.substitution = "Generic";
    request.budgets = {parse_budget("parameters<=10%")};
    const Solution solution = solve_uniform(network, request);
    return seconds_per_layer(layers, 2, [&] {
      const Design design = read_solved(write_solved(solution, "{}"), "student.json");
      ASSERT_EQ(design.plan.layers.size(), static_cast<std::size_t>(layers));
    });
  };
  const double small_time = cycle(kSmall);
  EXPECT_LT(cycle(kLarge / 10) / small_time, kMostGrowth);
}

} // namespace
} // namespace pare

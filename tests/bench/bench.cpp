// How fast networks are built, lowered, counted and fitted, and how the cost of a layer grows with the number of layers.
// Absolute times are for people; the suite compares ratios only (tests/scale).

#include "analysis/builder.hpp"
#include "analysis/cost_model.hpp"
#include "analysis/lower.hpp"
#include "analysis/network_file.hpp"
#include "solver/solver.hpp"

#include <benchmark/benchmark.h>

#include <string>

void register_mixed(); // mixed_bench.cpp

namespace {

using namespace pare;

constexpr const char *kNetworks[] = {"wrn-28-10", "darts", "wrn-50-2", "resnet-18", "resnet-152", "mobilenet-v2"};

void build(benchmark::State &state, const std::string &spec) {
  for (auto _ : state) benchmark::DoNotOptimize(make_network(spec));
}

void lower_generic(benchmark::State &state, const std::string &spec) {
  const Network network = make_network(spec);
  Plan plan;
  plan.uniform = parse_substitute("Generic_0.1");
  for (auto _ : state) benchmark::DoNotOptimize(lower(network.graph, plan));
}

void count_network(benchmark::State &state, const std::string &spec) {
  const Network network = make_network(spec);
  const Lowered lowered = lower(network.graph, {});
  for (auto _ : state) benchmark::DoNotOptimize(count(lowered.graph));
}

void solve(benchmark::State &state, const std::string &spec, const std::string &family) {
  const Network network = make_network(spec);
  SolveRequest request;
  request.substitution = family;
  request.budgets = {parse_budget("parameters<=25%")};
  request.conventions = {conventions().begin(), conventions().end()};
  request.where_refused = WhereRefused::kLeaveAsItIs;
  for (auto _ : state) benchmark::DoNotOptimize(solve_uniform(network, request));
}

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

void per_layer(benchmark::State &state) {
  state.counters["s/layer"] = benchmark::Counter(static_cast<double>(state.range(0)),
                                                 benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

void chain_build(benchmark::State &state) {
  for (auto _ : state) benchmark::DoNotOptimize(chain(state.range(0)));
  per_layer(state);
}
void chain_count(benchmark::State &state) {
  const Graph graph = chain(state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(count(graph));
  per_layer(state);
}
void chain_lower(benchmark::State &state) {
  const Graph graph = chain(state.range(0));
  Plan plan;
  plan.uniform = parse_substitute("Generic_0.5");
  for (auto _ : state) benchmark::DoNotOptimize(lower(graph, plan));
  per_layer(state);
}
void chain_write(benchmark::State &state) {
  const Graph graph = chain(state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(write_network(graph, "chain"));
  per_layer(state);
}
void chain_read(benchmark::State &state) {
  const std::string text = write_network(chain(state.range(0)), "chain");
  for (auto _ : state) benchmark::DoNotOptimize(read_network(text, "chain"));
  per_layer(state);
}

void register_all() {
  for (const char *network : kNetworks) {
    const std::string name = network;
    benchmark::RegisterBenchmark(("build/" + name).c_str(), build, name);
    benchmark::RegisterBenchmark(("lower/" + name).c_str(), lower_generic, name);
    benchmark::RegisterBenchmark(("count/" + name).c_str(), count_network, name);
    for (const char *family : {"Generic", "LR", "Hashed", "SepHashed", "Shuffle", "ACDC", "TensorTrain", "Tucker", "width"})
      benchmark::RegisterBenchmark(("solve/" + name + "/" + family).c_str(), solve, name, std::string(family))
          ->Unit(benchmark::kMicrosecond);
  }
  struct Chain {
    const char *name;
    void (*run)(benchmark::State &);
  };
  for (const Chain &chain :
       {Chain{"chain/build", chain_build}, Chain{"chain/count", chain_count}, Chain{"chain/lower", chain_lower},
        Chain{"chain/write", chain_write}, Chain{"chain/read", chain_read}})
    benchmark::RegisterBenchmark(chain.name, chain.run)
        ->Arg(10'000)
        ->Arg(100'000)
        ->Arg(1'000'000)
        ->Unit(benchmark::kMillisecond);
}

} // namespace

int main(int argc, char **argv) {
  register_all();
  register_mixed();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}

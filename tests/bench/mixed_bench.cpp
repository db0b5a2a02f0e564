// How fast mixed plans are searched for.

#include "solver/mixed/mixed_solver.hpp"
#include "solver/mixed/problem.hpp"
#include "solver/proof.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

void register_mixed();

namespace {

using namespace pare;

/// Layers whose candidates are low ranks, which cost rank * (inputs + outputs) parameters and more of each 3x3 in between, and
/// shares of all parameters at full mult-adds. Scores are logarithms of parameters, or `fill` the parameters themselves.
CandidateTable mixed_table(std::size_t budgets, bool fill) {
  struct Group {
    std::size_t times;
    std::int64_t inputs, outputs, positions;
  };
  constexpr std::array kGroups = {Group{1, 3, 16, 1024},   Group{1, 16, 160, 1024}, Group{7, 160, 160, 1024},
                                  Group{1, 160, 320, 256}, Group{7, 320, 320, 256}, Group{1, 320, 640, 64},
                                  Group{7, 640, 640, 64},  Group{1, 16, 160, 1024}, Group{1, 160, 320, 256},
                                  Group{1, 320, 640, 64}};
  CandidateTable table;
  for (std::size_t j = 0; j < budgets; ++j) table.budgets.push_back({.quantity = j == 0 ? "parameters" : "mult-adds[macs]"});
  for (const Group &group : kGroups) {
    CandidateTable::Layer layer{
        .names = std::vector<std::string>(group.times, "layer"), .costs = {}, .scores = {}, .texts = {}, .levels = {}};
    const auto add = [&](std::int64_t parameters, std::int64_t each) {
      layer.costs.push_back(parameters);
      if (budgets > 1) layer.costs.push_back(each * group.positions);
      layer.scores.push_back(fill ? parameters * 1'000'000'000 : std::llround(1e9 * std::log(static_cast<double>(parameters))));
    };
    const std::int64_t full = 9 * group.inputs * group.outputs;
    table.budgets[0].limit += static_cast<std::int64_t>(group.times) * full / 20;
    if (budgets > 1) table.budgets[1].limit += static_cast<std::int64_t>(group.times) * full * group.positions / 12;
    for (std::int64_t rank = 1; rank <= std::min(group.inputs, group.outputs); ++rank) {
      const std::int64_t parameters = rank * (group.inputs + group.outputs) + 9 * group.inputs;
      add(parameters, parameters);
    }
    for (std::int64_t rank = 1; rank <= std::min<std::int64_t>(1000, 9 * group.inputs); ++rank) {
      const std::int64_t parameters = rank * (9 * group.inputs + group.outputs);
      add(parameters, parameters);
    }
    for (std::int64_t share = 1; share <= 6000; ++share) add(std::max<std::int64_t>(full * share / 6000, 1), full);
    table.layers.push_back(std::move(layer));
  }
  return table;
}

/// Layers that have nothing in common, each with so many candidates.
CandidateTable mixed_random(std::size_t layers, std::size_t candidates, std::size_t budgets) {
  std::mt19937_64 random(1);
  const auto up_to = [&](std::uint64_t most) { return static_cast<std::int64_t>(1 + random() % most); };
  CandidateTable table;
  for (std::size_t j = 0; j < budgets; ++j) table.budgets.push_back({.quantity = "cost"});
  for (std::size_t i = 0; i < layers; ++i) {
    CandidateTable::Layer layer{.names = {"layer"}, .costs = {}, .scores = {}, .texts = {}, .levels = {}};
    const std::int64_t width = 16 + up_to(1000);
    const std::int64_t positions = up_to(1024);
    for (std::size_t c = 0; c < candidates; ++c) {
      const std::int64_t rank = up_to(static_cast<std::uint64_t>(width));
      for (std::size_t j = 0; j < budgets; ++j)
        layer.costs.push_back(j == 0 ? 2 * rank * width : rank * positions * up_to(2000));
      layer.scores.push_back(std::llround(1e9 * std::log(static_cast<double>(rank * (2 * width - rank)))));
    }
    for (std::size_t j = 0; j < budgets; ++j) table.budgets[j].limit += layer.costs[j] * 2 / 5;
    table.layers.push_back(std::move(layer));
  }
  return table;
}

void solve_mixed(benchmark::State &state, const CandidateTable &table, const std::string &method) {
  Control control;
  control.relative_gap = 1e-6;
  control.time_limit_seconds = 10;
  for (auto _ : state) benchmark::DoNotOptimize(find_mixed_solver(method).solve(table, control));
}

/// The log's networks at its budgets: all families, and all candidates that are made by default.
struct LogCase {
  const char *network;
  std::vector<const char *> budgets;
};
const std::vector<LogCase> &log_cases() {
  static const std::vector<LogCase> all = {
      {"wrn-28-10", {"parameters<=0.60M"}},
      {"wrn-28-10", {"parameters<=1.19M"}},
      {"wrn-28-10", {"parameters<=2.36M"}},
      {"darts", {"parameters<=0.49M"}},
      {"darts", {"parameters<=0.83M"}},
      {"darts", {"parameters<=1.41M"}},
      {"wrn-50-2", {"parameters<=4.35M"}},
      {"wrn-50-2", {"parameters<=17.5M"}},
      {"mobilenet-v2", {"parameters<=0.92M"}},
      {"wrn-28-10", {"parameters<=0.60M", "mult-adds<=79M"}},
      {"wrn-28-10", {"parameters<=1.19M", "mult-adds<=170M"}},
      {"darts", {"parameters<=0.49M", "mult-adds<=84.9M"}},
      {"darts", {"parameters<=0.83M", "mult-adds<=132M"}},
      {"darts", {"parameters<=1.41M", "mult-adds<=222.5M"}},
      {"wrn-50-2", {"parameters<=4.35M", "mult-adds<=511.6M"}},
      {"wrn-50-2", {"parameters<=17.5M", "mult-adds<=2806M"}},
      {"mobilenet-v2", {"parameters<=0.92M", "mult-adds<=119.7M"}},
  };
  return all;
}

MixedRequest log_request(const LogCase &of, const std::string &score) {
  MixedRequest out;
  out.score = score;
  for (const char *budget : of.budgets) out.budgets.push_back(parse_budget(budget));
  out.conventions = {conventions().begin(), conventions().end()};
  return out;
}

/// Search and proof; candidates are made before.
void solve_log(benchmark::State &state, const LogCase &of, const std::string &score) {
  const Network network = make_network(of.network);
  const CandidateTable table = *MixedProblem(network, log_request(of, score)).table();
  for (auto _ : state) {
    const MixedResult result = find_mixed_solver("exact").solve(table, {});
    const Proof proof = prove(table, result.certificate, result.choice ? &*result.choice : nullptr);
    if (proof.proven != Proven::kOptimal) state.SkipWithError("not proven");
  }
}

void make_log(benchmark::State &state, const LogCase &of, const std::string &score) {
  const Network network = make_network(of.network);
  for (auto _ : state) benchmark::DoNotOptimize(MixedProblem(network, log_request(of, score)).candidate_count());
}

} // namespace

void register_mixed() {
  for (const char *score : {"capacity", "parameters"})
    for (const LogCase &of : log_cases()) {
      std::string name = std::string("/") + of.network;
      for (const char *budget : of.budgets) name += std::string("/") + budget;
      name += std::string("/") + score;
      const auto add = [](const std::string &called, auto *function, const LogCase &which, const std::string &by) {
        benchmark::RegisterBenchmark(called.c_str(), function, which, by)->Unit(benchmark::kMillisecond)->Iterations(1);
      };
      add("mixed/log" + name, solve_log, of, score);
      // Budgets do not matter to it.
      if (of.budgets.size() == 1 && std::string_view(of.budgets.front()).find("4.35M") != std::string_view::npos)
        add("mixed/candidates" + name, make_log, of, score);
    }
  for (const char *method : {"exact", "nlopt"})
    for (const std::size_t budgets : {1, 2}) {
      const std::string end = std::string("/") + method + "/" + std::to_string(budgets);
      const auto add = [&](const std::string &name, const CandidateTable &table) {
        benchmark::RegisterBenchmark((name + end).c_str(), solve_mixed, table, std::string(method))
            ->Unit(benchmark::kMillisecond);
      };
      add("mixed/logarithms", mixed_table(budgets, false));
      add("mixed/fill", mixed_table(budgets, true));
      add("mixed/10000_layers", mixed_random(10'000, 50, budgets));
    }
}

// Times one step of attention transfer, as pare-train does it: the peer of peer_step.py, with the same options and output.

#include "analysis/cost_model.hpp"
#include "analysis/lower.hpp"
#include "models/network.hpp"
#include "train/device.hpp"
#include "train/initialise.hpp"
#include "train/step_graph.hpp"
#include "train/torch.hpp"

#include <ATen/Context.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <torch/csrc/autograd/profiler_kineto.h>

#include <chrono>
#include <iostream>
#include <set>

namespace {

using namespace pare;
using namespace pare::train;

GraphModule &build(const Network &network, const std::string &substitute, std::vector<std::unique_ptr<GraphModule>> &all) {
  Plan plan;
  if (substitute != "Conv") plan.uniform = parse_substitute(substitute);
  all.push_back(std::make_unique<GraphModule>(lower(network.graph, plan).graph));
  initialise(*all.back(), 0);
  return *all.back();
}

void start_tracing() {
  const torch::profiler::impl::ProfilerConfig config(torch::profiler::impl::ProfilerState::KINETO);
  const std::set<torch::profiler::impl::ActivityType> all = {torch::profiler::impl::ActivityType::CPU,
                                                             torch::profiler::impl::ActivityType::CUDA};
  torch::autograd::profiler::prepareProfiler(config, all);
  torch::autograd::profiler::enableProfiler(config, all);
}

} // namespace

int main(int argc, char **argv) {
  std::string substitute = "Conv";
  std::string network_spec = "wrn-16-2";
  std::string device_name = "cpu";
  std::string precision_name = "fp32";
  std::string mode = "eager";
  std::string trace;
  bool channels_last = false;
  bool search = false;
  bool no_teacher = false;
  std::int64_t batch = 32;
  std::int64_t threads = 2;
  std::int64_t warmup = 3;
  std::int64_t steps = 15;
  std::int64_t at_once = 1;
  CLI::App app{"Times a step of attention transfer"};
  app.add_option("--network", network_spec);
  app.add_option("--student", substitute);
  app.add_option("--batch", batch);
  app.add_option("--threads", threads);
  app.add_option("--warmup", warmup);
  app.add_option("--steps", steps, "that are timed");
  app.add_option("--at-once", at_once, "steps between two looks at the clock, for which a GPU is waited for");
  app.add_option("--device", device_name);
  app.add_option("--precision", precision_name);
  app.add_option("--mode", mode, "eager, or graph: recorded as a CUDA graph");
  app.add_option("--trace", trace, "write what ran in the last steps there, as JSON for chrome://tracing");
  app.add_flag("--channels-last", channels_last);
  app.add_flag("--search", search, "cuDNN tries its algorithms");
  app.add_flag("--no-teacher", no_teacher, "cross-entropy alone");
  CLI11_PARSE(app, argc, argv);

  prepare_cpu(threads);
  const torch::Device device = open_device(device_name);
  const Precision precision = open_precision(precision_name, device);
  at::globalContext().setBenchmarkCuDNN(search);
  torch::manual_seed(0);
  const Network network = make_network(network_spec);
  std::vector<std::unique_ptr<GraphModule>> modules;
  GraphModule &student = build(network, substitute, modules);
  GraphModule &teacher = build(network, "Conv", modules);
  for (torch::Tensor &parameter : teacher.parameters()) parameter.requires_grad_(false);
  student.to(device);
  teacher.to(device);
  teacher.freeze(precision);
  std::vector<Sgd::Parameter> parameters;
  for (const auto &entry : student.named_parameters())
    parameters.push_back({.name = entry.key(), .tensor = entry.value(), .decay = 5e-4});
  Sgd sgd(std::move(parameters), 0.9);
  torch::Tensor x = torch::randn({batch, 3, network.input.height, network.input.width}).to(device);
  if (channels_last) x = x.contiguous(torch::MemoryFormat::ChannelsLast);
  const torch::Tensor y = torch::randint(0, 10, {batch}).to(device);
  StepSettings settings;
  settings.precision = precision;
  Stepper step({.student = &student, .teacher = no_teacher ? nullptr : &teacher}, sgd, settings, mode == "graph");

  std::vector<double> seconds;
  double loss = 0;
  for (std::int64_t done = -warmup; done < steps; done += at_once) {
    const bool is_traced = !trace.empty() && done + at_once >= steps;
    if (is_traced) start_tracing();
    const auto begin = std::chrono::steady_clock::now();
    StepResult result;
    for (std::int64_t i = 0; i < at_once; ++i) result = step(x, y, 0.01, {});
    loss = result.losses.total.item<double>();
    const double taken = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    if (done >= 0) seconds.push_back(taken / static_cast<double>(at_once));
    if (is_traced) torch::autograd::profiler::disableProfiler()->save(trace);
  }
  std::cout << nlohmann::json{{"student", substitute},
                              {"parameters", count(student.graph()).parameters},
                              {"seconds", seconds},
                              {"loss", loss}}
            << '\n';
}

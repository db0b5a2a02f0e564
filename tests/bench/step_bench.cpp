// Times one step of attention transfer on WRN-16-2, as pare-train does it: the peer of peer_step.py, with the same options and
// output.

#include "analysis/cost_model.hpp"
#include "analysis/lower.hpp"
#include "models/network.hpp"
#include "train/device.hpp"
#include "train/initialise.hpp"
#include "train/step.hpp"
#include "train/torch.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <chrono>
#include <iostream>

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

} // namespace

int main(int argc, char **argv) {
  std::string substitute = "Conv";
  std::string network_spec = "wrn-16-2";
  std::string device_name = "cpu";
  std::string precision_name = "fp32";
  bool channels_last = false;
  std::int64_t batch = 32;
  std::int64_t threads = 2;
  std::int64_t warmup = 3;
  std::int64_t steps = 15;
  CLI::App app{"Times a step of attention transfer"};
  app.add_option("--network", network_spec);
  app.add_option("--student", substitute);
  app.add_option("--batch", batch);
  app.add_option("--threads", threads);
  app.add_option("--warmup", warmup);
  app.add_option("--steps", steps);
  app.add_option("--device", device_name);
  app.add_option("--precision", precision_name);
  app.add_flag("--channels-last", channels_last);
  CLI11_PARSE(app, argc, argv);

  prepare_cpu(threads);
  const torch::Device device = open_device(device_name);
  const Precision precision = open_precision(precision_name, device);
  torch::manual_seed(0);
  const Network network = make_network(network_spec);
  std::vector<std::unique_ptr<GraphModule>> modules;
  GraphModule &student = build(network, substitute, modules);
  GraphModule &teacher = build(network, "Conv", modules);
  for (torch::Tensor &parameter : teacher.parameters()) parameter.requires_grad_(false);
  student.to(device);
  teacher.to(device);
  teacher.freeze();
  std::vector<Sgd::Parameter> parameters;
  for (const auto &entry : student.named_parameters())
    parameters.push_back({.name = entry.key(), .tensor = entry.value(), .decay = 5e-4});
  Sgd sgd(std::move(parameters), 0.9);
  torch::Tensor x = torch::randn({batch, 3, network.input.height, network.input.width}).to(device);
  if (channels_last) x = x.contiguous(torch::MemoryFormat::ChannelsLast);
  const torch::Tensor y = torch::randint(0, 10, {batch}).to(device);
  StepSettings settings;
  settings.precision = precision;

  std::vector<double> seconds;
  for (std::int64_t step = 0; step < warmup + steps; ++step) {
    const auto begin = std::chrono::steady_clock::now();
    const StepResult result = train_step({.student = &student, .teacher = &teacher}, sgd, x, y, 0.1, settings, {});
    (void)result.losses.total.item<float>();
    if (step >= warmup) seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  }
  std::cout << nlohmann::json{{"student", substitute}, {"parameters", count(student.graph()).parameters}, {"seconds", seconds}}
            << '\n';
}

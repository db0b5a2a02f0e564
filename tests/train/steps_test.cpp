// Ten runs of three training steps of the 2019 code: losses, logits, attention maps, gradients, and parameters, buffers and
// momentum after the last.

#include "tests/train/numerics.hpp"

#include "analysis/cost_model.hpp"
#include "analysis/lower.hpp"
#include "models/network.hpp"
#include "train/device.hpp"
#include "train/step.hpp"

namespace pare::train {
namespace {

using test::error_of;
using test::Json;
using torch::Tensor;
using Tensors = std::map<std::string, Tensor>;

struct Case {
  std::size_t run;
  torch::ScalarType type;
};

/// "wrn_10_1_generic_0.25_crs_a0.0": the network, then the substitute in lower case.
std::pair<std::string, std::string> network_and_substitute(const std::string &name) {
  static const std::map<std::string, std::string> networks = {{"wrn_10_1", "wrn-10-1"},
                                                              {"darts_c4_l6", "darts:channels=4,layers=6"}};
  static const std::map<std::string, std::string> substitutes = {
      {"conv", "Conv"},           {"sep", "Sep"},       {"generic", "Generic"},        {"lr", "LR"}, {"shuffle", "Shuffle"},
      {"sephashed", "SepHashed"}, {"tucker", "Tucker"}, {"tensortrain", "TensorTrain"}};
  for (const auto &[prefix, spec] : networks)
    if (name.starts_with(prefix)) {
      const std::string rest = name.substr(prefix.size() + 1);
      const std::string family = rest.substr(0, rest.find('_'));
      std::string setting = rest.substr(family.size() + 1);
      setting = setting.substr(0, setting.find('_'));
      const bool has_setting = std::isdigit(static_cast<unsigned char>(setting[0])) != 0;
      return {spec, substitutes.at(family) + (has_setting ? "_" + setting : "")};
    }
  throw std::runtime_error(name);
}

Tensors with_prefix(const Tensors &tensors, const std::string &prefix) {
  Tensors out;
  for (const auto &[name, value] : tensors)
    if (name.starts_with(prefix)) out[name.substr(prefix.size())] = value;
  return out;
}

Tensors tensors_of(const GraphModule &module) {
  Tensors out;
  for (const auto &entry : module.named_parameters()) out[entry.key()] = entry.value();
  for (const auto &entry : module.named_buffers()) out[entry.key()] = entry.value();
  return out;
}

void load(GraphModule &module, const Tensors &values, torch::ScalarType type, torch::Device device) {
  module.to(device);
  const torch::NoGradGuard no_gradient;
  const Tensors own = tensors_of(module);
  for (const auto &[name, tensor] : own)
    if (tensor.is_floating_point()) Tensor(tensor).set_data(tensor.to(type)); // to() would convert the hash indices too
  ASSERT_EQ(own.size(), values.size());
  for (const auto &[name, value] : values) {
    ASSERT_TRUE(own.contains(name)) << name;
    own.at(name).copy_(value);
  }
}

void check_steps(const Case &which, torch::Device device) {
  const Json &run = test::manifest().at("steps").at(which.run);
  SCOPED_TRACE(run.at("name").get<std::string>());
  const torch::ScalarType type = which.type;
  const bool exact = type == torch::kFloat64;
  const double early = exact ? 1e-9 : 1e-4; // allowed in the first step
  const double late = exact ? 1e-7 : 1e-4;  // and after the last
  Tensors tensors = test::fixture(run.at("file").get<std::string>());
  for (auto &[name, tensor] : tensors) tensor = tensor.to(device);
  const auto [spec, substitute] = network_and_substitute(run.at("name").get<std::string>());
  const Network network = make_network(spec);
  Graph lowered = lower(network.graph, {.uniform = parse_substitute(substitute), .layers = {}}).graph;
  const Graph original = lower(network.graph, {}).graph;
  const double ratio = static_cast<double>(count(lowered).parameters) / static_cast<double>(count(original).parameters);
  EXPECT_EQ(ratio, run.at("compression_ratio").get<double>());

  const bool scaled = run.at("compression_scaled_weight_decay").get<bool>();
  const auto decays = weight_decays(lowered, run.at("weight_decay").get<double>(),
                                    [&](std::string_view /*family*/) { return DecayScaling(scaled).times(ratio); });
  std::map<std::string, double> wanted;
  for (const auto &[name, value] : run.at("decay").items()) wanted[name] = value.get<double>();
  EXPECT_EQ(decays, wanted);

  GraphModule student(std::move(lowered));
  GraphModule teacher{Graph(original)};
  load(student, with_prefix(tensors, "student."), type, device);
  load(teacher, with_prefix(tensors, "teacher."), type, device);
  teacher.freeze();
  std::vector<Sgd::Parameter> parameters;
  for (const auto &entry : student.named_parameters())
    parameters.push_back({.name = entry.key(), .tensor = entry.value(), .decay = decays.at(entry.key())});
  Sgd sgd(std::move(parameters), run.at("momentum").get<double>());
  const StepSettings settings{.losses = {.cross_entropy = 1 - run.at("alpha").get<double>(),
                                         .distillation = run.at("alpha").get<double>(),
                                         .beta = run.at("beta").get<double>(),
                                         .temperature = run.at("temperature").get<double>()}};
  std::set<std::string> zero_gradient;
  for (const Json &name : run.at("zero_gradient")) zero_gradient.insert(name.get<std::string>());

  for (int step = 0; step < run.at("steps").get<int>(); ++step) {
    const auto input = [&](const std::string &name) { return tensors.at(name + "." + std::to_string(step)); };
    const Tensor x = input("x").to(type);
    if (step == 0) {
      const torch::NoGradGuard no_gradient;
      const Outputs ours = student.run(x, {.training = true, .update_statistics = false});
      const Outputs theirs = teacher.run(x, {.training = false});
      EXPECT_LE(error_of(ours.logits, input("logits")), early);
      EXPECT_LE(error_of(theirs.logits, input("teacher_logits")), early);
      ASSERT_GT(ours.taps.size(), 0u);
      for (std::size_t i = 0; i < ours.taps.size(); ++i) {
        const std::string place = ".0." + std::to_string(i);
        EXPECT_LE(error_of(attention_map(ours.taps[i]), tensors.at("attention" + place)), early) << i;
        EXPECT_LE(error_of(attention_map(theirs.taps[i]), tensors.at("teacher_attention" + place)), early) << i;
      }
    }
    const Tensors before = [&] {
      Tensors copy;
      for (const auto &[name, value] : tensors_of(student)) copy[name] = value.detach().clone();
      return copy;
    }();
    const StepResult result = train_step({.student = &student, .teacher = &teacher}, sgd, x, input("y"),
                                         run.at("learning_rate").get<double>(), settings, {});
    const Json &losses = run.at("losses").at(static_cast<std::size_t>(step));
    const double allowed = step == 0 ? early : late;
    const auto near = [&](const Tensor &value, const char *key) {
      const double expected = losses.at(key).get<double>();
      EXPECT_NEAR(value.item<double>(), expected, allowed * std::abs(expected)) << key << " of step " << step;
    };
    near(result.losses.total, "total");
    near(result.losses.cross_entropy, "cross_entropy");
    near(result.losses.attention, "attention");
    if (settings.losses.distillation > 0) near(result.losses.kd * settings.losses.distillation, "kd");
    if (step == 0)
      for (const Sgd::Parameter &p : sgd.parameters()) {
        const Tensor &expected = tensors.at("grad." + p.name);
        if (zero_gradient.contains(p.name))
          EXPECT_LE((p.tensor.grad() - expected).abs().max().item<double>(), exact ? 1e-12 : 1e-5) << p.name;
        else
          EXPECT_LE(error_of(p.tensor.grad(), expected), exact ? 1e-9 : 1e-4) << "gradient of " << p.name;
      }
    // The 2019 code updated some running statistics twice in a step: r' = 0.9 r + 0.1 s, again with the same s.
    if (run.contains("batch_norm_updates_per_step")) {
      const torch::NoGradGuard no_gradient;
      const Tensors own = tensors_of(student);
      for (const auto &[layer, times] : run.at("batch_norm_updates_per_step").items()) {
        for (const char *leaf : {".running_mean", ".running_var"}) {
          const Tensor batch = (own.at(layer + leaf) - 0.9 * before.at(layer + leaf)) / 0.1;
          for (int more = 1; more < times.get<int>(); ++more) own.at(layer + leaf).mul_(0.9).add_(batch, 0.1);
        }
        own.at(layer + ".num_batches_tracked").add_(times.get<int>() - 1);
      }
    }
  }

  const Tensors after = with_prefix(tensors, "student_after.");
  const Tensors own = tensors_of(student);
  ASSERT_EQ(after.size(), own.size());
  for (const auto &[name, value] : after) EXPECT_LE(error_of(own.at(name), value), late) << name << " after the last step";
  for (const Sgd::Parameter &p : sgd.parameters()) {
    const Tensor &expected = tensors.at("momentum_after." + p.name);
    if (zero_gradient.contains(p.name))
      EXPECT_LE((p.momentum - expected).abs().max().item<double>(), exact ? 1e-12 : 1e-5) << p.name;
    else
      EXPECT_LE(error_of(p.momentum, expected), late) << "momentum of " << p.name;
  }
}

class Steps : public testing::TestWithParam<Case> {};

TEST_P(Steps, AreTheReferences) { check_steps(GetParam(), torch::kCPU); }

TEST(Gpu, StepsAreTheReferences) {
  std::string why;
  if (!has_cuda(why)) GTEST_SKIP() << why;
  open_precision("fp32", torch::kCUDA);
  for (torch::ScalarType type : {torch::kFloat64, torch::kFloat32})
    for (std::size_t run = 0; run < test::manifest().at("steps").size(); ++run) check_steps({run, type}, torch::kCUDA);
}

std::vector<Case> cases() {
  std::vector<Case> out;
  for (torch::ScalarType type : {torch::kFloat64, torch::kFloat32})
    for (std::size_t run = 0; run < 10; ++run) out.push_back({run, type});
  return out;
}

INSTANTIATE_TEST_SUITE_P(Fixtures, Steps, testing::ValuesIn(cases()), [](const testing::TestParamInfo<Case> &param) {
  const auto name = test::manifest().at("steps").at(param.param.run).at("name").get<std::string>();
  return test::test_name(name + (param.param.type == torch::kFloat64 ? "_double" : "_single"));
});

TEST(StepsManifest, HasAllItsRuns) { EXPECT_EQ(test::manifest().at("steps").size(), 10u); }

} // namespace
} // namespace pare::train

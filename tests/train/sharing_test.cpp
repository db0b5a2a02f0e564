// Layers that run with the parameters of another: the same numbers as copies of them, gradients added up, statistics of all.

#include "tests/analysis/tower.hpp"
#include "tests/train/numerics.hpp"

#include "analysis/lower.hpp"
#include "analysis/network_file.hpp"
#include "train/graph_module.hpp"
#include "train/initialise.hpp"

#include <map>

namespace pare::train {
namespace {

using test::error_of;
using torch::Tensor;

constexpr std::int64_t kImages = 5;

std::unique_ptr<GraphModule> module_of(const std::string &text, const std::string &substitute) {
  InputOptions input;
  input.batch = kImages;
  const Graph graph = read_network(text, "net.json", input).graph;
  Plan plan;
  if (!substitute.empty()) plan.uniform = parse_substitute(substitute);
  if (plan.uniform && plan.uniform->family->info().knob.kind == KnobInfo::Kind::kReal) plan.uniform->knob = 0.5;
  auto module = std::make_unique<GraphModule>(lower(graph, plan).graph);
  initialise(*module, 5);
  const auto doubled = [](Tensor tensor) {
    if (tensor.is_floating_point()) tensor.set_data(tensor.to(torch::kFloat64));
  };
  for (const Tensor &parameter : module->parameters()) doubled(parameter);
  for (const Tensor &buffer : module->buffers()) doubled(buffer); // not hash indices
  return module;
}

/// The name of the tensor whose copy this is, in the network without sharing.
std::string original(const std::string &name) {
  for (const auto &[copy, owner] :
       {std::pair{"b.", "a."}, {"a#2.", "a."}, {"bn.", "an."}, {"an#2.", "an."}, {"gate.again.", "gate."}})
    if (name.starts_with(copy)) return owner + name.substr(std::string_view(copy).size());
  return name;
}

std::map<std::string, Tensor> tensors(const GraphModule &module) {
  std::map<std::string, Tensor> out;
  for (const auto &entry : module.named_parameters()) out[entry.key()] = entry.value();
  for (const auto &entry : module.named_buffers()) out[entry.key()] = entry.value();
  return out;
}

class SharedTraining : public testing::TestWithParam<std::string> {};

TEST_P(SharedTraining, IsThatOfCopiesAddedUp) {
  const auto shared = module_of(pare::test::tower(), GetParam());
  const auto apart = module_of(pare::test::unshared(), GetParam());
  const auto own = tensors(*shared);
  {
    const torch::NoGradGuard no_gradient;
    for (const auto &[name, tensor] : tensors(*apart)) Tensor(tensor).copy_(own.at(original(name)));
  }
  for (const auto &[name, tensor] : own) EXPECT_EQ(original(name), name);

  torch::manual_seed(2);
  const Tensor x = torch::randn({kImages, 3, 12, 10}, torch::kFloat64);
  const Tensor direction = torch::randn({kImages, 4}, torch::kFloat64);
  const auto train = [&](GraphModule &module, Recompute recompute) {
    for (Tensor &parameter : module.parameters()) parameter.mutable_grad() = Tensor();
    const Outputs out = module.run(x, {.training = true}, recompute);
    ((out.logits * direction).sum() + out.taps.at(0).square().sum()).backward();
    return out.logits.detach();
  };
  const Tensor logits = train(*shared, Recompute::kNone);
  EXPECT_LE(error_of(logits, train(*apart, Recompute::kNone)), 1e-12);
  std::map<std::string, Tensor> gradients;
  for (const auto &entry : apart->named_parameters()) {
    Tensor &sum = gradients[original(entry.key())];
    const Tensor gradient = entry.value().grad();
    ASSERT_TRUE(gradient.defined()) << entry.key();
    sum = sum.defined() ? sum + gradient : gradient;
  }
  for (const auto &entry : shared->named_parameters())
    EXPECT_LE(error_of(entry.value().grad(), gradients.at(entry.key())), 1e-9) << entry.key();

  // Each place moves the statistics by a tenth towards its own, one after the other.
  const auto copies = tensors(*apart);
  EXPECT_EQ(own.at("an.num_batches_tracked").item<std::int64_t>(), 3);
  for (const auto &[name, start] : {std::pair{"running_mean", 0.0}, {"running_var", 1.0}}) {
    Tensor expected = torch::full({8}, start, torch::kFloat64);
    for (const char *place : {"an.", "bn.", "an#2."})
      expected = 0.9 * expected + (copies.at(std::string(place) + name) - 0.9 * start);
    EXPECT_LE(error_of(own.at(std::string("an.") + name), expected), 1e-12) << name;
  }

  // What is computed again gives the same gradients, and moves no statistics again.
  std::map<std::string, Tensor> kept;
  for (const auto &entry : shared->named_parameters()) kept[entry.key()] = entry.value().grad();
  train(*shared, Recompute::kAll);
  for (const auto &entry : shared->named_parameters())
    EXPECT_LE(error_of(entry.value().grad(), kept.at(entry.key())), 1e-12) << entry.key();
  EXPECT_EQ(own.at("an.num_batches_tracked").item<std::int64_t>(), 6);

  // Folded for inference: each norm into the convolution in front of it, which is not the same for all.
  const torch::NoGradGuard no_gradient;
  const Tensor before = shared->run(x, {.training = false}).logits;
  EXPECT_GT(error_of(before, logits), 1e-6);
  shared->freeze();
  EXPECT_LE(error_of(shared->run(x, {.training = false}).logits, before), 1e-9);
}

std::vector<std::string> all_examples() {
  std::vector<std::string> out{""};
  for (const Substitution *family : substitutions()) out.emplace_back(family->info().example);
  return out;
}

INSTANTIATE_TEST_SUITE_P(Families, SharedTraining, testing::ValuesIn(all_examples()),
                         [](const auto &which) { return which.param.empty() ? "baseline" : test::test_name(which.param); });

} // namespace
} // namespace pare::train

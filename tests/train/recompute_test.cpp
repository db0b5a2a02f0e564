// Activations that are computed again instead of kept change nothing but memory and time; drop path; the auxiliary head.

#include "tests/train/numerics.hpp"

#include "analysis/lower.hpp"
#include "models/network.hpp"
#include "train/graph_module.hpp"
#include "train/initialise.hpp"
#include "train/step.hpp"

#include <cmath>
#include <set>

namespace pare::train {
namespace {

using torch::Tensor;
using Tensors = std::map<std::string, Tensor>;

std::unique_ptr<GraphModule> make_module(const std::string &spec, const std::string &substitute) {
  const Network network = make_network(spec);
  Graph graph = lower(network.graph, {.uniform = parse_substitute(substitute), .layers = {}}, WhereRefused::kLeaveAsItIs).graph;
  auto module = std::make_unique<GraphModule>(std::move(graph));
  initialise(*module, 5);
  return module;
}

struct BothPasses {
  Tensors tensors; ///< outputs, gradients and buffers
  std::size_t operations = 0;
};

/// Forward and backward, from a fresh module, so that nothing of another pass can be seen.
BothPasses forward_and_backward(const std::string &spec, const std::string &substitute, Recompute recompute, double drop_path) {
  const auto module = make_module(spec, substitute);
  torch::manual_seed(11);
  BothPasses out;
  module->observe([&](NodeId, const Tensor &) { ++out.operations; });
  const Tensor x = torch::randn({4, 3, 32, 32}).requires_grad_(true);
  const Outputs outputs = module->run(x, {.training = true, .drop_path = drop_path, .seed = 3, .step = 17}, recompute);
  Tensor loss = (outputs.logits * torch::randn_like(outputs.logits)).sum();
  for (const Tensor &tap : outputs.taps) loss = loss + (tap * torch::randn_like(tap)).sum();
  if (outputs.auxiliary_tap.defined()) loss = loss + outputs.auxiliary_tap.square().sum();
  loss.backward();
  out.tensors["logits"] = outputs.logits;
  for (std::size_t i = 0; i < outputs.taps.size(); ++i) out.tensors["tap " + std::to_string(i)] = outputs.taps[i];
  if (outputs.auxiliary_tap.defined()) out.tensors["auxiliary tap"] = outputs.auxiliary_tap;
  out.tensors["gradient of x"] = x.grad();
  for (const auto &entry : module->named_parameters()) out.tensors["gradient of " + entry.key()] = entry.value().grad();
  for (const auto &entry : module->named_buffers()) out.tensors["buffer " + entry.key()] = entry.value();
  return out;
}

struct RecomputeCase {
  const char *spec;
  const char *substitute;
  double drop_path;
};

void PrintTo(const RecomputeCase &c, std::ostream *out) { *out << c.spec << " " << c.substitute << " " << c.drop_path; }

class Recomputing : public testing::TestWithParam<RecomputeCase> {};

TEST_P(Recomputing, GivesTheSameBits) {
  const auto [spec, substitute, drop_path] = GetParam();
  const BothPasses kept = forward_and_backward(spec, substitute, Recompute::kNone, drop_path);
  const BothPasses again = forward_and_backward(spec, substitute, Recompute::kAll, drop_path);
  EXPECT_GT(again.operations, kept.operations * 3 / 2) << "nothing was computed again";
  ASSERT_EQ(kept.tensors.size(), again.tensors.size());
  for (const auto &[name, tensor] : kept.tensors) {
    ASSERT_TRUE(tensor.defined() && again.tensors.at(name).defined()) << name;
    EXPECT_TRUE(torch::equal(tensor, again.tensors.at(name))) << name;
    if (name.ends_with("num_batches_tracked")) {
      EXPECT_EQ(again.tensors.at(name).item<std::int64_t>(), 1) << name;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Networks, Recomputing,
                         testing::Values(RecomputeCase{"wrn-10-1", "Conv", 0}, RecomputeCase{"wrn-16-1", "TensorTrain_0.4", 0},
                                         RecomputeCase{"wrn-10-1", "SepHashed_0.2", 0}, RecomputeCase{"wrn-10-1", "ACDC_3", 0},
                                         RecomputeCase{"darts:channels=4,layers=6", "Conv", 0},
                                         RecomputeCase{"darts:channels=4,layers=6", "Generic_0.25", 0.3},
                                         RecomputeCase{"darts:channels=4,layers=6,genotype=darts_v1", "Shuffle_2", 0.3}),
                         [](const testing::TestParamInfo<RecomputeCase> &param) {
                           return test::test_name(std::string(param.param.spec) + "_" + param.param.substitute) +
                                  (param.param.drop_path > 0 ? "_drop_path" : "");
                         });

/// A step with recomputing is the same step: parameters, statistics and momentum.
TEST(RecomputingStep, IsTheSameStep) {
  std::vector<Tensors> results;
  for (Recompute recompute : {Recompute::kNone, Recompute::kAll}) {
    const auto student = make_module("wrn-10-1", "Generic_0.25");
    const auto teacher = make_module("wrn-10-1", "Conv");
    std::vector<Sgd::Parameter> parameters;
    for (const auto &entry : student->named_parameters())
      parameters.push_back({.name = entry.key(), .tensor = entry.value(), .decay = 5e-4});
    Sgd sgd(std::move(parameters), 0.9);
    torch::manual_seed(4);
    for (int step = 0; step < 2; ++step)
      train_step({.student = student.get(), .teacher = teacher.get()}, sgd, torch::randn({4, 3, 32, 32}),
                 torch::randint(10, {4}, torch::kInt64), 0.1, {.losses = {}, .recompute = recompute}, {});
    Tensors &result = results.emplace_back();
    for (const auto &entry : student->named_parameters()) result[entry.key()] = entry.value();
    for (const auto &entry : student->named_buffers()) result[entry.key()] = entry.value();
    for (const Sgd::Parameter &p : sgd.parameters()) result["momentum of " + p.name] = p.momentum;
  }
  for (const auto &[name, tensor] : results[0]) {
    EXPECT_TRUE(torch::equal(tensor, results[1].at(name))) << name;
    if (name.ends_with("num_batches_tracked")) {
      EXPECT_EQ(tensor.item<std::int64_t>(), 2) << name;
    }
  }
}

// Of n images each kept with probability 0.7: the number kept is within 5 sqrt(n x 0.7 x 0.3) of 0.7 n, that of neighbours both
// kept within 5 sqrt(n x 0.49 x 0.51) (+ their dependence, at most twice that) of 0.49 n.
TEST(DropPath, KeepsAFractionImageByImage) {
  constexpr std::int64_t n = 20'000;
  const Pass pass{.training = true, .drop_path = 0.3, .seed = 1, .step = 2};
  const Tensor x = torch::full({n, 2, 1, 2}, 3, torch::kFloat64);
  const Tensor y = drop_path(x, pass, 9);
  const Tensor kept = y.select(1, 0).select(2, 0).flatten().ne(0);
  // An image is divided by 0.7 as a whole, or zero as a whole.
  EXPECT_LE((y - x / 0.7 * kept.view({n, 1, 1, 1})).abs().max().item<double>(), 1e-12);
  EXPECT_NEAR(static_cast<double>(kept.sum().item<std::int64_t>()), 0.7 * n, 5 * std::sqrt(n * 0.7 * 0.3));
  const Tensor both = kept.narrow(0, 0, n - 1).logical_and(kept.narrow(0, 1, n - 1));
  EXPECT_NEAR(static_cast<double>(both.sum().item<std::int64_t>()), 0.49 * n, 10 * std::sqrt(n * 0.49 * 0.51));

  EXPECT_TRUE(torch::equal(drop_path(x, pass, 9), y)) << "the same numbers again";
  EXPECT_FALSE(torch::equal(drop_path(x, pass, 10), y)) << "another node";
  EXPECT_FALSE(torch::equal(drop_path(x, {.training = true, .drop_path = 0.3, .seed = 1, .step = 3}, 9), y)) << "another step";
  EXPECT_FALSE(torch::equal(drop_path(x, {.training = true, .drop_path = 0.3, .seed = 2, .step = 2}, 9), y)) << "another seed";
}

/// Runs once and tells for each node with drop path which images are zero.
std::map<NodeId, std::vector<bool>> dropped_images(GraphModule &module, const Pass &pass) {
  const auto marked = module.graph().marked(Mark::kDropPath);
  const std::set<NodeId> nodes(marked.begin(), marked.end());
  std::map<NodeId, std::vector<bool>> out;
  module.observe([&](NodeId node, const Tensor &value) {
    if (!nodes.contains(node)) return;
    for (std::int64_t i = 0; i < value.size(0); ++i) out[node].push_back(value[i].abs().max().item<double>() == 0);
  });
  torch::manual_seed(6);
  module.run(torch::randn({8, 3, 32, 32}), pass);
  module.observe({});
  return out;
}

// DARTS v2: in a cell eight operations, of which drop path leaves identities alone: two of a normal cell's (skip_connect at
// stride 1), and in a reduction cell the three whose input is a node (skip_connect, 2): they are identities too.
TEST(DropPath, IsWhereDartsHasIt) {
  const auto module = make_module("darts:channels=4,layers=6", "Conv"); // reductions: cells 2 and 4
  const auto off = dropped_images(*module, {.training = true, .drop_path = 0, .seed = 1, .step = 1});
  EXPECT_EQ(off.size(), 4u * 6 + 2u * 5);
  for (const auto &[node, images] : off)
    for (bool zero : images) EXPECT_FALSE(zero) << node;
  const auto on = dropped_images(*module, {.training = true, .drop_path = 0.5, .seed = 1, .step = 1});
  EXPECT_EQ(on.size(), off.size());
  std::set<std::vector<bool>> patterns;
  std::size_t zeros = 0;
  for (const auto &[node, images] : on) {
    patterns.insert(images);
    for (bool zero : images) zeros += zero ? 1 : 0;
  }
  EXPECT_GT(patterns.size(), 20u) << "operations drop the same images"; // 34 draws of 2^8 patterns
  const double draws = 34 * 8;
  EXPECT_NEAR(static_cast<double>(zeros), draws / 2, 5 * std::sqrt(draws / 4));
}

TEST(DropPath, IsOffInEvaluation) {
  const auto module = make_module("darts:channels=4,layers=6", "Conv");
  const torch::NoGradGuard no_gradient;
  const Tensor x = torch::randn({4, 3, 32, 32});
  const Tensor plain = module->run(x, {.training = false}).logits;
  EXPECT_TRUE(torch::equal(module->run(x, {.training = false, .drop_path = 0.9, .seed = 1}).logits, plain));
}

// networks.md, DARTS: ReLU, average pool 5 stride 3, 1 x 1 -> 128, bn, ReLU, 2 x 2 -> 768, bn, ReLU, Linear; on the output of
// cell 2 L // 3 = 4, which at width 4 has 4 x (4 x 2 x 2) = 64 channels of 8 x 8: pooled to 2 x 2.
TEST(AuxiliaryHead, IsThatOfDarts) {
  const Network network = make_network("darts:channels=4,layers=6,classes=7");
  const auto taps = network.graph.marked(Mark::kAuxiliaryTap);
  ASSERT_EQ(taps.size(), 1u);
  EXPECT_EQ(network.graph.activation(taps[0]), (Shape{.batch = 1, .channels = 64, .height = 8, .width = 8}));
  auto graph = network.family->auxiliary_head(network.values, network.graph.activation(taps[0]));
  ASSERT_TRUE(graph.has_value());
  GraphModule head(std::move(*graph));
  std::map<std::string, std::vector<std::int64_t>> names;
  for (const auto &entry : head.named_parameters()) names[entry.key()] = entry.value().sizes().vec();
  const std::string h = "auxiliary_head.";
  EXPECT_EQ(names, (std::map<std::string, std::vector<std::int64_t>>{{h + "features.2.weight", {128, 64, 1, 1}},
                                                                     {h + "features.3.weight", {128}},
                                                                     {h + "features.3.bias", {128}},
                                                                     {h + "features.5.weight", {768, 128, 2, 2}},
                                                                     {h + "features.6.weight", {768}},
                                                                     {h + "features.6.bias", {768}},
                                                                     {h + "classifier.weight", {7, 768}},
                                                                     {h + "classifier.bias", {7}}}));
  initialise(head, 1);
  const auto student = make_module("darts:channels=4,layers=6,classes=7", "Conv");
  const Outputs out = student->run(torch::randn({3, 3, 32, 32}), {.training = true});
  ASSERT_TRUE(out.auxiliary_tap.defined());
  EXPECT_EQ(out.auxiliary_tap.sizes().vec(), (std::vector<std::int64_t>{3, 64, 8, 8}));
  EXPECT_EQ(head.run(out.auxiliary_tap, {.training = true}).logits.sizes().vec(), (std::vector<std::int64_t>{3, 7}));
}

/// A step with the head: its gradients are there, the loss is that of both, and the logits told are the main ones.
TEST(AuxiliaryHead, TrainsWithTheNetwork) {
  const Network network = make_network("darts:channels=4,layers=6");
  const auto student = make_module("darts:channels=4,layers=6", "Conv");
  GraphModule head(
      *network.family->auxiliary_head(network.values, network.graph.activation(network.graph.marked(Mark::kAuxiliaryTap)[0])));
  initialise(head, 1);
  std::vector<Sgd::Parameter> parameters;
  for (const GraphModule *module : {static_cast<const GraphModule *>(student.get()), static_cast<const GraphModule *>(&head)})
    for (const auto &entry : module->named_parameters()) parameters.push_back({.name = entry.key(), .tensor = entry.value()});
  Sgd sgd(std::move(parameters), 0.9);
  torch::manual_seed(8);
  const Tensor x = torch::randn({4, 3, 32, 32});
  const Tensor labels = torch::randint(10, {4}, torch::kInt64);
  Tensor expected;
  {
    const torch::NoGradGuard no_gradient;
    const Pass pass{.training = true, .update_statistics = false};
    const Outputs out = student->run(x, pass);
    expected = (at::cross_entropy_loss(out.logits, labels) +
                at::cross_entropy_loss(head.run(out.auxiliary_tap, pass).logits, labels)) /
               2;
  }
  const StepResult result =
      train_step({.student = student.get(), .auxiliary = &head}, sgd, x, labels, 0.01, {.losses = {}}, {});
  EXPECT_NEAR(result.losses.total.item<double>(), expected.item<double>(), 1e-5);
  EXPECT_EQ(result.logits.sizes().vec(), (std::vector<std::int64_t>{4, 10}));
  for (const auto &entry : head.named_parameters()) EXPECT_TRUE(entry.value().grad().defined()) << entry.key();
}

} // namespace
} // namespace pare::train

#include "tests/train/numerics.hpp"

#include "analysis/cost_model.hpp"
#include "analysis/lower.hpp"
#include "models/network.hpp"
#include "train/optimizer.hpp"

namespace pare::train {
namespace {

using torch::Tensor;

Tensor parameter(double value) { return torch::full({1}, value, torch::kFloat64).requires_grad_(true); }
void set_gradient(const Tensor &parameter, double value) {
  Tensor(parameter).mutable_grad() = torch::full({1}, value, torch::kFloat64);
}

// momentum 0.9, learning rate 0.2.
//   decay 0.1: w = 1, gradient 0.5: v = 0.5 + 0.1 x 1 = 0.6, w = 1 - 0.12 = 0.88;
//              gradient 0.25: v = 0.9 x 0.6 + 0.25 + 0.088 = 0.878, w = 0.88 - 0.1756 = 0.7044
//   decay 0:   w = 2, gradient 1: v = 1, w = 1.8; gradient -1: v = 0.9 - 1 = -0.1, w = 1.82
TEST(Sgd, TwoStepsByHand) {
  const Tensor decayed = parameter(1);
  const Tensor other = parameter(2);
  const Tensor untouched = parameter(5); // nothing reaches it: neither decay nor momentum moves it
  Sgd sgd({{.name = "a", .tensor = decayed, .decay = 0.1},
           {.name = "b", .tensor = other, .decay = 0},
           {.name = "c", .tensor = untouched, .decay = 0.1}},
          0.9);
  set_gradient(decayed, 0.5);
  set_gradient(other, 1);
  sgd.set_learning_rate(0.2);
  sgd.step();
  EXPECT_NEAR(decayed.item<double>(), 0.88, 1e-15);
  EXPECT_NEAR(other.item<double>(), 1.8, 1e-15);
  set_gradient(decayed, 0.25);
  set_gradient(other, -1);
  sgd.step();
  EXPECT_NEAR(decayed.item<double>(), 0.7044, 1e-15);
  EXPECT_NEAR(other.item<double>(), 1.82, 1e-15);
  EXPECT_NEAR(sgd.parameters()[0].momentum.item<double>(), 0.878, 1e-15);
  EXPECT_NEAR(sgd.parameters()[1].momentum.item<double>(), -0.1, 1e-15);
  EXPECT_EQ(untouched.item<double>(), 5);
}

// The same with Nesterov's momentum: g = 0.6, v = 0.6, w = 1 - 0.2 (0.6 + 0.9 x 0.6) = 0.772;
// g = 0.25 + 0.0772, v = 0.54 + 0.3272 = 0.8672, w = 0.772 - 0.2 (0.3272 + 0.9 x 0.8672) = 0.550464.
TEST(Sgd, NesterovsByHand) {
  const Tensor w = parameter(1);
  Sgd sgd({{.name = "w", .tensor = w, .decay = 0.1}}, 0.9, true);
  sgd.set_learning_rate(0.2);
  set_gradient(w, 0.5);
  sgd.step();
  EXPECT_NEAR(w.item<double>(), 0.772, 1e-15);
  set_gradient(w, 0.25);
  sgd.step();
  EXPECT_NEAR(w.item<double>(), 0.550464, 1e-12);
}

TEST(Sgd, ForgetsGradients) {
  const Tensor a = parameter(1);
  Sgd sgd({{.name = "a", .tensor = a}}, 0.9);
  set_gradient(a, 1);
  sgd.zero_grad();
  EXPECT_FALSE(a.grad().defined());
}

// Gradients 3 and 4 have the norm 5 together.
TEST(Sgd, ClipsByTheNormOfAllGradients) {
  const Tensor a = parameter(1);
  const Tensor b = parameter(1);
  Sgd sgd({{.name = "a", .tensor = a, .decay = 0.1}, {.name = "b", .tensor = b}}, 0.9);
  set_gradient(a, 3);
  set_gradient(b, -4);
  EXPECT_NEAR(sgd.clip(10), 5, 1e-12);
  EXPECT_EQ(a.grad().item<double>(), 3);
  EXPECT_EQ(b.grad().item<double>(), -4);
  EXPECT_NEAR(sgd.clip(1), 5, 1e-12);
  EXPECT_NEAR(a.grad().item<double>(), 0.6, 1e-6); // PyTorch divides by the norm + 1e-6
  EXPECT_NEAR(b.grad().item<double>(), -0.8, 1e-6);
}

/// The names whose decay is scaled.
std::set<std::string> scaled_names(const Graph &graph, const std::function<bool(std::string_view)> &scaled) {
  std::set<std::string> out;
  for (const auto &[name, decay] :
       weight_decays(graph, 1, [&](std::string_view family) { return scaled(family) ? 0.25 : 1.0; })) {
    EXPECT_TRUE(decay == 1 || decay == 0.25) << name;
    if (decay == 0.25) out.insert(name);
  }
  return out;
}

/// wrn-10-1 with one layer of each of these; everything else is as it was. What is scaled: formulas.md, "Weight decay".
TEST(WeightDecays, FollowTheFamilies) {
  Plan plan;
  const std::vector<std::pair<std::string, std::string>> layers = {
      {"block1.0.layer.0.conv1", "Generic_0.25"}, {"block1.0.layer.0.conv2", "SepHashed_0.3"},
      {"block2.0.layer.0.conv1", "Hashed_0.1"},   {"block2.0.layer.0.conv2", "Shuffle_2"},
      {"block3.0.layer.0.conv1", "ACDC_3"},       {"block3.0.layer.0.conv2", "Sep"}};
  for (const auto &[layer, substitute] : layers) plan.layers[layer] = parse_substitute(substitute);
  const Graph graph = lower(make_network("wrn-10-1").graph, plan).graph;

  const std::set<std::string> generic = {"block1.0.layer.0.conv1.lowrank_contract.weight",
                                         "block1.0.layer.0.conv1.lowrank_expand.weight"};
  const std::set<std::string> hashed = {"block1.0.layer.0.conv2.hashed.hashed_weight", "block1.0.layer.0.conv2.hashed.bias",
                                        "block2.0.layer.0.conv1.hashed_weight"};
  const std::set<std::string> others = {"block2.0.layer.0.conv2.shuffle_gconv1.weight",
                                        "block2.0.layer.0.conv2.shuffle_dwconv.weight",
                                        "block2.0.layer.0.conv2.shuffle_gconv2.weight",
                                        "block3.0.layer.0.conv1.layers.0.A",
                                        "block3.0.layer.0.conv1.layers.0.D",
                                        "block3.0.layer.0.conv1.layers.1.A",
                                        "block3.0.layer.0.conv1.layers.1.D"};
  std::set<std::string> all = generic;
  all.insert(hashed.begin(), hashed.end());
  all.insert(others.begin(), others.end());
  EXPECT_EQ(scaled_names(graph, [](std::string_view) { return true; }), all);
  EXPECT_EQ(scaled_names(graph, [](std::string_view) { return false; }), std::set<std::string>{});
  EXPECT_EQ(scaled_names(graph, [](std::string_view family) { return family == "generic"; }), generic);
  EXPECT_EQ(scaled_names(graph, [](std::string_view family) { return family == "hashed" || family == "sep_hashed"; }), hashed);
  // None for batch norms and biases, of substitutes too; all else as before.
  for (const auto &[name, decay] : weight_decays(
           graph, 1, [](std::string_view) { return 0.25; }, false)) {
    const bool is_norm = name.find("bn") != std::string::npos;
    const bool is_free = is_norm || name.ends_with(".bias");
    EXPECT_EQ(decay, is_free ? 0 : all.contains(name) ? 0.25 : 1) << name;
  }
  // Every parameter has one.
  std::size_t parameters = 0;
  for (const Node &node : graph.nodes()) parameters += std::holds_alternative<pare::Parameter>(node.op) ? 1 : 0;
  EXPECT_EQ(weight_decays(graph, 1, [](std::string_view) { return 0.25; }).size(), parameters);
}

} // namespace
} // namespace pare::train

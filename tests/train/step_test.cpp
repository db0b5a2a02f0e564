// One step in pieces, steps that must not be taken, and who is to blame.

#include "tests/train/numerics.hpp"

#include "analysis/builder.hpp"
#include "train/step.hpp"

#include <ATen/autocast_mode.h>

#include <cmath>
#include <limits>

namespace pare::train {
namespace {

using torch::Tensor;
using Tensors = std::map<std::string, Tensor>;

/// conv1, perhaps a batch norm, ReLU, conv2 (the tap), pooling, fc: 2 x 6 x 6 images, 3 classes.
Graph tiny(bool norm) {
  Graph graph;
  Builder b(graph);
  const ConvOptions conv{.out_channels = 5, .kernel = {3, 3}, .padding = {1, 1}, .bias = true};
  NodeId x = b.conv("conv1", graph.add_input({.batch = 1, .channels = 2, .height = 6, .width = 6}), conv);
  if (norm) x = b.batch_norm("bn1", x);
  x = b.op("relu1", Relu{}, {x});
  x = b.conv("conv2", x, conv);
  graph.mark_attention_tap(x);
  x = b.op("pool", GlobalAvgPool{}, {x});
  graph.set_output(b.linear("fc", x, 3));
  return graph;
}

std::unique_ptr<GraphModule> make(bool norm, std::uint64_t seed) {
  auto module = std::make_unique<GraphModule>(tiny(norm));
  torch::manual_seed(seed);
  const torch::NoGradGuard no_gradient;
  for (Tensor &parameter : module->parameters()) parameter.uniform_(-0.5, 0.5);
  return module;
}

Sgd sgd_of(const GraphModule &module, double decay = 1e-3) {
  std::vector<Sgd::Parameter> parameters;
  for (const auto &entry : module.named_parameters())
    parameters.push_back({.name = entry.key(), .tensor = entry.value(), .decay = decay});
  return {std::move(parameters), 0.9};
}

Tensors copy_of(const GraphModule &module) {
  Tensors out;
  for (const auto &entry : module.named_parameters()) out[entry.key()] = entry.value().detach().clone();
  for (const auto &entry : module.named_buffers()) out[entry.key()] = entry.value().detach().clone();
  return out;
}

struct Taken {
  Tensors gradients;
  Tensors after;
  StepResult result;
};

/// One step on 8 images with a teacher and all losses on, in micro-batches of so many.
Taken take_step(bool norm, std::optional<std::int64_t> micro_batch, AttentionForm form = AttentionForm::kReference) {
  const auto student = make(norm, 1);
  const auto teacher = make(norm, 2);
  const auto type = norm ? torch::kFloat32 : torch::kFloat64; // to() would convert the batch norm's counter too
  if (!norm) student->to(type);
  if (!norm) teacher->to(type);
  Sgd sgd = sgd_of(*student);
  torch::manual_seed(3);
  const Tensor images = torch::randn({8, 2, 6, 6}, type);
  const Tensor labels = torch::randint(3, {8}, torch::kInt64);
  Taken out;
  out.result =
      train_step({.student = student.get(), .teacher = teacher.get()}, sgd, images, labels, 0.1,
                 {.losses = {.cross_entropy = 0.5, .distillation = 0.5, .beta = 10, .temperature = 3, .attention = form},
                  .micro_batch = micro_batch},
                 {});
  for (const auto &entry : student->named_parameters()) out.gradients[entry.key()] = entry.value().grad();
  out.after = copy_of(*student);
  return out;
}

double largest_difference(const Tensors &a, const Tensors &b) {
  double most = 0;
  for (const auto &[name, tensor] : a) most = std::max(most, test::error_of(tensor, b.at(name)));
  return most;
}

// 3 does not divide 8: the last piece has 2 images and weighs 2 / 8.
TEST(MicroBatches, GiveTheWholeBatchsGradients) {
  for (AttentionForm form : {AttentionForm::kReference, AttentionForm::kPaper}) {
    const Taken whole = take_step(false, {}, form);
    for (std::int64_t images : {1, 3, 4, 8, 100}) {
      SCOPED_TRACE(images);
      const Taken pieces = take_step(false, images, form);
      EXPECT_LE(largest_difference(pieces.gradients, whole.gradients), 1e-12);
      EXPECT_LE(largest_difference(pieces.after, whole.after), 1e-12);
      EXPECT_LE(test::error_of(pieces.result.logits, whole.result.logits), 1e-12);
      for (auto loss : {&Losses::total, &Losses::cross_entropy, &Losses::kd, &Losses::attention})
        EXPECT_LE(test::error_of(pieces.result.losses.*loss, whole.result.losses.*loss), 1e-12);
    }
  }
}

TEST(MicroBatches, GiveBatchNormOtherBatches) {
  const Taken whole = take_step(true, {});
  const Taken pieces = take_step(true, 4);
  EXPECT_GT(largest_difference(pieces.gradients, whole.gradients), 1e-3);
  EXPECT_EQ(whole.after.at("bn1.num_batches_tracked").item<std::int64_t>(), 1);
  EXPECT_EQ(pieces.after.at("bn1.num_batches_tracked").item<std::int64_t>(), 2);
}

/// Drop path draws for the images of the batch, in whatever pieces they come, and computed again or not.
TEST(MicroBatches, DropTheWholeBatchsPaths) {
  const auto gradients = [](std::optional<std::int64_t> micro_batch, Recompute recompute) {
    Graph graph = tiny(false);
    graph.mark(graph.attention_taps()[0], Mark::kDropPath);
    graph.mark(graph.attention_taps()[0], Mark::kSegmentEnd);
    GraphModule module(std::move(graph));
    torch::manual_seed(1);
    {
      const torch::NoGradGuard no_gradient;
      for (Tensor &parameter : module.parameters()) parameter.uniform_(-0.5, 0.5);
    }
    module.to(torch::kFloat64);
    Sgd sgd = sgd_of(module);
    torch::manual_seed(3);
    const Tensor images = torch::randn({8, 2, 6, 6}, torch::kFloat64);
    train_step({.student = &module}, sgd, images, torch::randint(3, {8}, torch::kInt64), 0.1,
               {.losses = {}, .recompute = recompute, .micro_batch = micro_batch}, {.drop_path = 0.5, .seed = 5, .step = 2});
    Tensors out;
    for (const auto &entry : module.named_parameters()) out[entry.key()] = entry.value().grad();
    return out;
  };
  const Tensors whole = gradients({}, Recompute::kNone);
  for (Recompute recompute : {Recompute::kNone, Recompute::kAll})
    for (std::int64_t images : {1, 3, 4})
      EXPECT_LE(largest_difference(gradients(images, recompute), whole), 1e-12)
          << images << (recompute == Recompute::kAll ? " recomputed" : "");
}

/// The gradients of a step are not those of the step before.
TEST(Step, StartsWithoutGradients) {
  const auto module = make(false, 1);
  Sgd sgd = sgd_of(*module);
  torch::manual_seed(3);
  const Tensor images = torch::randn({4, 2, 6, 6});
  const Tensor labels = torch::randint(3, {4}, torch::kInt64);
  const auto gradient = [&] {
    train_step({.student = module.get()}, sgd, images, labels, 0, {.losses = {}}, {}); // a learning rate of 0 changes nothing
    return module->named_parameters()["conv1.weight"].grad().clone();
  };
  const Tensor first = gradient();
  EXPECT_TRUE(torch::equal(gradient(), first));
}

TEST(Step, LeavesTheTeacherAlone) {
  const auto student = make(true, 1);
  const auto teacher = make(true, 2);
  const Tensors before = copy_of(*teacher);
  Sgd sgd = sgd_of(*student);
  train_step({.student = student.get(), .teacher = teacher.get()}, sgd, torch::randn({4, 2, 6, 6}),
             torch::zeros({4}, torch::kInt64), 0.1, {.losses = {}}, {});
  for (const auto &[name, tensor] : copy_of(*teacher)) EXPECT_TRUE(torch::equal(tensor, before.at(name))) << name;
  for (const Tensor &parameter : teacher->parameters()) EXPECT_FALSE(parameter.grad().defined());
}

/// Clipping changes the update: by norm 1e-3, with neither momentum nor decay, the parameters move by 0.1 x 1e-3.
TEST(Step, ClipsGradients) {
  const auto module = make(false, 1);
  const Tensors before = copy_of(*module);
  Sgd sgd = sgd_of(*module, 0);
  train_step({.student = module.get()}, sgd, torch::randn({4, 2, 6, 6}), torch::zeros({4}, torch::kInt64), 0.1,
             {.losses = {}, .clip_grad = 1e-3}, {});
  double squares = 0;
  for (const auto &[name, tensor] : copy_of(*module))
    squares += (tensor - before.at(name)).to(torch::kFloat64).square().sum().item<double>();
  EXPECT_NEAR(std::sqrt(squares), 1e-4, 1e-6);
}

constexpr float kInfinity = std::numeric_limits<float>::infinity();

struct Fault {
  const char *name;
  std::function<void(GraphModule &, Tensor &images)> make;
  const char *told;
};

void fill(GraphModule &module, const char *parameter, float value) {
  const torch::NoGradGuard no_gradient;
  module.named_parameters()[parameter].fill_(value);
}

void PrintTo(const Fault &fault, std::ostream *out) { *out << fault.name; }

class NotFiniteSteps : public testing::TestWithParam<Fault> {};

TEST_P(NotFiniteSteps, AreNotTakenAndNamed) {
  const auto module = make(true, 1);
  torch::manual_seed(3);
  Tensor images = torch::randn({4, 2, 6, 6});
  GetParam().make(*module, images);
  Sgd sgd = sgd_of(*module);
  const Tensors before = copy_of(*module);
  EXPECT_THROW(train_step({.student = module.get()}, sgd, images, torch::zeros({4}, torch::kInt64), 0.1,
                          {.losses = {}, .check_finite = true}, {}),
               NotFinite);
  for (const auto &entry : module->named_parameters())
    EXPECT_TRUE(torch::equal(entry.value(), before.at(entry.key()))) << entry.key();
  for (const Sgd::Parameter &p : sgd.parameters()) EXPECT_EQ(p.momentum.abs().max().item<double>(), 0) << p.name;

  const Tensors statistics = copy_of(*module);
  std::size_t observed = 0;
  module->observe([&](NodeId, const Tensor &) { ++observed; });
  EXPECT_EQ(module->first_not_finite(images, {.training = true}), GetParam().told);
  // It looks and changes nothing.
  for (const auto &[name, tensor] : copy_of(*module))
    EXPECT_TRUE(tensor.equal(statistics.at(name)) || tensor.isnan().any().item<bool>()) << name;
  module->run(torch::randn({4, 2, 6, 6}), {.training = true});
  EXPECT_GT(observed, 0u) << "the observer from before is back";
}

// 3e38 is near the largest float, 3.4e38: sums of products with it overflow in the layer that makes them.
INSTANTIATE_TEST_SUITE_P(
    Faults, NotFiniteSteps,
    testing::Values(
        Fault{"Parameter", [](GraphModule &m, Tensor &) { fill(m, "conv2.bias", kInfinity); }, "parameter conv2.bias"},
        Fault{"Input", [](GraphModule &, Tensor &x) { x[0][0][0][0] = kInfinity; }, "the input"},
        Fault{"FirstLayer",
              [](GraphModule &m, Tensor &x) {
                fill(m, "conv1.weight", 3e38F);
                x.fill_(9);
              },
              "layer conv1 (conv)"},
        Fault{"LaterLayer", [](GraphModule &m, Tensor &) { fill(m, "conv2.weight", 3e38F); }, "layer conv2 (conv)"},
        Fault{"LastLayer", [](GraphModule &m, Tensor &) { fill(m, "conv2.bias", 9e3F), fill(m, "fc.weight", 3e38F); },
              "layer fc (linear)"}),
    [](const testing::TestParamInfo<Fault> &param) { return param.param.name; });

TEST(FirstNotFinite, IsNoneWhereAllIsWell) {
  const auto module = make(true, 1);
  EXPECT_EQ(module->first_not_finite(torch::randn({4, 2, 6, 6}), {.training = true}), std::nullopt);
}

/// Without the check (a GPU would have to be waited for) the step is taken.
TEST(Step, DoesNotLookUnlessAsked) {
  const auto module = make(false, 1);
  fill(*module, "fc.bias", kInfinity);
  Sgd sgd = sgd_of(*module);
  EXPECT_NO_THROW(train_step({.student = module.get()}, sgd, torch::randn({4, 2, 6, 6}), torch::zeros({4}, torch::kInt64), 0.1,
                             {.losses = {}}, {}));
}

/// bfloat16 has 8 bits: logits differ from those in single precision, and not by much; parameters and losses stay in single
/// precision.
TEST(Step, RunsInBfloat16) {
  const auto module = make(true, 1);
  torch::manual_seed(3);
  const Tensor images = torch::randn({4, 2, 6, 6});
  Tensor exact;
  {
    const torch::NoGradGuard no_gradient;
    exact = module->run(images, {.training = true, .update_statistics = false}).logits;
  }
  Sgd sgd = sgd_of(*module);
  const StepResult result = train_step({.student = module.get()}, sgd, images, torch::zeros({4}, torch::kInt64), 0.1,
                                       {.losses = {}, .precision = Precision::kBf16}, {});
  EXPECT_EQ(result.losses.total.scalar_type(), torch::kFloat32);
  const double error = test::error_of(result.logits, exact);
  EXPECT_GT(error, 1e-5);
  EXPECT_LT(error, 0.05);
  for (const Tensor &parameter : module->parameters()) EXPECT_EQ(parameter.scalar_type(), torch::kFloat32);
  EXPECT_FALSE(at::autocast::is_autocast_enabled(torch::kCPU));
}

// PyTorch: "Expected more than 1 value per channel when training".
TEST(Step, BatchNormOverOneValueIsRefused) {
  for (const bool relu : {false, true}) {
    Graph graph;
    Builder b(graph);
    NodeId x = b.batch_norm("bn1", graph.add_input({.batch = 1, .channels = 16, .height = 1, .width = 1}));
    if (relu) x = b.op("relu1", Relu{}, {x}); // one kernel with it
    graph.set_output(b.linear("fc", x, 3));
    GraphModule module(std::move(graph));
    const torch::NoGradGuard no_gradient;
    for (Tensor &parameter : module.parameters()) parameter.fill_(0.5);
    try {
      module.run(torch::randn({1, 16, 1, 1}), {.training = true});
      ADD_FAILURE() << "not refused";
    } catch (const Error &error) {
      EXPECT_STREQ(error.what(),
                   "[invalid_config] bn1: batch norm has one value per channel, of 1 image of 1 x 1, and no variance "
                   "to divide by; more images in a pass would be accepted");
    }
    EXPECT_NO_THROW(module.run(torch::randn({2, 16, 1, 1}), {.training = true}));
    EXPECT_NO_THROW(module.run(torch::randn({1, 16, 1, 1}), {.training = false}));
  }
}

} // namespace
} // namespace pare::train

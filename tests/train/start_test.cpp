// A student that begins at its teacher's projection.

#include "train/start.hpp"

#include "tests/train/numerics.hpp"
#include "tests/train_data/images.hpp"

#include "train/evaluate.hpp"
#include "train/initialise.hpp"
#include "train/loader.hpp"
#include "train/optimizer.hpp"
#include "train/plan/run_config.hpp"
#include "train/step.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <random>

namespace pare::train {
namespace {

using torch::Tensor;

/// Convolutions of 3 x 3 and of 1 x 1, with a bias on one; the last is marked as `baseline`.
std::string start_network(const std::string &baseline = "Conv") {
  return R"({"schema": "pare.network/1", "name": "small", "input": [3, 32, 32], "layers": [
    {"id": "stem", "op": "conv", "inputs": ["input"], "out_channels": 8, "kernel": 3, "stride": 2, "padding": 1},
    {"id": "stem.bn", "op": "batch_norm", "inputs": ["stem"]}, {"id": "stem.relu", "op": "relu", "inputs": ["stem.bn"]},
    {"id": "a", "op": "conv", "inputs": ["stem.relu"], "out_channels": 16, "kernel": 3, "stride": 2, "padding": 1,
     "replaceable": "Conv"},
    {"id": "a.bn", "op": "batch_norm", "inputs": ["a"]}, {"id": "a.relu", "op": "relu", "inputs": ["a.bn"]},
    {"id": "b", "op": "conv", "inputs": ["a.relu"], "out_channels": 32, "kernel": 1, "bias": true, "replaceable": "Conv"},
    {"id": "b.bn", "op": "batch_norm", "inputs": ["b"]}, {"id": "b.relu", "op": "relu", "inputs": ["b.bn"]},
    {"id": "c", "op": "conv", "inputs": ["b.relu"], "out_channels": 32, "kernel": 3, "padding": 1, "replaceable": ")" +
         baseline + R"("},
    {"id": "c.bn", "op": "batch_norm", "inputs": ["c"]}, {"id": "c.relu", "op": "relu", "inputs": ["c.bn"]},
    {"id": "pool", "op": "global_avg_pool", "inputs": ["c.relu"]}, {"id": "flat", "op": "flatten", "inputs": ["pool"]},
    {"id": "fc", "op": "linear", "inputs": ["flat"], "out_features": 10, "bias": true}],
    "attention_taps": [], "output": "fc"})";
}

/// Real numbers in double precision: an index stays what it is.
void make_double(torch::nn::Module &module) {
  for (Tensor &tensor : module.parameters()) tensor.set_data(tensor.to(torch::kFloat64));
  for (Tensor &tensor : module.buffers())
    if (tensor.is_floating_point()) tensor.set_data(tensor.to(torch::kFloat64));
}

/// With everything drawn from the seed, batch norms' statistics too.
Model model_of(const std::string &document, const std::string &substitution, std::uint64_t seed, bool where_possible = false) {
  ModelConfig config;
  config.network.document = document;
  config.input = {.batch = 1, .channels = 3, .height = 32, .width = 32};
  config.substitution = substitution;
  Model out = build_model(design_of(config), false, where_possible);
  make_double(*out.module);
  initialise(*out.module, seed);
  const torch::NoGradGuard no_gradient;
  torch::manual_seed(seed);
  for (const auto &entry : out.module->named_buffers())
    if (entry.key().find("running_") != std::string::npos) entry.value().copy_(torch::rand(entry.value().sizes()) + 0.5);
  return out;
}

std::map<std::string, Tensor> tensors_of_start(const Model &model) {
  std::map<std::string, Tensor> out;
  for (const auto &entry : model.module->named_parameters()) out[entry.key()] = entry.value().detach();
  for (const auto &entry : model.module->named_buffers()) out[entry.key()] = entry.value();
  return out;
}

/// A teacher that computes what a substituted network does: each weight is what the layer makes of numbers one by one.
void take_weights(Model &teacher, Model &member) {
  const torch::NoGradGuard no_gradient;
  const auto targets = tensors_of_start(teacher);
  const auto sources = tensors_of_start(member);
  std::map<std::string, std::pair<Tensor, Tensor>> computed; // of each layer, its weight and what makes it
  for (const auto &[name, tensor] : targets)
    if (const auto same = sources.find(name); same != sources.end() && same->second.sizes() == tensor.sizes())
      Tensor(tensor).copy_(same->second);
  for (const ConvSites &sites : replaceable_sites(teacher.design.network.graph)) {
    // The member's layer on impulses, by the network's own evaluation.
    ConvSite site = sites.front();
    const std::int64_t k = site.kernel.height;
    const ConvSite impulse = make_site(site.name, {.batch = 1, .channels = site.in_channels(), .height = 1, .width = 1},
                                       site.out_channels(), {k, k}, {1, 1}, {k - 1, k - 1}, {1, 1}, site.bias);
    Graph graph;
    graph.set_output(lower_site(graph, impulse, graph.add_input(impulse.input), *member.design.plan.find(site.name)));
    GraphModule layer(std::move(graph));
    make_double(layer);
    for (const auto &entry : layer.named_parameters()) entry.value().copy_(sources.at(entry.key()));
    for (const auto &entry : layer.named_buffers()) entry.value().copy_(sources.at(entry.key()));
    const Tensor eye = torch::eye(site.in_channels(), torch::kFloat64).reshape({site.in_channels(), -1, 1, 1});
    Tensor response;
    const NodeId output = layer.graph().output();
    layer.observe([&](NodeId node, const Tensor &value) {
      if (node == output) response = value.detach().clone();
    });
    const auto respond = [&](const Tensor &x) {
      layer.run(x, {});
      return response;
    };
    const Tensor bias = respond(torch::zeros({1, site.in_channels(), 1, 1}, torch::kFloat64)).clone();
    const Tensor weight = (respond(eye) - bias).flip({2, 3}).transpose(0, 1);
    Tensor(targets.at(site.name + ".conv.weight")).copy_(weight);
    if (site.bias)
      Tensor(targets.at(site.name + ".conv.bias")).copy_(bias.flatten(1).select(0, 0).reshape({-1, k * k}).select(1, 0));
  }
}

// The library's own evaluation of a member, projected, is the member's: by layers of whose maps the projection finds every one.
TEST(Start, OfATeacherThatIsAMemberIsThatMember) {
  for (const std::string text : {"Sep", "generic:rank_scale=0.25", "Hashed_0.3", "hashed:ratio=0.3,sign=yes"}) {
    Model member = model_of(start_network(), text, 1);
    Model teacher = model_of(start_network(), "", 2);
    take_weights(teacher, member);
    Model student = model_of(start_network(), text, 3);
    draw_buffers(*student.module, 1); // the member's index
    const Started started = start_at(student, teacher, {});
    EXPECT_EQ(started.projected.size(), 3U) << text;
    EXPECT_NEAR(started.energy_kept(), 1, 1e-12) << text;
    // A hashed layer has a bias of its own, where the convolution has none: the teacher cannot know it.
    if (text.find("ash") != std::string::npos) {
      const torch::NoGradGuard no_gradient;
      const auto from = tensors_of_start(member);
      for (const auto &[name, tensor] : tensors_of_start(student))
        if (name == "a.bias" || name == "c.bias") {
          EXPECT_EQ(tensor.abs().max().item<double>(), 0) << name;
          Tensor(tensor).copy_(from.at(name));
        }
    }
    torch::manual_seed(4);
    const Tensor x = torch::randn({5, 3, 32, 32}, torch::kFloat64);
    const torch::NoGradGuard no_gradient;
    EXPECT_LT(test::error_of(student.module->run(x, {}).logits, member.module->run(x, {}).logits), 1e-7) << text;
    EXPECT_TRUE(started.drawn.empty()) << fmt::format("{}", started.drawn.size());
  }
}

TEST(Start, WhatIsNotSubstitutedIsTheTeachers) {
  const Model teacher = model_of(start_network(), "", 2);
  Model student = model_of(start_network(), "ACDC_4", 3, true); // has no projection; N = 16, 32, 32
  const auto before = [&] {
    std::map<std::string, Tensor> out;
    for (const auto &[name, tensor] : tensors_of_start(student)) out[name] = tensor.clone();
    return out;
  }();
  const Started started = start_at(student, teacher, {});
  EXPECT_TRUE(started.projected.empty());
  EXPECT_EQ(started.drawn, (std::vector<std::string>{"a", "b", "c"}));
  const auto theirs = tensors_of_start(teacher);
  std::size_t copied = 0;
  for (const auto &[name, tensor] : tensors_of_start(student)) {
    const auto same = theirs.find(name);
    EXPECT_TRUE(tensor.equal(same != theirs.end() ? same->second : before.at(name))) << name;
    copied += same != theirs.end() && !tensor.equal(before.at(name)) ? 1 : 0;
  }
  EXPECT_GE(copied, 8U) << "weights of the stem and the classifier, statistics of four batch norms";
}

// A layer that is separable before anything is substituted is multiplied out.
TEST(Start, OfASeparableLayer) {
  const Model teacher = model_of(start_network("Sep"), "", 2);
  Model student = model_of(start_network("Sep"), "Generic_1.0", 3); // of full rank: the map itself
  const Started started = start_at(student, teacher, {});
  ASSERT_EQ(started.projected.size(), 3U);
  EXPECT_EQ(started.projected[2].name, "c");
  EXPECT_NEAR(started.projected[2].energy_kept, 1, 1e-12);
  EXPECT_TRUE(started.projected[2].is_nearest);
  EXPECT_NEAR(started.projected[1].energy_kept, 1, 1e-12) << "a 1 x 1 of full rank";
  EXPECT_LT(started.projected[0].energy_kept, 1) << "a full 3 x 3";
}

/// Images of random pixels.
class RandomPixels final : public Dataset {
public:
  std::int64_t size() const override { return 64; }
  std::int64_t classes() const override { return 10; }
  std::int64_t label(std::int64_t index) const override { return index % 10; }
  std::string name(std::int64_t index) const override { return std::to_string(index); }
  std::optional<ImageSize> fixed_size() const override { return ImageSize{.height = 32, .width = 32}; }
  Sample load(std::int64_t index, const ScaleRule & /*rule*/) const override {
    Image image = test::make_map(32, 32);
    std::mt19937 random(static_cast<std::uint32_t>(index));
    for (std::uint8_t &pixel : image.pixels) pixel = static_cast<std::uint8_t>(random() % 256);
    return {.image = std::move(image), .label = label(index)};
  }
};

// Of batches of one size the running statistics are the mean of each batch's own, of the unbiased variance; nothing else moves.
TEST(Start, StatisticsAreMeasuredAnew) {
  Loader training(std::make_shared<RandomPixels>(), find_protocol("fashion-mnist").augmentation,
                  {.batch = 16, .seed = 0, .shuffle = true, .training = true});
  Model student = model_of(start_network(), "Generic_0.5", 3);
  for (Tensor &tensor : student.module->parameters()) tensor.set_data(tensor.to(torch::kFloat32));
  for (Tensor &tensor : student.module->buffers())
    if (tensor.is_floating_point()) tensor.set_data(tensor.to(torch::kFloat32));
  std::map<std::string, Tensor> before;
  for (const auto &[name, tensor] : tensors_of_start(student)) before[name] = tensor.clone();
  const torch::NoGradGuard no_gradient;
  std::vector<Tensor> stems; // the stem's output on each batch
  training.start(0);
  while (const auto batch = training.next()) stems.push_back(at::conv2d(batch->images, before.at("stem.weight"), {}, 2, 1));
  ASSERT_EQ(stems.size(), 4U);
  EXPECT_EQ(measure_statistics(*student.module, training, torch::kCPU, Precision::kFp32, 1, 1000), 4);
  Tensor mean = torch::zeros({8});
  Tensor variance = torch::zeros({8});
  for (const Tensor &stem : stems) {
    mean += stem.mean({0, 2, 3}) / 4;
    variance += stem.transpose(0, 1).flatten(1).var(1, true) / 4;
  }
  std::size_t measured = 0;
  for (const auto &[name, tensor] : tensors_of_start(student)) {
    const bool is_statistic = name.find("running_") != std::string::npos || name.ends_with("num_batches_tracked");
    EXPECT_EQ(tensor.equal(before.at(name)), !is_statistic) << name;
    measured += is_statistic ? 1 : 0;
  }
  const auto now = tensors_of_start(student);
  EXPECT_LT(test::error_of(now.at("stem.bn.running_mean"), mean), 1e-5);
  EXPECT_LT(test::error_of(now.at("stem.bn.running_var"), variance), 1e-5);
  EXPECT_EQ(measured, 12U) << "mean, variance and number of batches of four batch norms";
}

/// The first images of a set.
class FirstOf final : public Dataset {
public:
  FirstOf(std::shared_ptr<const Dataset> all, std::int64_t size) : all_(std::move(all)), size_(size) {}
  std::int64_t size() const override { return size_; }
  std::int64_t classes() const override { return all_->classes(); }
  std::int64_t label(std::int64_t index) const override { return all_->label(index); }
  std::string name(std::int64_t index) const override { return all_->name(index); }
  std::optional<ImageSize> fixed_size() const override { return all_->fixed_size(); }
  Sample load(std::int64_t index, const ScaleRule &rule) const override { return all_->load(index, rule); }

private:
  std::shared_ptr<const Dataset> all_;
  std::int64_t size_;
};

// A teacher of a few seconds on real images; students of low rank of five seeds, before any step, by its statistics too.
TEST(Start, ProjectedOnFashionMnistIsBetterThanTheBestRandomStart) {
  const std::string images = "/usr/share/datasets/fashion-mnist";
  if (!std::filesystem::exists(images))
    GTEST_SKIP() << "Fashion-MNIST is not here: the package dataset-fashion-mnist of Debian and Ubuntu has it";
  const DataSource data = open_data("fashion-mnist:" + images, OnBadFile::kFail, Digest::kCrc64, 200);
  const Augmentation augmentation = find_protocol("fashion-mnist").augmentation;
  Loader training(data.train, augmentation, {.batch = 50, .seed = 0, .shuffle = true, .training = true});
  Loader validation(std::make_shared<FirstOf>(data.validation, 1000), augmentation, {.batch = 250});

  const auto made = [](const std::string &substitution, std::uint64_t seed) {
    ModelConfig config;
    config.network.document = start_network();
    config.input = {.batch = 1, .channels = 3, .height = 32, .width = 32};
    config.substitution = substitution;
    Model out = build_model(design_of(config), false, false);
    initialise(*out.module, seed);
    return out;
  };
  const auto error_percent = [&](Model &model) {
    return evaluate(*model.module, validation, torch::kCPU, Precision::kFp32).top1_percent();
  };
  Model teacher = made("", 0);
  std::vector<Sgd::Parameter> parameters;
  for (const auto &entry : teacher.module->named_parameters())
    parameters.push_back({.name = entry.key(), .tensor = entry.value(), .decay = 5e-3});
  Sgd sgd(std::move(parameters), 0.9);
  std::uint64_t step = 0;
  for (std::int64_t epoch = 0; epoch < 6; ++epoch) {
    training.start(epoch);
    while (const auto batch = training.next())
      train_step({.student = teacher.module.get()}, sgd, batch->images, batch->labels, epoch < 4 ? 0.1 : 0.01, {.losses = {}},
                 {.training = true, .step = step++});
  }
  ASSERT_LT(error_percent(teacher), 40) << "the teacher has learned nothing";

  double best_random = 100;
  double worst_projected = 0;
  double worst_measured = 0;
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    Model student = made("Generic_0.5", seed);
    best_random = std::min(best_random, error_percent(student));
    const Started started = start_at(student, teacher, {});
    EXPECT_EQ(started.projected.size(), 3U);
    worst_projected = std::max(worst_projected, error_percent(student));
    EXPECT_EQ(measure_statistics(*student.module, training, torch::kCPU, Precision::kFp32, 1, 1000), training.batches());
    worst_measured = std::max(worst_measured, error_percent(student));
  }
  EXPECT_LT(worst_measured, worst_projected) << "the teacher's statistics do not fit what is projected";
  EXPECT_LT(worst_projected, best_random);
  RecordProperty("projected", std::to_string(worst_projected));
  RecordProperty("measured", std::to_string(worst_measured));
  RecordProperty("random", std::to_string(best_random));
}

} // namespace
} // namespace pare::train

// Steps that a GPU repeats as one graph are the steps that it takes one operation after the other.

#include "tests/train/numerics.hpp"
#include "tests/train/substitutes.hpp"

#include "analysis/lower.hpp"
#include "models/network.hpp"
#include "train/device.hpp"
#include "train/initialise.hpp"
#include "train/step_graph.hpp"

namespace pare::train {
namespace {

using torch::Tensor;

struct Training {
  std::unique_ptr<GraphModule> student;
  std::unique_ptr<GraphModule> teacher;
  std::unique_ptr<Sgd> sgd;
};

std::unique_ptr<GraphModule> build(std::string_view substitute, torch::Device device) {
  const Lowered made = lower(make_network("wrn-10-1").graph, {.uniform = parse_substitute(substitute), .layers = {}},
                             WhereRefused::kLeaveAsItIs);
  auto out = std::make_unique<GraphModule>(made.graph);
  initialise(*out, 1);
  out->to(device);
  return out;
}

Training start(std::string_view substitute, torch::Device device, Precision precision) {
  Training out{.student = build(substitute, device), .teacher = build("Conv", device), .sgd = {}};
  for (Tensor &parameter : out.teacher->parameters()) parameter.requires_grad_(false);
  out.teacher->freeze(precision);
  std::vector<Sgd::Parameter> parameters;
  for (const auto &entry : out.student->named_parameters())
    parameters.push_back({.name = entry.key(), .tensor = entry.value(), .decay = 5e-4});
  out.sgd = std::make_unique<Sgd>(std::move(parameters), 0.9);
  return out;
}

/// All numbers of some steps: of whole batches and of smaller last ones, at rates that change.
std::vector<Tensor> take_steps(std::string_view substitute, torch::Device device, Precision precision, bool channels_last,
                               bool records) {
  Training training = start(substitute, device, precision);
  Stepper step({.student = training.student.get(), .teacher = training.teacher.get()}, *training.sgd,
               {.losses = {.cross_entropy = 0.5, .distillation = 0.5}, .precision = precision}, records);
  torch::manual_seed(4);
  std::vector<Tensor> out;
  for (int i = 0; i < 7; ++i) {
    const std::int64_t batch = i % 2 == 0 ? 8 : 5;
    Tensor images = torch::randn({batch, 3, 32, 32}).to(device);
    if (channels_last) images = images.contiguous(torch::MemoryFormat::ChannelsLast);
    const Tensor labels = torch::randint(0, 10, {batch}).to(device);
    const StepResult result = step(images, labels, i < 4 ? 0.01 : 0.001, {});
    out.push_back(result.losses.total.clone());
    out.push_back(result.logits.clone());
  }
  for (const auto &entry : training.student->named_parameters()) out.push_back(entry.value().detach().cpu());
  for (const auto &entry : training.student->named_buffers()) out.push_back(entry.value().cpu());
  return out;
}

TEST(Stepper, OnTheCpuTakesStepsAsTheyCome) {
  const auto plain = take_steps("Generic_0.25", torch::kCPU, Precision::kFp32, false, false);
  const auto asked = take_steps("Generic_0.25", torch::kCPU, Precision::kFp32, false, true);
  ASSERT_EQ(plain.size(), asked.size());
  for (std::size_t i = 0; i < plain.size(); ++i) EXPECT_TRUE(torch::equal(plain[i], asked[i]));
  EXPECT_FALSE(torch::equal(plain[0], plain[2]));
}

TEST(Gpu, RecordedStepsAreTheSameSteps) {
  std::string why;
  if (!has_cuda(why)) GTEST_SKIP() << why;
  const torch::Device device = open_device("cuda");
  open_precision("fp32", device);
  for (const std::string_view substitute : all_substitutes()) {
    SCOPED_TRACE(std::string(substitute));
    for (const Precision precision : {Precision::kFp32, Precision::kBf16}) {
      const bool channels_last = precision == Precision::kBf16;
      if (!channels_last && substitute != "Generic_0.25") continue; // libraries' kernels for all
      try {
        const auto plain = take_steps(substitute, device, precision, channels_last, false);
        const auto recorded = take_steps(substitute, device, precision, channels_last, true);
        ASSERT_EQ(plain.size(), recorded.size());
        std::size_t differ = 0;
        for (std::size_t i = 0; i < plain.size(); ++i) differ += torch::equal(plain[i], recorded[i]) ? 0 : 1;
        EXPECT_EQ(differ, 0U) << (channels_last ? "bf16" : "fp32") << ": of " << plain.size();
      } catch (const c10::Error &error) {
        ADD_FAILURE() << error.what_without_backtrace();
      }
    }
  }
}

// bfloat16 has 8 digits: a few in a thousand.
TEST(Gpu, TeachersInBfloat16AreNearThoseInSinglePrecision) {
  std::string why;
  if (!has_cuda(why)) GTEST_SKIP() << why;
  const torch::Device device = open_device("cuda");
  open_precision("fp32", device);
  const torch::NoGradGuard no_gradient;
  torch::manual_seed(5);
  const Tensor x = torch::randn({8, 3, 32, 32}).to(device);
  for (const char *substitute : {"Conv", "Shuffle_2", "Generic_0.25"}) {
    SCOPED_TRACE(substitute);
    const auto single = build(substitute, device);
    const auto shorter = build(substitute, device);
    single->freeze();
    shorter->freeze(Precision::kBf16);
    const Outputs expected = single->run(x, {.training = false});
    const PrecisionGuard guard(Precision::kBf16, device.type());
    const Outputs found = shorter->run(x.contiguous(torch::MemoryFormat::ChannelsLast), {.training = false});
    EXPECT_EQ(found.taps[0].scalar_type(), torch::kBFloat16);
    EXPECT_LE(test::error_of(found.logits, expected.logits), 0.03);
    for (std::size_t i = 0; i < found.taps.size(); ++i) EXPECT_LE(test::error_of(found.taps[i], expected.taps[i]), 0.03);
  }
}

} // namespace
} // namespace pare::train

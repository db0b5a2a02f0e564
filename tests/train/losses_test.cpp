#include "tests/train/numerics.hpp"

#include "train/losses.hpp"

#include <cmath>

namespace pare::train {
namespace {

using pare::test::expect_error;
using torch::Tensor;

Tensor numbers(std::vector<double> values, std::vector<std::int64_t> sizes) {
  return torch::tensor(values, torch::kFloat64).reshape(sizes);
}

void expect_numbers(const Tensor &x, const std::vector<double> &wanted, double allowed = 1e-12) {
  const Tensor flat = x.detach().to(torch::kFloat64).contiguous().flatten();
  ASSERT_EQ(flat.numel(), static_cast<std::int64_t>(wanted.size()));
  for (std::size_t i = 0; i < wanted.size(); ++i)
    EXPECT_NEAR(flat[static_cast<std::int64_t>(i)].item<double>(), wanted[i], allowed) << "element " << i;
}

// Channels (1, 2) and (3, 4) at two positions: means of squares (1 + 9) / 2 = 5 and (4 + 16) / 2 = 10, of norm 5 sqrt(5).
TEST(AttentionMap, IsTheMeanSquareOfLengthOne) {
  const Tensor x = numbers({1, 2, 3, 4}, {1, 2, 1, 2});
  const double root = std::sqrt(5.0);
  expect_numbers(attention_map(x), {1 / root, 2 / root});
  EXPECT_EQ(attention_map(x).sizes().vec(), (std::vector<std::int64_t>{1, 2}));
}

// Each image is divided by its own norm, positions are in rows: 3 x 3 at one position is 9 / 9.
TEST(AttentionMap, IsOfEachImageAlone) {
  const Tensor x = numbers({3, 0, 0, 0, /* second image */ 0, 0, 0, 100}, {2, 1, 2, 2});
  expect_numbers(attention_map(x), {1, 0, 0, 0, 0, 0, 0, 1});
}

TEST(AttentionMap, OfNothingIsNothing) {
  expect_numbers(attention_map(torch::zeros({2, 3, 2, 2})), std::vector<double>(8, 0.0));
}

/// Whatever the type and the order in memory: single precision in channels-last order is computed by code of our own.
TEST(AttentionMap, DoesNotDependOnTheOrderInMemory) {
  torch::manual_seed(3);
  for (std::int64_t channels : {1, 5, 16, 37}) {
    const Tensor x = torch::randn({3, channels, 4, 6}, torch::kFloat64);
    const Tensor wanted = attention_map(x);
    const Tensor plain = x.to(torch::kFloat32);
    EXPECT_LE(test::error_of(attention_map(plain), wanted), 1e-6) << channels;
    EXPECT_LE(test::error_of(attention_map(plain.contiguous(torch::MemoryFormat::ChannelsLast)), wanted), 1e-6) << channels;
  }
}

// Differences (1, -1) and (0, 0): squares 1, 1, 0, 0, norms sqrt(2) and 0.
TEST(AttentionLoss, BothForms) {
  const Tensor student = numbers({1, 0, 0.6, 0.8}, {2, 2});
  const Tensor teacher = numbers({0, 1, 0.6, 0.8}, {2, 2});
  expect_numbers(attention_loss(student, teacher, AttentionForm::kReference), {2.0 / 4});
  expect_numbers(attention_loss(student, teacher, AttentionForm::kPaper), {std::sqrt(2.0) / 2});
}

// T = 2: the teacher's (2 ln 3, 0) / 2 is (3/4, 1/4), the student's (0, 0) is (1/2, 1/2).
// KL = 3/4 ln(3/2) + 1/4 ln(1/2), averaged over 1 image and 2 classes, x 2 T^2 = 8.
TEST(DistillationLoss, IsTheReferences) {
  const Tensor student = numbers({0, 0}, {1, 2});
  const Tensor teacher = numbers({2 * std::log(3.0), 0}, {1, 2});
  const double kl = 0.75 * std::log(1.5) + 0.25 * std::log(0.5);
  constexpr auto kReference = DistillationForm::kReference;
  expect_numbers(distillation_loss(student, teacher, 2, kReference), {kl / 2 * 8});
  expect_numbers(distillation_loss(torch::cat({student, student}), torch::cat({teacher, student}), 2, kReference),
                 {kl / 4 * 8});
  expect_numbers(distillation_loss(teacher, teacher, 2, kReference), {0});
}

// The same, averaged over images alone, x T^2 = 4.
TEST(DistillationLoss, OfHinton) {
  const Tensor student = numbers({0, 0}, {1, 2});
  const Tensor teacher = numbers({2 * std::log(3.0), 0}, {1, 2});
  const double kl = 0.75 * std::log(1.5) + 0.25 * std::log(0.5);
  constexpr auto kHinton = DistillationForm::kHinton;
  expect_numbers(distillation_loss(student, teacher, 2, kHinton), {kl * 4});
  expect_numbers(distillation_loss(torch::cat({student, student}), torch::cat({teacher, student}), 2, kHinton), {kl / 2 * 4});
  // The reference's is classes / 2 times weaker.
  torch::manual_seed(1);
  const Tensor a = torch::randn({5, 10}, torch::kFloat64);
  const Tensor b = torch::randn({5, 10}, torch::kFloat64);
  expect_numbers(distillation_loss(a, b, 4, kHinton),
                 {5 * distillation_loss(a, b, 4, DistillationForm::kReference).item<double>()});
}

/// Two images of two classes: cross-entropies ln 2 (logits equal) and ln(4/3) (ln 3 ahead).
struct Example {
  Tensor logits = numbers({0, 0, std::log(3.0), 0}, {2, 2});
  std::vector<Tensor> taps = {numbers({1, 0, 0, 2}, {2, 1, 1, 2}), numbers({1, 1}, {2, 1, 1, 1})};
  Targets targets{.labels = torch::tensor({1, 0}, torch::kInt64),
                  .teacher_logits = numbers({2 * std::log(3.0), 0, std::log(3.0), 0}, {2, 2}),
                  .teacher_energy = {numbers({0, 1, 0, 1}, {2, 1, 2}), numbers({1, 1}, {2, 1, 1})}};
  double cross_entropy = (std::log(2.0) + std::log(4.0 / 3)) / 2;
  double attention = 2.0 / 4; // first tap: differences (1, -1) and (0, 0); second: none
};

TEST(Losses, AreTheWeightedSum) {
  const Example e;
  LossSettings settings{.cross_entropy = 0.75, .distillation = 0.25, .beta = 10, .temperature = 2};
  const double kd = (0.75 * std::log(1.5) + 0.25 * std::log(0.5)) / 4 * 8;
  const Losses losses = compute_losses(e.logits, e.taps, e.targets, settings);
  expect_numbers(losses.cross_entropy, {e.cross_entropy});
  expect_numbers(losses.kd, {kd});
  expect_numbers(losses.attention, {e.attention});
  expect_numbers(losses.total, {0.75 * e.cross_entropy + 0.25 * kd + 3 * 10.0 / 2 * e.attention});

  settings.attention = AttentionForm::kPaper; // norms sqrt(2) and 0, averaged over the two images
  const Losses paper = compute_losses(e.logits, e.taps, e.targets, settings);
  expect_numbers(paper.attention, {std::sqrt(2.0) / 2});
}

/// What has no weight is not computed: taps need not match.
TEST(Losses, OfWhatHasAWeightAlone) {
  const Example e;
  const Losses none = compute_losses(e.logits, {e.taps[1]}, e.targets, {.distillation = 0, .beta = 0, .temperature = 2});
  EXPECT_FALSE(none.kd.defined());
  EXPECT_FALSE(none.attention.defined());
  expect_numbers(none.total, {e.cross_entropy});
  const Losses all =
      compute_losses(e.logits, e.taps, e.targets, {.cross_entropy = 0, .distillation = 1, .beta = 0, .temperature = 2});
  expect_numbers(all.total, {all.kd.item<double>()});
  EXPECT_GT(all.kd.item<double>(), 0);
  // Both weights are free.
  const Losses both =
      compute_losses(e.logits, e.taps, e.targets, {.cross_entropy = 1, .distillation = 0.9, .beta = 0, .temperature = 2});
  expect_numbers(both.total, {e.cross_entropy + 0.9 * all.kd.item<double>()});
}

// Of 2 classes with a share s spread over both: (1 - s) CE + s (-log p_0 - log p_1) / 2.
TEST(Losses, SmoothLabels) {
  const Example e;
  const Losses losses = compute_losses(
      e.logits, e.taps, {.labels = e.targets.labels, .teacher_logits = {}, .teacher_energy = {}}, {.label_smoothing = 0.2});
  const double spread = (std::log(2.0) + (std::log(4.0 / 3) + std::log(4.0)) / 2) / 2;
  expect_numbers(losses.cross_entropy, {0.8 * e.cross_entropy + 0.2 * spread});
}

TEST(Losses, PoolTheLargerMap) {
  // The student's energies 1, 9, 0, 4 (rows of 2 x 2) are 5 and 2 by columns of one, averaged: (1 + 0) / 2 and (9 + 4) / 2.
  const Example e;
  const Tensor larger = numbers({1, 3, 0, 2}, {1, 1, 2, 2});
  const Tensor half = numbers({0.5, 6.5}, {1, 1, 2});
  const LossSettings settings{.beta = 1, .resize = AttentionResize::kPool};
  const Tensor logits = e.logits.narrow(0, 0, 1);
  const Targets one{.labels = e.targets.labels.narrow(0, 0, 1),
                    .teacher_logits = e.targets.teacher_logits.narrow(0, 0, 1),
                    .teacher_energy = {half}};
  expect_numbers(compute_losses(logits, {larger}, one, settings).attention, {0});
  // The other way round: the energy is of the teacher.
  Targets swapped = one;
  swapped.teacher_energy = {larger.square().squeeze(1)};
  expect_numbers(compute_losses(logits, {half.sqrt().unsqueeze(1)}, swapped, settings).attention, {0});
  swapped.teacher_energy = {torch::ones({1, 1, 3}, torch::kFloat64)};
  expect_error([&] { compute_losses(logits, {larger}, swapped, settings); }, ErrorCode::kInvalidConfig, "attention tap 0",
               "2 x 2 and the teacher's 1 x 3, and neither is a multiple of the other");
}

TEST(Losses, WithoutATeacherAreTheCrossEntropy) {
  const Example e;
  const Losses losses =
      compute_losses(e.logits, e.taps, {.labels = e.targets.labels, .teacher_logits = {}, .teacher_energy = {}},
                     {.cross_entropy = 0.5, .distillation = 0.5, .beta = 10, .temperature = 2});
  expect_numbers(losses.total, {e.cross_entropy});
  EXPECT_FALSE(losses.kd.defined());
  EXPECT_FALSE(losses.attention.defined());
}

/// Logits [main; auxiliary]: labels and the teacher's logits stand for both, and one mean is made.
TEST(Losses, RepeatTargetsForAuxiliaryLogits) {
  const Example e;
  const Tensor auxiliary = numbers({2 * std::log(3.0), 0, 0, 0}, {2, 2}); // labels 1, 0: cross-entropies ln 10 and ln 2
  const Losses losses = compute_losses(torch::cat({e.logits, auxiliary}), e.taps, e.targets,
                                       {.cross_entropy = 0.5, .distillation = 0.5, .beta = 0, .temperature = 2});
  expect_numbers(losses.cross_entropy, {(2 * e.cross_entropy + std::log(10.0) + std::log(2.0)) / 4});
  const double both = (distillation_loss(e.logits, e.targets.teacher_logits, 2, DistillationForm::kReference) +
                       distillation_loss(auxiliary, e.targets.teacher_logits, 2, DistillationForm::kReference))
                          .item<double>();
  expect_numbers(losses.kd, {both / 2});
}

TEST(Losses, RefuseTapsThatDoNotFit) {
  const Example e;
  std::vector<Tensor> taps = e.taps;
  taps.pop_back();
  expect_error([&] { compute_losses(e.logits, taps, e.targets, {}); }, ErrorCode::kInvalidConfig, "attention",
               "the student has 1 attention taps and the teacher 2");
  taps = {e.taps[0], numbers({1, 1, 1, 1}, {2, 1, 1, 2})};
  expect_error([&] { compute_losses(e.logits, taps, e.targets, {}); }, ErrorCode::kInvalidConfig, "attention tap 1",
               "is 1 x 2 and the teacher's 1 x 1; maps of one size, attention_resize = pool or beta = 0 would be accepted");
}

} // namespace
} // namespace pare::train

// Element-wise work in one pass, against LibTorch's own operations in double precision.

#include "tests/support.hpp"
#include "train/modules/fused.hpp"
#include "train/torch.hpp"

#include <fmt/format.h>

#include <ATen/Parallel.h>

namespace pare::train {
namespace {

using torch::Tensor;

double difference_of(const Tensor &a, const Tensor &b) {
  const double scale = b.detach().abs().max().item<double>();
  const double difference = (a.detach().to(torch::kFloat64) - b.detach()).abs().max().item<double>();
  return scale > 0 ? difference / scale : difference; // a closed ReLU leaves nothing but zeros
}

Tensor channels_last(const Tensor &x) { return x.to(torch::kFloat32).contiguous(torch::MemoryFormat::ChannelsLast); }

struct Case {
  std::int64_t batch, channels, height, width;
  double offset; ///< of the mean from zero, in deviations
};

class Fused : public testing::TestWithParam<Case> {};

TEST_P(Fused, BatchNormIsLibTorchs) {
  const Case c = GetParam();
  for (const bool relu : {false, true}) {
    torch::manual_seed(5);
    const Tensor start = torch::randn({c.batch, c.channels, c.height, c.width}, torch::kFloat64) + c.offset;
    // What single precision can hold, so that both see the same numbers.
    const Tensor x = start.to(torch::kFloat32).to(torch::kFloat64).requires_grad_(true);
    const Tensor weight = (torch::rand({c.channels}) + 0.5).to(torch::kFloat64).requires_grad_(true);
    const Tensor bias = torch::randn({c.channels}).to(torch::kFloat64).requires_grad_(true);
    const Tensor dy = torch::randn(x.sizes()).to(torch::kFloat64);
    Tensor y = torch::batch_norm(x, weight, bias, {}, {}, true, 0.1, 1e-5, false);
    if (relu) y = y.relu();
    y.backward(dy);

    const Tensor x32 = channels_last(x.detach()).requires_grad_(true);
    const Tensor weight32 = weight.detach().to(torch::kFloat32).requires_grad_(true);
    const Tensor bias32 = bias.detach().to(torch::kFloat32).requires_grad_(true);
    ASSERT_TRUE(fuses(x32));
    BatchStatistics statistics;
    const Tensor y32 = fused_batch_norm(x32, weight32, bias32, 1e-5, relu, statistics);
    y32.backward(channels_last(dy));
    EXPECT_LE(difference_of(y32, y), 1e-5);
    EXPECT_LE(difference_of(statistics.mean, x.mean({0, 2, 3})), 1e-6);
    EXPECT_LE(difference_of(statistics.variance, x.var({0, 2, 3}, false)), 1e-5);
    EXPECT_LE(difference_of(x32.grad(), x.grad()), 1e-4);
    EXPECT_LE(difference_of(weight32.grad(), weight.grad()), 1e-4);
    EXPECT_LE(difference_of(bias32.grad(), bias.grad()), 1e-5);
  }
}

TEST_P(Fused, MeanSquareIsLibTorchs) {
  const Case c = GetParam();
  torch::manual_seed(6);
  const Tensor x = torch::randn({c.batch, c.channels, c.height, c.width}).to(torch::kFloat64).requires_grad_(true);
  const Tensor y = x.square().mean(1).flatten(1);
  const Tensor dy = torch::randn(y.sizes()).to(torch::kFloat64);
  y.backward(dy);
  const Tensor x32 = channels_last(x.detach()).requires_grad_(true);
  const Tensor y32 = fused_mean_square(x32);
  y32.backward(dy.to(torch::kFloat32));
  EXPECT_LE(difference_of(y32, y), 1e-6);
  EXPECT_LE(difference_of(x32.grad(), x.grad()), 1e-6);
}

TEST_P(Fused, ScaleAndShift) {
  const Case c = GetParam();
  torch::manual_seed(8);
  const Tensor x = channels_last(torch::randn({c.batch, c.channels, c.height, c.width}));
  const Tensor scale = torch::randn({c.channels});
  const Tensor shift = torch::randn({c.channels});
  const Tensor plain = x * scale.view({1, -1, 1, 1}) + shift.view({1, -1, 1, 1});
  EXPECT_LE(difference_of(fused_scale_shift(x, scale, shift, false), plain.to(torch::kFloat64)), 1e-6);
  EXPECT_LE(difference_of(fused_scale_shift(x, scale, shift, true), plain.relu().to(torch::kFloat64)), 1e-6);
}

// Channels below, at, and beside whole registers; pieces of one row and many; a mean that is far from zero.
INSTANTIATE_TEST_SUITE_P(Shapes, Fused,
                         testing::Values(Case{4, 16, 32, 32, 0}, Case{2, 36, 9, 7, 0}, Case{3, 1, 5, 5, 0},
                                         Case{2, 640, 8, 8, 0}, Case{2, 10000, 2, 1, 0}, Case{5, 17, 1, 1, 0},
                                         Case{4, 32, 16, 16, 100}),
                         [](const testing::TestParamInfo<Case> &param) {
                           const Case &c = param.param;
                           return fmt::format("c{}_{}x{}{}", c.channels, c.height, c.width, c.offset == 0 ? "" : "_offset");
                         });

TEST(FusedBatchNorm, GivesTheSameBitsWithAnyNumberOfThreads) {
  torch::manual_seed(7);
  const Tensor x = channels_last(torch::randn({8, 32, 16, 16}));
  const Tensor weight = torch::rand({32});
  const Tensor bias = torch::rand({32});
  std::vector<Tensor> results;
  const int before = at::get_num_threads();
  for (const int threads : {1, 2, 3}) {
    at::set_num_threads(threads);
    BatchStatistics statistics;
    const Tensor input = x.clone().requires_grad_(true);
    const Tensor y = fused_batch_norm(input, weight, bias, 1e-5, true, statistics);
    y.square().sum().backward();
    results.push_back(torch::cat({y.detach().flatten(), input.grad().flatten(), statistics.variance}));
  }
  at::set_num_threads(before);
  EXPECT_TRUE(torch::equal(results[0], results[1]));
  EXPECT_TRUE(torch::equal(results[0], results[2]));
}

// A number that is not one must be seen behind a ReLU.
TEST(FusedScaleShift, KeepsNotANumber) {
  const Tensor x = channels_last(torch::full({1, 2, 2, 2}, std::nan("")));
  EXPECT_TRUE(fused_scale_shift(x, torch::ones({2}), torch::zeros({2}), true).isnan().all().item<bool>());
}

} // namespace
} // namespace pare::train

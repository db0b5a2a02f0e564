// Element-wise work in one pass, against LibTorch's own operations in double precision: on the CPU, and where there is one on a
// GPU, there in both of its types.

#include "tests/support.hpp"
#include "train/device.hpp"
#include "train/modules/fused.hpp"
#include "train/torch.hpp"

#include <fmt/format.h>

#include <ATen/Parallel.h>

#include <array>

namespace pare::train {
namespace {

using torch::Tensor;

/// Of what is computed from b, which is double, as a share of the largest number.
double difference_of(const Tensor &a, const Tensor &b) {
  const double scale = b.detach().abs().max().item<double>();
  const double difference = (a.detach().cpu().to(torch::kFloat64) - b.detach()).abs().max().item<double>();
  return scale > 0 ? difference / scale : difference; // a closed ReLU leaves nothing but zeros
}

Tensor channels_last(const Tensor &x) { return x.to(torch::kFloat32).contiguous(torch::MemoryFormat::ChannelsLast); }

struct Where {
  torch::DeviceType device = torch::kCPU;
  torch::ScalarType type = torch::kFloat32;

  Tensor operator()(const Tensor &x) const { return channels_last(x).to(device).to(type); }
  Tensor single(const Tensor &x) const { return x.to(torch::kFloat32).to(device); }
  /// How much of the largest number a result may differ by, where single precision is as near as `single`.
  double near(double single) const { return type == torch::kFloat32 ? single : 1.0 / 128; }
};

struct Case {
  std::int64_t batch, channels, height, width;
  double offset; ///< of the mean from zero, in deviations
};

void check_batch_norm(const Case &c, const Where &there) {
  for (const bool relu : {false, true}) {
    torch::manual_seed(5);
    const Tensor start = torch::randn({c.batch, c.channels, c.height, c.width}, torch::kFloat64) + c.offset;
    // What the type can hold, so that both see the same numbers.
    const Tensor x = start.to(there.type).to(torch::kFloat64).requires_grad_(true);
    const Tensor weight = (torch::rand({c.channels}) + 0.5).to(torch::kFloat64).requires_grad_(true);
    const Tensor bias = torch::randn({c.channels}).to(torch::kFloat64).requires_grad_(true);
    const Tensor dy = torch::randn(x.sizes()).to(there.type).to(torch::kFloat64);
    Tensor y = torch::batch_norm(x, weight, bias, {}, {}, true, 0.1, 1e-5, false);
    if (relu) y = y.relu();
    y.backward(dy);

    const Tensor own_x = there(x.detach()).requires_grad_(true);
    const Tensor own_weight = there.single(weight.detach()).requires_grad_(true);
    const Tensor own_bias = there.single(bias.detach()).requires_grad_(true);
    ASSERT_TRUE(fuses(own_x));
    const RunningStatistics running{.mean = there.single(torch::full({c.channels}, 2.0)),
                                    .variance = there.single(torch::full({c.channels}, 3.0)),
                                    .momentum = 0.25};
    const Tensor own_y = fused_batch_norm(own_x, own_weight, own_bias, 1e-5, relu, running);
    own_y.backward(there(dy));
    EXPECT_EQ(own_y.scalar_type(), there.type);
    EXPECT_LE(difference_of(own_y, y), there.near(1e-5));
    EXPECT_LE(difference_of(running.mean, 0.75 * 2 + 0.25 * x.mean({0, 2, 3})), 1e-6);
    EXPECT_LE(difference_of(running.variance, 0.75 * 3 + 0.25 * x.var({0, 2, 3}, true)), 1e-5);
    EXPECT_LE(difference_of(own_x.grad(), x.grad()), there.near(1e-4));
    EXPECT_LE(difference_of(own_weight.grad(), weight.grad()), 1e-4);
    EXPECT_LE(difference_of(own_bias.grad(), bias.grad()), 1e-5);
    // Without them it is the same, and again.
    const Tensor again = fused_batch_norm(own_x, own_weight, own_bias, 1e-5, relu);
    EXPECT_TRUE(torch::equal(again, own_y));
  }
}

void check_mean_square(const Case &c, const Where &there) {
  torch::manual_seed(6);
  const Tensor x =
      torch::randn({c.batch, c.channels, c.height, c.width}).to(there.type).to(torch::kFloat64).requires_grad_(true);
  const Tensor y = x.square().mean(1).flatten(1);
  const Tensor dy = torch::randn(y.sizes()).to(torch::kFloat64);
  y.backward(dy);
  const Tensor own_x = there(x.detach()).requires_grad_(true);
  const Tensor own_y = fused_mean_square(own_x);
  own_y.backward(there.single(dy));
  EXPECT_EQ(own_y.scalar_type(), torch::kFloat32);
  EXPECT_LE(difference_of(own_y, y), 1e-6);
  EXPECT_LE(difference_of(own_x.grad(), x.grad()), there.near(1e-6));
}

void check_scale_and_shift(const Case &c, const Where &there) {
  torch::manual_seed(8);
  const Tensor x = there(torch::randn({c.batch, c.channels, c.height, c.width}));
  const Tensor scale = torch::randn({c.channels});
  const Tensor shift = torch::randn({c.channels});
  const Tensor plain = x.cpu().to(torch::kFloat64) * scale.view({1, -1, 1, 1}) + shift.view({1, -1, 1, 1});
  for (const bool relu : {false, true}) {
    const Tensor y = fused_scale_shift(x, there.single(scale), there.single(shift), relu);
    EXPECT_LE(difference_of(y, relu ? plain.relu() : plain), there.near(1e-6));
  }
}

class Fused : public testing::TestWithParam<Case> {};

TEST_P(Fused, BatchNormIsLibTorchs) { check_batch_norm(GetParam(), {}); }
TEST_P(Fused, MeanSquareIsLibTorchs) { check_mean_square(GetParam(), {}); }
TEST_P(Fused, ScaleAndShift) { check_scale_and_shift(GetParam(), {}); }

// Channels below, at, and beside whole registers; pieces of one row and many; a mean that is far from zero.
constexpr std::array kCases = {Case{4, 16, 32, 32, 0},   Case{2, 36, 9, 7, 0},    Case{3, 1, 5, 5, 0},
                               Case{2, 640, 8, 8, 0},    Case{2, 10000, 2, 1, 0}, Case{5, 17, 1, 1, 0},
                               Case{4, 32, 16, 16, 100}, Case{64, 160, 32, 32, 0}};

INSTANTIATE_TEST_SUITE_P(Shapes, Fused, testing::ValuesIn(kCases), [](const testing::TestParamInfo<Case> &param) {
  const Case &c = param.param;
  return fmt::format("c{}_{}x{}{}", c.channels, c.height, c.width, c.offset == 0 ? "" : "_offset");
});

TEST(Gpu, FusedOperationsAreLibTorchs) {
  std::string why;
  if (!has_cuda(why)) GTEST_SKIP() << why;
  for (const torch::ScalarType type : {torch::kFloat32, torch::kBFloat16})
    for (const Case &c : kCases) {
      SCOPED_TRACE(fmt::format("{} channels {} x {}, {}", c.channels, c.height, c.width, c10::toString(type)));
      const Where there{.device = torch::kCUDA, .type = type};
      if (c.offset == 0 || type == torch::kFloat32) check_batch_norm(c, there); // bfloat16 holds no digits of a far mean
      check_mean_square(c, there);
      check_scale_and_shift(c, there);
    }
}

TEST(FusedBatchNorm, GivesTheSameBitsWithAnyNumberOfThreads) {
  torch::manual_seed(7);
  const Tensor x = channels_last(torch::randn({8, 32, 16, 16}));
  const Tensor weight = torch::rand({32});
  const Tensor bias = torch::rand({32});
  std::vector<Tensor> results;
  const int before = at::get_num_threads();
  for (const int threads : {1, 2, 3}) {
    at::set_num_threads(threads);
    const RunningStatistics running{.mean = torch::zeros({32}), .variance = torch::ones({32}), .momentum = 1};
    const Tensor input = x.clone().requires_grad_(true);
    const Tensor y = fused_batch_norm(input, weight, bias, 1e-5, true, running);
    y.square().sum().backward();
    results.push_back(torch::cat({y.detach().flatten(), input.grad().flatten(), running.variance}));
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

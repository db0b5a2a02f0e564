#include "tests/support.hpp"
#include "train/device.hpp"
#include "train/modules/structured.hpp"
#include "train/torch.hpp"

namespace pare::train {
namespace {

using torch::Tensor;

/// values = index_select by a fixed index; the gradient by autograd's own scatter, in double precision.
void check_hashed(torch::Device device, torch::ScalarType type, bool with_signs) {
  torch::manual_seed(3);
  const std::int64_t k = 37;
  const Tensor index = torch::randint(0, k - 1, {1000}); // the last value is never used, as in the 2019 code
  const Tensor signs = with_signs ? torch::randint(0, 2, {1000}).mul(2).sub(1).to(torch::kInt8) : Tensor();
  const Tensor start = torch::randn({k}, torch::kFloat64);
  const Tensor gradient = torch::randn({1000}, torch::kFloat64);

  Tensor expected = start.clone().requires_grad_(true);
  Tensor plain = expected.index_select(0, index);
  if (with_signs) plain = plain * signs.to(torch::kFloat64);
  plain.backward(gradient);

  Tensor values = start.to(device, type).requires_grad_(true);
  const Tensor on_device = index.to(device);
  const auto inverse = std::make_shared<const InverseIndex>(invert(on_device, k));
  const Tensor out = hashed_weight(values, on_device, with_signs ? signs.to(device) : Tensor(), inverse);
  out.backward(gradient.to(device, type));
  const double allowed = type == torch::kFloat64 ? 1e-14 : 1e-5;
  EXPECT_LE((out.detach().to(torch::kCPU, torch::kFloat64) - plain.detach()).abs().max().item<double>(), allowed);
  EXPECT_LE((values.grad().to(torch::kCPU, torch::kFloat64) - expected.grad()).abs().max().item<double>(), 10 * allowed);
  EXPECT_EQ(values.grad()[k - 1].item<double>(), 0);
}

TEST(Hashed, GradientIsTheSumOverTheElementsOfAValue) {
  for (const bool signs : {false, true}) {
    check_hashed(torch::kCPU, torch::kFloat64, signs);
    check_hashed(torch::kCPU, torch::kFloat32, signs);
  }
}

TEST(Gpu, HashedGradientIsTheSumOverTheElementsOfAValue) {
  std::string why;
  if (!has_cuda(why)) GTEST_SKIP() << why;
  for (const bool signs : {false, true}) {
    check_hashed(torch::kCUDA, torch::kFloat64, signs);
    check_hashed(torch::kCUDA, torch::kFloat32, signs);
  }
}

// Two elements of value 0 (places 1 and 3), none of value 1, one of value 2.
TEST(Hashed, InverseIndexListsPlacesInOrder) {
  const InverseIndex inverse = invert(torch::tensor({2, 0, 3, 0}, torch::kInt64), 4);
  EXPECT_TRUE(torch::equal(inverse.order, torch::tensor({1, 3, 0, 2}, torch::kInt64)));
  EXPECT_TRUE(torch::equal(inverse.offsets, torch::tensor({0, 2, 2, 3, 4}, torch::kInt64)));
  EXPECT_THROW(invert(torch::tensor({4}, torch::kInt64), 4), c10::Error);
}

// The DCT-II of e_0 for N = 2: 2 cos(pi k / 4) = 2, sqrt 2.
TEST(Acdc, MatricesAreTheTransformAndItsInverse) {
  const Tensor c = dct_matrix(2);
  EXPECT_NEAR(c[0][0].item<double>(), 2, 1e-15);
  EXPECT_NEAR(c[0][1].item<double>(), std::sqrt(2.0), 1e-15);
  EXPECT_NEAR(c[1][1].item<double>(), -std::sqrt(2.0), 1e-15);
  for (std::int64_t n : {2, 6, 64})
    EXPECT_LE((torch::matmul(dct_matrix(n), inverse_dct_matrix(n)) - torch::eye(n, torch::kFloat64)).abs().max().item<double>(),
              1e-12);
}

// With A = D = 1 and no riffle inside, a factor is C C^-1 = 1 with its columns riffled: 0, 2, 1, 3 for N = 4.
TEST(Acdc, RifflesEvenColumnsFirst) {
  const Tensor ones = torch::ones({4, 1}, torch::kFloat64);
  const std::vector<Tensor> diagonals = {ones, ones};
  const Tensor weight = acdc_weight(diagonals, false);
  const Tensor expected = torch::eye(4, torch::kFloat64).index_select(1, torch::tensor({0, 2, 1, 3}));
  EXPECT_LE((weight - expected).abs().max().item<double>(), 1e-12);
}

// einsum by its definition.
TEST(TensorFormats, MergeTheirParts) {
  torch::manual_seed(1);
  const auto random = [](std::vector<std::int64_t> sizes) { return torch::randn(sizes, torch::kFloat64); };
  const Tensor a = random({1, 3, 2});
  const Tensor b = random({2, 4, 5});
  const Tensor c = random({5, 6, 1});
  const std::vector<Tensor> cores = {a, b, c};
  EXPECT_TRUE(torch::allclose(tensor_train_weight(cores), torch::einsum("xiy,yjz,zkw->ijk", {a, b, c}).flatten()));
  const Tensor core = random({2, 5, 3});
  const Tensor factor = random({7, 5});
  EXPECT_TRUE(torch::allclose(mode_product(core, factor, 1), torch::einsum("arb,nr->anb", {core, factor})));
  const std::vector<Tensor> factors = {random({2, 4}), random({3, 4}), random({5, 4})};
  EXPECT_TRUE(torch::allclose(polyadic_weight(factors),
                              torch::einsum("ir,jr,kr->ijk", {factors[0], factors[1], factors[2]}).flatten()));
}

} // namespace
} // namespace pare::train

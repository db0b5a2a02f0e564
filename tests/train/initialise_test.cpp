// What parameters are before the first step: PyTorch's defaults, then what each network's code of 2019 did, then the
// substitutes' own.

#include "tests/train/numerics.hpp"

#include "analysis/builder.hpp"
#include "analysis/lower.hpp"
#include "models/network.hpp"
#include "train/device.hpp"
#include "train/initialise.hpp"
#include "train/modules/structured.hpp"

#include <ATen/Parallel.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <sstream>

namespace pare::train {
namespace {

using test::error_of;
using torch::Tensor;
using Tensors = std::map<std::string, Tensor>;

Tensors tensors_of(const GraphModule &module) {
  Tensors out;
  for (const auto &entry : module.named_parameters()) out[entry.key()] = entry.value().detach();
  for (const auto &entry : module.named_buffers()) out[entry.key()] = entry.value();
  return out;
}

/// Parameters and buffers of a network, each layer substituted where that is possible.
Tensors initialised(const std::string &spec, const std::string &substitute, std::uint64_t seed = 1,
                    torch::Device device = torch::kCPU) {
  const Network network = make_network(spec);
  GraphModule module(
      lower(network.graph, {.uniform = parse_substitute(substitute), .layers = {}}, WhereRefused::kLeaveAsItIs).graph);
  module.to(device);
  initialise(module, seed);
  return tensors_of(module);
}

/// A 1 x 1 (or k x k) convolution with padding on 4 x 4 images, replaced, by PyTorch's defaults.
Tensors initialised_site(const std::string &substitute, std::int64_t c_i, std::int64_t c_o, std::int64_t k = 1,
                         bool bias = false, const Initialisation &rules = {}, std::uint64_t seed = 1) {
  const ConvSite site =
      make_site("X", {.batch = 1, .channels = c_i, .height = 4, .width = 4}, c_o, {k, k}, {1, 1}, {k / 2, k / 2}, {1, 1}, bias);
  Graph graph(rules);
  graph.set_output(lower_site(graph, site, graph.add_input(site.input), parse_substitute(substitute)));
  GraphModule module(std::move(graph));
  initialise(module, seed);
  return tensors_of(module);
}

struct Moments {
  double n;
  double mean;
  double variance; ///< around the mean that is expected
};
Moments moments(const Tensor &x, double mean) {
  const Tensor y = x.to(torch::kFloat64);
  return {static_cast<double>(x.numel()), y.mean().item<double>(), (y - mean).square().mean().item<double>()};
}

/// Uniform in [-b, b]: variance b^2 / 3, fourth moment b^4 / 5, so the sample's variance has a variance of (1/5 - 1/9) b^4 / n.
/// Within 5 sigma; and of n draws the largest is above b (1 - 12 / n) but for a chance of e^-12.
void expect_uniform(const Tensor &x, double bound, const std::string &what) {
  const Moments m = moments(x, 0);
  const double largest = x.abs().max().item<double>();
  EXPECT_LE(largest, bound * (1 + 1e-6)) << what;
  EXPECT_GE(largest, bound * (1 - 12 / m.n)) << what;
  EXPECT_NEAR(m.mean, 0, 5 * bound / std::sqrt(3 * m.n)) << what;
  EXPECT_NEAR(m.variance, bound * bound / 3, 5 * bound * bound * std::sqrt((1.0 / 5 - 1.0 / 9) / m.n)) << what;
}

/// Normal: the mean within 5 sigma / sqrt(n), the variance within 5 sigma^2 sqrt(2 / n), and of 300 or more some are beyond 2
/// sigma, where no uniform distribution of this variance has any (0.9545^300 = 1e-6).
void expect_normal(const Tensor &x, double mean, double sigma, const std::string &what) {
  const Moments m = moments(x, mean);
  EXPECT_NEAR(m.mean, mean, 5 * sigma / std::sqrt(m.n)) << what;
  EXPECT_NEAR(m.variance, sigma * sigma, 5 * sigma * sigma * std::sqrt(2 / m.n)) << what;
  if (m.n >= 300) {
    EXPECT_GT((x - mean).abs().max().item<double>(), 2 * sigma) << what;
  }
}

void expect_constant(const Tensor &x, double value, const std::string &what) {
  EXPECT_TRUE(torch::equal(x, torch::full_like(x, value))) << what;
}

/// Batch norms: weight 1, bias 0, mean 0, variance 1. Returns how many tensors were looked at.
std::size_t expect_batch_norms(const Tensors &all) {
  std::size_t found = 0;
  for (const auto &[name, tensor] : all) {
    if (name.ends_with("running_mean")) {
      const std::string layer = name.substr(0, name.rfind('.'));
      expect_constant(tensor, 0, name);
      expect_constant(all.at(layer + ".running_var"), 1, name);
      expect_constant(all.at(layer + ".weight"), 1, name);
      expect_constant(all.at(layer + ".bias"), 0, name);
      ++found;
    }
  }
  return found;
}

/// sqrt(2 / (k^2 c_out)) of a weight [c_out, ., k, k].
double fan_out_deviation(const Tensor &weight) {
  return std::sqrt(2.0 / static_cast<double>(weight.size(0) * weight.size(2) * weight.size(3)));
}
/// 1 / sqrt(fan_in) of a weight [., c_in / groups, k, k] or [., in].
double default_bound(const Tensor &weight) { return 1 / std::sqrt(static_cast<double>(weight.numel() / weight.size(0))); }

// Every convolution normal(0, sqrt(2 / (k^2 c_out))), those of substitutes too; fc: weight as PyTorch has it, bias 0.
TEST(Initialise, WideResNet) {
  for (const char *substitute : {"Conv", "Generic_0.25", "Shuffle_2"}) {
    SCOPED_TRACE(substitute);
    const Tensors all = initialised("wrn-10-4", substitute);
    EXPECT_EQ(expect_batch_norms(all), 3u * 2 + 1);
    std::size_t convolutions = 0;
    for (const auto &[name, tensor] : all)
      if (tensor.dim() == 4) {
        expect_normal(tensor, 0, fan_out_deviation(tensor), name);
        ++convolutions;
      }
    // conv1, three shortcuts, and six convolutions, or three in the place of each.
    EXPECT_EQ(convolutions, 4u + 6 * (std::string(substitute) == "Conv" ? 1 : 3));
    expect_uniform(all.at("fc.weight"), 1 / std::sqrt(256.0), "fc.weight");
    expect_constant(all.at("fc.bias"), 0, "fc.bias");
  }
}

// LR's V is used as it is and transposed: it is a plain convolution of c_out = r rows.
TEST(Initialise, WideResNetWithLowRank) {
  const Tensors all = initialised("wrn-10-4", "LR_0.25");
  const Tensor v = all.at("block3.0.layer.0.conv2.lowrank.weight");
  EXPECT_EQ(v.sizes().vec(), (std::vector<std::int64_t>{64, 256, 1, 1}));
  expect_normal(v, 0, std::sqrt(2.0 / 64), "V");
}

// Kaiming normal, fan out, for a ReLU: sqrt(2 / (c_out k^2)). Linear: PyTorch's.
TEST(Initialise, ResNets) {
  for (const char *spec :
       {"resnet-18:width=0.5,classes=100", "resnet-50:width=0.25,classes=100", "wrn-50-2:width=0.25,classes=100"})
    for (const char *substitute : {"Conv", "Generic_0.25"}) {
      SCOPED_TRACE(std::string(spec) + " " + substitute);
      const Tensors all = initialised(spec, substitute);
      EXPECT_GE(expect_batch_norms(all), 17u);
      for (const auto &[name, tensor] : all)
        if (tensor.dim() == 4) expect_normal(tensor, 0, fan_out_deviation(tensor), name);
      expect_uniform(all.at("fc.weight"), default_bound(all.at("fc.weight")), "fc.weight");
      expect_uniform(all.at("fc.bias"), default_bound(all.at("fc.weight")), "fc.bias");
    }
}

// As WideResNet, and biases of convolutions 0: the classifier is a convolution.
TEST(Initialise, MobileNetV2) {
  const Tensors all = initialised("mobilenet-v2:width=0.5,classes=100", "Conv");
  EXPECT_EQ(expect_batch_norms(all), 52u); // the stem, 17 blocks of three but one of two, the last convolution
  std::size_t biases = 0;
  for (const auto &[name, tensor] : all) {
    if (tensor.dim() == 4) expect_normal(tensor, 0, fan_out_deviation(tensor), name);
    if (name.starts_with("classifier_conv") && name.ends_with("bias")) {
      expect_constant(tensor, 0, name);
      ++biases;
    }
  }
  EXPECT_EQ(biases, 1u);
}

// PyTorch's defaults throughout.
TEST(Initialise, Darts) {
  for (const char *spec : {"darts:channels=8,layers=6", "darts_imagenet:channels=8,layers=6,classes=20"})
    for (const char *substitute : {"Conv", "Generic_0.5"}) {
      SCOPED_TRACE(std::string(spec) + " " + substitute);
      const Tensors all = initialised(spec, substitute);
      EXPECT_GE(expect_batch_norms(all), 30u);
      for (const auto &[name, tensor] : all)
        if (tensor.dim() == 4) expect_uniform(tensor, default_bound(tensor), name);
      expect_uniform(all.at("classifier.weight"), default_bound(all.at("classifier.weight")), "classifier.weight");
      expect_uniform(all.at("classifier.bias"), default_bound(all.at("classifier.weight")), "classifier.bias");
    }
}

/// The depthwise in front follows the network's rule, whatever stands behind it.
TEST(Initialise, DepthwiseInFront) {
  for (const char *substitute : {"ACDC_3", "TensorTrain_0.4", "Tucker_0.4", "SepHashed_0.3"}) {
    const Tensor wrn = initialised("wrn-10-4", substitute).at("block3.0.layer.0.conv2.grouped.weight");
    EXPECT_EQ(wrn.sizes().vec(), (std::vector<std::int64_t>{256, 1, 3, 3})) << substitute;
    expect_normal(wrn, 0, std::sqrt(2.0 / (9 * 256)), substitute);
    expect_uniform(initialised_site(substitute, 64, 64, 3).at("X.grouped.weight"), 1.0 / 3, substitute);
  }
}

TEST(Initialise, AcdcDiagonals) {
  const Tensors all = initialised_site("ACDC_4", 64, 128, 1, true);
  for (const char *name : {"X.layers.0.A", "X.layers.0.D", "X.layers.1.A", "X.layers.2.D"})
    expect_normal(all.at(name), 1, 0.01, name);
  std::vector<Tensor> diagonals;
  for (const auto &[name, tensor] : all)
    if (name.starts_with("X.layers.")) diagonals.push_back(tensor);
  ASSERT_EQ(diagonals.size(), 6u); // ACDC_n has n - 1 factors
  expect_normal(torch::cat(diagonals), 1, 0.01, "all");
}

// The values are the first K of the default-initialised dense weight, so within 1 / sqrt(its fan-in): c_i k^2 for Hashed, c_i
// for the pointwise and k^2 for the depthwise of the separable ones. The bias: the same, as PyTorch's.
TEST(Initialise, HashedValuesAndBiases) {
  const auto check = [](const Tensors &all, const std::string &name, double fan_in, std::int64_t values, std::int64_t outputs) {
    const Tensor value = all.at(name + ".hashed_weight");
    EXPECT_EQ(value.sizes().vec(), std::vector<std::int64_t>{values}) << name;
    expect_uniform(value, 1 / std::sqrt(fan_in), name);
    const Tensor bias = all.at(name + ".bias");
    EXPECT_EQ(bias.sizes().vec(), std::vector<std::int64_t>{outputs}) << name;
    expect_uniform(bias, 1 / std::sqrt(fan_in), name + ".bias");
  };
  check(initialised_site("Hashed_0.1", 64, 128, 3), "X", 64 * 9, 7372, 128); // int(64 x 128 x 9 x 0.1)
  check(initialised_site("SepHashed_0.5", 64, 128, 3), "X.hashed", 64, 4096, 128);
  // K = int(0.5 (576 + 8192)) = 4384, of which int(4384 x 576 / 8768) = 288 are the depthwise's.
  const Tensors both = initialised_site("HashedSeparable_0.5", 64, 128, 3);
  check(both, "X.hashed", 64, 4096, 128);
  check(both, "X.grouped", 9, 288, 64);
  // The networks' own rules are for plain convolutions.
  const Tensors wrn = initialised("wrn-10-4", "Hashed_0.1");
  expect_uniform(wrn.at("block3.0.layer.0.conv2.hashed_weight"), 1 / std::sqrt(256.0 * 9), "wrn");
  expect_uniform(wrn.at("block3.0.layer.0.conv2.bias"), 1 / std::sqrt(256.0 * 9), "wrn bias");
}

/// How often each of [0, K) is in an index.
std::vector<std::int64_t> counts_of(const Tensor &index, std::int64_t values) {
  std::vector<std::int64_t> out(static_cast<std::size_t>(values), 0);
  for (std::int64_t i = 0; i < index.numel(); ++i) {
    const auto at = index[i].item<std::int64_t>();
    EXPECT_TRUE(at >= 0 && at < values) << at;
    if (at >= 0 && at < values) ++out[static_cast<std::size_t>(at)];
  }
  return out;
}

// 32 x 32 x 9 = 9216 weights of K = 92 values: about 100 each (101 of the reference's 91), within 5 sigma.
TEST(Initialise, HashIndices) {
  for (const bool reference : {true, false}) {
    const Tensors all = initialised_site(reference ? "Hashed_0.01" : "hashed:ratio=0.01", 32, 32, 3);
    const std::vector<std::int64_t> counts = counts_of(all.at("X.idxs"), 92);
    EXPECT_EQ(all.at("X.hashed_weight").numel(), 92);
    const double mean = 9216.0 / (reference ? 91 : 92);
    for (std::size_t value = 0; value < 92; ++value)
      if (reference && value == 91)
        EXPECT_EQ(counts[value], 0) << "the reference's index never draws the last value";
      else
        EXPECT_NEAR(static_cast<double>(counts[value]), mean, 5 * std::sqrt(mean)) << value;
  }
}

TEST(Initialise, Signs) {
  const Tensor signs = initialised_site("hashed:ratio=0.1,sign=yes", 32, 32, 3).at("X.signs");
  EXPECT_EQ(signs.numel(), 9216);
  EXPECT_TRUE(signs.abs().eq(1).all().item<bool>());
  EXPECT_NEAR(signs.sum().item<double>(), 0, 5 * std::sqrt(9216.0));
}

/// [n_1 ... n_d] of cores [r, n, r'], written out.
Tensor contracted(const Tensors &all, const std::vector<std::string> &cores) {
  Tensor out = all.at(cores[0]).to(torch::kFloat64).squeeze(0);
  for (std::size_t k = 1; k < cores.size(); ++k) out = torch::tensordot(out, all.at(cores[k]).to(torch::kFloat64), {-1}, {0});
  return out.squeeze(-1);
}
Tensor train_weight(const Tensors &all) { return contracted(all, {"X.weight_core_0", "X.weight_core_1", "X.weight_core_2"}); }
Tensor tucker_weight(const Tensors &all) {
  return torch::einsum("abc,ia,jb,kc->ijk",
                       {all.at("X.weight_core").to(torch::kFloat64), all.at("X.weight_u_0").to(torch::kFloat64),
                        all.at("X.weight_u_1").to(torch::kFloat64), all.at("X.weight_u_2").to(torch::kFloat64)});
}
Tensor reference_tucker_weight(const Tensors &all) {
  Tensors scaled;
  for (int k = 0; k < 3; ++k) {
    const std::string number = std::to_string(k);
    scaled[number] = torch::einsum("anb,in->aib", {all.at("X.weight_core_" + number).to(torch::kFloat64),
                                                   all.at("X.weight_u_" + number).to(torch::kFloat64)});
  }
  return contracted(scaled, {"0", "1", "2"});
}

// 16 x 32 = 512 = 8 x 8 x 8: the ranks of TensorTrain_1 (8, 8) and of Tucker_1 (8, 8, 8) are full, so that all three forms are
// the same default-initialised dense weight, uniform within 1 / sqrt(16). Single precision.
TEST(Initialise, FullRanksAreTheDenseWeight) {
  const Tensor train = train_weight(initialised_site("TensorTrain_1", 16, 32));
  expect_uniform(train, 0.25, "tensor train");
  EXPECT_LE(error_of(tucker_weight(initialised_site("tucker:rank_scale=1", 16, 32)), train), 1e-5);
  EXPECT_LE(error_of(reference_tucker_weight(initialised_site("Tucker_1", 16, 32)), train), 1e-5);
}

/// Squares of the singular values that an unfolding [rows, ...] loses at a rank, summed.
double tail(const Tensor &unfolding, std::int64_t rank) {
  const Tensor values = torch::linalg_svdvals(unfolding);
  return rank >= values.size(0) ? 0 : values.slice(0, rank).square().sum().item<double>();
}

// Cut to lower ranks they are near it: the square of the error is at least the largest and at most the sum of what the
// unfoldings lose (Oseledets 2011, theorem 2.2; De Lathauwer et al. 2000, property 10).
TEST(Initialise, LowerRanksAreNearTheDenseWeight) {
  const Tensor dense = train_weight(initialised_site("TensorTrain_1", 16, 32));
  const auto check = [&](const Tensor &near, const std::vector<double> &tails, const char *what) {
    const double error = (near - dense).square().sum().item<double>();
    double sum = 0;
    for (double t : tails) {
      EXPECT_GE(error, t * (1 - 1e-5)) << what;
      sum += t;
    }
    EXPECT_GT(sum, 0) << what;
    EXPECT_LE(error, sum * (1 + 1e-5)) << what;
  };
  // rank_scale 0.5: r = 4, 4; R = 4, 4, 4.
  check(train_weight(initialised_site("TensorTrain_0.5", 16, 32)),
        {tail(dense.reshape({8, 64}), 4), tail(dense.reshape({64, 8}), 4)}, "tensor train");
  const std::vector<double> modes = {tail(dense.reshape({8, 64}), 4), tail(dense.movedim(1, 0).reshape({8, 64}), 4),
                                     tail(dense.reshape({64, 8}), 4)};
  check(tucker_weight(initialised_site("tucker:rank_scale=0.5", 16, 32)), modes, "tucker");
  check(reference_tucker_weight(initialised_site("Tucker_0.5", 16, 32)), modes, "reference tucker");
}

// With one unfolding it is the best approximation of its rank (Eckart and Young 1936): what is left are the squares of the
// other singular values.
TEST(TensorTrainSvd, IsTheBestOfOneUnfolding) {
  torch::manual_seed(2);
  const Tensor weight = torch::randn({12, 20}, torch::kFloat64);
  for (std::int64_t rank : {1, 5, 11, 12}) {
    const auto cores = tensor_train_svd(weight, {{1, 12, rank}, {rank, 20, 1}});
    ASSERT_EQ(cores.size(), 2u);
    const Tensor near = cores[0].reshape({12, rank}).matmul(cores[1].reshape({rank, 20}));
    EXPECT_NEAR((near - weight).square().sum().item<double>(), tail(weight, rank), 1e-9) << rank;
  }
}

TEST(TensorTrainSvd, FillsRanksThatTheWeightLacksWithZeros) {
  torch::manual_seed(2);
  const Tensor weight = torch::randn({4, 6, 5}, torch::kFloat64);
  const std::vector<std::vector<std::int64_t>> extents = {{1, 4, 7}, {7, 6, 9}, {9, 5, 1}}; // ranks of at most 4 and 5
  const auto cores = tensor_train_svd(weight, extents);
  ASSERT_EQ(cores.size(), 3u);
  for (std::size_t k = 0; k < 3; ++k) EXPECT_EQ(cores[k].sizes().vec(), extents[k]);
  EXPECT_EQ(cores[0].narrow(2, 4, 3).abs().max().item<double>(), 0);
  EXPECT_EQ(cores[1].narrow(2, 5, 4).abs().max().item<double>(), 0);
  EXPECT_LE(error_of(contracted({{"0", cores[0]}, {"1", cores[1]}, {"2", cores[2]}}, {"0", "1", "2"}), weight), 1e-12);
}

// An element is a sum of R products of three factors of variance v: R v^3 is to be 1 / (3 c_i).
TEST(Initialise, PolyadicFactors) {
  const Tensors all = initialised_site("CP_0.5", 64, 64); // 4096 = 16 x 16 x 16, R = 8
  for (const char *name : {"X.weight_u_0", "X.weight_u_1", "X.weight_u_2"}) {
    EXPECT_EQ(all.at(name).sizes().vec(), (std::vector<std::int64_t>{16, 8})) << name;
    expect_normal(all.at(name), 0, std::sqrt(std::cbrt(1.0 / (3 * 64) / 8)), name);
  }
}

/// A bias behind a structured weight is PyTorch's default, 1 / sqrt(c_i).
TEST(Initialise, BiasesOfStructuredWeights) {
  for (const char *substitute : {"TensorTrain_0.4", "ACDC_3", "Tucker_0.4"})
    expect_uniform(initialised_site(substitute, 64, 64, 1, true).at("X.bias"), 0.125, substitute);
  EXPECT_LE(initialised_site("ACDC_3", 64, 32, 1, true).at("X.bias").abs().max().item<double>(),
            1 / std::sqrt(32.0)); // behind a sum
}

TEST(Initialise, FollowsSeedAndName) {
  for (const char *substitute :
       {"Conv", "Generic_0.25", "SepHashed_0.3", "ACDC_3", "TensorTrain_0.4", "Tucker_0.4", "CP_0.5"}) {
    SCOPED_TRACE(substitute);
    const Tensors one = initialised("wrn-10-1", substitute, 7);
    const Tensors same = initialised("wrn-10-1", substitute, 7);
    const Tensors other = initialised("wrn-10-1", substitute, 8);
    std::map<std::vector<std::int64_t>, std::vector<std::string>> by_shape;
    for (const auto &[name, tensor] : one) {
      EXPECT_TRUE(torch::equal(tensor, same.at(name))) << name;
      const bool constant = name.find("bn") != std::string::npos || name == "fc.bias";
      EXPECT_EQ(torch::equal(tensor, other.at(name)), constant) << name;
      if (constant) continue;
      // No two of a shape share their numbers.
      for (const std::string &before : by_shape[tensor.sizes().vec()])
        EXPECT_FALSE(torch::equal(tensor, one.at(before))) << name << ", " << before;
      by_shape[tensor.sizes().vec()].push_back(name);
    }
  }
}

/// Two layers beside each other, in either order.
Tensors in_order(const std::vector<std::string> &names) {
  Graph graph;
  Builder b(graph);
  const NodeId x = graph.add_input({.batch = 1, .channels = 4, .height = 4, .width = 4});
  std::vector<NodeId> made;
  for (const std::string &name : names) {
    const ConvSite site =
        make_site(name, {.batch = 1, .channels = 4, .height = 4, .width = 4}, 8, {3, 3}, {1, 1}, {1, 1}, {1, 1});
    made.push_back(lower_site(graph, site, x,
                              parse_substitute(name == "hashed"  ? "Hashed_0.5"
                                               : name == "train" ? "TensorTrain_0.5"
                                                                 : "Sep")));
  }
  graph.set_output(b.op("add", Add{}, made));
  GraphModule module(std::move(graph));
  initialise(module, 3);
  return tensors_of(module);
}

TEST(Initialise, DoesNotFollowTheOrderOfLayers) {
  const Tensors one = in_order({"hashed", "train", "plain"});
  const Tensors two = in_order({"plain", "train", "hashed"});
  ASSERT_EQ(one.size(), two.size());
  EXPECT_EQ(one.size(), 3u + 4 + 2); // values, index, bias; depthwise and three cores; depthwise and pointwise
  for (const auto &[name, tensor] : one) EXPECT_TRUE(torch::equal(tensor, two.at(name))) << name;
}

TEST(Gpu, InitialiseGivesTheSameBits) {
  std::string why;
  if (!has_cuda(why)) GTEST_SKIP() << why;
  for (const char *substitute : {"Generic_0.25", "SepHashed_0.3", "ACDC_3", "TensorTrain_0.4", "Tucker_0.4", "CP_0.5"}) {
    const Tensors there = initialised("wrn-10-1", substitute, 7, torch::kCUDA);
    for (const auto &[name, tensor] : initialised("wrn-10-1", substitute, 7))
      EXPECT_TRUE(torch::equal(there.at(name).cpu(), tensor)) << substitute << " " << name;
  }
}

/// Rows of tests/golden/initial_values.csv by (network, substitute), and what they name, built again.
class ValuesOfBefore : public testing::Test {
protected:
  struct Row {
    std::string parameter;
    std::int64_t elements = 0;
    double first = 0;
    double last = 0;
    double sum_of_squares = 0;
  };

  static std::map<std::pair<std::string, std::string>, std::vector<Row>> rows() {
    std::map<std::pair<std::string, std::string>, std::vector<Row>> out;
    std::ifstream file(pare::test::golden_folder() + "/initial_values.csv");
    std::string line;
    std::getline(file, line);
    while (std::getline(file, line)) {
      std::vector<std::string> cells;
      std::istringstream split(line);
      for (std::string cell; std::getline(split, cell, ',');) {
        std::replace(cell.begin(), cell.end(), ';', ',');
        cells.push_back(cell);
      }
      out[{cells.at(0), cells.at(1)}].push_back(
          {cells.at(2), std::stoll(cells.at(3)), std::stod(cells.at(4)), std::stod(cells.at(5)), std::stod(cells.at(6))});
    }
    return out;
  }

  /// "wrn-10-1", "site of wrn-10-1" (a replaced convolution under that network's rules), "... auxiliary head".
  static Graph graph_of(std::string what, const std::string &substitute) {
    const auto take = [&](std::string_view part) {
      const auto at = what.find(part);
      if (at == std::string::npos) return false;
      what.erase(at, part.size());
      return true;
    };
    const bool is_site = take("site of ");
    const bool is_head = take(" auxiliary head");
    const Network network = make_network(what);
    if (is_site) {
      const auto [c_i, c_o, k] = what.starts_with("wrn")     ? std::array{8, 16, 3}
                                 : what.starts_with("darts") ? std::array{16, 8, 1}
                                                             : std::array{8, 8, 3};
      const ConvSite site = make_site("X", {.batch = 1, .channels = c_i, .height = 4, .width = 4}, c_o, {k, k}, {1, 1},
                                      {k / 2, k / 2}, {1, 1}, true);
      Graph out(network.graph.initialisation());
      out.set_output(lower_site(out, site, out.add_input(site.input), parse_substitute(substitute)));
      return out;
    }
    Graph out = lower(network.graph, {}).graph;
    if (!is_head) return out;
    const NodeId tap = out.marked(Mark::kAuxiliaryTap).front();
    return lower(*network.family->auxiliary_head(network.values, out.activation(tap)), {}).graph;
  }
};

bool decomposed(const GraphModule &module, const std::string &parameter) {
  const Start &start = std::get<Parameter>(module.graph().node(module.parameter_nodes().at(parameter)).op).start;
  return start.kind == Start::Kind::kFactor || start.kind == Start::Kind::kCore;
}

// To the bit, but for decompositions: these are as exact as LAPACK is, and their vectors may be turned round.
TEST_F(ValuesOfBefore, AreKept) {
  std::size_t seen = 0;
  for (const auto &[key, rows] : rows()) {
    SCOPED_TRACE(key.first + " " + key.second);
    GraphModule module(graph_of(key.first, key.second));
    initialise(module, 7);
    EXPECT_EQ(module.named_parameters().size(), rows.size());
    for (const Row &row : rows) {
      const Tensor value = module.named_parameters()[row.parameter].detach().flatten();
      const auto first = value[0].item<float>();
      const auto last = value[-1].item<float>();
      const double sum_of_squares = value.to(torch::kFloat64).square().sum().item<double>();
      EXPECT_EQ(value.numel(), row.elements) << row.parameter;
      if (decomposed(module, row.parameter)) {
        EXPECT_NEAR(std::abs(first), std::abs(row.first), 1e-5) << row.parameter;
        EXPECT_NEAR(std::abs(last), std::abs(row.last), 1e-5) << row.parameter;
        EXPECT_NEAR(sum_of_squares, row.sum_of_squares, 1e-5 * row.sum_of_squares) << row.parameter;
      } else {
        EXPECT_EQ(first, static_cast<float>(row.first)) << row.parameter;
        EXPECT_EQ(last, static_cast<float>(row.last)) << row.parameter;
        EXPECT_NEAR(sum_of_squares, row.sum_of_squares, 1e-11 * row.sum_of_squares) << row.parameter;
      }
      ++seen;
    }
  }
  EXPECT_EQ(seen, 499U);
}

TEST(Initialise, AParameterThatNobodySaysAnythingOfIsRefused) {
  Graph graph;
  const NodeId x = graph.add_input({.batch = 1, .channels = 2, .height = 4, .width = 4});
  const LayerId layer = graph.add_layer("own", "conv");
  graph.add(layer, Conv{}, {x, graph.add(layer, Parameter{.leaf = "weight", .extents = {2, 2, 1, 1}}, {})});
  GraphModule module(std::move(graph));
  pare::test::expect_message(
      [&] { initialise(module, 0); },
      "[invalid_config] own.weight: nothing says how this parameter starts; a Start in its Parameter would be "
      "accepted");
}

/// The state of LibTorch's own generator plays no part, nor does the number of threads.
TEST(Initialise, IsItsOwnGenerator) {
  const int threads = at::get_num_threads();
  torch::manual_seed(1);
  at::set_num_threads(1);
  const Tensors one = initialised("wrn-10-1", "TensorTrain_0.4");
  torch::manual_seed(2);
  at::set_num_threads(2);
  const Tensors two = initialised("wrn-10-1", "TensorTrain_0.4");
  at::set_num_threads(threads);
  for (const auto &[name, tensor] : one) EXPECT_TRUE(torch::equal(tensor, two.at(name))) << name;
}

} // namespace
} // namespace pare::train

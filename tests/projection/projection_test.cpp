#include "projection/projection.hpp"

#include "projection/numerics.hpp"
#include "projection/projector.hpp"
#include "tests/projection/evaluate.hpp"
#include "tests/support.hpp"

#include <fmt/format.h>

#include <cmath>
#include <set>

namespace pare {
namespace {

using test::dense_of;
using test::impulse_site;

/// Of each family, several structures.
const std::vector<std::string> kSubstitutes = {"Conv",
                                               "convolution",
                                               "Sep",
                                               "generic:rank=1",
                                               "generic:rank=5",
                                               "generic:rank=12",
                                               "hashed:values=40",
                                               "hashed:values=40,sign=yes",
                                               "Hashed_0.1",
                                               "hashed:values=30,bias=no",
                                               "sep_hashed:values=20",
                                               "sep_hashed:values=20,sign=yes",
                                               "hashed_separable:values=40",
                                               "hashed_separable:values=40,sign=yes",
                                               "tensor_train:ranks=2/3",
                                               "tensor_train:dimensions=2,ranks=4",
                                               "tensor_train:dimensions=4,ranks=2/3/2",
                                               "tucker:ranks=2/2/3",
                                               "tucker:dimensions=2,ranks=3/4",
                                               "Tucker_0.5",
                                               "TensorTrain_0.9",
                                               "tt_matrix:ranks=2/3",
                                               "tt_matrix:dimensions=2,ranks=5",
                                               "kronecker:terms=1",
                                               "kronecker:terms=3",
                                               "tucker2:ranks=2/3",
                                               "tucker2:ranks=5/2",
                                               "spatial:rank=1",
                                               "spatial:rank=4",
                                               "grouped:groups=2",
                                               "grouped:groups=4,shuffle=no",
                                               "monarch:blocks=2",
                                               "monarch:blocks=3",
                                               "monarch:blocks=4",
                                               "btt:rank=1",
                                               "btt:rank=2",
                                               "block_circulant:block=2",
                                               "block_circulant:block=4"};

std::vector<ConvSite> sites() {
  return {impulse_site(6, 8, {1, 1}), impulse_site(6, 8, {3, 3}), impulse_site(12, 4, {3, 2}),
          impulse_site(8, 8, {1, 3}, true)};
}

LayerWeight random_layer(const ConvSite &site, std::mt19937_64 &random) {
  LayerWeight out;
  out.weight = test::random_tensor({site.out_channels(), site.in_channels(), site.kernel.height, site.kernel.width}, random);
  if (site.bias) out.bias = test::random_tensor({site.out_channels()}, random);
  return out;
}

// A linear layer's weight is [out, in]; what is projected sees [out, in, 1, 1], and its bias goes on what stands for it.
TEST(Projection, OfALinearLayer) {
  ConvSite conv =
      make_site("fc", {.batch = 1, .channels = 12, .height = 1, .width = 1}, 8, {1, 1}, {1, 1}, {0, 0}, {1, 1}, true);
  ConvSite linear = conv;
  linear.baseline = Baseline::kLinear;
  std::mt19937_64 random(12);
  const LayerWeight drawn = random_layer(conv, random);
  const DenseTensors stored{{"fc.weight", {.extents = {8, 12}, .values = drawn.weight.values}}, {"fc.bias", *drawn.bias}};
  const auto layer = layer_weight(linear, [&](const std::string &name) -> const DenseTensor * {
    const auto found = stored.find(name);
    return found == stored.end() ? nullptr : &found->second;
  });
  ASSERT_TRUE(layer);
  EXPECT_EQ(layer->weight.extents, (Extents{8, 12, 1, 1}));
  EXPECT_EQ(layer->weight.values, drawn.weight.values);
  for (const std::string text :
       {"generic:rank=3", "Sep", "convolution", "kronecker:terms=2", "tt_matrix:ranks=2/3", "grouped:groups=4"}) {
    const Substitute substitute = parse_substitute(text);
    const auto own = project(linear, substitute, *layer, {}, 10);
    const auto as_conv = project(conv, substitute, drawn, {}, 10);
    ASSERT_TRUE(own && as_conv) << text;
    EXPECT_EQ(own->energy_kept, as_conv->energy_kept) << text;
    ASSERT_EQ(own->parameters.size(), as_conv->parameters.size()) << text;
    for (const auto &[name, tensor] : as_conv->parameters)
      EXPECT_EQ(own->parameters.at(name).values, tensor.values) << text << " " << name;
  }
  const auto itself = project(linear, parse_substitute("Conv"), *layer, {}, 10);
  ASSERT_TRUE(itself);
  ASSERT_EQ(itself->parameters.size(), 2U);
  for (const auto &[name, tensor] : stored) {
    EXPECT_EQ(itself->parameters.at(name).extents, tensor.extents);
    EXPECT_EQ(itself->parameters.at(name).values, tensor.values);
  }
}

TEST(Projection, EveryProjectorIsOfAFamily) {
  std::set<std::string_view> tried;
  for (const std::string &text : kSubstitutes) tried.insert(parse_substitute(text).family->info().name);
  std::size_t projectors = 0;
  for (const Substitution *family : substitutions()) {
    const Projector *own = find_projector(family->info().name);
    if (own == nullptr) continue;
    ++projectors;
    EXPECT_EQ(own->family(), family->info().name);
    EXPECT_TRUE(tried.contains(own->family())) << own->family() << " is not among those that are tested";
  }
  std::size_t registered = 0;
#define PARE_PROJECTOR(name) ++registered;
#include "projection/families/list.def"
#undef PARE_PROJECTOR
  EXPECT_EQ(projectors, registered);
}

// The share is that of the error of what the parameters compute, and a nearest one has no better neighbour.
TEST(Projection, ShareIsThatOfWhatTheParametersCompute) {
  std::mt19937_64 random(11);
  for (const ConvSite &site : sites())
    for (const std::string &text : kSubstitutes) {
      SCOPED_TRACE(fmt::format("{} at {} -> {}, {}", text, site.in_channels(), site.out_channels(), to_string(site.kernel)));
      const Substitute substitute = parse_substitute(text);
      if (resolve(site, substitute).refusal) continue;
      const LayerWeight layer = random_layer(site, random);
      const DenseTensors buffers = test::draw(site, substitute, random).buffers;
      const auto found = project(site, substitute, layer, buffers);
      ASSERT_TRUE(found);
      const DenseTensor dense = dense_of(site, substitute, found->parameters, buffers);
      const double error = test::relative_error(layer.weight, dense);
      EXPECT_NEAR(found->energy_kept, 1 - error, 1e-10);
      EXPECT_GT(found->energy_kept, 0);
      const auto without_sweeps = project(site, substitute, layer, buffers, 0);
      EXPECT_LE(without_sweeps->energy_kept, found->energy_kept + 1e-12);
      if (has_share(site, substitute)) {
        const double share = shares_kept(site, {&substitute, 1}, layer.weight).front();
        EXPECT_NEAR(share, without_sweeps->energy_kept, 1e-10);
      }
      for (int trial = 0; found->is_nearest && trial < test::trials(12); ++trial) {
        DenseTensors other = found->parameters;
        const double step = std::pow(10.0, -1 - trial % 4);
        for (auto &[name, tensor] : other)
          for (double &value : tensor.values) value += step * (static_cast<double>(random() % 2001) / 1000 - 1);
        EXPECT_GE(test::relative_error(layer.weight, dense_of(site, substitute, other, buffers)), error - 1e-12);
      }
    }
}

// A depthwise may have any scale, which the map behind it takes back: low rank does not mind. Of other maps the scale of a
// channel is no member's, so that theirs is of unit norm here, and of the sign that a projection takes.
TEST(Projection, OfAMemberIsTheMember) {
  std::mt19937_64 random(12);
  for (const ConvSite &site : sites())
    for (const std::string &text : kSubstitutes) {
      SCOPED_TRACE(fmt::format("{} at {} -> {}, {}", text, site.in_channels(), site.out_channels(), to_string(site.kernel)));
      const Substitute substitute = parse_substitute(text);
      if (resolve(site, substitute).refusal) continue;
      test::Drawn drawn = test::draw(site, substitute, random);
      const std::string_view family = substitute.family->info().name;
      if (family == "hashed_separable" && !site.pointwise()) continue; // it has no scale that would be a channel's own
      if (const auto depthwise = drawn.parameters.find("X.grouped.weight");
          depthwise != drawn.parameters.end() && family != "generic" && family != "sep") {
        const auto area = static_cast<std::size_t>(site.kernel.area());
        std::vector<double> &values = depthwise->second.values;
        for (std::size_t i = 0; i < values.size(); i += area) {
          double norm = 0;
          double sum = 0;
          for (std::size_t x = 0; x < area; ++x) norm += values[i + x] * values[i + x];
          for (std::size_t x = 0; x < area; ++x) sum += values[i + x];
          for (std::size_t x = 0; x < area; ++x) values[i + x] /= sum < 0 ? -std::sqrt(norm) : std::sqrt(norm);
        }
      }
      LayerWeight layer{.weight = dense_of(site, substitute, drawn.parameters, drawn.buffers), .bias = {}};
      if (site.bias) layer.bias = test::random_tensor({site.out_channels()}, random);
      const auto found = project(site, substitute, layer, drawn.buffers);
      ASSERT_TRUE(found);
      EXPECT_NEAR(found->energy_kept, 1, 1e-12);
      EXPECT_LT(test::relative_error(layer.weight, dense_of(site, substitute, found->parameters, drawn.buffers)), 1e-12);
    }
}

TEST(Projection, BiasesAreTheConvolutions) {
  std::mt19937_64 random(13);
  const ConvSite site = impulse_site(8, 8, {3, 3}, true);
  const LayerWeight layer = random_layer(site, random);
  const auto bias_of = [&](const std::string &text, const std::string &name) {
    const Substitute substitute = parse_substitute(text);
    const auto found = project(site, substitute, layer, test::draw(site, substitute, random).buffers);
    EXPECT_TRUE(found && found->parameters.contains(name)) << text;
    return found->parameters.at(name).values;
  };
  EXPECT_EQ(bias_of("generic:rank=2", "X.lowrank_expand.bias"), layer.bias->values);
  EXPECT_EQ(bias_of("tucker:ranks=2/2/2", "X.bias"), layer.bias->values);
  EXPECT_EQ(bias_of("hashed:values=9", "X.bias"), layer.bias->values);
  EXPECT_EQ(bias_of("hashed_separable:values=30", "X.hashed.bias"), layer.bias->values);
  EXPECT_EQ(bias_of("hashed_separable:values=30", "X.grouped.bias"), std::vector<double>(8, 0.0));
  // A hashed layer's own, where the convolution has none.
  const ConvSite plain = impulse_site(8, 8, {3, 3});
  const Substitute hashed = parse_substitute("hashed:values=9");
  const auto found = project(plain, hashed, {.weight = layer.weight, .bias = {}}, test::draw(plain, hashed, random).buffers);
  EXPECT_EQ(found->parameters.at("X.bias").values, std::vector<double>(8, 0.0));
}

TEST(Projection, HashedValuesAreMeans) {
  const ConvSite site = impulse_site(2, 2, {1, 1});
  const LayerWeight layer{.weight = {{2, 2, 1, 1}, {1, 2, 3, 6}}, .bias = {}};
  const DenseTensors buffers = {{"X.idxs", {{4}, {0, 1, 0, 1}}}, {"X.signs", {{4}, {1, 1, 1, -1}}}};
  const auto found = project(site, parse_substitute("hashed:values=3,sign=yes"), layer, buffers);
  // (1 + 3) / 2, (2 - 6) / 2, and one that nothing has drawn; 2 x 2^2 + 2 x 2^2 of 1 + 4 + 9 + 36 are kept.
  EXPECT_EQ(found->parameters.at("X.hashed_weight").values, (std::vector<double>{2, -2, 0}));
  EXPECT_NEAR(found->energy_kept, 16.0 / 50, 1e-15);
}

TEST(Projection, WhatHasNone) {
  std::mt19937_64 random(14);
  const ConvSite site = impulse_site(8, 8, {3, 3});
  for (const std::string text : {"LR_0.5", "acdc:layers=2", "shuffle:groups=2", "cp:rank=2", "butterfly:layers=1"}) {
    const Substitute substitute = parse_substitute(text);
    EXPECT_FALSE(project(site, substitute, random_layer(site, random))) << text;
    EXPECT_FALSE(has_share(site, substitute)) << text;
  }
  for (const std::string text : {"hashed:values=9", "sep_hashed:values=9", "hashed_separable:values=20"})
    EXPECT_FALSE(has_share(site, parse_substitute(text))) << text << " depends on its index";
}

TEST(Projection, OfNothingKeepsAll) {
  const ConvSite site = impulse_site(4, 6, {3, 3});
  const LayerWeight layer{.weight = {{6, 4, 3, 3}, std::vector<double>(216)}, .bias = {}};
  for (const std::string text : {"Sep", "generic:rank=2", "tensor_train:ranks=2/2", "tucker:ranks=2/2/2"}) {
    const auto found = project(site, parse_substitute(text), layer);
    EXPECT_EQ(found->energy_kept, 1) << text;
    for (const auto &[name, tensor] : found->parameters)
      for (const double value : tensor.values) EXPECT_TRUE(std::isfinite(value)) << text << " " << name;
  }
}

// W = u v^T of each channel, all of one u: of rank 1 the nearest is the unfolding's, whatever the channels are along.
TEST(Projection, OfRankOneIsTheUnfoldings) {
  std::mt19937_64 random(16);
  const ConvSite site = impulse_site(5, 7, {3, 3});
  const LayerWeight layer = random_layer(site, random);
  const numerics::Svd unfolding(numerics::Matrix(7, 45, layer.weight.values));
  const auto found = project(site, parse_substitute("generic:rank=1"), layer, {}, 0);
  // ||u^T W||^2 / ||W||^2 with u any unit vector, of which the leading one has the most.
  EXPECT_NEAR(found->energy_kept, unfolding.energies()[0] / numerics::energy(layer.weight.values), 1e-12);
}

TEST(Projection, SurplusRanksAreReachedByGradients) {
  std::mt19937_64 random(17);
  for (const auto &[in, out] : {std::pair<std::int64_t, std::int64_t>{8, 4}, {4, 8}, {4, 4}}) {
    const ConvSite site = impulse_site(in, out, {3, 3});
    const LayerWeight layer = random_layer(site, random);
    const std::int64_t rank = std::max(in, out);
    const auto found = project(site, parse_substitute(fmt::format("generic:rank={}", rank)), layer);
    EXPECT_TRUE(found->is_nearest);
    EXPECT_NEAR(found->energy_kept, project(site, parse_substitute("Sep"), layer)->energy_kept, 1e-12);
    const std::vector<double> &contract = found->parameters.at("X.lowrank_contract.weight").values;
    for (std::int64_t j = 0; j < rank; ++j) {
      const auto row = std::span(contract).subspan(static_cast<std::size_t>(j * in), static_cast<std::size_t>(in));
      EXPECT_GT(numerics::energy(row), 1e-3) << "row " << j << " of " << in << " -> " << out;
    }
  }
}

// Ranks of each of which the share is made from one decomposition: as if each were asked for alone, in any order.
TEST(SharesKept, OfManyAreThoseOfEach) {
  std::mt19937_64 random(15);
  const ConvSite site = impulse_site(8, 12, {3, 3});
  const LayerWeight layer = random_layer(site, random);
  std::vector<Substitute> all;
  for (const char *family : {"generic", "tensor_train", "tucker", "sep"}) {
    const Substitute free = parse_substitute(family, FreeKnob::kAllow);
    const auto own = free.family->candidates(std::span(&site, 1), free.settings, {.most = 60, .multiple_of = 1});
    all.insert(all.end(), own.begin(), own.end());
  }
  ASSERT_GT(all.size(), 40U);
  const std::vector<double> shares = shares_kept(site, all, layer.weight);
  for (std::size_t i = 0; i < all.size(); i += 3)
    EXPECT_EQ(shares[i], shares_kept(site, {&all[i], 1}, layer.weight).front()) << all[i].text();
  for (std::size_t i = 1; i < 12; ++i) EXPECT_GE(shares[i], shares[i - 1]) << "of a higher rank";
  EXPECT_NEAR(shares[7], shares.back(), 1e-12) << "of full rank: what a depthwise separable one keeps";
}

TEST(LayerWeight, OfASeparableIsTheProductOfItsTwo) {
  ConvSite site = impulse_site(2, 3, {1, 2});
  site.baseline = Baseline::kSep;
  const DenseTensors tensors = {{"X.grouped.weight", {{2, 1, 1, 2}, {1, 2, 3, 4}}},
                                {"X.pointwise.weight", {{3, 2, 1, 1}, {1, 10, 2, 20, 3, 30}}}};
  const auto find = [&](const std::string &name) {
    const auto found = tensors.find(name);
    return found == tensors.end() ? nullptr : &found->second;
  };
  const auto layer = layer_weight(site, find);
  ASSERT_TRUE(layer);
  EXPECT_EQ(layer->weight, (DenseTensor{{3, 2, 1, 2}, {1, 2, 30, 40, 2, 4, 60, 80, 3, 6, 90, 120}}));
  const auto itself = project(site, baseline_substitute(), *layer);
  EXPECT_NEAR(itself->energy_kept, 1, 1e-15);
  EXPECT_TRUE(itself->is_nearest);
  site.baseline = Baseline::kConv;
  EXPECT_FALSE(layer_weight(site, find)) << "X.conv.weight is not there";
}

} // namespace
} // namespace pare

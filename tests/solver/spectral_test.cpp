// The score `spectral`: what a candidate's projection keeps of a teacher's weights.

#include "analysis/lower.hpp"
#include "base/files.hpp"
#include "projection/projection.hpp"
#include "solver/mixed/mixed.hpp"
#include "solver/mixed/problem.hpp"
#include "solver/solved_config.hpp"
#include "solver/verify.hpp"
#include "tests/solver/mixed_requests.hpp"
#include "tests/support.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <random>

namespace pare {
namespace {

using test::expect_message;

/// Random weights of a network with nothing substituted.
formats::TensorFile random_weights(const Network &network, std::uint64_t seed) {
  const Graph lowered = lower(network.graph, {}).graph;
  std::mt19937_64 random(seed);
  std::normal_distribution<float> normal;
  formats::TensorFile out;
  for (NodeId id = 0; id < lowered.node_count(); ++id) {
    if (!std::holds_alternative<Parameter>(lowered.node(id).op)) continue;
    const Extents &extents = lowered.weight(id);
    std::vector<float> values(static_cast<std::size_t>(extents.elements()));
    for (float &value : values) value = normal(random);
    std::string bytes(values.size() * sizeof(float), '\0');
    std::memcpy(bytes.data(), values.data(), bytes.size());
    out.tensors[lowered.parameter_name(id)] =
        formats::make_tensor(formats::Dtype::kF32, {extents.begin(), extents.end()}, std::move(bytes));
  }
  return out;
}

class SpectralScore : public ::testing::Test {
protected:
  void SetUp() override {
    path_ = (std::filesystem::temp_directory_path() / "pare-spectral-XXXXXX").string();
    const int file = ::mkstemp(path_.data());
    ASSERT_GE(file, 0);
    ::close(file);
    write(1);
  }
  void TearDown() override { std::filesystem::remove(path_); }
  void write(std::uint64_t seed) const { formats::write_safetensors(path_, random_weights(network_, seed)); }

  MixedRequest request(std::vector<std::string> families, std::vector<std::string> budgets) const {
    MixedRequest out = test::mixed_request(std::move(families), budgets);
    out.score = "spectral";
    read_score_file(path_, out);
    return out;
  }

  std::string path_;
  Network network_ = make_network("wrn-10-1");
};

// Of each layer's own weight, though layers of one shape have the same candidates.
TEST_F(SpectralScore, IsWhatTheProjectionKeepsBeforeSweeps) {
  const MixedProblem problem(network_, request({"generic", "sep"}, {"parameters<=50%"}));
  const CandidateTable table = *problem.table(true);
  const TeacherWeights teacher(network_.graph, formats::read_tensor_file(path_), path_);
  std::size_t compared = 0;
  for (const ConvSites &sites : replaceable_sites(network_.graph)) {
    const ConvSite &site = sites.front();
    for (const CandidateTable::Layer &layer : table.layers) {
      if (layer.names != std::vector<std::string>{site.name}) continue;
      for (std::size_t c = 0; c < layer.size(); c += 3) {
        const auto kept = project(site, parse_substitute(layer.texts[c]), teacher.of(site), {}, 0);
        EXPECT_NEAR(static_cast<double>(layer.scores[c]) / kScoreUnit, kept->energy_kept, 0.6e-6) << layer.texts[c];
        ++compared;
      }
      EXPECT_EQ(layer.texts[0], "Conv");
      EXPECT_EQ(layer.scores[0], kScoreUnit);
    }
  }
  EXPECT_GT(compared, 60U) << "layers of one shape are not one, and each is named";
}

TEST_F(SpectralScore, WhatHasNoneIsLeftOutAndListed) {
  MixedRequest all = request({"all"}, {"parameters<=20%"});
  all.rule.most = 30;
  const MixedProblem problem(network_, all);
  const CandidateTable table = *problem.table(true);
  for (const CandidateTable::Layer &layer : table.layers)
    for (const std::string &text : layer.texts)
      for (const std::string family : {"acdc", "cp", "hashed_separable", "lr", "sep_hashed", "shuffle"})
        EXPECT_NE(text == kRest ? kRest : parse_substitute(text).family->info().name, family);
  EXPECT_NE(problem.description().find(
                ", without those of acdc, cp, hashed_separable, lr, sep_hashed, shuffle, which have no spectral score)"),
            std::string::npos)
      << problem.description();
  const Solution solution = solve_mixed(network_, all);
  EXPECT_EQ(solution.termination.reason, Reason::kOptimal);
  EXPECT_NE(solution.termination.detail.find("without those of acdc"), std::string::npos);
  expect_message(
      [&] {
        MixedProblem(network_, request({"acdc", "lr"}, {"parameters<=20%"}));
      },
      "[usage] families: spectral has no score for any candidate of acdc, lr; another family would be accepted");
}

TEST_F(SpectralScore, ASolvedFileIsProvenByTheWeightsThatItNames) {
  const Solution solution = solve_mixed(network_, request({"generic", "sep"}, {"parameters<=30%"}));
  Design design = read_solved(write_solved(solution, "{}"), "s.json");
  ScoreWeights &weights = *design.mixed->request.weights;
  EXPECT_EQ(weights.file, path_);
  EXPECT_FALSE(weights.tensors) << "whoever reads a plan needs no weights";
  expect_message([&] { verify(design); },
                 fmt::format("[invalid_file] per_layer/score_weights: \"{}\" was not read, and candidates "
                             "are scored by it",
                             path_));
  read_weights_again(path_, weights);
  const Verification proven = verify(design);
  EXPECT_TRUE(proven.is_claim) << proven.objection.value_or("");
  EXPECT_EQ(proven.proven, Proven::kOptimal);
  // By others the plan is worth something else.
  weights.tensors = random_weights(network_, 2);
  EXPECT_FALSE(verify(design).is_claim);
  const std::string checksum = weights.checksum;
  write(2);
  test::expect_error([&] { read_weights_again(path_, weights); }, ErrorCode::kInvalidConfig, path_,
                     "is not the file of weights that the plan was scored by: its digest is ");
}

TEST_F(SpectralScore, RefusesWhatAreNotTheNetworksWeights) {
  const auto refused = [&](formats::TensorFile file, ErrorCode code, std::string_view message) {
    formats::write_safetensors(path_, file);
    test::expect_error([&] { MixedProblem(network_, request({"generic"}, {"parameters<=50%"})); }, code, path_, message);
  };
  const std::string name = "block2.0.layer.0.conv1.conv.weight";
  formats::TensorFile file = random_weights(network_, 1);
  file.tensors.erase(name);
  refused(
      file, ErrorCode::kInvalidConfig,
      "\"block2.0.layer.0.conv1.conv.weight\" is not there; weights of this network before anything is substituted would be "
      "accepted");
  file.tensors[name] = formats::make_tensor(formats::Dtype::kF32, {1}, std::string(4, '\0'));
  refused(file, ErrorCode::kInvalidConfig, "\"block2.0.layer.0.conv1.conv.weight\" is [1], the network's [32, 16, 3, 3]");
  std::string bytes(32 * 16 * 9 * 4, '\0');
  const float infinite = INFINITY;
  std::memcpy(bytes.data() + 40, &infinite, sizeof(infinite));
  file.tensors[name] = formats::make_tensor(formats::Dtype::kF32, {32, 16, 3, 3}, bytes);
  refused(file, ErrorCode::kNotFinite, "\"block2.0.layer.0.conv1.conv.weight\" has inf among its numbers");

  MixedRequest without = request({"generic"}, {"parameters<=50%"});
  without.weights.reset();
  expect_message([&] { MixedProblem(network_, without); },
                 "[usage] score: spectral needs a file; spectral:FILE would be accepted");
  write(1);
  MixedRequest other = request({"generic"}, {"parameters<=50%"});
  other.score = "capacity";
  expect_message([&] { MixedProblem(network_, other); }, "[usage] score: capacity takes no file of weights");
}

// Names of torchvision's networks are ours by a map, and a Linear layer a 1 x 1 convolution.
TEST_F(SpectralScore, ReadsTheNamesOfOthers) {
  const Network resnet = make_network("resnet-18:width=0.125");
  formats::TensorFile ours = random_weights(resnet, 3);
  formats::TensorFile theirs;
  for (const auto &[name, tensor] : ours.tensors) {
    std::string other = name;
    for (const auto &[from, to] : {std::pair<std::string, std::string>{"downsample.conv.conv", "downsample.0"},
                                   {"downsample.bn", "downsample.1"},
                                   {".conv.", "."}})
      if (const auto at = other.find(from); at != std::string::npos) other.replace(at, from.size(), to);
    theirs.tensors[other] = tensor;
  }
  EXPECT_FALSE(theirs.tensors.contains("layer1.0.conv1.conv.weight"));
  const TeacherWeights a(resnet.graph, ours, "a");
  const TeacherWeights b(resnet.graph, theirs, "b");
  const std::vector<ConvSites> layers = replaceable_sites(resnet.graph);
  ASSERT_GT(layers.size(), 10U);
  for (const ConvSites &sites : layers) EXPECT_EQ(a.of(sites.front()).weight, b.of(sites.front()).weight) << sites.front().name;
}

} // namespace
} // namespace pare

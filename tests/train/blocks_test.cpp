// The 54 substitute blocks of the 2019 code: outputs and gradients, tensor by tensor.

#include "tests/train/numerics.hpp"

#include "analysis/substitution.hpp"
#include "train/device.hpp"
#include "train/graph_module.hpp"

namespace pare::train {
namespace {

using test::error_of;
using test::Json;

/// "HashedSeparable" in the fixtures has a budget of K = (c_i k^2 + c_i c_o) // 3 values, which for k = 1 all go to the
/// pointwise.
std::string substitute_of(const Json &block) {
  const auto name = block.at("substitution").get<std::string>();
  if (name != "HashedSeparable") return name;
  const auto c_i = block.at("in_channels").get<std::int64_t>();
  const auto c_o = block.at("out_channels").get<std::int64_t>();
  if (block.at("kernel_size") != 1) return "hashed_separable:divisor=3,index=reference";
  return "HashedSeparable_" + shortest(static_cast<double>((c_i + c_i * c_o) / 3) / static_cast<double>(c_i * c_o));
}

void check_block(std::size_t index, torch::Device device) {
  const Json &block = test::manifest().at("blocks").at(index);
  SCOPED_TRACE(block.at("file").get<std::string>());
  const auto tensors = test::fixture(block.at("file").get<std::string>());
  const auto both = [&](const char *key) { return Pair{block.at(key).get<std::int64_t>(), block.at(key).get<std::int64_t>()}; };
  torch::Tensor x = tensors.at("x").clone().to(device).requires_grad_(true);
  const ConvSite site = make_site("X", {.batch = x.size(0), .channels = x.size(1), .height = x.size(2), .width = x.size(3)},
                                  block.at("out_channels").get<std::int64_t>(), both("kernel_size"), both("stride"),
                                  {both("padding").height, both("padding").width}, both("dilation"));
  Graph graph;
  const NodeId y = lower_site(graph, site, graph.add_input(site.input), parse_substitute(substitute_of(block)));
  graph.set_output(y);
  graph.mark_attention_tap(y); // so that the output comes back in its own shape
  GraphModule module(std::move(graph));
  module.to(device);

  // Names by name, in both directions.
  std::map<std::string, torch::Tensor> own;
  for (const auto &entry : module.named_parameters()) own["param." + entry.key().substr(2)] = entry.value();
  for (const auto &entry : module.named_buffers()) own["buffer." + entry.key().substr(2)] = entry.value();
  std::size_t loaded = 0;
  for (const auto &[name, value] : tensors) {
    if (!name.starts_with("param.") && !name.starts_with("buffer.")) continue;
    ASSERT_TRUE(own.contains(name)) << name;
    const torch::NoGradGuard no_gradient;
    ASSERT_EQ(own[name].sizes(), value.sizes()) << name;
    own[name].copy_(value);
    ++loaded;
  }
  EXPECT_EQ(loaded, own.size());

  const Outputs out = module.run(x, {.training = true});
  out.taps[0].backward(tensors.at("g").to(device));
  // Single precision against single precision; ACDC's matrix products are the longest.
  const double allowed = block.at("substitution").get<std::string>().find("ACDC") == std::string::npos ? 1e-5 : 1e-4;
  EXPECT_LE(error_of(out.taps[0], tensors.at("y")), allowed) << "y";
  EXPECT_LE(error_of(x.grad(), tensors.at("grad.x")), allowed) << "gradient of x";
  for (const auto &entry : module.named_parameters()) {
    const std::string name = entry.key().substr(2);
    ASSERT_TRUE(entry.value().grad().defined()) << name;
    EXPECT_LE(error_of(entry.value().grad(), tensors.at("grad." + name)), allowed) << "gradient of " << name;
  }
}

class Blocks : public testing::TestWithParam<std::size_t> {};

TEST_P(Blocks, GiveTheReferencesOutputsAndGradients) { check_block(GetParam(), torch::kCPU); }

TEST(Gpu, BlocksGiveTheReferencesOutputsAndGradients) {
  std::string why;
  if (!has_cuda(why)) GTEST_SKIP() << why;
  open_precision("fp32", torch::kCUDA);
  for (std::size_t i = 0; i < test::manifest().at("blocks").size(); ++i) check_block(i, torch::kCUDA);
}

INSTANTIATE_TEST_SUITE_P(Fixtures, Blocks, testing::Range(std::size_t{0}, std::size_t{54}),
                         [](const testing::TestParamInfo<std::size_t> &param) {
                           auto name = test::manifest().at("blocks").at(param.param).at("file").get<std::string>();
                           return test::test_name(name.substr(0, name.rfind('.')));
                         });

TEST(BlocksManifest, HasAllItsBlocks) { EXPECT_EQ(test::manifest().at("blocks").size(), 54u); }

} // namespace
} // namespace pare::train

#include "train/weights/load.hpp"

#include "tests/support.hpp"

namespace pare::train {
namespace {

using test::expect_error;

/// conv.weight [2, 1, 1, 1], bn.weight and bn.bias [2], bn.running_mean and bn.running_var [2], bn.num_batches_tracked, and an
/// index.
struct Net : torch::nn::Module {
  Net() {
    register_module("conv", torch::nn::Conv2d(torch::nn::Conv2dOptions(1, 2, 1).bias(false)));
    register_module("bn", torch::nn::BatchNorm2d(2));
    register_buffer("idxs", torch::zeros({3}, at::kLong));
  }
};

State weights() {
  State state;
  state.tensors["conv.weight"] = torch::tensor({1.0, 2.0}).reshape({2, 1, 1, 1});
  state.tensors["bn.weight"] = torch::tensor({3.0, 4.0});
  state.tensors["bn.bias"] = torch::tensor({5.0, 6.0});
  state.tensors["bn.running_mean"] = torch::tensor({7.0, 8.0});
  state.tensors["bn.running_var"] = torch::tensor({9.0, 10.0});
  state.tensors["idxs"] = torch::tensor({2, 0, 1}, at::kInt);
  return state;
}

TEST(LoadState, CopiesByNameAndConvertsTypes) {
  Net net;
  State state = weights();
  state.tensors["conv.weight"] = state.tensors["conv.weight"].to(at::kDouble);
  state.tensors["bn.weight"] = state.tensors["bn.weight"].to(at::kHalf);
  EXPECT_EQ(load_state(net, state, "file").name_map, "");
  const State read = state_of(net);
  ASSERT_EQ(read.tensors.size(), 7U);
  for (const auto &[name, tensor] : weights().tensors)
    EXPECT_TRUE(read.tensors.at(name).to(at::kDouble).equal(tensor.to(at::kDouble))) << name;
  EXPECT_EQ(read.tensors.at("conv.weight").scalar_type(), at::kFloat);
  EXPECT_EQ(read.tensors.at("idxs").scalar_type(), at::kLong);
  EXPECT_TRUE(net.named_parameters()["conv.weight"].requires_grad());
  // A copy, not a view.
  read.tensors.at("bn.bias").fill_(0);
  EXPECT_EQ(net.named_parameters()["bn.bias"][1].item<double>(), 6.0);
  // The inverse.
  Net other;
  load_state(other, read, "file");
  EXPECT_TRUE(state_of(other).tensors.at("bn.running_var").equal(read.tensors.at("bn.running_var")));
}

TEST(LoadState, ListsWhatDoesNotFitAndTouchesNothing) {
  Net net;
  const State before = state_of(net);
  State state = weights();
  state.tensors.erase("bn.bias");
  state.tensors["bn.weight"] = torch::ones({3});
  state.tensors["extra"] = torch::ones({1});
  for (const char *part :
       {"1 missing: \"bn.bias\"", "1 that the network has not: \"extra\"", "\"bn.weight\" is [3], the network's [2]"})
    expect_error([&] { load_state(net, state, "file"); }, ErrorCode::kInvalidConfig, "file", part);
  for (const auto &[name, tensor] : before.tensors) EXPECT_TRUE(state_of(net).tensors.at(name).equal(tensor)) << name;

  State many = weights();
  for (int i = 0; i < 10; ++i) many.tensors["extra" + std::to_string(i)] = torch::ones({1});
  expect_error([&] { load_state(net, many, "file"); }, ErrorCode::kInvalidConfig, "file", "and 6 more");
}

TEST(LoadState, ValuesThatWouldChangeAreRefused) {
  Net net;
  State fraction = weights();
  fraction.tensors["idxs"] = torch::tensor({2.0, 0.0, 1.0}); // floats for an index
  expect_error([&] { load_state(net, fraction, "file"); }, ErrorCode::kInvalidConfig, "file",
               "\"idxs\" is Float, the network's Long");
  State large = weights();
  large.tensors["conv.weight"] = torch::full({2, 1, 1, 1}, 1e300, at::kDouble); // infinite in single precision
  expect_error([&] { load_state(net, large, "file"); }, ErrorCode::kInvalidConfig, "file", "\"conv.weight\" is Double");
}

/// torchvision's classifier is a Linear layer, ours a 1 x 1 convolution.
TEST(LoadState, NameMapsAreAppliedAndNamed) {
  struct Classifier : torch::nn::Module {
    Classifier() { register_module("conv", torch::nn::Conv2d(4, 3, 1)); }
  };
  struct Whole : torch::nn::Module {
    Whole() { register_module("classifier_conv", std::make_shared<Classifier>()); }
  } net;
  State state;
  state.tensors["classifier.1.weight"] = torch::arange(12, at::kFloat).reshape({3, 4});
  state.tensors["classifier.1.bias"] = torch::tensor({1.0, 2.0, 3.0});
  EXPECT_EQ(load_state(net, state, "file").name_map, "torchvision MobileNetV2");
  const State read = state_of(net);
  EXPECT_TRUE(read.tensors.at("classifier_conv.conv.weight").equal(state.tensors["classifier.1.weight"].reshape({3, 4, 1, 1})));
  EXPECT_TRUE(read.tensors.at("classifier_conv.conv.bias").equal(state.tensors["classifier.1.bias"].to(at::kFloat)));
}

} // namespace
} // namespace pare::train

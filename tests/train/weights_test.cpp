#include "train/weights.hpp"

#include "tests/formats/files.hpp"
#include "train/graph_module.hpp"
#include "train/initialise.hpp"

#include "analysis/lower.hpp"
#include "models/network.hpp"

#include <fmt/format.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/conv.h>

#include <cmath>

namespace pare::train {
namespace {

using formats::Dtype;
using formats::TensorFile;
using pare::test::fault;

/// conv.weight [2, 1, 1, 1], bn.weight and bn.bias [2], bn.running_mean and bn.running_var [2], bn.num_batches_tracked, and an
/// index.
struct Net : torch::nn::Module {
  Net() {
    register_module("conv", torch::nn::Conv2d(torch::nn::Conv2dOptions(1, 2, 1).bias(false)));
    register_module("bn", torch::nn::BatchNorm2d(2));
    register_buffer("idxs", torch::zeros({3}, at::kLong));
  }
};

TensorFile weights() {
  TensorFile out;
  const auto floats = [&](const std::string &name, std::vector<std::int64_t> sizes, const std::vector<float> &values) {
    out.tensors[name] = pare::test::tensor<float>(Dtype::kF32, std::move(sizes), values);
  };
  floats("conv.weight", {2, 1, 1, 1}, {1, 2});
  floats("bn.weight", {2}, {3, 4});
  floats("bn.bias", {2}, {5, 6});
  floats("bn.running_mean", {2}, {7, 8});
  floats("bn.running_var", {2}, {9, 10});
  out.tensors["idxs"] = pare::test::tensor<std::int32_t>(Dtype::kI32, {3}, {2, 0, 1});
  return out;
}

TEST(Tensors, BecomeTorchsAndBack) {
  const TensorFile file = weights();
  for (const auto &[name, bytes] : file.tensors) {
    const torch::Tensor tensor = tensor_of(bytes);
    const formats::TensorBytes back = bytes_of(tensor);
    EXPECT_EQ(back.dtype, bytes.dtype) << name;
    EXPECT_EQ(back.sizes, bytes.sizes) << name;
    EXPECT_TRUE(back.bytes == bytes.bytes) << name;
  }
  for (const at::ScalarType type :
       {at::kDouble, at::kFloat, at::kHalf, at::kBFloat16, at::kLong, at::kInt, at::kShort, at::kChar, at::kByte, at::kBool}) {
    const torch::Tensor tensor = torch::arange(6, at::kFloat).remainder(2).to(type).reshape({2, 3});
    EXPECT_TRUE(tensor_of(bytes_of(tensor)).equal(tensor)) << type;
    EXPECT_EQ(tensor_of(bytes_of(tensor)).scalar_type(), type);
    EXPECT_TRUE(tensor_of(bytes_of(tensor.t())).equal(tensor.t())) << type; // in its own order, not that of its memory
    EXPECT_EQ(pare::test::values_of(bytes_of(tensor)), (std::vector<double>{0, 1, 0, 1, 0, 1})) << type;
  }
  EXPECT_TRUE(tensor_of(bytes_of(torch::empty({0, 4}))).equal(torch::empty({0, 4})));
  EXPECT_EQ(
      fault([] { bytes_of(torch::zeros({2}, at::kComplexFloat)); }),
      "[invalid_value] tensor: is of type ComplexFloat, which files do not hold; F64, F32, F16, BF16, I64, I32, I16, I8, U8 or "
      "BOOL would be accepted");
}

TEST(LoadState, CopiesByNameAndConvertsTypes) {
  Net net;
  TensorFile file = weights();
  file.tensors["conv.weight"] = bytes_of(tensor_of(file.tensors["conv.weight"]).to(at::kDouble));
  file.tensors["bn.weight"] = bytes_of(tensor_of(file.tensors["bn.weight"]).to(at::kHalf));
  EXPECT_EQ(load_state(net, state_sizes(net), file, "file"), std::vector<std::string>());
  const TensorFile read = state_of(net);
  ASSERT_EQ(read.tensors.size(), 7U);
  for (const auto &[name, tensor] : weights().tensors)
    EXPECT_EQ(pare::test::values_of(read.tensors.at(name)), pare::test::values_of(tensor)) << name;
  EXPECT_EQ(read.tensors.at("conv.weight").dtype, Dtype::kF32);
  EXPECT_EQ(read.tensors.at("idxs").dtype, Dtype::kI64);
  EXPECT_TRUE(net.named_parameters()["conv.weight"].requires_grad());
  // Copies, not views, in both directions.
  const torch::NoGradGuard no_gradient;
  net.named_parameters()["bn.bias"].fill_(0);
  EXPECT_EQ(pare::test::values_of(read.tensors.at("bn.bias")), (std::vector<double>{5, 6}));
  // The inverse.
  Net other;
  load_state(other, state_sizes(other), read, "file");
  EXPECT_TRUE(state_of(other).tensors.at("bn.running_var").bytes == read.tensors.at("bn.running_var").bytes);
}

TEST(LoadState, ListsWhatDoesNotFitAndTouchesNothing) {
  Net net;
  const TensorFile before = state_of(net);
  TensorFile file = weights();
  file.tensors.erase("bn.bias");
  file.tensors["bn.weight"] = pare::test::tensor<float>(Dtype::kF32, {3}, {1, 1, 1});
  file.tensors["extra"] = pare::test::tensor<float>(Dtype::kF32, {1}, {1});
  // Six tensors must be there, and the count of batches may: 4 + 1 + 1.
  EXPECT_EQ(
      fault([&] { load_state(net, state_sizes(net), file, "file"); }),
      "[invalid_config] file: 4 of the network's 6 tensors fit; 1 missing: \"bn.bias\"; 1 of another shape: \"bn.weight\" is "
      "[3], the network's [2]; 1 beside them that the network has not: \"extra\"; weights of exactly this network would be "
      "accepted");
  for (const auto &[name, tensor] : before.tensors) EXPECT_TRUE(state_of(net).tensors.at(name).bytes == tensor.bytes) << name;

  TensorFile many = weights();
  for (int i = 0; i < 10; ++i) many.tensors["extra" + std::to_string(i)] = pare::test::tensor<float>(Dtype::kF32, {1}, {1});
  EXPECT_EQ(fault([&] { load_state(net, state_sizes(net), many, "file", {}, {.strict = true}); }),
            "[invalid_config] file: 6 of the network's 6 tensors fit; 10 beside them that the network has not: \"extra0\", "
            "\"extra1\", \"extra2\", \"extra3\" and 6 more; without --strict they would be left out");
  EXPECT_EQ(load_state(net, state_sizes(net), many, "file"),
            std::vector<std::string>{"10 tensors that the network does not use, left out: \"extra0\", \"extra1\", \"extra2\", "
                                     "\"extra3\" and 6 more"});
}

/// What a module's count of tensors, those that fit and those that do not add up to.
TEST(LoadState, RefusesAnotherNetworkThatHoldsThisOne) {
  Net net;
  TensorFile file = weights();
  file.tensors["conv.bias"] = pare::test::tensor<float>(Dtype::kF32, {2}, {1, 1});
  EXPECT_EQ(
      fault([&] { load_state(net, state_sizes(net), file, "file"); }),
      "[invalid_config] file: 6 of the network's 6 tensors fit; 1 beside them in layers like its own, as of another network: "
      "\"conv.bias\"; weights of exactly this network would be accepted");
}

TEST(LoadState, SaysWhichTensorIsWhich) {
  Net net;
  TensorFile file;
  file.format = "torch zip";
  int i = 0;
  formats::NamedSizes wanted;
  for (const char *name : {"conv.weight", "bn.weight", "bn.bias", "bn.running_mean", "bn.running_var", "idxs"}) {
    const auto tensor = weights().tensors.at(name);
    wanted.emplace_back(name, tensor.sizes);
    const std::string theirs = "x." + std::to_string(i++);
    file.tensors[theirs] = tensor;
    file.order.push_back(theirs);
  }
  const auto lines = load_state(net, wanted, file, "file", {}, {.by_order = true});
  ASSERT_EQ(lines.size(), 6U);
  EXPECT_EQ(lines[0], "\"x.0\" is conv.weight [2, 1, 1, 1]");
  EXPECT_EQ(lines[4], "\"x.4\" is bn.running_var [2]");
  EXPECT_EQ(pare::test::values_of(state_of(net).tensors.at("bn.bias")), pare::test::values_of(weights().tensors.at("bn.bias")));
  // Where a prefix is not all that stands in front of names.
  TensorFile wrapped;
  for (const auto &[name, tensor] : weights().tensors) wrapped.tensors["model." + name] = tensor;
  wrapped.tensors["normalize.mean"] = pare::test::tensor<float>(Dtype::kF32, {3}, {0, 0, 0});
  EXPECT_EQ(load_state(net, wanted, wrapped, "file"),
            (std::vector<std::string>{"the network's names are under \"model.\"",
                                      "1 tensor that the network does not use, left out: \"normalize.mean\""}));
}

TEST(LoadState, AnotherHeadIsAHint) {
  struct Head : torch::nn::Module {
    explicit Head(std::int64_t classes) {
      register_module("conv", torch::nn::Conv2d(torch::nn::Conv2dOptions(1, 4, 1).bias(false)));
      register_module("fc", torch::nn::Conv2d(4, classes, 1));
    }
  };
  Head net(10);
  const formats::NamedSizes wanted = {{"conv.weight", {4, 1, 1, 1}}, {"fc.weight", {10, 4, 1, 1}}, {"fc.bias", {10}}};
  Head other(1000);
  const TensorFile file = state_of(other);
  EXPECT_EQ(
      fault([&] { load_state(net, wanted, file, "file"); }),
      "[invalid_config] file: 1 of the network's 3 tensors fit; 2 of another shape: \"fc.bias\" is [1000], the network's [10], "
      "\"fc.weight\" is [1000, 4, 1, 1], the network's [10, 4, 1, 1]; --reinitialise fc starts that layer anew, and would be "
      "accepted "
      "where "
      "its weights are to be trained");
  const torch::Tensor before = net.named_parameters()["fc.weight"].detach().clone();
  EXPECT_EQ(load_state(net, wanted, file, "file", {}, {.anew = {"fc"}}), std::vector<std::string>());
  EXPECT_TRUE(net.named_parameters()["fc.weight"].equal(before));
  EXPECT_TRUE(net.named_parameters()["conv.weight"].equal(other.named_parameters()["conv.weight"]));
  EXPECT_EQ(
      fault([&] { load_state(net, wanted, file, "file", {}, {.anew = {"fv"}}); }),
      "[unknown_name] --reinitialise: the network that takes the weights of file has no layer \"fv\"; its last is \"fc\"");
}

TEST(LoadState, TheCountOfBatchesIsNoMatter) {
  Net net;
  TensorFile file = weights();
  file.tensors["bn.num_batches_tracked"] =
      pare::test::tensor<float>(Dtype::kF32, {2}, {1, 2}); // neither its type nor its shape
  EXPECT_EQ(fault([&] { load_state(net, state_sizes(net), file, "file"); }), "");
  file.tensors["bn.num_batches_tracked"] = pare::test::tensor<std::int64_t>(Dtype::kI64, {}, {12});
  load_state(net, state_sizes(net), file, "file");
  EXPECT_EQ(net.named_buffers()["bn.num_batches_tracked"].item<std::int64_t>(), 12);
}

TEST(LoadState, ValuesThatWouldChangeAreRefused) {
  Net net;
  TensorFile fraction = weights();
  fraction.tensors["idxs"] = pare::test::tensor<float>(Dtype::kF32, {3}, {2, 0, 1}); // floats for an index
  EXPECT_EQ(
      fault([&] { load_state(net, state_sizes(net), fraction, "file"); }),
      "[invalid_config] file: 5 of the network's 6 tensors fit; 1 of a type that does not convert: \"idxs\" is Float, the "
      "network's Long; weights of exactly this network would be accepted");
  TensorFile large = weights();
  large.tensors["conv.weight"] =
      pare::test::tensor<double>(Dtype::kF64, {2, 1, 1, 1}, {1, 1e300}); // infinite in single precision
  EXPECT_EQ(fault([&] { load_state(net, state_sizes(net), large, "file"); }),
            "[invalid_config] file: 5 of the network's 6 tensors fit; 1 of a type that does not convert: \"conv.weight\" is "
            "Double, the network's Float; weights of exactly this network would be accepted");
}

TEST(LoadState, NumbersThatAreNoneAreNamed) {
  Net net;
  const TensorFile before = state_of(net);
  const auto with = [](const std::string &name, std::vector<std::int64_t> sizes, const std::vector<float> &values) {
    TensorFile file = weights();
    file.tensors[name] = pare::test::tensor<float>(Dtype::kF32, std::move(sizes), values);
    return file;
  };
  EXPECT_EQ(fault([&] {
              load_state(net, state_sizes(net), with("conv.weight", {2, 1, 1, 1}, {1, NAN}), "file");
            }),
            "[not_finite] file: \"conv.weight\" has nan at [1, 0, 0, 0]; finite numbers would be accepted");
  EXPECT_EQ(fault([&] {
              load_state(net, state_sizes(net), with("bn.running_mean", {2}, {-INFINITY, 1}), "file");
            }),
            "[not_finite] file: \"bn.running_mean\" has -inf at [0]; finite numbers would be accepted");
  for (const auto &[name, tensor] : before.tensors) EXPECT_TRUE(state_of(net).tensors.at(name).bytes == tensor.bytes) << name;
}

/// Hash indices, signs and variances outside their range would end in a fault that names no file, or in numbers that are none.
TEST(LoadState, NumbersOutsideTheirRangeAreNamed) {
  const Network network = make_network("wide_resnet:depth=10,width=0.25");
  Plan plan;
  plan.uniform = parse_substitute("Hashed_0.5");
  GraphModule module(lower(network.graph, plan).graph);
  initialise(module, 0);
  const ValueRules rules = module.value_rules();
  const TensorFile good = state_of(module);
  load_state(module, state_sizes(module), good, "file", rules);

  const auto refused = [&](const std::string &name, std::size_t at, std::int64_t value) {
    TensorFile file = good;
    torch::Tensor tensor = tensor_of(good.tensors.at(name));
    tensor.flatten()[static_cast<std::int64_t>(at)] = value;
    file.tensors[name] = bytes_of(tensor);
    return fault([&] { load_state(module, state_sizes(module), file, "file", rules); });
  };
  std::map<ValueRule::Kind, std::string> examples;
  for (const auto &[name, rule] : rules) examples.emplace(rule.kind, name);
  ASSERT_TRUE(examples.contains(ValueRule::Kind::kBelow));
  const std::string index = examples.at(ValueRule::Kind::kBelow);
  const std::int64_t end = rules.at(index).end;
  const std::string accepted = fmt::format("whole numbers from 0 to {} would be accepted", end - 1);
  const std::string zeros = [&] {
    std::string out = "0";
    for (std::size_t i = 1; i < good.tensors.at(index).sizes.size(); ++i) out += ", 0";
    return out;
  }();
  EXPECT_EQ(refused(index, 0, end), fmt::format("[invalid_file] file: \"{}\" has {} at [{}]; {}", index, end, zeros, accepted));
  EXPECT_EQ(refused(index, 0, -1), fmt::format("[invalid_file] file: \"{}\" has -1 at [{}]; {}", index, zeros, accepted));
  EXPECT_EQ(refused(index, 0, INT64_MIN),
            fmt::format("[invalid_file] file: \"{}\" has -9223372036854775808 at [{}]; {}", index, zeros, accepted));
  EXPECT_EQ(refused(index, 0, end - 1), "");
  const std::string variance = examples.at(ValueRule::Kind::kVariance);
  EXPECT_EQ(refused(variance, 1, -1),
            fmt::format("[invalid_file] file: \"{}\" has -1 at [1]; variances from 0 up would be accepted", variance));
  const std::string batches = examples.at(ValueRule::Kind::kCount);
  EXPECT_EQ(refused(batches, 0, -1),
            fmt::format("[invalid_file] file: \"{}\" has -1 at []; whole numbers from 0 up would be accepted", batches));
  EXPECT_EQ(refused(batches, 0, 7), "");
}

TEST(LoadState, SignsAreOnes) {
  struct Signed : torch::nn::Module {
    Signed() { register_buffer("signs", torch::ones({3}, at::kChar)); }
  } net;
  const ValueRules rules = {{"signs", {.kind = ValueRule::Kind::kSign}}};
  const auto with = [](const std::vector<std::int8_t> &values) {
    TensorFile file;
    file.tensors["signs"] = pare::test::tensor<std::int8_t>(Dtype::kI8, {3}, values);
    return file;
  };
  EXPECT_EQ(fault([&] { load_state(net, state_sizes(net), with({1, -1, 1}), "file", rules); }), "");
  for (const int bad : {0, 2, -128})
    EXPECT_EQ(fault([&] {
                load_state(net, state_sizes(net), with({1, -1, static_cast<std::int8_t>(bad)}), "file", rules);
              }),
              fmt::format("[invalid_file] file: \"signs\" has {} at [2]; -1 and 1 would be accepted", bad));
}

/// torchvision's classifier is a Linear layer, ours a 1 x 1 convolution.
TEST(LoadState, NameMapsAreAppliedAndNamed) {
  struct Classifier : torch::nn::Module {
    Classifier() { register_module("conv", torch::nn::Conv2d(4, 3, 1)); }
  };
  struct Whole : torch::nn::Module {
    Whole() { register_module("classifier_conv", std::make_shared<Classifier>()); }
  } net;
  TensorFile file;
  file.tensors["classifier.1.weight"] = bytes_of(torch::arange(12, at::kFloat).reshape({3, 4}));
  file.tensors["classifier.1.bias"] = bytes_of(torch::tensor({1.0, 2.0, 3.0}));
  EXPECT_EQ(load_state(net, state_sizes(net), file, "file"), std::vector<std::string>{"names of torchvision MobileNetV2"});
  const TensorFile read = state_of(net);
  EXPECT_EQ(read.tensors.at("classifier_conv.conv.weight").sizes, (std::vector<std::int64_t>{3, 4, 1, 1}));
  EXPECT_TRUE(read.tensors.at("classifier_conv.conv.weight").bytes == file.tensors["classifier.1.weight"].bytes);
  EXPECT_EQ(pare::test::values_of(read.tensors.at("classifier_conv.conv.bias")), (std::vector<double>{1, 2, 3}));
  // A fault names the tensor as the file does.
  file.tensors["classifier.1.bias"] = bytes_of(torch::tensor({1.0, std::nan(""), 3.0}));
  EXPECT_EQ(fault([&] { load_state(net, state_sizes(net), file, "file"); }),
            "[not_finite] file: \"classifier.1.bias\" has nan at [1]; finite numbers would be accepted");
}

/// What the PyTorch of this machine writes today is read as what tests/golden/teachers has of another day.
TEST(Teachers, OfThisPyTorchAreRead) {
  const pare::test::Folder folder;
  const std::string command = fmt::format("cd '{}' && '{}' -B -W ignore '{}/teachers/write_teachers.py' .",
                                          folder.path().string(), PARE_TORCH_PYTHON, PARE_GOLDEN_DIR);
  ASSERT_EQ(std::system(command.c_str()), 0) << command;
  const auto expected = nlohmann::ordered_json::parse(pare::test::read_text(folder.path("expected.json")));
  for (const std::string &file : pare::test::kTeachers)
    pare::test::expect_file(formats::read_tensor_file(folder.path(file)), expected[file], file);
  for (const auto &[file, name] : pare::test::kCallers) pare::test::expect_caller_refused(folder.path(file), name);
  // A module instead of its state.
  pare::test::expect_error([&] { formats::read_tensor_file(folder.path("model.t7")); }, ErrorCode::kInvalidFile, "model.t7",
                           "the pickle asks for torch.nn.modules");
  EXPECT_FALSE(std::filesystem::exists(folder.path("executed")));
}

} // namespace
} // namespace pare::train

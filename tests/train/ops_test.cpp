// Ops that other people's networks have: functions of one number, products, dropout, adaptive pools, padding that differs from
// side to side; each against what it is by definition, in double precision, and trained through.

#include "tests/support.hpp"
#include "train/graph_module.hpp"
#include "train/torch.hpp"

#include "analysis/builder.hpp"

#include <algorithm>
#include <functional>
#include <limits>
#include <set>

namespace pare::train {
namespace {

using torch::Tensor;
using torch::indexing::Slice;

constexpr Shape kShape{.batch = 3, .channels = 4, .height = 7, .width = 6};

Tensor image(const Shape &shape = kShape) {
  torch::manual_seed(3);
  return torch::randn({shape.batch, shape.channels, shape.height, shape.width}, torch::kFloat64) * 3;
}

/// The output of the last op of a graph without parameters, on these inputs; the first is the image.
Tensor run(const std::function<NodeId(Builder &, NodeId)> &build, const Tensor &x, const Pass &pass = {}) {
  Graph graph;
  Builder b(graph);
  const NodeId input = graph.add_input({.batch = x.size(0), .channels = x.size(1), .height = x.size(2), .width = x.size(3)});
  const NodeId last = build(b, input);
  const Shape shape = graph.activation(last);
  GraphModule module(std::move(graph));
  module.to(torch::kFloat64);
  Tensor out;
  module.observe([&](NodeId node, const Tensor &value) {
    if (node == last) out = value;
  });
  module.run(x, pass);
  EXPECT_EQ(out.sizes().vec(), (std::vector<std::int64_t>{shape.batch, shape.channels, shape.height, shape.width}));
  return out;
}
Tensor run(const Op &op, const Tensor &x, const Pass &pass = {}) {
  return run([&](Builder &b, NodeId input) { return b.op("op", op, {input}); }, x, pass);
}

void expect_near(const Tensor &a, const Tensor &b, double most = 1e-12) { EXPECT_LE((a - b).abs().max().item<double>(), most); }

TEST(Ops, FunctionsOfOneNumber) {
  const auto sigmoid = [](const Tensor &x) { return 1 / (1 + (-x).exp()); };
  const auto relu6 = [](const Tensor &x) { return x.clamp(0, 6); };
  const std::vector<std::pair<Op, std::function<Tensor(const Tensor &)>>> all = {
      {Relu{}, [](const Tensor &x) { return x.clamp_min(0); }},
      {Relu6{}, relu6},
      {Sigmoid{}, sigmoid},
      {Silu{}, [&](const Tensor &x) { return x * sigmoid(x); }},
      {HardSigmoid{}, [&](const Tensor &x) { return relu6(x + 3) / 6; }},
      {HardSwish{}, [&](const Tensor &x) { return x * relu6(x + 3) / 6; }},
      {Gelu{}, [](const Tensor &x) { return x * (1 + (x / std::sqrt(2.0)).erf()) / 2; }},
      {Tanh{}, [](const Tensor &x) { return (x.exp() - (-x).exp()) / (x.exp() + (-x).exp()); }}};
  std::set<std::size_t> seen;
  for (const auto &[op, formula] : all) {
    SCOPED_TRACE(std::string(kind_name(op)));
    seen.insert(kind_index(op));
    Tensor x = image().requires_grad_(true);
    const Tensor out = run(op, x);
    expect_near(out, formula(x));
    // And its gradient, against that of the formula. LibTorch's of the hard sigmoid has a sixth in single precision.
    const Tensor weight = torch::randn_like(x);
    const Tensor own = torch::autograd::grad({(out * weight).sum()}, {x}).front();
    expect_near(own, torch::autograd::grad({(formula(x) * weight).sum()}, {x}).front(), 1e-6);
  }
#define PARE_ELEMENTWISE(Type, name) EXPECT_TRUE(seen.contains(kind_index(Type{}))) << #name;
#include "analysis/ops/elementwise.def"
#undef PARE_ELEMENTWISE
}

TEST(Ops, ProductsStretchOnePixel) {
  const Tensor x = image();
  const auto squeezed = [](Builder &b, NodeId input) {
    const NodeId pooled = b.op("pool", GlobalAvgPool{}, {input});
    return b.op("scale", Multiply{}, {pooled, input, b.op("gate", Sigmoid{}, {pooled})});
  };
  const Tensor mean = x.mean(3, true).mean(2, true);
  expect_near(run(squeezed, x), x * mean / (1 + (-mean).exp()));
  expect_near(run([](Builder &b, NodeId input) { return b.op("square", Multiply{}, {input, input}); }, x), x.square());
}

TEST(Ops, CropsTakeEachStride) {
  const Tensor x = image();
  expect_near(run(pare::Crop{.top = 1, .left = 2, .stride = {2, 3}}, x),
              x.index({Slice(), Slice(), Slice(1, 7, 2), Slice(2, 6, 3)}));
  expect_near(run(pare::Crop{.stride = {2, 1}}, x), x.index({Slice(), Slice(), Slice(0, 7, 2)}));
}

TEST(Ops, AdaptivePoolsAverageTheirWindows) {
  const Tensor x = image();
  for (const auto &[height, width] : {std::pair{1, 1}, {7, 6}, {3, 4}, {2, 5}, {9, 8}}) {
    const Tensor out = run(AdaptiveAvgPool{.size = {height, width}}, x);
    for (std::int64_t i = 0; i < height; ++i)
      for (std::int64_t j = 0; j < width; ++j) {
        const Slice rows(i * 7 / height, ((i + 1) * 7 + height - 1) / height);
        const Slice columns(j * 6 / width, ((j + 1) * 6 + width - 1) / width);
        const Tensor window = x.index({Slice(), Slice(), rows, columns});
        expect_near(out.index({Slice(), Slice(), i, j}), window.mean(3).mean(2));
      }
  }
}

/// The image with a border of a number.
Tensor bordered(const Tensor &x, const Padding &p, double value) {
  const std::int64_t height = x.size(2) + p.vertical.sum();
  const std::int64_t width = x.size(3) + p.horizontal.sum();
  Tensor out = torch::full({x.size(0), x.size(1), height, width}, value, x.options());
  out.narrow(2, p.vertical.before, x.size(2)).narrow(3, p.horizontal.before, x.size(3)).copy_(x);
  return out;
}

TEST(Ops, PaddingMayDifferFromSideToSide) {
  const Tensor x = image();
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  for (const Padding &padding : {Padding{{0, 1}, {0, 1}}, {{1, 0}, {1, 1}}, {{0, 0}, {1, 0}}, {1, 1}}) {
    const MaxPool max{.kernel = {3, 3}, .stride = {2, 2}, .padding = padding};
    expect_near(run(max, x), run(MaxPool{.kernel = {3, 3}, .stride = {2, 2}}, bordered(x, padding, -kInfinity)));
    AvgPool average{.kernel = {3, 3}, .stride = {2, 2}, .padding = padding};
    const AvgPool plain{.kernel = {3, 3}, .stride = {2, 2}};
    const Tensor sum = 9 * run(plain, bordered(x, padding, 0));
    expect_near(run(average, x), sum / 9);
    average.count_include_pad = false;
    expect_near(run(average, x), sum / (9 * run(plain, bordered(torch::ones_like(x), padding, 0))));
  }
  // A convolution, in training and folded into one with its batch norm and ReLU.
  const Padding padding{{0, 1}, {2, 0}};
  Graph graph;
  Builder b(graph);
  const NodeId input = graph.add_input(kShape);
  const NodeId conv = b.conv("conv", input, {.out_channels = 5, .kernel = {3, 3}, .stride = {2, 2}, .padding = padding});
  const NodeId last = b.op("relu", Relu{}, {b.batch_norm("bn", conv)});
  const Shape shape = graph.activation(last);
  GraphModule module(std::move(graph));
  module.to(torch::kFloat64);
  {
    const torch::NoGradGuard no_gradient;
    for (Tensor &parameter : module.parameters()) parameter.copy_(torch::randn_like(parameter));
  }
  const Tensor wanted = at::conv2d(bordered(x, padding, 0), module.named_parameters()["conv.weight"], {}, 2);
  EXPECT_EQ(wanted.size(2), shape.height);
  EXPECT_EQ(wanted.size(3), shape.width);
  std::map<NodeId, Tensor> made;
  module.observe([&](NodeId node, const Tensor &value) { made[node] = value; });
  module.run(x, {});
  expect_near(made.at(conv), wanted);
  const Tensor before = made.at(last);
  const torch::NoGradGuard no_gradient;
  module.freeze();
  module.run(x, {});
  expect_near(made.at(last), before);
}

TEST(Ops, DropoutKeepsItsShareAndItsMeanAndDoesNothingLater) {
  const Tensor x = torch::ones({4, 64, 16, 16}, torch::kFloat64);
  const Dropout op{.probability = 0.25};
  const Pass training{.training = true, .seed = 5, .step = 9};
  EXPECT_TRUE(torch::equal(run(op, x), x));
  const Tensor out = run(op, x, training);
  const double dropped = (out == 0).to(torch::kFloat64).mean().item<double>();
  EXPECT_NEAR(dropped, 0.25, 5 * std::sqrt(0.25 * 0.75 / static_cast<double>(x.numel())));
  EXPECT_TRUE(((out == 0) | ((out - 4.0 / 3).abs() < 1e-6)).all().item<bool>());
  EXPECT_FALSE(torch::equal(out[0], out[1])) << "each image has a mask of its own";
  // The same of a step, whoever computes it again, and of an image, whatever micro-batch it is in; another of another step.
  EXPECT_TRUE(torch::equal(run(op, x, training), out));
  Pass second_half = training;
  second_half.first_image = 2;
  EXPECT_TRUE(torch::equal(run(op, x.narrow(0, 0, 2), second_half), out.narrow(0, 2, 2)));
  Pass next = training;
  next.step = 10;
  EXPECT_FALSE(torch::equal(run(op, x, next), out));
}

} // namespace
} // namespace pare::train

// What the recipe's kernel gives: LibTorch runs the op as its header says, and trains through it.

#include "analysis/builder.hpp"
#include "train/modules/kernel.hpp"
#include "train/torch.hpp"

#include <gtest/gtest.h>

#include <array>

namespace pare::train {
namespace {

TEST(RecipeOp, RunsInTheTrainer) {
  Graph graph;
  Builder b(graph);
  const NodeId y =
      b.op("fold", SpaceToDepth{.size = 2}, {graph.add_input({.batch = 2, .channels = 3, .height = 4, .width = 6})});
  torch::Tensor x = torch::arange(2 * 3 * 4 * 6, torch::kFloat64).view({2, 3, 4, 6}).requires_grad_(true);
  const std::array inputs = {x};
  const torch::Tensor out = make_kernel(graph, y)({}, inputs);
  const Shape &shape = graph.activation(y);
  ASSERT_EQ(out.sizes().vec(), (std::vector<std::int64_t>{shape.batch, shape.channels, shape.height, shape.width}));
  for (std::int64_t c = 0; c < 12; ++c) // of a square's four pixels, row by row
    EXPECT_TRUE(out.select(1, c).equal(x.select(1, c / 4).slice(1, c % 4 / 2, 4, 2).slice(2, c % 2, 6, 2))) << c;
  // Every pixel comes out once.
  EXPECT_TRUE(torch::autograd::grad({out.sum()}, {x}).front().equal(torch::ones_like(x)));
}

} // namespace
} // namespace pare::train

#include "train/plan/batch_norm.hpp"

#include "analysis/lower.hpp"
#include "models/network.hpp"
#include "tests/support.hpp"

namespace pare::train {
namespace {

TEST(BatchNorms, TheSmallestPassOfAnEpoch) {
  EXPECT_EQ(smallest_pass(200, 10, {}), 10);
  EXPECT_EQ(smallest_pass(201, 10, {}), 1);
  EXPECT_EQ(smallest_pass(208, 10, {}), 8);
  EXPECT_EQ(smallest_pass(5, 10, {}), 5); // fewer than one batch
  EXPECT_EQ(smallest_pass(1, 10, {}), 1);
  EXPECT_EQ(smallest_pass(200, 10, 4), 2); // 4, 4 and 2
  EXPECT_EQ(smallest_pass(200, 10, 3), 1); // 3, 3, 3 and 1
  EXPECT_EQ(smallest_pass(205, 10, 4), 1); // the last batch has 5: 4 and 1
  EXPECT_EQ(smallest_pass(203, 10, 5), 3); // the last batch has 3
  EXPECT_EQ(smallest_pass(200, 10, 1), 1);
}

/// What check_batch_norms() says, as one line; "" where it is content.
std::string fault(const Graph &network, const Graph *auxiliary, std::int64_t images, std::int64_t batch,
                  std::optional<std::int64_t> micro_batch = {}) {
  try {
    check_batch_norms(network, auxiliary, images, batch, micro_batch);
    return "";
  } catch (const Error &error) {
    return error.what();
  }
}

Graph lowered(const std::string &spec, std::int64_t side) {
  const Shape input{.batch = 1, .channels = 3, .height = side, .width = side};
  return lower(make_network(spec, {.input = input}).graph, {}).graph;
}

// Two strides of 2 leave 1 x 1 of 4 x 4: the maps of the third group.
TEST(BatchNorms, OfOnePixelNeedTwoImages) {
  const Graph network = lowered("wide_resnet:depth=10,width=0.25", 4);
  EXPECT_EQ(fault(network, nullptr, 200, 10), "");
  EXPECT_EQ(
      fault(network, nullptr, 201, 10),
      "[invalid_config] protocol/batch: batch = 10 and 201 training images leave a pass of 1 image, in which batch norm "
      "block3.0.layer.0.bn2, on maps of 1 x 1, has one value per channel and no variance to divide by; batch = 11 would be "
      "accepted");
  EXPECT_EQ(
      fault(network, nullptr, 200, 1),
      "[invalid_config] protocol/batch: batch = 1 and 200 training images leave a pass of 1 image, in which batch norm "
      "block3.0.layer.0.bn2, on maps of 1 x 1, has one value per channel and no variance to divide by; batch = 2 would be "
      "accepted");
  EXPECT_EQ(
      fault(network, nullptr, 200, 10, 3),
      "[invalid_config] --micro-batch: micro-batch = 3 and 200 training images leave a pass of 1 image, in which batch norm "
      "block3.0.layer.0.bn2, on maps of 1 x 1, has one value per channel and no variance to divide by; micro-batch = 4 "
      "would be accepted");
  EXPECT_EQ(fault(network, nullptr, 1, 10),
            "[invalid_config] protocol/batch: batch = 10 and 1 training images leave a pass of 1 image, in which batch norm "
            "block3.0.layer.0.bn2, on maps of 1 x 1, has one value per channel and no variance to divide by; more images would "
            "be accepted");
  // Larger maps have more values than one.
  const Graph larger = lowered("wide_resnet:depth=10,width=0.25", 8);
  EXPECT_EQ(fault(larger, nullptr, 201, 10), "");
  EXPECT_EQ(fault(larger, nullptr, 200, 1), "");
}

// The auxiliary head of DARTS pools 8 x 8 to 2 x 2 and takes a 2 x 2 convolution of that, with a batch norm behind it.
TEST(BatchNorms, OfAnAuxiliaryHeadCount) {
  const Network darts = make_network("darts:channels=4,layers=6");
  const Graph network = lower(darts.graph, {}).graph;
  const auto taps = network.marked(Mark::kAuxiliaryTap);
  ASSERT_FALSE(taps.empty());
  const auto head = darts.family->auxiliary_head(darts.values, network.activation(taps[0]));
  ASSERT_TRUE(head.has_value());
  EXPECT_EQ(fault(network, nullptr, 97, 96), "");
  const std::string line = fault(network, &*head, 97, 96);
  EXPECT_NE(line.find("[invalid_config] protocol/batch: batch = 96 and 97 training images leave a pass of 1 image, in which "
                      "batch norm auxiliary_head."),
            std::string::npos)
      << line;
  EXPECT_EQ(fault(network, &*head, 96, 96), "");
}

} // namespace
} // namespace pare::train

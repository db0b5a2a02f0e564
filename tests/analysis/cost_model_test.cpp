#include "analysis/cost_model.hpp"

#include "analysis/builder.hpp"
#include "analysis/lower.hpp"
#include "models/network.hpp"
#include "tests/support.hpp"

#include <algorithm>

namespace pare {
namespace {

CostReport report_of(const char *network, const char *substitute, std::int64_t batch, Detail detail = Detail::kTotals) {
  const Shape input = find_network_family("wide_resnet").info().input;
  const Network n =
      make_network(network, {.input = Shape{.batch = batch, .channels = 3, .height = input.height, .width = input.width}});
  return count(lower(n.graph, {.uniform = parse_substitute(substitute), .layers = {}}).graph, detail);
}

// One TensorTrain_0.5 of 16 -> 16, k = 1 on 5 x 5: modes 8, 8, 4, ranks 4, 2. Merging 8 x 8 results of rank 2 from 4 products
// each and 256 results of 2, once; then 25 positions of 16 x 16, for each image.
TEST(WorkPerBatch, IsSeparateAndDoesNotScaleWithTheBatch) {
  const Convention &macs = find_convention("macs");
  for (std::int64_t batch : {1, 2, 7}) {
    const ConvSite site =
        make_site("X", {.batch = batch, .channels = 16, .height = 5, .width = 5}, 16, {1, 1}, {1, 1}, {0, 0}, {1, 1});
    Graph graph;
    lower_site(graph, site, graph.add_input(site.input), parse_substitute("TensorTrain_0.5"));
    EXPECT_EQ(count(graph).per_batch(macs), Count(8 * 8 * 4 * 2 + 8 * 8 * 4 * 2 * 1));
    EXPECT_EQ(count(graph).mult_adds(macs), Count(batch * 25 * 16 * 16));
  }
}

TEST(WorkPerBatch, OfWholeNetworks) {
  const Convention &macs = find_convention("macs");
  for (const char *substitute :
       {"Conv", "Generic_0.1", "Hashed_0.1", "LR_0.1", "TensorTrain_0.3", "Tucker_0.3", "CP_0.3", "ACDC_4"}) {
    SCOPED_TRACE(substitute);
    const CostReport one = report_of("wrn-16-4", substitute, 1);
    const CostReport many = report_of("wrn-16-4", substitute, 128);
    EXPECT_EQ(many.parameters, one.parameters);
    EXPECT_EQ(many.mult_adds(macs), one.mult_adds(macs).times(128));
    EXPECT_EQ(many.per_batch(macs), one.per_batch(macs));
    EXPECT_EQ(many.activation_elements, 128 * one.activation_elements);
    const std::string_view name = substitute;
    const bool computed =
        name.starts_with("Tensor") || name.starts_with("Tucker") || name.starts_with("CP") || name.starts_with("ACDC");
    EXPECT_EQ(one.per_batch(macs).is_zero(), !computed);
    // The reference's own figures scale with the images as well.
    const Convention &reference = find_convention("reference");
    EXPECT_NEAR(many.mult_adds(reference).to_double(), 128 * one.mult_adds(reference).to_double(),
                1e-9 * many.mult_adds(reference).to_double());
  }
}

TEST(Reports, LayersSumToTheTotal) {
  for (const char *substitute : {"Conv", "ACDC_4", "SepHashed_0.2", "Shuffle_4", "Tucker_0.3"}) {
    // Of 40, 80 and 160 channels, log2 is no whole number, which ACDC's figure under the reference has in it.
    const CostReport report = report_of("wrn-16-2.5", substitute, 2, Detail::kLayers);
    for (const Convention &convention : conventions()) {
      Count mult_adds;
      Count per_batch;
      std::int64_t parameters = 0;
      for (const LayerCost &layer : report.layers) {
        parameters += layer.parameters;
        mult_adds += weigh(layer.events, convention, false);
        per_batch += weigh(layer.events, convention, true);
      }
      EXPECT_EQ(parameters, report.parameters);
      EXPECT_EQ(mult_adds.to_string(), report.mult_adds(convention).to_string());
      EXPECT_EQ(mult_adds.is_whole(), report.mult_adds(convention).is_whole());
      EXPECT_EQ(per_batch, report.per_batch(convention));
    }
    EXPECT_TRUE(report_of("wrn-16-2.5", substitute, 2).layers.empty()) << "only where asked for";
  }
}

// wrn-10-1 by hand: conv1 16 channels at 32 x 32; each block bn relu conv bn relu conv (shortcut) add.
TEST(Reports, ActivationsAreOutputsOfOpsThatMakeTensors) {
  const std::int64_t block1 = 16 * 32 * 32;
  const std::int64_t block2 = 32 * 16 * 16;
  const std::int64_t block3 = 64 * 8 * 8;
  // bn1 and relu1 are of the input's size; then conv1, bn2, relu2, conv2, add, and the shortcut where channels change.
  const std::int64_t expected = block1 /* conv1 */ + (2 + 5) * block1 + (2 * block1 + 6 * block2) + (2 * block2 + 6 * block3) +
                                2 * block3 /* bn1, relu */ + 64 /* avg_pool */ + 10 /* fc */;
  EXPECT_EQ(report_of("wrn-10-1", "Conv", 1).activation_elements, expected);
}

TEST(Reports, SplitParameters) {
  // wrn-10-1: 6 replaceable 3 x 3 convolutions; batch norms of 16, 16, 16, 32, 32, 64 and the last of 64.
  const CostReport conv = report_of("wrn-10-1", "Conv", 1);
  EXPECT_EQ(conv.substituted_parameters, 0);
  EXPECT_EQ(conv.scaled_decay_parameters, 0);
  EXPECT_EQ(conv.batch_norm_parameters, 2 * (16 + 16 + 16 + 32 + 32 + 64 + 64));
  const CostReport generic = report_of("wrn-10-1", "Generic_0.5", 1);
  const std::int64_t depthwise = 9 * (16 + 16 + 16 + 32 + 32 + 64);
  const std::int64_t low_rank = 8 * (16 + 16) * 2 + 16 * (16 + 32) + 16 * (32 + 32) + 32 * (32 + 64) + 32 * (64 + 64);
  EXPECT_EQ(generic.substituted_parameters, depthwise + low_rank);
  EXPECT_EQ(generic.scaled_decay_parameters, low_rank);
}

TEST(Reports, OverflowNamesTheLayer) {
  Graph graph;
  Builder b(graph);
  const std::int64_t wide = std::int64_t{1} << 24;
  NodeId x = graph.add_input({.batch = 1, .channels = wide, .height = 64, .width = 64});
  x = b.conv("huge", x, {.out_channels = wide}); // 2^24 2^24 2^12 = 2^60 multiply-accumulates
  EXPECT_EQ(count(graph).mult_adds(find_convention("macs")), Count(std::int64_t{1} << 60));
  b.conv("too_huge", x, {.out_channels = 8 * wide}); // 2^63
  test::expect_error([&] { count(graph); }, ErrorCode::kOverflow, "too_huge", "does not fit in a signed 64-bit integer");
}

TEST(Reports, OverflowOfASumIsReported) {
  Graph graph;
  Builder b(graph);
  const std::int64_t wide = std::int64_t{1} << 24;
  NodeId x = graph.add_input({.batch = 1, .channels = wide, .height = 128, .width = 64});
  for (int i = 0; i < 4; ++i) x = b.conv("c" + std::to_string(i), x, {.out_channels = wide}); // 2^61 each, four are 2^63
  test::expect_message([&] { count(graph); }, "[overflow] c3: 6917529027641081856 + 2305843009213693952 does not fit in a "
                                              "signed 64-bit integer; counts are exact or refused");
}

} // namespace
} // namespace pare

// Other counters on torchvision's networks (golden/peer_counts.csv). torch_macs is the core, convolutions and matrix products
// without bias: convention `macs` of the network before anything is substituted.

#include "analysis/cost_model.hpp"
#include "models/network.hpp"
#include "tests/support.hpp"

#include <map>
#include <sstream>
#include <vector>

namespace pare {
namespace {

std::vector<std::string> fields(const std::string &line) {
  std::vector<std::string> out;
  std::istringstream in(line);
  for (std::string field; std::getline(in, field, ',');) out.push_back(field);
  return out;
}

/// One row by column name.
std::map<std::string, std::string> row_of(const std::string &model) {
  std::istringstream in(test::read_text(std::string(PARE_GOLDEN_DIR) + "/peer_counts.csv"));
  std::string line;
  std::getline(in, line);
  const std::vector<std::string> header = fields(line);
  while (std::getline(in, line)) {
    const std::vector<std::string> values = fields(line);
    if (values.at(0) != model) continue;
    std::map<std::string, std::string> out;
    for (std::size_t i = 0; i < header.size(); ++i) out[header[i]] = values.at(i);
    return out;
  }
  throw std::runtime_error("no row " + model);
}

struct Peer {
  const char *model;
  const char *spec;
};

class PeerCounts : public testing::TestWithParam<Peer> {};

TEST_P(PeerCounts, AgreeWithTheCoreOfOtherTools) {
  const auto row = row_of(GetParam().model);
  const Network network = make_network(GetParam().spec);
  const std::int64_t size = std::stoll(row.at("size"));
  EXPECT_EQ(network.input, (Shape{.batch = 1, .channels = 3, .height = size, .width = size}));
  const CostReport report = count(network.graph);
  EXPECT_EQ(report.parameters, std::stoll(row.at("params")));
  EXPECT_EQ(report.mult_adds(find_convention("macs")), Count(std::stoll(row.at("torch_macs"))));
  EXPECT_TRUE(report.per_batch(find_convention("macs")).is_zero());
}

INSTANTIATE_TEST_SUITE_P(Torchvision, PeerCounts,
                         testing::Values(Peer{"resnet18", "resnet-18"}, Peer{"resnet50", "resnet-50"},
                                         Peer{"resnet50", "resnet"}, Peer{"wide_resnet50_2", "wrn-50-2"},
                                         Peer{"wide_resnet50_2", "resnet:depth=50,width=2,expansion=2"},
                                         Peer{"mobilenet_v2", "mobilenet-v2"}, Peer{"mobilenet_v2", "mobilenet_v2:round_to=8"}),
                         [](const testing::TestParamInfo<Peer> &param) { return test::test_name(param.param.spec); });

// The decomposition of ResNet-50's other counts: batch norm reads 11113984 elements, the head's pooling 2048 x 7 x 7, the bias
// of fc is 1000 (fvcore = core + 2 x 11113984 + 100352). resnet18: ReLU reads 2308096, the max pool's output is 64 x 56 x 56.
TEST(PeerCounts, EventsOfResNets) {
  const auto amount = [](const CostReport &report, std::string_view op, Event event) {
    Count out;
    for (const EventCount &e : report.events)
      if (kind_name(e.op_kind) == op && e.event == event) out += e.amount;
    return out;
  };
  const CostReport fifty = count(make_network("resnet-50").graph);
  EXPECT_EQ(amount(fifty, "batch_norm", Event::kElement), Count(11113984));
  EXPECT_EQ(amount(fifty, "avg_pool", Event::kWindow), Count(2048 * 49));
  EXPECT_EQ(amount(fifty, "linear", Event::kBias), Count(1000));
  EXPECT_EQ(std::stoll(row_of("resnet50").at("fvcore")), 4089184256 + 2 * 11113984 + 2048 * 49);
  const CostReport eighteen = count(make_network("resnet-18").graph);
  EXPECT_EQ(amount(eighteen, "relu", Event::kElement), Count(2308096));
  EXPECT_EQ(amount(eighteen, "max_pool", Event::kWindow), Count(9 * 64 * 56 * 56));
}

// torchvision's published weights of the depths that the table has not (num_params of ResNet34_Weights, ResNet101_Weights and
// ResNet152_Weights).
TEST(PeerCounts, ParametersOfTheOtherDepths) {
  EXPECT_EQ(count(make_network("resnet-34").graph).parameters, 21797672);
  EXPECT_EQ(count(make_network("resnet-101").graph).parameters, 44549160);
  EXPECT_EQ(count(make_network("resnet-152").graph).parameters, 60192808);
}

} // namespace
} // namespace pare

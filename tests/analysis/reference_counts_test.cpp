// The 2019 counter: every row of golden/counts.json, which that code itself printed, run once for each row.

#include "analysis/cost_model.hpp"
#include "analysis/lower.hpp"
#include "models/network.hpp"
#include "tests/support.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>

namespace pare {
namespace {

using Json = nlohmann::ordered_json;

const Json &reference_rows() {
  static const Json file = test::golden("counts.json");
  return file.at("rows");
}

/// {"family": "darts", "channels": 36} -> "darts:channels=36"
std::string spec_of(const Json &network) {
  std::string out = network.at("family").get<std::string>();
  char separator = ':';
  for (const auto &[key, value] : network.items()) {
    if (key == "family") continue;
    out += separator + key + "=" + value.dump();
    separator = ',';
  }
  return out;
}

class ReferenceCounts : public testing::TestWithParam<std::size_t> {
protected:
  const Json &row() const { return reference_rows().at(GetParam()); }
  bool acdc() const { return row().at("substitution").get<std::string>().find("ACDC") != std::string::npos; }

  /// Whole numbers exactly. Only ACDC's 4N + 5N log2 N is not whole: to 1e-12 relative.
  bool same(const Count &counted, double expected) const {
    if (std::floor(expected) == expected) return counted.is_whole() && counted.whole() == static_cast<std::int64_t>(expected);
    return acdc() && std::fabs(counted.to_double() - expected) <= 1e-12 * expected;
  }
};

TEST_P(ReferenceCounts, AreExact) {
  const Network network = make_network(spec_of(row().at("network")));
  const auto input = row().at("input").get<std::vector<std::int64_t>>();
  ASSERT_EQ(network.input, (Shape{.batch = 1, .channels = input[0], .height = input[1], .width = input[2]}));
  const Plan plan{.uniform = parse_substitute(row().at("substitution").get<std::string>()), .layers = {}};
  const Lowered lowered = lower(network.graph, plan);
  EXPECT_TRUE(lowered.kept.empty());
  const CostReport report = count(lowered.graph, Detail::kLayers);
  const Convention &reference = find_convention("reference");

  EXPECT_EQ(report.parameters, row().at("parameters").get<std::int64_t>());
  const Count counted = report.mult_adds(reference);
  EXPECT_TRUE(same(counted, row().at("mult_adds").get<double>())) << counted.to_string() << " is not " << row().at("mult_adds");
  // The 2019 counter knows no work per batch.
  EXPECT_TRUE(report.per_batch(reference).is_zero());

  if (!row().contains("layers")) return;
  // Layer by layer, as a multiset: a module that is called several times is listed several times. What the reference does not
  // list (adds, concatenations, ReLU6, functional pooling ...) must weigh nothing and hold no parameters.
  std::vector<const Json *> expected;
  for (const Json &layer : row().at("layers")) expected.push_back(&layer);
  for (const LayerCost &layer : report.layers) {
    const std::string &name = lowered.graph.layer(layer.layer).name;
    const Count cost = weigh(layer.events, reference, false);
    const auto found = std::find_if(expected.begin(), expected.end(), [&](const Json *e) {
      return e->at("module") == name && e->at("parameters") == layer.parameters && same(cost, e->at("mult_adds").get<double>());
    });
    if (found != expected.end()) {
      expected.erase(found);
      continue;
    }
    EXPECT_TRUE(layer.parameters == 0 && cost.is_zero()) << name << ": parameters " << layer.parameters << ", mult-adds "
                                                         << cost.to_string() << ", and the reference has no such layer";
  }
  for (const Json *missing : expected) ADD_FAILURE() << "not counted so: " << *missing;
}

std::vector<std::size_t> reference_indices() {
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < reference_rows().size(); ++i) out.push_back(i);
  return out;
}

INSTANTIATE_TEST_SUITE_P(Rows, ReferenceCounts, testing::ValuesIn(reference_indices()),
                         [](const testing::TestParamInfo<std::size_t> &param) {
                           const Json &row = reference_rows().at(param.param);
                           std::string name;
                           for (const auto &[key, value] : row.at("network").items())
                             if (key != "classes") name += (value.is_string() ? value.get<std::string>() : value.dump()) + "_";
                           return test::test_name(name + row.at("substitution").get<std::string>());
                         });

TEST(ReferenceCountsFile, HasAllItsRows) {
  EXPECT_EQ(reference_rows().size(), 114u);
  std::size_t with_layers = 0;
  for (const Json &row : reference_rows()) with_layers += row.contains("layers") ? 1 : 0;
  EXPECT_EQ(with_layers, 14u);
  // The reference refused none of them.
  EXPECT_TRUE(test::golden("counts.json").at("refused").empty());
}

} // namespace
} // namespace pare

// The cheapest order of a contraction, against all orders, and what is known of it.

#include "analysis/contraction.hpp"

#include "analysis/convention.hpp"
#include "analysis/cost_model.hpp"
#include "analysis/explanation.hpp"
#include "analysis/lower.hpp"
#include "models/network.hpp"
#include "tests/support.hpp"

#include <algorithm>
#include <random>
#include <set>

namespace pare {
namespace {

using Labels = std::set<std::int64_t>;

/// The least that multiplying x and all tensors costs, two at a time, over all orders: steps that x is part of.
std::int64_t least_of_all_orders(const TensorNetwork &network, const std::vector<Labels> &left, std::size_t x) {
  if (left.size() == 1) return 0;
  std::int64_t least = -1;
  for (std::size_t a = 0; a < left.size(); ++a)
    for (std::size_t b = a + 1; b < left.size(); ++b) {
      Labels needed(network.outputs.begin(), network.outputs.end());
      for (std::size_t other = 0; other < left.size(); ++other)
        if (other != a && other != b) needed.insert(left[other].begin(), left[other].end());
      Labels both = left[a];
      both.insert(left[b].begin(), left[b].end());
      std::int64_t cost = a == x || b == x ? 1 : 0;
      if (cost > 0)
        for (const std::int64_t label : both) cost *= network.sizes[static_cast<std::size_t>(label)];
      Labels kept;
      std::set_intersection(both.begin(), both.end(), needed.begin(), needed.end(), std::inserter(kept, kept.end()));
      std::vector<Labels> next;
      std::size_t next_x = 0;
      for (std::size_t other = 0; other < left.size(); ++other) {
        if (other == b) continue;
        if (other == x || (other == a && b == x)) next_x = next.size();
        next.push_back(other == a ? kept : left[other]);
      }
      cost += least_of_all_orders(network, next, next_x);
      if (least < 0 || cost < least) least = cost;
    }
  return least;
}

std::int64_t least_of_all_orders(const TensorNetwork &network) {
  std::vector<Labels> all{Labels(network.inputs.begin(), network.inputs.end())};
  for (const auto &element : network.elements) all.emplace_back(element.begin(), element.end());
  return least_of_all_orders(network, all, 0);
}

TEST(Contractions, AreTheCheapestOfAllOrders) {
  std::mt19937 random(7);
  const auto draw = [&](std::int64_t least, std::int64_t most) {
    return std::uniform_int_distribution<std::int64_t>(least, most)(random);
  };
  int split = 0;
  for (int trial = 0; trial < test::trials(400); ++trial) {
    const auto d = static_cast<std::size_t>(draw(2, 4));
    std::vector<std::int64_t> modes;
    std::vector<std::int64_t> ranks;
    std::int64_t elements = 1;
    for (std::size_t k = 0; k < d; ++k) {
      modes.push_back(draw(1, 6));
      ranks.push_back(draw(1, 9));
      elements *= modes.back();
    }
    std::vector<std::int64_t> outputs;
    for (std::int64_t n = 1; n <= elements; ++n)
      if (elements % n == 0) outputs.push_back(n);
    const std::int64_t c_o = outputs[static_cast<std::size_t>(draw(0, static_cast<std::int64_t>(outputs.size()) - 1))];
    const std::span<const std::int64_t> r(ranks);
    std::vector<FlattenedTensors> kinds{train_tensors(modes, r.first(d - 1)), polyadic_tensors(modes, ranks[0])};
    if (d < 4) kinds.push_back(tucker_tensors(modes, ranks));
    if (d == 2) kinds.push_back(tucker_train_tensors(modes, ranks, r.first(1)));
    for (const FlattenedTensors &flattened : kinds) {
      const Straddled straddled = straddle(flattened, c_o, elements / c_o);
      const Contraction found = cheapest_contraction(straddled.network);
      EXPECT_EQ(found.macs, least_of_all_orders(straddled.network)) << "trial " << trial;
      EXPECT_LE(found.macs, elements) << "dense is one of the orders";
      split += straddled.network.sizes.size() > flattened.sizes.size() ? 1 : 0;
    }
  }
  EXPECT_GT(split, test::trials(400) / 4) << "few weights have modes that straddle the border";
}

// The same of trains of matrices; and by the formula for either direction none is dearer.
TEST(Contractions, OfTrainsOfMatricesAreTheCheapestOfAllOrders) {
  std::mt19937 random(8);
  const auto draw = [&](std::int64_t least, std::int64_t most) {
    return std::uniform_int_distribution<std::int64_t>(least, most)(random);
  };
  for (int trial = 0; trial < test::trials(200); ++trial) {
    const auto d = static_cast<std::size_t>(draw(2, 4));
    std::vector<std::int64_t> m;
    std::vector<std::int64_t> n;
    std::vector<std::int64_t> r{1};
    for (std::size_t k = 0; k < d; ++k) {
      m.push_back(draw(1, 6));
      n.push_back(draw(1, 6));
      r.push_back(k + 1 < d ? draw(1, 9) : 1);
    }
    const TensorNetwork network = train_matrix_network(m, n, std::span<const std::int64_t>(r).subspan(1, d - 1));
    const Contraction found = cheapest_contraction(network);
    EXPECT_EQ(found.macs, least_of_all_orders(network)) << "trial " << trial;
    // formulas.md: sum_k r_{k-1} r_k m_k n_k (prod_{j<k} n_j) (prod_{j>k} m_j), either direction.
    std::int64_t from_last = 0;
    std::int64_t from_first = 0;
    std::vector<Contraction::Group> order;
    for (std::size_t k = 0; k < d; ++k) {
      std::int64_t one = r[k] * m[k] * n[k] * r[k + 1];
      std::int64_t other = one;
      for (std::size_t j = 0; j < d; ++j) {
        if (j != k) one *= j < k ? n[j] : m[j];
        if (j != k) other *= j < k ? m[j] : n[j];
      }
      from_last += one;
      from_first += other;
      order.insert(order.begin(), Contraction::Group{1} << k);
    }
    EXPECT_EQ(contraction_in(network, order).macs, from_last);
    EXPECT_LE(found.macs, std::min(from_last, from_first));
  }
}

TEST(Contractions, HaveTheirKnownCosts) {
  // At rank scale 0.44: (c_o, c_i) and the multiply-accumulates at one position.
  for (const auto &[c_o, c_i, known] : std::vector<std::tuple<std::int64_t, std::int64_t, std::int64_t>>{
           {160, 160, 13440}, {320, 160, 18080}, {320, 320, 49280}, {640, 320, 107520}, {640, 640, 118720}}) {
    const ConvSite site =
        make_site("s", {.batch = 1, .channels = c_i, .height = 1, .width = 1}, c_o, {1, 1}, {1, 1}, {0, 0}, {1, 1});
    Graph graph;
    lower_site(graph, site, graph.add_input(site.input), parse_substitute("TensorTrain_0.44@contraction"));
    EXPECT_EQ(count(graph).mult_adds(standard_convention()), Count(known)) << c_o << ", " << c_i;
  }
  const Network wrn = make_network("wrn-28-10");
  for (const auto &[setting, known] :
       {std::pair{"TensorTrain_0.23", 166177024}, {"TensorTrain_0.44", 299686144}, {"TensorTrain_0.7", 480667904}}) {
    Plan plan{.uniform = parse_substitute(std::string(setting) + "@contraction"), .layers = {}};
    const CostReport contracted = count(lower(wrn.graph, plan).graph);
    EXPECT_EQ(contracted.mult_adds(standard_convention()), Count(known)) << setting;
    EXPECT_GT(contracted.per_batch(standard_convention()), Count(0)) << "merges are apart";
    plan.uniform->evaluation.reset();
    EXPECT_EQ(count(lower(wrn.graph, plan).graph).parameters, contracted.parameters);
  }
}

// By numbers too, which may be more than is attainable.
TEST(Contractions, AreBetweenTheFloorAndDense) {
  std::mt19937 random(11);
  const auto draw = [&](std::int64_t least, std::int64_t most) {
    return std::uniform_int_distribution<std::int64_t>(least, most)(random);
  };
  const std::vector<std::string> families{"tensor_train",
                                          "tensor_train:dimensions=2",
                                          "tensor_train:dimensions=4",
                                          "tucker",
                                          "tucker:core=train",
                                          "tucker:dimensions=2",
                                          "tucker:dimensions=4",
                                          "lr",
                                          "generic",
                                          "tensor_train:rank_of=channels",
                                          "tt_matrix",
                                          "tt_matrix:dimensions=2",
                                          "kronecker",
                                          "tucker2",
                                          "spatial",
                                          "btt"};
  int compared = 0;
  for (int trial = 0; trial < test::trials(600); ++trial) {
    const std::int64_t c_i = draw(1, 96);
    const std::int64_t c_o = trial % 3 == 0 ? c_i * draw(1, 3) : draw(1, 96);
    Graph graph;
    Builder builder(graph);
    const NodeId x = graph.add_input({.batch = 2, .channels = c_i, .height = 5, .width = 4});
    const NodeId y = builder.conv("X", x, {.out_channels = c_o, .bias = trial % 2 == 0});
    graph.mark_replaceable(y, Baseline::kConv);
    graph.set_output(y);
    Substitute substitute = parse_substitute(families[static_cast<std::size_t>(trial) % families.size()], FreeKnob::kAllow);
    const ConvSite site = site_of(graph, graph.replaceable()[0]);
    const NumberRanges ranges = substitute.family->number_ranges(site, substitute.settings);
    if (ranges.refusal) continue;
    Numbers numbers;
    for (const NumberRange &range : ranges.ranges) numbers.push_back(draw(range.least, range.most));
    substitute.numbers = numbers;
    ++compared;
    for (const Evaluation evaluation : substitute.family->info().evaluations) {
      substitute.evaluation = evaluation;
      const Explanation explanation = explain(graph, "X", {.uniform = substitute, .layers = {}});
      ASSERT_EQ(explanation.totals[1].name, "mult-adds");
      const double executed = explanation.totals[1].value;
      ASSERT_EQ(explanation.estimates.front().name, "floor");
      const double floor = explanation.estimates.front().value;
      const auto freedom = static_cast<double>(degrees_of_freedom(site, substitute).value);
      EXPECT_EQ(floor, 2 * 5 * 4 * freedom) << substitute.text() << " of " << c_i << " -> " << c_o;
      EXPECT_LE(floor, executed) << substitute.text() << " of " << c_i << " -> " << c_o;
      if (evaluation == Evaluation::kContraction) {
        EXPECT_LE(executed, 2.0 * 5 * 4 * static_cast<double>(c_i * c_o))
            << substitute.text() << " of " << c_i << " -> " << c_o;
        for (const Explanation::Step &estimate : explanation.estimates)
          if (estimate.name == "lower-bound") {
            EXPECT_LE(estimate.value, 2.0 * 5 * 4 * static_cast<double>(c_i * c_o));
          }
      }
    }
  }
  EXPECT_GT(compared, test::trials(600) / 2);
}

TEST(Evaluations, AreWrittenAndRead) {
  const Substitute contracted = parse_substitute("TensorTrain_0.44@contraction");
  EXPECT_EQ(contracted.evaluated(), Evaluation::kContraction);
  EXPECT_EQ(contracted.text(), "TensorTrain_0.44@contraction");
  EXPECT_EQ(contracted.setting(), "TensorTrain_0.44");
  EXPECT_EQ(parse_substitute("tensor_train:ranks=3/5@Contraction").text(), "tensor_train:ranks=3/5@contraction");
  EXPECT_EQ(parse_substitute("TensorTrain@contraction", FreeKnob::kAllow).text(), "TensorTrain@contraction");
  EXPECT_EQ(parse_substitute("TensorTrain_0.44@dense").text(), "TensorTrain_0.44") << "its own way needs no word";
  EXPECT_EQ(parse_substitute("TensorTrain_0.44@dense"), parse_substitute("TensorTrain_0.44"));
  EXPECT_NE(contracted, parse_substitute("TensorTrain_0.44"));
  test::expect_message(
      [] { parse_substitute("TensorTrain_0.44@fast"); },
      "[invalid_value] TensorTrain_0.44@fast: evaluation = fast must be dense or contraction for tensor_train");
  test::expect_message(
      [] { parse_substitute("TensorTrain_0.44@dens"); },
      "[invalid_value] TensorTrain_0.44@dens: evaluation = \"dens\" must be one of factored, dense, contraction, "
      "fast, cheapest; did you mean dense?");
  test::expect_message([] { parse_substitute("TensorTrain_0.44@dense@dense"); },
                       "[invalid_value] TensorTrain_0.44@dense@dense: two evaluations are given; one would be accepted");
}

TEST(Evaluations, TheCheapestHasTheFewestMacsAtALayer) {
  const auto at = [](std::int64_t channels, const char *substitute) {
    const ConvSite site =
        make_site("s", {.batch = 1, .channels = channels, .height = 4, .width = 4}, channels, {1, 1}, {1, 1}, {0, 0}, {1, 1});
    return settled({&site, 1}, parse_substitute(substitute)).evaluated();
  };
  // Twelve factors of 4 N + 5 N log2 N: 360,600 of 360,000 at 600 channels, 388,736 of 409,600 at 640.
  EXPECT_EQ(at(600, "acdc:layers=12@cheapest"), Evaluation::kDense);
  EXPECT_EQ(at(640, "acdc:layers=12@cheapest"), Evaluation::kFast);
  EXPECT_EQ(at(640, "TensorTrain_0.44@cheapest"), Evaluation::kContraction);
  EXPECT_EQ(at(64, "TensorTrain_1@cheapest"), Evaluation::kDense) << "as cheap, and its own way";
  EXPECT_EQ(at(64, "LR_0.1@cheapest"), Evaluation::kFactored);
  EXPECT_EQ(at(64, "LR_0.6@cheapest"), Evaluation::kDense);
  EXPECT_EQ(at(64, "Generic_0.6@cheapest"), Evaluation::kFactored) << "it has one way";
}

} // namespace
} // namespace pare

#include "analysis/builder.hpp"
#include "analysis/cost_model.hpp"
#include "solver/solver.hpp"
#include "solver/uniform/problem.hpp"
#include "tests/known_names.hpp"
#include "tests/support.hpp"

#include <boost/math/tools/minima.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <map>
#include <random>
#include <set>

namespace pare {
namespace {

using test::expect_error;
using test::expect_message;

SolveRequest request(const std::string &substitution, const std::vector<std::string> &budgets,
                     const std::string &method = "exact") {
  SolveRequest out;
  out.substitution = substitution;
  for (const std::string &budget : budgets) out.budgets.push_back(parse_budget(budget));
  out.conventions = {conventions().begin(), conventions().end()};
  out.method = method;
  return out;
}

/// Parameters of a whole network at one setting, through the lowered graph and none of the solver.
std::int64_t parameters_at(const Network &network, const std::string &substitution) {
  Plan plan;
  plan.uniform = parse_substitute(substitution);
  return count(lower(network.graph, plan).graph).parameters;
}
std::string at(const std::string &family, double setting) { return family + "_" + shortest(setting); }

TEST(Uniform, WideResNetGenericToEightHundredThousand) {
  const Network network = make_network("wrn-28-10");
  const Solution solution = solve_uniform(network, request("Generic", {"parameters<=0.8M"}));
  ASSERT_TRUE(solution.uniform->answer);
  const Setting &answer = *solution.uniform->answer;
  EXPECT_EQ(answer.costs.parameters(), 799306);
  EXPECT_EQ(answer.first, 34.0 / 640);
  EXPECT_EQ(answer.end, 35.0 / 640);
  // Two digits give nothing in [0.053125, 0.0546875) but 0.054.
  EXPECT_EQ(answer.text, "Generic_0.054");
  EXPECT_EQ(solution.substitution, "Generic_0.054");
  ASSERT_TRUE(solution.uniform->next);
  EXPECT_GT(solution.uniform->next->costs.parameters(), 800000);
  EXPECT_EQ(solution.uniform->next->first, answer.end);
  EXPECT_EQ(solution.termination.reason, Reason::kOptimal);
  EXPECT_EQ(solution.termination.bound, Count(799306));
  EXPECT_EQ(solution.plan.layers.size(), 24U);
}

/// The test's own bisection: every double in (0, 1] at which a layer's parameters change, by halving the doubles between two
/// settings that differ. (A family's parameters never fall with its setting.)
class Thresholds {
public:
  Thresholds(const ConvSite &site, const std::string &family) : site_(site), substitute_(parse_substitute(family + "_1")) {
    const double low = std::numeric_limits<double>::denorm_min();
    const std::int64_t lowest = value(low);
    if (lowest >= 0) found_.push_back(low);
    split(low, lowest, 1.0, value(1.0));
  }
  const std::vector<double> &found() const { return found_; }
  std::int64_t value(double setting) {
    substitute_.knob = setting;
    if (resolve(site_, substitute_).refusal) return -1;
    graph_.clear();
    lower_site(graph_, site_, graph_.add_input(site_.input), substitute_);
    return count(graph_).parameters;
  }

private:
  // All thresholds in (low, high], and the values of both.
  void split(double low, std::int64_t at_low, double high, std::int64_t at_high) {
    if (at_low == at_high) return;
    const auto a = std::bit_cast<std::uint64_t>(low);
    const auto b = std::bit_cast<std::uint64_t>(high);
    if (b - a == 1) {
      found_.push_back(high);
      return;
    }
    // Halve the values first, the doubles once they are close.
    double middle = low + (high - low) / 2;
    if (!(middle > low && middle < high) || high / low > 2) middle = std::bit_cast<double>(a + (b - a) / 2);
    const std::int64_t at_middle = value(middle);
    split(low, at_low, middle, at_middle);
    split(middle, at_middle, high, at_high);
  }

  ConvSite site_;
  Substitute substitute_;
  Graph graph_;
  std::vector<double> found_;
};

struct Case {
  std::string family;
  std::string network;
};
void PrintTo(const Case &which, std::ostream *out) { *out << which.family << " of " << which.network; }

std::vector<std::pair<ConvSite, std::int64_t>> distinct_sites(const Network &network) {
  std::vector<std::pair<ConvSite, std::int64_t>> out;
  for (const Graph::Replaceable &mark : network.graph.replaceable()) {
    const ConvSite site = site_of(network.graph, mark);
    const auto same = std::find_if(out.begin(), out.end(), [&](const auto &known) {
      const ConvSite &s = known.first;
      return s.input.channels == site.input.channels && s.output.channels == site.output.channels && s.kernel == site.kernel &&
             s.bias == site.bias;
    });
    if (same == out.end())
      out.emplace_back(site, 1);
    else
      ++same->second;
  }
  return out;
}

class EveryThreshold : public testing::TestWithParam<Case> {};

// The network's parameters at every setting there is, from the layers' thresholds; no budget may have a better answer.
TEST_P(EveryThreshold, ProvesTheAnswer) {
  const auto &[family, spec] = GetParam();
  const Network network = make_network(spec);
  std::set<double> thresholds;
  std::vector<Thresholds> layers;
  std::vector<std::int64_t> times;
  std::vector<std::int64_t> at_one;
  for (const auto &[site, n] : distinct_sites(network)) {
    layers.emplace_back(site, family);
    times.push_back(n);
    at_one.push_back(layers.back().value(1.0));
    thresholds.insert(layers.back().found().begin(), layers.back().found().end());
  }
  // A plateau begins at each threshold; those below the first setting that applies everywhere are no settings.
  std::vector<std::pair<double, std::int64_t>> plateaus;
  const std::int64_t one = parameters_at(network, at(family, 1.0));
  for (double threshold : thresholds) {
    std::int64_t total = one;
    bool applies = true;
    for (std::size_t i = 0; i < layers.size(); ++i) {
      const std::int64_t own = layers[i].value(threshold);
      applies = applies && own >= 0;
      total += times[i] * (own - at_one[i]);
    }
    if (applies) plateaus.emplace_back(threshold, total);
  }
  ASSERT_GT(plateaus.size(), 10U);
  for (std::size_t i = 1; i < plateaus.size(); ++i) ASSERT_GT(plateaus[i].second, plateaus[i - 1].second);

  std::mt19937_64 random(20181228);
  std::uniform_int_distribution<std::int64_t> budget(plateaus.front().second, plateaus.back().second + 1000);
  for (int trial = 0; trial < 12; ++trial) {
    const std::int64_t limit = trial == 0 ? plateaus.front().second : trial == 1 ? plateaus[7].second - 1 : budget(random);
    SCOPED_TRACE(limit);
    const UniformResult result = *solve_uniform(network, request(family, {"parameters<=" + std::to_string(limit)})).uniform;
    ASSERT_TRUE(result.answer);
    std::size_t best = 0;
    while (best + 1 < plateaus.size() && plateaus[best + 1].second <= limit) ++best;
    EXPECT_EQ(result.answer->costs.parameters(), plateaus[best].second);
    EXPECT_EQ(result.answer->first, plateaus[best].first);
    EXPECT_EQ(parameters_at(network, result.answer->text), plateaus[best].second);
    if (best + 1 < plateaus.size()) {
      EXPECT_EQ(result.answer->end, plateaus[best + 1].first);
      ASSERT_TRUE(result.next);
      EXPECT_EQ(result.next->costs.parameters(), plateaus[best + 1].second);
      EXPECT_GT(plateaus[best + 1].second, limit);
    } else {
      EXPECT_FALSE(result.next);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Families, EveryThreshold,
                         testing::Values(Case{"Generic", "wrn-28-10"}, Case{"Generic", "darts"}, Case{"LR", "wrn-28-10"},
                                         Case{"LR", "wrn-40-2"}, Case{"TensorTrain", "wrn-28-10"},
                                         Case{"TensorTrain", "mobilenet-v2"}, Case{"Tucker", "wrn-28-10"},
                                         Case{"Tucker", "darts"}, Case{"CP", "wrn-28-10"}, Case{"CP", "darts"}),
                         [](const auto &which) { return test::test_name(which.param.family + "_" + which.param.network); });

class HashedPlateaus : public testing::TestWithParam<Case> {};

// Hashed families have a threshold for every value: the answer and both neighbouring plateaus.
TEST_P(HashedPlateaus, ProveTheAnswer) {
  const auto &[family, spec] = GetParam();
  const Network network = make_network(spec);
  const std::int64_t smallest = parameters_at(network, at(family, 0.05));
  const std::int64_t largest = parameters_at(network, at(family, 1.0));
  std::mt19937_64 random(20181213);
  std::uniform_int_distribution<std::int64_t> budget(smallest, largest - 1);
  for (int trial = 0; trial < 8; ++trial) {
    const std::int64_t limit = budget(random);
    SCOPED_TRACE(limit);
    const UniformResult result = *solve_uniform(network, request(family, {"parameters<=" + std::to_string(limit)})).uniform;
    ASSERT_TRUE(result.answer);
    const double first = result.answer->first;
    const double end = result.answer->end;
    const double before = std::nextafter(first, 0.0);
    const double last = std::nextafter(end, 0.0);
    EXPECT_EQ(parameters_at(network, at(family, first)), result.answer->costs.parameters());
    EXPECT_EQ(parameters_at(network, at(family, last)), result.answer->costs.parameters());
    EXPECT_EQ(parameters_at(network, result.answer->text), result.answer->costs.parameters());
    EXPECT_LE(result.answer->costs.parameters(), limit);
    EXPECT_LT(parameters_at(network, at(family, before)), result.answer->costs.parameters());
    EXPECT_GT(parameters_at(network, at(family, end)), limit);
    ASSERT_TRUE(result.next);
    EXPECT_EQ(result.next->first, end);
    EXPECT_EQ(result.next->costs.parameters(), parameters_at(network, at(family, end)));
    EXPECT_EQ(result.next->costs.parameters(), parameters_at(network, at(family, std::nextafter(result.next->end, 0.0))));
  }
}

INSTANTIATE_TEST_SUITE_P(Families, HashedPlateaus,
                         testing::Values(Case{"Hashed", "wrn-28-10"}, Case{"Hashed", "darts"}, Case{"SepHashed", "wrn-28-10"},
                                         Case{"SepHashed", "darts"}, Case{"HashedSeparable", "wrn-28-10"},
                                         Case{"HashedSeparable", "mobilenet-v2"}),
                         [](const auto &which) { return test::test_name(which.param.family + "_" + which.param.network); });

class WholeSettings : public testing::TestWithParam<Case> {};

TEST_P(WholeSettings, AreListedAndTheBestIsFound) {
  const auto &[family, spec] = GetParam();
  const Network network = make_network(spec);
  const bool shuffle = family == "Shuffle";
  std::map<int, std::int64_t> parameters;
  std::int64_t channels = 0;
  for (const auto &[site, n] : distinct_sites(network)) channels = std::max(channels, site.out_channels());
  for (int setting = shuffle ? 1 : 2; setting <= (shuffle ? channels / 4 : 100); ++setting)
    parameters[setting] = parameters_at(network, family + "_" + std::to_string(setting));
  std::int64_t smallest = INT64_MAX;
  for (const auto &[setting, value] : parameters) smallest = std::min(smallest, value);
  std::mt19937_64 random(20181228);
  for (int trial = 0; trial < 20; ++trial) {
    const std::int64_t limit =
        std::uniform_int_distribution<std::int64_t>(smallest, parameters.begin()->second + 500000)(random);
    SCOPED_TRACE(limit);
    std::int64_t best = 0;
    std::int64_t next = INT64_MAX;
    for (const auto &[setting, value] : parameters) {
      if (value <= limit) best = std::max(best, value);
      if (value > limit) next = std::min(next, value);
    }
    const UniformResult result = *solve_uniform(network, request(family, {"parameters<=" + std::to_string(limit)})).uniform;
    ASSERT_TRUE(result.answer);
    EXPECT_EQ(result.answer->costs.parameters(), best);
    // The smallest setting that gives this plan.
    int smallest_setting = 0;
    for (const auto &[setting, value] : parameters)
      if (smallest_setting == 0 && value == best) smallest_setting = setting;
    EXPECT_EQ(result.answer->text, family + "_" + std::to_string(smallest_setting));
    EXPECT_EQ(result.next.has_value(), next != INT64_MAX);
    if (result.next) {
      EXPECT_EQ(result.next->costs.parameters(), next);
    }
    EXPECT_EQ(result.smallest, Count(smallest));
    EXPECT_EQ(result.largest.has_value(), shuffle);
  }
}

INSTANTIATE_TEST_SUITE_P(Families, WholeSettings,
                         testing::Values(Case{"Shuffle", "wrn-28-10"}, Case{"Shuffle", "darts"}, Case{"ACDC", "wrn-28-10"},
                                         Case{"ACDC", "darts"}),
                         [](const auto &which) { return test::test_name(which.param.family + "_" + which.param.network); });

// The log's open question: the original layers, narrower.
TEST(Uniform, WidthTriesEveryChannelCount) {
  const Network network = make_network("wrn-16-4");
  // Channels int(16 w), int(32 w), int(64 w) change at multiples of 1/64.
  std::map<std::int64_t, double> settings;
  for (int i = 4; i <= 4 * 64; ++i) {
    const double width = i / 64.0;
    const Network narrow = make_network("wide_resnet:depth=16,width=" + shortest(width));
    settings.emplace(count(narrow.graph).parameters, width);
  }
  for (std::int64_t limit : {2000LL, 10000LL, 77850LL, 300000LL, 2748889LL, 2748890LL}) {
    SolveRequest asked = request("width", {"parameters<=" + std::to_string(limit)});
    asked.max_width = 1;
    const Solution solution = solve_uniform(network, asked);
    ASSERT_TRUE(solution.uniform->answer);
    const auto best = std::prev(settings.upper_bound(limit));
    EXPECT_EQ(solution.uniform->answer->costs.parameters(), best->first);
    EXPECT_EQ(count(solution.network.graph).parameters, best->first);
    EXPECT_TRUE(solution.plan.layers.empty());
    EXPECT_FALSE(solution.substitution);
    EXPECT_EQ(solution.original.has_value(), limit < 2748890);
  }
  const Solution darts = solve_uniform(make_network("darts"), request("width", {"parameters<=1M"}));
  EXPECT_EQ(darts.network.name, "darts:channels=19,layers=20,classes=10,genotype=darts_v2");
  EXPECT_EQ(darts.original, "darts:channels=36,layers=20,classes=10,genotype=darts_v2");
  EXPECT_LE(darts.uniform->answer->costs.parameters(), 1000000);
  ASSERT_TRUE(darts.uniform->next);
  EXPECT_GT(darts.uniform->next->costs.parameters(), 1000000);
}

// The answers of the issue that asked for wider networks, from another program.
TEST(Uniform, WidthsAboveTheNetworksOwn) {
  struct Known {
    const char *network;
    const char *budget;
    const char *answer;
    const char *quantity;
    std::int64_t value;
    const char *searched;
  };
  for (const Known &known :
       {Known{"darts-imagenet", "mult-adds[macs]<=600M", "channels=50", "mult-adds[macs]", 573'472'800, "channels=192"},
        Known{"mobilenet-v2:round_to=8", "mult-adds[macs]<=585M", "width=1.422", "mult-adds[macs]", 584'172'144, "width=4"},
        Known{"resnet-18", "parameters~20M", "width=1.317", "parameters", 20'013'961, "width=4"}}) {
    const Solution solution = solve_uniform(make_network(known.network), request("width", {known.budget}));
    ASSERT_TRUE(solution.uniform->answer) << known.network;
    EXPECT_EQ(solution.uniform->answer->text, known.answer);
    EXPECT_EQ(solution.costs->at(parse_quantity(known.quantity, "quantity")), Count(known.value)) << known.network;
    EXPECT_EQ(solution.max_width, 4);
    EXPECT_NE(solution.termination.detail.find(std::string("up to ") + known.searched + " (4 times the network's own)"),
              std::string::npos)
        << solution.termination.detail;
  }
}

/// torchvision's _make_divisible(channels x width, 8).
std::int64_t divisible(double value) {
  std::int64_t out = std::max<std::int64_t>(8, static_cast<std::int64_t>(value + 4) / 8 * 8);
  if (static_cast<double>(out) < 0.9 * value) out += 8;
  return out;
}

// Every width on a grid that is finer than what channels change at, counted one by one: none within the budgets is better than
// the answer, of whatever quantity and relation, also where channels are rounded and shortcuts come and go.
TEST(Uniform, NoWidthOfAGridIsBetter) {
  for (const std::string spec : {"wide_resnet:depth=10,width=1", "wide_resnet:depth=10,width=0.5,round_to=8",
                                 "darts:channels=3,layers=3", "darts:channels=12,layers=3,round_to=8"}) {
    const Network network = make_network(spec);
    const bool is_whole = network.family->info().width_is_whole;
    std::map<std::string, CostReport> all; // by the channels
    const double own = is_whole ? std::stod(network.values.at("channels")) : std::stod(network.values.at("width"));
    for (int i = 1; i <= 4 * 1440; ++i) { // eighths, and what 0.9 of these comes to
      if (is_whole && i > 4 * own) break;
      NetworkValues values = network.values;
      values[is_whole ? "channels" : "width"] = is_whole ? std::to_string(i) : shortest(own * i / 1440);
      try {
        std::string key;
        for (const std::int64_t channels : network.family->channels(values)) key += std::to_string(channels) + ",";
        if (!all.contains(key)) all.emplace(key, count(lower(make_network(*network.family, values).graph, {}).graph));
      } catch (const Error &) { // no channels are left
      }
    }
    ASSERT_GE(all.size(), 4U) << spec;
    std::mt19937_64 random(20190614);
    for (int trial = 0; trial < 60; ++trial) {
      const auto &[key, about] = *std::next(all.begin(), static_cast<std::ptrdiff_t>(random() % all.size()));
      const std::vector<std::string> quantities = {"parameters", "mult-adds[macs]", "activations"};
      const std::string quantity = quantities[static_cast<std::size_t>(trial) % 3];
      const auto value = [&](const CostReport &report) {
        return quantity == "parameters"    ? report.parameters
               : quantity == "activations" ? report.activation_elements
                                           : report.mult_adds(find_convention("macs")).whole();
      };
      const std::int64_t limit = value(about) + static_cast<std::int64_t>(random() % 3) - 1;
      const bool nearest = trial % 4 == 3;
      const std::string budget = quantity + (nearest ? "~" : "<=") + std::to_string(limit);
      const Solution solution = solve_uniform(network, request("width", {budget}));
      std::optional<std::int64_t> best; // distance, or minus parameters
      for (const auto &[channels, report] : all) {
        if (!nearest && value(report) > limit) continue;
        const std::int64_t objective = nearest ? std::abs(value(report) - limit) : -report.parameters;
        best = std::min(best.value_or(objective), objective);
      }
      ASSERT_EQ(solution.uniform->answer.has_value(), best.has_value()) << spec << " " << budget;
      if (!best) continue;
      const CostReport answer = count(lower(solution.network.graph, {}).graph);
      if (!nearest) {
        EXPECT_LE(value(answer), limit);
      }
      EXPECT_EQ(nearest ? std::abs(value(answer) - limit) : -answer.parameters, *best) << spec << " " << budget;
    }
  }
}

TEST(Uniform, RoundsChannelsAsTorchvisionDoes) {
  for (const double width : {0.1, 0.35, 0.556, 0.75, 1.0, 1.4, 1.422, 2.3})
    for (const std::string &spec : std::vector<std::string>{"wide_resnet:depth=10", "resnet-18", "wrn-50-2", "mobilenet-v2"}) {
      const Network network =
          make_network(spec + (spec.find(':') == std::string::npos ? ":" : ",") + "round_to=8,width=" + shortest(width));
      std::vector<std::int64_t> expected;
      if (spec == "mobilenet-v2") {
        for (const std::int64_t c : {32, 16, 24, 32, 64, 96, 160, 320})
          expected.push_back(divisible(static_cast<double>(c) * width));
        expected.push_back(divisible(1280 * std::max(1.0, width)));
      } else if (spec.starts_with("wide_resnet")) {
        for (const std::int64_t c : {16, 32, 64}) expected.push_back(divisible(static_cast<double>(c) * width));
      } else {
        for (const std::int64_t c : {64, 128, 256, 512}) expected.push_back(divisible(static_cast<double>(c) * width));
      }
      EXPECT_EQ(network.family->channels(network.values), expected) << network.name;
    }
  for (const std::int64_t channels : {1, 8, 13, 36, 50})
    for (const std::string &spec : std::vector<std::string>{"darts", "darts-imagenet"}) {
      const Network network = make_network(spec + ":layers=3,round_to=8,channels=" + std::to_string(channels));
      EXPECT_EQ(network.family->channels(network.values), std::vector{divisible(static_cast<double>(channels))});
    }
}

TEST(Uniform, WhatIsBeyondTheWidestIsNotClaimed) {
  SolveRequest most = request("width", {"parameters<=1G"});
  most.max_width = 1.5;
  const Solution wide = solve_uniform(make_network("wrn-10-2"), most);
  EXPECT_EQ(
      wide.termination.detail,
      "no setting up to width=3 (1.5 times the network's own) with more parameters meets the budgets: this is the largest "
      "of these, and wider ones were not tried");
  EXPECT_FALSE(wide.uniform->next);
  EXPECT_EQ(wide.costs->parameters(), count(make_network("wrn-10-3").graph).parameters);
  SolveRequest more = request("width", {"parameters>=1G"});
  const Solution none = solve_uniform(make_network("wrn-10-2"), more);
  EXPECT_EQ(none.termination.reason, Reason::kInfeasible);
  EXPECT_NE(none.termination.detail.find("even the largest setting up to width=8 (4 times the network's own) has"),
            std::string::npos)
      << none.termination.detail;
  for (const double times : {0.99, 0.0, -1.0, 1025.0, std::nan("")}) {
    most.max_width = times;
    expect_error([&] { solve_uniform(make_network("wrn-10-2"), most); }, ErrorCode::kInvalidValue, "max_width",
                 "from 1 to 1024");
  }
}

// The 2019 code minimised |parameters(s) - budget| over s with a bounded scalar method, which takes a staircase for a curve.
TEST(Uniform, MissesNothingWhereTheScalarMinimiserOf2019Does) {
  const Network network = make_network("wrn-28-10");
  // The staircase: every rank of every layer changes at a multiple of 1/640 (640 = 2 x 320 = 4 x 160).
  std::vector<std::int64_t> steps;
  for (int rank = 4; rank <= 640; ++rank) steps.push_back(parameters_at(network, at("Generic", rank / 640.0)));
  const auto parameters = [&](double s) {
    return steps[static_cast<std::size_t>(std::clamp(static_cast<int>(s * 640), 4, 640) - 4)];
  };
  std::mt19937_64 random(2019);
  std::uniform_int_distribution<std::int64_t> budget(steps.front(), steps.back());
  int missed_then = 0;
  int over_then = 0;
  const int all = test::trials(1000);
  for (int trial = 0; trial < all; ++trial) {
    const std::int64_t target = budget(random);
    std::int64_t nearest = INT64_MAX;
    for (std::int64_t step : steps) nearest = std::min(nearest, std::abs(step - target));

    const double then = boost::math::tools::brent_find_minima(
                            [&](double s) { return static_cast<double>(std::abs(parameters(s) - target)); }, 0.0, 1.0, 26)
                            .first;
    missed_then += std::abs(parameters(then) - target) != nearest ? 1 : 0;
    over_then += parameters(then) > target ? 1 : 0;

    const auto now = *solve_uniform(network, request("Generic", {"parameters~" + std::to_string(target)})).uniform;
    ASSERT_EQ(std::abs(now.answer->costs.parameters() - target), nearest) << target;
    const auto within = *solve_uniform(network, request("Generic", {"parameters<=" + std::to_string(target)})).uniform;
    ASSERT_LE(within.answer->costs.parameters(), target);
    ASSERT_EQ(within.answer->costs.parameters(), *std::prev(std::upper_bound(steps.begin(), steps.end(), target)));
  }
  EXPECT_GT(missed_then, all * 15 / 100) << "the method of 2019 missed the nearest setting this often in " << all;
  EXPECT_GT(over_then, all * 40 / 100) << "and was over the budget this often";
}

TEST(Uniform, NloptFindsWhatExactFinds) {
  std::mt19937_64 random(271);
  for (const char *spec : {"wrn-16-4", "wrn-28-10"}) {
    const Network network = make_network(spec);
    const std::int64_t original = count(network.graph).parameters;
    for (const char *family : {"Generic", "LR", "Hashed", "SepHashed", "ACDC", "TensorTrain", "Tucker", "CP"})
      for (int trial = 0; trial < test::trials(25); ++trial) {
        const auto limit = static_cast<std::int64_t>(static_cast<double>(original) *
                                                     std::exp(std::uniform_real_distribution<double>(-5, -0.5)(random)));
        const std::vector<std::string> budgets =
            trial % 3 == 0   ? std::vector<std::string>{"parameters~" + std::to_string(limit)}
            : trial % 3 == 1 ? std::vector<std::string>{"parameters<=" + std::to_string(limit)}
                             : std::vector<std::string>{"parameters<=" + std::to_string(limit),
                                                        "mult-adds[reference]<=" + std::to_string(40 * limit)};
        const UniformResult exact = *solve_uniform(network, request(family, budgets)).uniform;
        const UniformResult nlopt = *solve_uniform(network, request(family, budgets, "nlopt")).uniform;
        SCOPED_TRACE(std::string(spec) + " " + family + " " + budgets[0]);
        ASSERT_EQ(exact.answer.has_value(), nlopt.answer.has_value());
        ASSERT_EQ(exact.termination.reason, nlopt.termination.reason);
        if (!exact.answer) continue;
        ASSERT_EQ(exact.answer->text, nlopt.answer->text);
        ASSERT_EQ(exact.answer->costs.parameters(), nlopt.answer->costs.parameters());
        ASSERT_EQ(exact.answer->first, nlopt.answer->first);
      }
  }
  expect_message([&] { solve_uniform(make_network("wrn-16-4"), request("Shuffle", {"parameters<=1M"}, "nlopt")); },
                 "[invalid_config] method: nlopt needs costs that never fall with the setting; exact would be accepted");
}

// ACDC's figure under the reference is no whole number: 4 N + 5 N log2 N. What the solver says, what the network costs and what
// its layers sum to have the same digits.
TEST(Uniform, RealFiguresHaveTheSameDigitsEverywhere) {
  const Convention &reference = find_convention("reference");
  for (const char *spec : {"wrn-16-2.5", "wrn-28-10", "wrn-10-1.5"})
    for (const char *budget : {"parameters~2%", "parameters<=30%", "mult-adds[reference]<=90%"}) {
      SCOPED_TRACE(std::string(spec) + " " + budget);
      const Solution solution = solve_uniform(make_network(spec), request("ACDC", {budget}));
      ASSERT_TRUE(solution.uniform->answer);
      const Count solved = solution.uniform->answer->costs.mult_adds("reference");
      EXPECT_FALSE(solved.is_whole());
      Plan uniform;
      uniform.uniform = parse_substitute(solution.uniform->answer->text);
      const CostReport report = count(lower(make_network(spec).graph, uniform).graph, Detail::kLayers);
      EXPECT_EQ(report.mult_adds(reference).to_string(), solved.to_string());
      std::vector<Count> layers;
      for (const LayerCost &layer : report.layers) layers.push_back(weigh(layer.events, reference, false));
      std::mt19937_64 random(1);
      for (int round = 0; round < 3; ++round) {
        Count sum;
        for (const Count &layer : layers) sum += layer;
        EXPECT_EQ(sum.to_string(), solved.to_string());
        std::shuffle(layers.begin(), layers.end(), random);
      }
    }
}

TEST(Uniform, SeveralBudgetsMustAllHold) {
  const Network network = make_network("wrn-28-10");
  const auto solve = [&](const std::vector<std::string> &budgets) {
    return *solve_uniform(network, request("Generic", budgets)).uniform;
  };
  // Generic's macs: 2 x 160 x ... grow with the rank too, so the tighter of the two decides.
  const UniformResult loose = solve({"parameters<=0.8M", "mult-adds<=1G"});
  EXPECT_EQ(loose.answer->costs.parameters(), 799306);
  const UniformResult tight = solve({"parameters<=0.8M", "mult-adds<=90M"});
  EXPECT_LT(tight.answer->costs.parameters(), 799306);
  EXPECT_LE(tight.answer->costs.mult_adds("macs"), Count(90000000));
  EXPECT_GT(tight.next->costs.mult_adds("macs"), Count(90000000));
  EXPECT_NE(tight.next_reason.find("mult-adds[macs]"), std::string::npos);
  // Under the reference's count the same limit allows less: it counts ReLU and the bias too.
  const UniformResult reference = solve({"parameters<=0.8M", "mult-adds[reference]<=90M"});
  EXPECT_LT(reference.answer->costs.parameters(), tight.answer->costs.parameters());
  // Nearest, under another limit.
  const UniformResult nearest = solve({"parameters~2M", "mult-adds<=90M"});
  EXPECT_EQ(nearest.answer->costs.parameters(), tight.answer->costs.parameters());
}

TEST(Uniform, PercentagesAreOfTheBaselines) {
  // DARTS's original is the separable network, 3349342 parameters.
  const Solution solution = solve_uniform(make_network("darts"), request("Generic", {"parameters<=20%"}));
  EXPECT_EQ(solution.budgets[0].limit, Count(669868));
  EXPECT_LE(solution.costs->parameters(), 669868);
}

TEST(Uniform, AnInfeasibleBudgetSaysWhatIsAttainable) {
  const Network network = make_network("wrn-28-10");
  const Solution solution = solve_uniform(network, request("Generic", {"parameters<=0.1M"}));
  const UniformResult &result = *solution.uniform;
  EXPECT_FALSE(result.answer);
  EXPECT_EQ(result.termination.reason, Reason::kInfeasible);
  EXPECT_FALSE(result.termination.gap);
  // The smallest setting that applies: rank 1 at the layers of 160 channels, 4/640.
  const std::int64_t smallest = parameters_at(network, at("Generic", 4 / 640.0));
  EXPECT_EQ(result.smallest, Count(smallest));
  EXPECT_EQ(result.largest, Count(parameters_at(network, "Generic_1")));
  ASSERT_TRUE(result.above);
  EXPECT_EQ(result.above->costs.parameters(), smallest);
  EXPECT_FALSE(result.below);
  EXPECT_NE(result.termination.detail.find(std::to_string(smallest)), std::string::npos);

  const UniformResult shuffle = *solve_uniform(network, request("Shuffle", {"parameters<=0.1M"})).uniform;
  EXPECT_EQ(shuffle.termination.reason, Reason::kInfeasible);
  EXPECT_EQ(shuffle.above->costs.parameters(), shuffle.smallest.whole());
  EXPECT_FALSE(solve_uniform(network, request("ACDC", {"parameters<=0.1M"})).uniform->largest);
}

TEST(Uniform, AcdcGoesOnWithoutEnd) {
  const Network network = make_network("wrn-10-1");
  const UniformResult result = *solve_uniform(network, request("ACDC", {"parameters<=3M"})).uniform;
  // 5498 parameters are not substituted or depthwise (counts.json: ACDC_6 has 7946 with 5 factors), and every factor has
  // 2 (16 x 2 + 32 x 2 + 64 x 2) = 448.
  EXPECT_EQ(result.answer->costs.parameters(), 7946 + (result.answer->knob - 5) * 448);
  EXPECT_LE(result.answer->costs.parameters(), 3000000);
  EXPECT_GT(result.answer->costs.parameters(), 3000000 - 448);
  // The dense evaluation has the same macs for every n, so nothing stops it.
  expect_message([&] { solve_uniform(network, request("ACDC", {"mult-adds<=100M"})); },
                 "[invalid_config] budget: no budget grows with this setting, so there is no largest one; a budget of "
                 "parameters would be accepted");
}

// 1e8 channels have settings 1 to 25 million, of which only the divisors of 25 million differ.
// Pare's own name counts factors, the reference's one more: each is answered by the name it was asked for by.
TEST(Uniform, AnswersByTheNameThatWasAskedFor) {
  const Network network = make_network("wrn-16-4");
  const Solution own = solve_uniform(network, request("acdc", {"parameters<=0.1M"}));
  const Solution reference = solve_uniform(network, request("ACDC", {"parameters<=0.1M"}));
  ASSERT_TRUE(own.uniform->answer && reference.uniform->answer);
  EXPECT_EQ(own.uniform->answer->costs.parameters(), reference.uniform->answer->costs.parameters());
  const auto factors = static_cast<std::int64_t>(own.uniform->answer->knob);
  EXPECT_EQ(own.uniform->answer->text, "acdc:layers=" + std::to_string(factors));
  EXPECT_EQ(own.substitution, own.uniform->answer->text);
  EXPECT_EQ(own.uniform->next->text, "acdc:layers=" + std::to_string(factors + 1));
  EXPECT_EQ(reference.uniform->answer->text, "ACDC_" + std::to_string(factors + 1));
  EXPECT_TRUE(
      solve_uniform(network, request("generic", {"parameters<=0.2M"})).substitution->starts_with("generic:rank_scale=0."));
  EXPECT_TRUE(solve_uniform(network, request("GENERIC", {"parameters<=0.2M"})).substitution->starts_with("Generic_0."));
}

TEST(Uniform, ShuffleOfAWideLayerTriesDivisorsOnly) {
  Network network;
  network.name = "wide";
  Builder builder(network.graph);
  const std::int64_t channels = 100'000'000;
  const NodeId x = network.graph.add_input({.batch = 1, .channels = channels, .height = 1, .width = 1});
  network.graph.mark_replaceable(builder.conv("conv", x, {.out_channels = channels}), Baseline::kConv);
  network.input = network.graph.input_shape();
  const UniformResult result = *solve_uniform(network, request("Shuffle", {"parameters<=1G"})).uniform;
  // b = 25e6: 2 x 1e8 x 25e6 / g + 25e6; g = 6.25e6 gives 825e6, the next divisor down, 5e6, 1025e6.
  EXPECT_EQ(result.answer->text, "Shuffle_6250000");
  EXPECT_EQ(result.answer->costs.parameters(), 825'000'000);
  EXPECT_EQ(result.next->costs.parameters(), 1'025'000'000);
}

TEST(Uniform, WidthsWithTooManySettingsAreRefused) {
  expect_message([] { solve_uniform(make_network("wrn-10-20000"), request("width", {"parameters<=1M"})); },
                 "[limit] wide_resnet:depth=10,width=20000,classes=10: up to width=80000 there are more than 16384 widths to "
                 "try; a narrower "
                 "network would be accepted");
  // int(64 w) changes at each 64th: the 16385th of those from 4 / 64 up is 16388 / 64 = 256.06.
  expect_message([] { solve_uniform(make_network("wrn-10-100"), request("width", {"parameters<=1M"})); },
                 "[limit] wide_resnet:depth=10,width=100,classes=10: up to width=400 there are more than 16384 widths to try; "
                 "--max-width 2.56 would be accepted");
}

TEST(Uniform, LayersWhereAFamilyDoesNotApply) {
  const Network network = make_network("mobilenet-v2");
  SolveRequest lr = request("LR", {"parameters<=3M"});
  expect_error([&] { solve_uniform(network, lr); }, ErrorCode::kNotApplicable, "features.1.conv.3/out_channels", "must divide");
  lr.where_refused = WhereRefused::kLeaveAsItIs;
  const Solution solution = solve_uniform(network, lr);
  ASSERT_TRUE(solution.uniform->answer);
  ASSERT_FALSE(solution.kept.empty());
  EXPECT_EQ(solution.kept[0].layer, "features.1.conv.3");
  EXPECT_EQ(solution.plan.layers.at("features.1.conv.3").text(), "Conv");
  EXPECT_FALSE(solution.substitution) << "a mixed plan has no single string";
  EXPECT_EQ(count(lower(solution.network.graph, solution.plan).graph).parameters, solution.uniform->answer->costs.parameters());
}

// As lower() says of a setting of it.
TEST(Uniform, ASubstitutionMustApplySomewhere) {
  Network network;
  network.name = "plain";
  Builder builder(network.graph);
  const NodeId conv =
      builder.conv("c", network.graph.add_input({.batch = 1, .channels = 3, .height = 8, .width = 8}), {.out_channels = 4});
  network.input = network.graph.input_shape();
  expect_message([&] { solve_uniform(network, request("Generic", {"parameters<=1M"})); },
                 "[not_applicable] plain: Generic applies to no layer: the network has 0 replaceable ones");
  network.graph.mark_replaceable(conv, Baseline::kConv);
  SolveRequest lr = request("LR", {"parameters<=1M"});
  lr.where_refused = WhereRefused::kLeaveAsItIs;
  expect_message([&] { solve_uniform(network, lr); }, "[not_applicable] plain: LR applies to no layer (c: in_channels = 3 must "
                                                      "divide out_channels = 4: the input is repeated to reach them)");
}

TEST(Uniform, RequestsThatMakeNoSense) {
  const Network network = make_network("wrn-16-4");
  expect_message([&] { solve_uniform(network, request("Generic", {})); },
                 "[usage] budget: at least one budget is needed, such as parameters<=0.8M");
  expect_message([&] { solve_uniform(network, request("Generic_0.1", {"parameters<=1M"})); },
                 "[usage] substitution: Generic_0.1 leaves no setting to solve for; a family without its setting, such as "
                 "Generic, would be accepted");
  expect_message([&] { solve_uniform(network, request("Sep", {"parameters<=1M"})); },
                 "[usage] substitution: Sep leaves no setting to solve for; a family without its setting, such as Generic, "
                 "would be accepted");
  expect_message([&] { solve_uniform(network, request("Generics", {"parameters<=1M"})); },
                 R"([unknown_name] substitution: unknown substitution "Generics"; known: )" PARE_KNOWN_SUBSTITUTIONS
                 R"( (S is a setting); did you mean Generic?)");
  expect_message(
      [&] { solve_uniform(network, request("Generic", {"mult-adds[thopp]<=1M"})); },
      R"([unknown_name] convention: unknown convention "thopp"; known: macs, reference, or a pare.convention/1 file)");
  expect_message([&] { solve_uniform(network, request("Generic", {"parameters<=1M"}, "guess")); },
                 R"([unknown_name] method: unknown method "guess"; known: exact, nlopt)");
  expect_message([&] { solve_uniform(network, request("Generic", {"parameters<=1M"}, "exat")); },
                 R"([unknown_name] method: unknown method "exat"; known: exact, nlopt; did you mean exact?)");
  expect_message(
      [&] { solve_uniform(network, request("Generic", {"mult-adds[MACZ]<=1M"})); },
      R"([unknown_name] convention: unknown convention "MACZ"; known: macs, reference, or a pare.convention/1 file; did you mean macs?)");
  expect_message(
      [&] {
        solve_uniform(network, request("Generic", {"parameters~1M", "mult-adds~1M"}));
      },
      "[usage] budget: one budget at most can be ~ (nearest); <= would be accepted for the others");
}

TEST(ShortestDecimal, HasTheFewestDigitsInTheInterval) {
  EXPECT_EQ(shortest_decimal(0.053125, 0.0546875), 0.054);
  EXPECT_EQ(shortest_decimal(0.5, 0.50001), 0.5);
  EXPECT_EQ(shortest_decimal(0.96, std::nextafter(1.0, 2.0)), 1.0);
  EXPECT_EQ(shortest_decimal(0.141, 0.149), 0.141);
  EXPECT_EQ(shortest_decimal(1e-7 / 3, 1e-7 / 2), 4e-8);
  EXPECT_EQ(shortest_decimal(std::numeric_limits<double>::denorm_min(), 0.00625), 0.001);
  EXPECT_EQ(shortest_decimal(1.46875, 1.484375), 1.47);
  const double odd = 0.1 + 0.2; // 0.30000000000000004
  EXPECT_EQ(shortest_decimal(odd, std::nextafter(odd, 1.0)), odd);
}

// Conventions and the width are names too; a user's own may differ in case only, and goes by its own.
TEST(Uniform, NamesAreReadInAnyCase) {
  SolveRequest request;
  request.substitution = "Generic";
  request.conventions = {find_convention("macs"), find_convention("Reference")};
  request.budgets = {parse_budget("mult-adds[REFERENCE]<=50%")};
  const Solution solution = solve_uniform(make_network("wrn-10-1"), request);
  EXPECT_EQ(solution.budgets.front().quantity.convention, "reference");
  EXPECT_EQ(solution.budgets.front().written, "mult-adds[reference]<=50%");
  EXPECT_EQ(solution.conventions.size(), 2U);
  request.substitution = "WIDTH";
  EXPECT_TRUE(solve_uniform(make_network("wrn-10-1"), request).uniform->answer->text.starts_with("width="));
  request.budgets = {parse_budget("mult-adds[refs]<=50%")};
  test::expect_error([&] { solve_uniform(make_network("wrn-10-1"), request); }, ErrorCode::kUnknownName, "convention", "refs");
}

} // namespace
} // namespace pare

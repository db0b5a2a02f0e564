// Every parameter and mult-add figure that the research log prints (golden/log_counts.json). Where today's code gives another
// number, the file explains how the logged one arose, and the test computes it that way: the figure must come out as printed.

#include "analysis/cost_model.hpp"
#include "analysis/lower.hpp"
#include "models/network.hpp"
#include "tests/support.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <optional>

namespace pare {
namespace {

using Json = nlohmann::ordered_json;

const Json &rows() {
  static const Json file = test::golden("log_counts.json");
  return file.at("rows");
}

struct Figures {
  std::int64_t parameters = 0;
  Count mult_adds; ///< convention reference
};

Figures counted(const std::string &network, const Plan &plan) {
  const CostReport report = count(lower(make_network(network).graph, plan).graph);
  return {report.parameters, report.mult_adds(find_convention("reference"))};
}

Plan uniform(const std::string &substitute) { return {.uniform = parse_substitute(substitute), .layers = {}}; }

std::vector<ConvSite> sites(const std::string &network) {
  const Network n = make_network(network);
  std::vector<ConvSite> out;
  for (const Graph::Replaceable &r : n.graph.replaceable()) out.push_back(site_of(n.graph, r));
  return out;
}

std::int64_t square(std::int64_t v) { return v * v; }

/// The 2018 counter computed a convolution's output size without its dilation: 34 x 34 instead of 32 x 32 for a dilated 3 x 3.
/// In DARTS that is the depthwise of dil_conv_3x3, counted at (H + 2 x 2 - 3) / 1 + 1 = H + 2 a side.
std::int64_t dilation_slip(const std::vector<ConvSite> &all) {
  std::int64_t more = 0;
  for (const ConvSite &s : all) {
    if (s.dilation.height == 1) continue;
    EXPECT_EQ(s.stride.height, 1);
    more += s.in_channels() * s.kernel.area() * (square(s.input.height + 2) - square(s.output.height));
  }
  return more;
}

/// "A 1x1 depthwise wrongly added in front of 1x1 convolutions", carrying the stride: c_i weights, used at each output
/// position.
std::int64_t wrong_depthwise_parameters(const std::vector<ConvSite> &all) {
  std::int64_t more = 0;
  for (const ConvSite &s : all) more += s.pointwise() ? s.in_channels() : 0;
  return more;
}
std::int64_t wrong_depthwise_mult_adds(const std::vector<ConvSite> &all) {
  std::int64_t more = 0;
  for (const ConvSite &s : all) more += s.pointwise() ? s.in_channels() * s.output.positions() : 0;
  return more;
}

constexpr const char *kWrn = "wrn-28-10";
constexpr const char *kDarts = "darts";

Figures as_today(const std::string &network, const std::string &substitute) { return counted(network, uniform(substitute)); }

Figures darts_sep_2018() {
  Figures out = as_today(kDarts, "Sep");
  out.mult_adds += dilation_slip(sites(kDarts));
  return out;
}

Figures darts_sep_with_wrong_depthwise() {
  Figures out = darts_sep_2018();
  out.parameters += wrong_depthwise_parameters(sites(kDarts));
  out.mult_adds += wrong_depthwise_mult_adds(sites(kDarts));
  return out;
}

/// 1x1 convolutions of FactorizedReduce and ReLUConvBN left dense.
Figures darts_november_decimate() {
  Plan plan;
  for (const ConvSite &s : sites(kDarts))
    if (!s.pointwise()) plan.layers.emplace(s.name, parse_substitute("SepHashedDecimate"));
  Figures out = counted(kDarts, plan);
  out.mult_adds += dilation_slip(sites(kDarts));
  return out;
}

/// A budget of a tenth of the separable convolution (of a 1x1 convolution: of its c_i c_o weights), shared in proportion by
/// depthwise and pointwise, both hashed, with a bias each; the wrong 1x1 depthwise in front of 1x1 convolutions shares it too.
/// Written out here, with no substitution of Pare's.
Figures darts_december_decimate() {
  const std::vector<ConvSite> all = sites(kDarts);
  std::int64_t replaced = 0;
  std::int64_t hashed = 0;
  for (const ConvSite &s : all) {
    const std::int64_t depthwise = s.in_channels() * s.kernel.area();
    const std::int64_t pointwise = s.in_channels() * s.out_channels();
    const std::int64_t separable = (s.pointwise() ? 0 : depthwise) + pointwise;
    replaced += separable;
    const auto budget = static_cast<double>(separable / 10);
    const auto whole = static_cast<double>(depthwise + pointwise);
    hashed += static_cast<std::int64_t>(budget * static_cast<double>(depthwise) / whole) + s.in_channels();
    hashed += static_cast<std::int64_t>(budget * static_cast<double>(pointwise) / whole) + s.out_channels();
  }
  Figures out = darts_sep_with_wrong_depthwise(); // hashing changes no mult-adds
  out.parameters = as_today(kDarts, "Sep").parameters - replaced + hashed;
  return out;
}

/// Each block (a stack of 11 factors) at min(11 (4N + 5N log2 N), N N) per position, positions before the stride.
Figures acdc_with_minimum() {
  Figures out = as_today(kWrn, "ACDC");
  double mult_adds = out.mult_adds.to_double();
  for (const ConvSite &s : sites(kWrn)) {
    const auto n = static_cast<double>(std::max(s.in_channels(), s.out_channels()));
    const double fast = 11 * (4 * n + 5 * n * std::log2(n));
    mult_adds += (std::min(fast, n * n) - fast) * static_cast<double>(s.input.positions());
  }
  out.mult_adds = Count::from_real(mult_adds);
  return out;
}

/// The decompositions of 19 December 2018, of the [c_o, c_i] matrix itself. The file does not say how ranks were chosen then; r
/// = int(0.1 max(c_i, c_o)), the rule of Generic, gives all three figures to every digit known (today's rule, round(0.1 min
/// n_k), gives 1149770 for TensorTrain). `core` = numbers beside the two factors, as a multiple of r^2: none for a train of two
/// cores or a CP, 2 for Tucker's core stored as a train, [1, r, r] and [r, r, 1]. `substitute` says the same in Pare's keys.
Figures matrix_decomposition(std::int64_t core, const std::string &substitute) {
  Figures out = as_today(kWrn, "Sep");
  for (const ConvSite &s : sites(kWrn)) {
    const auto rank = static_cast<std::int64_t>(0.1 * static_cast<double>(std::max(s.in_channels(), s.out_channels())));
    out.parameters += rank * (s.in_channels() + s.out_channels()) + core * square(rank) - s.in_channels() * s.out_channels();
  }
  EXPECT_EQ(as_today(kWrn, substitute).parameters, out.parameters);
  return out;
}

/// How each logged figure is obtained, by network and substitution as the file writes them.
const std::map<std::pair<std::string, std::string>, std::function<Figures()>> &derivations() {
  static const std::map<std::pair<std::string, std::string>, std::function<Figures()>> all = {
      {{kWrn, "Conv"}, [] { return as_today(kWrn, "Conv"); }},
      // c_i c_o k / 10 values instead of c_i c_o k k / 10: for k = 3, (c_i c_o 9) // 30.
      {{kWrn, "HashedDecimate, first version"}, [] { return as_today(kWrn, "hashed:divisor=30,index=reference"); }},
      {{kWrn, "HashedDecimate"}, [] { return as_today(kWrn, "HashedDecimate"); }},
      {{kWrn, "SepHashedDecimate, November version"}, [] { return as_today(kWrn, "SepHashedDecimate"); }},
      {{kDarts, "Sep"}, darts_sep_2018},
      {{kDarts, "SepHashedDecimate, November version, shortcuts not substituted"}, darts_november_decimate},
      {{kDarts, "SepHashedDecimate, December version"}, darts_december_decimate},
      {{kWrn, "Hashed_0.01"}, [] { return as_today(kWrn, "Hashed_0.01"); }},
      {{kDarts, "Sep with a 1x1 depthwise in front of every 1x1 convolution (a mistake in the log)"},
       darts_sep_with_wrong_depthwise},
      {{kWrn, "ACDC (12)"}, acdc_with_minimum},
      {{kWrn, "SepHashedDecimate, December version"},
       [] { return as_today(kWrn, "hashed_separable:divisor=10,index=reference"); }},
      {{kWrn, "TensorTrain_0.1 (matrix, 2 dimensions)"},
       [] { return matrix_decomposition(0, "tensor_train:rank_scale=0.1,dimensions=2,rank_of=channels"); }},
      {{kWrn, "Tucker_0.1 (matrix, 2 dimensions)"},
       [] { return matrix_decomposition(2, "tucker:rank_scale=0.1,dimensions=2,core=train,rank_of=channels"); }},
      {{kWrn, "CP_0.1 (matrix, 2 dimensions)"},
       [] { return matrix_decomposition(0, "cp:rank_scale=0.1,dimensions=2,rank_of=channels"); }},
      {{kWrn, "Shuffle_4"}, [] { return as_today(kWrn, "Shuffle_4"); }},
      {{kWrn, "Shuffle_8"}, [] { return as_today(kWrn, "Shuffle_8"); }},
      {{kWrn, "Shuffle_16"}, [] { return as_today(kWrn, "Shuffle_16"); }},
      {{kWrn, "Shuffle_32"}, [] { return as_today(kWrn, "Shuffle_32"); }},
      {{"mobilenet-v2", "Conv"}, [] { return as_today("mobilenet-v2", "Conv"); }},
      {{"mobilenet-v2", "Shuffle_4"}, [] { return as_today("mobilenet-v2", "Shuffle_4"); }},
  };
  return all;
}

/// Rounded to as many digits as `logged` has: 36479194 prints as "3.64792E+07".
bool prints_as(double value, const std::string &logged) {
  const auto point = logged.find('.');
  const auto exponent = logged.find_first_of("eE");
  char printed[64];
  std::snprintf(printed, sizeof printed, "%.*E", static_cast<int>(exponent - point - 1), value);
  return std::strtod(printed, nullptr) == std::strtod(logged.c_str(), nullptr);
}

class LogCounts : public testing::TestWithParam<std::size_t> {
protected:
  const Json &row() const { return rows().at(GetParam()); }
  std::string text(const char *key) const { return row().at(key).get<std::string>(); }
};

TEST_P(LogCounts, PrintAsLogged) {
  if (row().contains("as_logged")) RecordProperty("as_logged", text("as_logged"));
  const auto derivation = derivations().find({text("network"), text("substitution")});
  ASSERT_NE(derivation, derivations().end()) << "no derivation of " << row();
  const Figures figures = derivation->second();
  EXPECT_TRUE(prints_as(static_cast<double>(figures.parameters), text("parameters")))
      << figures.parameters << " does not print as " << text("parameters");
  if (row().contains("mult_adds")) {
    EXPECT_TRUE(prints_as(figures.mult_adds.to_double(), text("mult_adds")))
        << figures.mult_adds.to_string() << " does not print as " << text("mult_adds");
  }
  if (row().contains("exact_parameters")) {
    EXPECT_EQ(figures.parameters, row().at("exact_parameters").get<std::int64_t>());
  }
  if (row().contains("exact_mult_adds")) {
    ASSERT_TRUE(figures.mult_adds.is_whole());
    EXPECT_EQ(figures.mult_adds.whole(), row().at("exact_mult_adds").get<std::int64_t>());
  }
  if (row().contains("precision")) { // "known to 6 digits: 1.27665E+06"
    const std::string precise = text("precision").substr(text("precision").rfind(' ') + 1);
    EXPECT_TRUE(prints_as(static_cast<double>(figures.parameters), precise))
        << figures.parameters << " does not print as " << precise;
  }
}

TEST_P(LogCounts, EqualTodaysValues) {
  const std::map<std::string, std::string> names = {{"ACDC (12)", "ACDC"}};
  if (!row().contains("today_mult_adds")) {
    // Then the logged figures are explained, or are today's: nothing is left open.
    EXPECT_TRUE(derivations().contains({text("network"), text("substitution")}));
    return;
  }
  const auto renamed = names.find(text("substitution"));
  const Count today = as_today(text("network"), renamed == names.end() ? text("substitution") : renamed->second).mult_adds;
  const double expected = row().at("today_mult_adds").get<double>();
  EXPECT_NEAR(today.to_double(), expected, std::floor(expected) == expected ? 0.0 : 1e-12 * expected);
  EXPECT_FALSE(prints_as(today.to_double(), text("mult_adds"))) << "then today's value needs no explanation";
}

std::vector<std::size_t> indices() {
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < rows().size(); ++i) out.push_back(i);
  return out;
}

INSTANTIATE_TEST_SUITE_P(Rows, LogCounts, testing::ValuesIn(indices()), [](const testing::TestParamInfo<std::size_t> &param) {
  const Json &row = rows().at(param.param);
  return test::test_name(row.at("date").get<std::string>() + "_" + row.at("network").get<std::string>() + "_" +
                         row.at("substitution").get<std::string>());
});

TEST(LogCountsFile, HasAllItsRows) { EXPECT_EQ(rows().size(), 21u); }

TEST(LogCountsPrinting, RoundsToTheDigitsGiven) {
  EXPECT_TRUE(prints_as(36479194, "3.64792E+07"));
  EXPECT_FALSE(prints_as(36480194, "3.64792E+07"));
  EXPECT_TRUE(prints_as(1276650, "1.28e6"));
  EXPECT_FALSE(prints_as(1270650, "1.28e6"));
}

} // namespace
} // namespace pare

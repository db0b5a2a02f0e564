// Random convolutions and settings, fixed seeds: structures rise with the knob, and ranks are Python's int() and round().

#include "tests/analysis/contract.hpp"

#include "analysis/cost_model.hpp"
#include "tests/support.hpp"

#include <cmath>
#include <cstdlib>
#include <numeric>
#include <random>

namespace pare {
namespace {

/// Whole numbers and fractions that are the same with every standard library.
class Random {
public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  std::int64_t whole(std::int64_t least, std::int64_t most) {
    return least + static_cast<std::int64_t>(engine_() % static_cast<std::uint64_t>(most - least + 1));
  }
  /// In (0, 1].
  double fraction() { return static_cast<double>((engine_() >> 11) + 1) * 0x1p-53; }
  bool coin() { return engine_() % 2 == 0; }

private:
  std::mt19937_64 engine_;
};

ConvSite random_site(Random &random) {
  const std::int64_t k = 1 + 2 * random.whole(0, 3);
  const std::int64_t stride = random.whole(1, 3);
  const std::int64_t dilation = random.whole(1, 2);
  const std::int64_t padding = random.whole(0, k / 2);
  // One of them a multiple of the other in half of the cases, so that LR and ACDC apply often enough.
  std::int64_t c_i = random.whole(1, 200);
  std::int64_t c_o = random.coin() ? c_i * random.whole(1, 4) : random.whole(1, 200);
  if (random.coin()) std::swap(c_i, c_o);
  return make_site(
      "X", {.batch = random.whole(1, 3), .channels = c_i, .height = random.whole(13, 20), .width = random.whole(13, 20)}, c_o,
      {k, k}, {stride, stride}, {padding, padding}, {dilation, dilation}, random.coin());
}

class Property : public testing::TestWithParam<std::string> {};

TEST_P(Property, CostsNeverFallAsTheKnobRises) {
  const Substitution &family = find_substitution(GetParam());
  const KnobInfo::Kind kind = family.info().knob.kind;
  if (kind != KnobInfo::Kind::kReal && kind != KnobInfo::Kind::kInteger) return; // nothing is promised of the others
  const Convention &macs = find_convention("macs");
  Random random(20181220);
  std::size_t compared = 0;
  for (int trial = 0; trial < 600; ++trial) {
    const ConvSite site = random_site(random);
    const auto variants = test::variants(family);
    const Settings &settings =
        variants[static_cast<std::size_t>(random.whole(0, static_cast<std::int64_t>(variants.size()) - 1))];
    if (!Substitute{.family = &family, .settings = settings, .knob = {}}.has_free_knob()) continue;
    double low = kind == KnobInfo::Kind::kReal ? random.fraction() : static_cast<double>(random.whole(1, 20));
    double high = kind == KnobInfo::Kind::kReal ? random.fraction() : static_cast<double>(random.whole(1, 20));
    if (high < low) std::swap(low, high);
    const Resolved below = family.resolve(site, settings, low);
    const Resolved above = family.resolve(site, settings, high);
    if (below.refusal) continue;
    ASSERT_FALSE(above.refusal.has_value()) << "applies at " << low << " and not at " << high;
    ASSERT_EQ(below.structure.size(), above.structure.size());
    for (std::size_t i = 0; i < below.structure.size(); ++i) ASSERT_LE(below.structure[i], above.structure[i]);
    const auto cost = [&](double knob) {
      Graph graph;
      lower_site(graph, site, graph.add_input(site.input), {.family = &family, .settings = settings, .knob = knob});
      return count(graph);
    };
    const CostReport a = cost(low);
    const CostReport b = cost(high);
    ASSERT_LE(a.parameters, b.parameters);
    ASSERT_LE(a.mult_adds(macs), b.mult_adds(macs));
    if (below.structure == above.structure) {
      ASSERT_EQ(a.parameters, b.parameters);
    }
    ++compared;
  }
  EXPECT_GT(compared, 100u);
}

INSTANTIATE_TEST_SUITE_P(Registry, Property, testing::ValuesIn(test::family_names()),
                         [](const testing::TestParamInfo<std::string> &param) { return param.param; });

Structure structure_of(const char *text, std::int64_t c_i, std::int64_t c_o, std::int64_t k = 1) {
  const ConvSite site =
      make_site("X", {.batch = 1, .channels = c_i, .height = 9, .width = 9}, c_o, {k, k}, {1, 1}, {k / 2, k / 2}, {1, 1});
  return resolve(site, parse_substitute(text)).structure;
}

// The product is rounded once to a double, as Python rounds it, then cut. In x86's extended precision s N is exact for N <
// 2^11.
TEST(PythonArithmetic, IntIsTowardZeroAfterOneRounding) {
  Random random(1);
  for (int trial = 0; trial < 20000; ++trial) {
    const std::int64_t n = random.whole(1, 2000);
    // Half of the settings lie beside a threshold r / n, where the last bit decides.
    double s = random.fraction();
    if (random.coin()) {
      s = static_cast<double>(random.whole(1, n)) / static_cast<double>(n);
      const std::int64_t step = random.whole(-1, 1);
      s = step == 0 ? s : std::nextafter(s, step < 0 ? 0.0 : 1.0);
    }
    const auto product = static_cast<double>(static_cast<long double>(s) * static_cast<long double>(n));
    std::int64_t expected = 0;
    for (std::int64_t bit = 1024; bit > 0; bit /= 2)
      if (static_cast<double>(expected + bit) <= product) expected += bit;
    const Structure counted = structure_of(("Generic_" + shortest(s)).c_str(), n, 1);
    ASSERT_EQ(counted, expected == 0 ? Structure{} : Structure{expected}) << s << " x " << n;
  }
}

/// Half to even, with no help of the rounding mode.
std::int64_t half_even(double value) {
  const auto whole = static_cast<std::int64_t>(value);
  const double rest = value - static_cast<double>(whole);
  if (rest != 0.5) return rest > 0.5 ? whole + 1 : whole;
  return whole + whole % 2;
}

TEST(PythonArithmetic, RoundIsHalfToEven) {
  EXPECT_EQ(half_even(0.5), 0);
  EXPECT_EQ(half_even(1.5), 2);
  EXPECT_EQ(half_even(2.5), 2);
  EXPECT_EQ(half_even(2.4999), 2);
  // round(0.5 x 5) = 2, round(0.5 x 7) = 4 in Python 3.
  EXPECT_EQ(structure_of("cp:rank_scale=0.5,dimensions=2", 5, 7), (Structure{7, 5, 2}));
  EXPECT_EQ(structure_of("tucker:rank_scale=0.5,dimensions=2", 5, 7), (Structure{7, 5, 4, 2}));
  EXPECT_EQ(structure_of("tucker:rank_scale=0.1,dimensions=2", 5, 5), (Structure{5, 5, 1, 1}))
      << "round(0.5) = 0, and at least 1";
  Random random(2);
  for (int trial = 0; trial < 5000; ++trial) {
    const std::int64_t n = random.whole(1, 500);
    const double s =
        random.coin() ? random.fraction() : static_cast<double>(2 * random.whole(0, n - 1) + 1) / static_cast<double>(2 * n);
    const std::int64_t expected = std::max<std::int64_t>(1, half_even(s * static_cast<double>(n)));
    ASSERT_EQ(structure_of(("cp:dimensions=2,rank_scale=" + shortest(s)).c_str(), n, n), (Structure{n, n, expected}))
        << s << " x " << n;
  }
}

/// formulas.md, `dimensionize`, once more.
std::vector<std::int64_t> modes_of(std::int64_t n, int d) {
  const double equal = std::exp(std::log(static_cast<double>(n)) / d);
  const std::int64_t target = half_even(equal);
  if (std::fabs(equal - static_cast<double>(target)) < 1e-6)
    return std::vector<std::int64_t>(static_cast<std::size_t>(d), target);
  std::vector<std::int64_t> out;
  for (int k = 1; k < d; ++k) {
    std::int64_t mode = n;
    for (std::int64_t divisor = 1; divisor <= n; ++divisor)
      if (n % divisor == 0 && divisor >= target) {
        mode = divisor;
        break;
      }
    out.push_back(mode);
    n /= mode;
  }
  out.push_back(n);
  return out;
}

TEST(Dimensionize, FollowsTheReference) {
  EXPECT_EQ(dimensionize(640 * 640, 3), (std::vector<std::int64_t>{80, 80, 64})); // formulas.md
  EXPECT_EQ(dimensionize(160 * 16, 3), (std::vector<std::int64_t>{16, 16, 10}));  // formulas.md
  EXPECT_EQ(dimensionize(64 * 64 * 64, 3), (std::vector<std::int64_t>{64, 64, 64}));
  EXPECT_EQ(dimensionize(1, 3), (std::vector<std::int64_t>{1, 1, 1}));
  EXPECT_EQ(dimensionize(7, 4), (std::vector<std::int64_t>{7, 1, 1, 1})) << "round(7^(1/4)) = 2, and 7 is the next divisor";
  Random random(3);
  for (int trial = 0; trial < 3000; ++trial) {
    const std::int64_t n = random.whole(1, 300) * random.whole(1, 300);
    const int d = static_cast<int>(random.whole(2, 6));
    const auto modes = dimensionize(n, d);
    ASSERT_EQ(modes, modes_of(n, d)) << n << " in " << d;
    ASSERT_EQ(std::accumulate(modes.begin(), modes.end(), std::int64_t{1}, std::multiplies<>()), n);
  }
}

// Counting up to the next divisor took a thousand million steps for the prime 999999937, and for ever for 9007199254740881.
TEST(Dimensionize, IsImmediateForPrimes) {
  using Modes = std::vector<std::int64_t>;
  for (const std::int64_t prime : {std::int64_t{999'999'937}, std::int64_t{9'007'199'254'740'881}})
    for (std::int64_t count = 2; count <= 6; ++count) {
      Modes expected(static_cast<std::size_t>(count), 1);
      expected[0] = prime;
      EXPECT_EQ(dimensionize(prime, count), expected);
      // The divisors of 16 prime are 1, 2, 4, 8, 16 and these times it: the least from the rounded root up, again and again.
      const auto target = std::llrint(std::exp(std::log(16 * static_cast<double>(prime)) / static_cast<double>(count)));
      expected.assign(static_cast<std::size_t>(count), 1);
      std::int64_t left = 16 * prime;
      for (std::int64_t &mode : expected) {
        mode = left;
        for (std::int64_t twos = 16; twos >= 1 && &mode != &expected.back(); twos /= 2)
          for (const std::int64_t divisor : {twos * prime, twos})
            if (left % divisor == 0 && divisor >= std::min<std::int64_t>(left, target)) mode = std::min(mode, divisor);
        left /= mode;
      }
      EXPECT_EQ(dimensionize(16 * prime, count), expected) << count;
    }
  // A root that is whole but for less than a millionth, of what is no power: the reference takes it for one, and the modes do
  // not make the weight then.
  for (const auto &[n, count] : std::vector<std::pair<std::int64_t, std::int64_t>>{
           {16'777'217, 6}, {1'000'000'001, 3}, {16 * 9'007'199'254'740'881, 3}, {999'999'999'999'999'999, 2}}) {
    const Modes modes = dimensionize(n, count);
    EXPECT_EQ(std::accumulate(modes.begin(), modes.end(), std::int64_t{1}, std::multiplies<>()), n);
  }
  // As counting up says, which a number of this size still allows.
  for (const std::int64_t n :
       {std::int64_t{999'983}, std::int64_t{999'983} * 2, std::int64_t{999'979} * 3, std::int64_t{1'048'573}})
    for (int count = 2; count <= 6; ++count) EXPECT_EQ(dimensionize(n, count), modes_of(n, count)) << n << " in " << count;
}

TEST(Dimensionize, LayersOfPrimeChannelsAreCountedAtOnce) {
  for (const std::int64_t prime : {std::int64_t{999'999'937}, std::int64_t{9'007'199'254'740'881}})
    for (const char *text : {"TensorTrain_0.000001", "tensor_train:rank_scale=0.5,dimensions=6", "Tucker_0.0000001",
                             "tucker:rank_scale=0.0000001", "CP_0.0000001"})
      for (const bool wide_input : {true, false}) {
        SCOPED_TRACE(std::string(text) + " " + std::to_string(prime));
        const ConvSite site = make_site("X", {.batch = 1, .channels = wide_input ? prime : 16, .height = 1, .width = 1},
                                        wide_input ? 16 : prime, {1, 1}, {1, 1}, {0, 0}, {1, 1});
        // A count, or a fault of what does not fit: no search.
        const std::string line = test::message_of([&] {
          Graph graph;
          lower_site(graph, site, graph.add_input(site.input), parse_substitute(text));
          EXPECT_GT(count(graph).parameters, prime);
        });
        EXPECT_TRUE(line == "no error" || line.starts_with("[overflow] X") || line.starts_with("[not_applicable] X/")) << line;
      }
}

// formulas.md, Tucker: (c_o, c_i) = (160, 16), s = 0.25: n = 16, 16, 10; R = 4, 4, 2; q = 1, 8, 2, 1; P = 248.
TEST(Structures, OfTheDocumentsExamples) {
  EXPECT_EQ(structure_of("Tucker_0.25", 16, 160), (Structure{16, 16, 10, 4, 4, 2, 1, 8, 2, 1}));
  const ConvSite site =
      make_site("X", {.batch = 1, .channels = 16, .height = 1, .width = 1}, 160, {1, 1}, {1, 1}, {0, 0}, {1, 1});
  Graph graph;
  lower_site(graph, site, graph.add_input(site.input), parse_substitute("Tucker_0.25"));
  EXPECT_EQ(count(graph).parameters, 16 * 4 + 16 * 4 + 10 * 2 + 1 * 4 * 8 + 8 * 4 * 2 + 2 * 2 * 1);
  EXPECT_EQ(count(graph).parameters, 248);
  Graph full;
  lower_site(full, site, full.add_input(site.input), parse_substitute("tucker:rank_scale=0.25"));
  EXPECT_EQ(count(full).parameters, 16 * 4 + 16 * 4 + 10 * 2 + 4 * 4 * 2);
  // Ranks are clipped to the largest that the unfolding can have: modes 7, 1, 1, 1 leave r = 1.
  EXPECT_EQ(structure_of("tensor_train:rank_scale=1,dimensions=4", 1, 7), (Structure{7, 1, 1, 1, 1, 1, 1}));
}

} // namespace
} // namespace pare

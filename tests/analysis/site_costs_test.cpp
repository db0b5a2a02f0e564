// What candidates cost, against lowering and counting each; degrees of freedom, against the rank of a Jacobian.

#include "analysis/cost_model.hpp"
#include "analysis/site_costs.hpp"
#include "tests/analysis/contract.hpp"
#include "tests/support.hpp"

#include <functional>
#include <random>

namespace pare {
namespace {

ConvSites costed_places(std::int64_t c_i, std::int64_t c_o, std::int64_t k, bool bias, bool is_shared) {
  ConvSites out = {make_site("X", {.batch = 2, .channels = c_i, .height = 11, .width = 9}, c_o, {k, k}, {1, 1}, {k / 2, k / 2},
                             {1, 1}, bias)};
  if (is_shared)
    for (const std::int64_t stride : {1, 2})
      out.push_back(make_site("Y", {.batch = 2, .channels = c_i, .height = 14, .width = 8}, c_o, {k, k}, {stride, stride},
                              {k / 2, k / 2}, {1, 1}, bias));
  return out;
}

class CostsOf : public testing::TestWithParam<std::string> {};

TEST_P(CostsOf, CandidatesAreThoseOfTheLoweredGraph) {
  const Substitution &family = find_substitution(GetParam());
  const std::vector<Convention> conventions = {
      find_convention("macs"), find_convention("reference"),
      parse_convention(
          R"({"schema": "pare.convention/1", "name": "odd", "source": "x", "weights": {"conv.mac": 0.3, "gather.copy":)"
          R"( 2, "conv.bias": 1}})",
          "odd")};
  std::mt19937 random(7);
  std::size_t compared = 0;
  std::size_t settings_at = 0;
  for (const Settings &settings : test::variants(family))
    for (const auto &[c_i, c_o, k] :
         std::vector<std::array<std::int64_t, 3>>{{16, 16, 3}, {12, 48, 1}, {48, 16, 3}, {7, 35, 5}, {1, 2, 1}, {24, 10, 1}}) {
      ++settings_at;
      const ConvSites sites = costed_places(c_i, c_o, k, settings_at % 2 == 0, settings_at % 3 == 0);
      std::vector<Substitute> all = family.candidates(sites, settings, {.most = 600});
      // By knobs too.
      for (const std::optional<double> knob : test::knobs_to_try(family, settings)) {
        const Substitute known{.family = &family, .settings = settings, .knob = knob};
        if (!resolve(std::span<const ConvSite>(sites), known).refusal) all.push_back(known);
      }
      const CandidateCosts costs = candidate_costs(sites, all, conventions);
      ASSERT_EQ(costs.size(), all.size());
      ASSERT_EQ(costs.mult_adds.size(), all.size() * conventions.size());
      for (std::size_t trial = 0; trial < 12 && !all.empty(); ++trial) {
        const std::size_t c = trial == 0 ? 0 : trial == 1 ? all.size() - 1 : random() % all.size();
        SCOPED_TRACE(all[c].text());
        std::int64_t activations = 0;
        std::vector<Count> mult_adds(conventions.size());
        for (const ConvSite &site : sites) {
          Graph graph;
          lower_site(graph, site, graph.add_input(site.input), all[c]);
          const CostReport report = count(graph);
          if (&site == &sites.front()) {
            EXPECT_EQ(costs.parameters[c], report.parameters);
            EXPECT_EQ(costs.stored_bytes[c], report.stored_bytes());
          }
          activations += report.activation_elements;
          for (std::size_t j = 0; j < conventions.size(); ++j) mult_adds[j] += report.mult_adds(conventions[j]);
        }
        EXPECT_EQ(costs.activation_elements[c], activations);
        for (std::size_t j = 0; j < conventions.size(); ++j) {
          EXPECT_EQ(costs.mult_adds_of(c)[j], mult_adds[j]) << conventions[j].name;
          EXPECT_EQ(costs.mult_adds_of(c)[j].is_whole(), mult_adds[j].is_whole()) << conventions[j].name;
        }
        ++compared;
        if (HasFailure()) return;
      }
    }
  EXPECT_GT(compared, 5u);
}

INSTANTIATE_TEST_SUITE_P(Registry, CostsOf, testing::ValuesIn(test::family_names()),
                         [](const auto &which) { return test::test_name(which.param); });

TEST(SiteCosts, OfAMixedList) {
  const ConvSites sites = costed_places(16, 32, 3, false, false);
  std::vector<Substitute> all = {parse_substitute("Conv")};
  for (const char *text : {"Generic", "tucker", "Shuffle"}) {
    const Substitute free = parse_substitute(text, FreeKnob::kAllow);
    for (Substitute &candidate : free.family->candidates(sites, free.settings)) all.push_back(std::move(candidate));
  }
  const CandidateCosts costs = candidate_costs(sites, all, {});
  ASSERT_EQ(costs.size(), all.size());
  EXPECT_EQ(costs.parameters[0], 9 * 16 * 32);
  EXPECT_EQ(costs.stored_bytes[0], 4 * 9 * 16 * 32);
  for (std::int64_t r = 1; r <= 32; ++r) EXPECT_EQ(costs.parameters[static_cast<std::size_t>(r)], 9 * 16 + r * (16 + 32));
  // A number out of range is found though only corners are lowered.
  std::vector<Substitute> ranks;
  for (std::int64_t r = 1; r <= 33; ++r) ranks.push_back(parse_substitute("generic:rank=" + std::to_string(r)));
  test::expect_error([&] { candidate_costs(sites, ranks, {}); }, ErrorCode::kNotApplicable, "X/rank",
                     "rank = 33 must be from 1 to 32");
  EXPECT_EQ(candidate_costs(sites, {}, {}).size(), 0u);
}

// Indices are 8 bytes, signs 1, all else 4; a batch norm has two statistics for each channel, and counts its batches in 8.
TEST(SiteCosts, StoredBytesAreThoseOfTheTypes) {
  const auto stored = [](const char *text) {
    const ConvSite site = costed_places(4, 8, 3, false, false)[0];
    Graph graph;
    lower_site(graph, site, graph.add_input(site.input), parse_substitute(text));
    return count(graph).stored_bytes();
  };
  EXPECT_EQ(stored("Conv"), 4 * 288);
  EXPECT_EQ(stored("hashed:values=20"), 4 * 20 + 8 * 288 + 4 * 8);
  EXPECT_EQ(stored("hashed:values=20,sign=yes,bias=no"), 4 * 20 + 8 * 288 + 288);
  Graph graph;
  Builder builder(graph);
  builder.batch_norm("bn", graph.add_input({.batch = 1, .channels = 5, .height = 2, .width = 2}));
  EXPECT_EQ(count(graph).stored_bytes(), 4 * 4 * 5 + 8);
}

// --------------------------------------------------------------------------------------------- degrees of freedom

constexpr std::uint64_t kPrime = 2'147'483'647; ///< 2^31 - 1
using Residues = std::vector<std::uint64_t>;

std::uint64_t inverse(std::uint64_t value) {
  std::uint64_t out = 1;
  for (std::uint64_t power = kPrime - 2; power > 0; power /= 2) {
    if (power % 2 == 1) out = out * value % kPrime;
    value = value * value % kPrime;
  }
  return out;
}

std::int64_t rank_of(std::vector<Residues> rows) {
  std::size_t rank = 0;
  for (std::size_t column = 0; !rows.empty() && column < rows[0].size(); ++column) {
    std::size_t pivot = rank;
    while (pivot < rows.size() && rows[pivot][column] == 0) ++pivot;
    if (pivot == rows.size()) continue;
    std::swap(rows[rank], rows[pivot]);
    const std::uint64_t scale = inverse(rows[rank][column]);
    for (std::size_t i = rank + 1; i < rows.size(); ++i) {
      const std::uint64_t factor = rows[i][column] * scale % kPrime;
      for (std::size_t j = column; factor != 0 && j < rows[i].size(); ++j)
        rows[i][j] = (rows[i][j] + (kPrime - factor) * rows[rank][j]) % kPrime;
    }
    ++rank;
  }
  return static_cast<std::int64_t>(rank);
}

/// The dimension of what a polynomial map of `count` numbers reaches: the rank of its Jacobian at a random point modulo a
/// prime. A column of it is the derivative along one number: its coefficient of t, from the values at 0, 1, ..., degree.
std::int64_t dimension_of(std::size_t count, int degree, const std::function<Residues(const Residues &)> &map) {
  std::mt19937_64 random(3);
  Residues at(count);
  for (std::uint64_t &value : at) value = random() % kPrime;
  // Of Lagrange's polynomials through 0 ... degree the derivatives at 0: 1 / i for the others, from (-1)^(i+1) C(degree, i) /
  // i.
  std::vector<std::uint64_t> weights(static_cast<std::size_t>(degree) + 1, 0);
  std::uint64_t binomial = 1;
  for (std::uint64_t i = 1; i <= static_cast<std::uint64_t>(degree); ++i) {
    binomial = binomial * (static_cast<std::uint64_t>(degree) - i + 1) / i;
    const std::uint64_t weight = binomial * inverse(i) % kPrime;
    weights[i] = i % 2 == 1 ? weight : kPrime - weight;
    weights[0] = (weights[0] + kPrime - weights[i]) % kPrime;
  }
  std::vector<Residues> rows;
  for (std::size_t n = 0; n < count; ++n) {
    Residues row;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      Residues moved = at;
      moved[n] = (moved[n] + i) % kPrime;
      const Residues value = map(moved);
      row.resize(value.size(), 0);
      for (std::size_t j = 0; j < value.size(); ++j) row[j] = (row[j] + weights[i] * value[j]) % kPrime;
    }
    rows.push_back(std::move(row));
  }
  return rank_of(std::move(rows));
}

/// [rows, inner] x [inner, columns], row-major.
Residues matrix_product(const Residues &a, const Residues &b, std::size_t rows, std::size_t inner, std::size_t columns) {
  Residues out(rows * columns, 0);
  for (std::size_t i = 0; i < rows; ++i)
    for (std::size_t k = 0; k < inner; ++k)
      for (std::size_t j = 0; j < columns; ++j)
        out[i * columns + j] = (out[i * columns + j] + a[i * inner + k] * b[k * columns + j]) % kPrime;
  return out;
}

Residues slice(const Residues &all, std::size_t begin, std::size_t count) {
  return {all.begin() + static_cast<std::ptrdiff_t>(begin), all.begin() + static_cast<std::ptrdiff_t>(begin + count)};
}

DegreesOfFreedom freedom(const std::string &text, std::int64_t c_i, std::int64_t c_o, std::int64_t k = 1) {
  return degrees_of_freedom(costed_places(c_i, c_o, k, true, false)[0], parse_substitute(text));
}

TEST(DegreesOfFreedom, OfLowRankAreTheRankOfTheJacobian) {
  for (const auto &[c_i, c_o] : std::vector<std::pair<std::size_t, std::size_t>>{{4, 4}, {3, 5}, {5, 2}})
    for (std::size_t r = 1; r <= std::max(c_i, c_o); ++r) {
      const auto map = [i = c_i, o = c_o, r](const Residues &all) {
        return matrix_product(slice(all, 0, o * r), slice(all, o * r, r * i), o, r, i);
      };
      const DegreesOfFreedom said =
          freedom("generic:rank=" + std::to_string(r), static_cast<std::int64_t>(c_i), static_cast<std::int64_t>(c_o));
      EXPECT_EQ(said.value, dimension_of(r * (c_i + c_o), 1, map)) << c_i << " " << c_o << " " << r;
      EXPECT_FALSE(said.is_estimate);
    }
}

TEST(DegreesOfFreedom, OfTiedLowRankAreTheRankOfTheJacobian) {
  for (const auto &[c_i, c_o] : std::vector<std::pair<std::size_t, std::size_t>>{{4, 4}, {2, 4}, {3, 6}, {1, 4}, {2, 6}})
    for (std::size_t r = 1; r <= c_o; ++r) {
      const auto map = [i = c_i, o = c_o, r](const Residues &v) { // V^T (V E), V of r x c_o
        Residues transposed(o * r);
        Residues summed(r * i, 0);
        for (std::size_t a = 0; a < r; ++a)
          for (std::size_t b = 0; b < o; ++b) {
            transposed[b * r + a] = v[a * o + b];
            summed[a * i + b % i] = (summed[a * i + b % i] + v[a * o + b]) % kPrime;
          }
        return matrix_product(transposed, summed, o, r, i);
      };
      const DegreesOfFreedom said =
          freedom("lr:rank=" + std::to_string(r), static_cast<std::int64_t>(c_i), static_cast<std::int64_t>(c_o));
      EXPECT_EQ(said.value, dimension_of(r * c_o, 2, map)) << c_i << " " << c_o << " " << r;
      EXPECT_FALSE(said.is_estimate);
    }
}

TEST(DegreesOfFreedom, OfTensorTrainsAreTheRankOfTheJacobian) {
  std::size_t checked = 0;
  for (const auto &[c_i, c_o] : std::vector<std::pair<std::int64_t, std::int64_t>>{{4, 6}, {3, 9}, {2, 4}})
    for (const char *dimensions : {"3", "4"}) {
      const ConvSite site = costed_places(c_i, c_o, 1, false, false)[0];
      const Substitute free = parse_substitute(std::string("tensor_train:dimensions=") + dimensions, FreeKnob::kAllow);
      const auto d = static_cast<std::size_t>(free.settings[0]);
      for (const Substitute &candidate : free.family->candidates({&site, 1}, free.settings, {.most = 60})) {
        const Structure n = resolve(site, candidate).structure;
        const auto rank = [&](std::size_t k) { return static_cast<std::size_t>(k == 0 || k == d ? 1 : n[d + k - 1]); };
        std::size_t all = 0;
        for (std::size_t k = 0; k < d; ++k) all += rank(k) * static_cast<std::size_t>(n[k]) * rank(k + 1);
        const auto map = [&](const Residues &numbers) {
          std::size_t begin = 0;
          std::size_t rows = 1;
          Residues merged = {1};
          for (std::size_t k = 0; k < d; ++k) {
            const std::size_t columns = static_cast<std::size_t>(n[k]) * rank(k + 1);
            merged = matrix_product(merged, slice(numbers, begin, rank(k) * columns), rows, rank(k), columns);
            begin += rank(k) * columns;
            rows *= static_cast<std::size_t>(n[k]);
          }
          return merged;
        };
        EXPECT_EQ(degrees_of_freedom(site, candidate).value, dimension_of(all, 1, map)) << candidate.text();
        ++checked;
      }
    }
  EXPECT_GT(checked, 40u);
}

/// a [n_1, ..., n_d] times u [m, n_mode] along a mode.
Residues mode_product(const Residues &a, Structure &extents, std::size_t mode, const Residues &u, std::size_t m) {
  std::size_t before = 1;
  std::size_t after = 1;
  for (std::size_t k = 0; k < extents.size(); ++k) {
    if (k < mode) before *= static_cast<std::size_t>(extents[k]);
    if (k > mode) after *= static_cast<std::size_t>(extents[k]);
  }
  const auto n = static_cast<std::size_t>(extents[mode]);
  Residues out;
  for (std::size_t b = 0; b < before; ++b) {
    const Residues part = matrix_product(u, slice(a, b * n * after, n * after), m, n, after);
    out.insert(out.end(), part.begin(), part.end());
  }
  extents[mode] = static_cast<std::int64_t>(m);
  return out;
}

TEST(DegreesOfFreedom, OfTuckerAreTheRankOfTheJacobian) {
  std::size_t checked = 0;
  for (const auto &[c_i, c_o] : std::vector<std::pair<std::int64_t, std::int64_t>>{{4, 6}, {3, 9}, {2, 4}})
    for (const char *core : {"full", "train"}) {
      const ConvSite site = costed_places(c_i, c_o, 1, false, false)[0];
      const Substitute free = parse_substitute(std::string("tucker:core=") + core, FreeKnob::kAllow);
      constexpr std::size_t d = 3;
      for (const Substitute &candidate : free.family->candidates({&site, 1}, free.settings, {.most = 40})) {
        const Structure n = resolve(site, candidate).structure;
        const bool is_train = n.size() > 2 * d;
        const auto mode = [&](std::size_t k) { return static_cast<std::size_t>(n[k]); };
        const auto rank = [&](std::size_t k) { return static_cast<std::size_t>(n[d + k]); };
        const auto q = [&](std::size_t k) { return static_cast<std::size_t>(n[2 * d + k]); };
        std::size_t of_core = 1;
        std::size_t of_factors = 0;
        for (std::size_t k = 0; k < d; ++k) {
          of_core *= rank(k);
          of_factors += mode(k) * rank(k);
        }
        if (is_train) {
          of_core = 0;
          for (std::size_t k = 0; k < d; ++k) of_core += q(k) * rank(k) * q(k + 1);
        }
        const auto map = [&](const Residues &numbers) {
          Residues tensor = slice(numbers, 0, of_core);
          if (is_train) {
            tensor = {1};
            std::size_t begin = 0;
            std::size_t rows = 1;
            for (std::size_t k = 0; k < d; ++k) {
              const std::size_t columns = rank(k) * q(k + 1);
              tensor = matrix_product(tensor, slice(numbers, begin, q(k) * columns), rows, q(k), columns);
              begin += q(k) * columns;
              rows *= rank(k);
            }
          }
          Structure extents(n.begin() + d, n.begin() + 2 * d);
          std::size_t begin = of_core;
          for (std::size_t k = 0; k < d; ++k) {
            tensor = mode_product(tensor, extents, k, slice(numbers, begin, mode(k) * rank(k)), mode(k));
            begin += mode(k) * rank(k);
          }
          return tensor;
        };
        EXPECT_EQ(degrees_of_freedom(site, candidate).value, dimension_of(of_core + of_factors, 1, map)) << candidate.text();
        ++checked;
      }
    }
  EXPECT_GT(checked, 40u);
}

TEST(DegreesOfFreedom, OfTheRest) {
  const auto is = [](const char *text, std::int64_t value, bool is_estimate, std::int64_t c_i = 8, std::int64_t c_o = 16,
                     std::int64_t k = 3) {
    const DegreesOfFreedom said = freedom(text, c_i, c_o, k);
    EXPECT_EQ(said.value, value) << text;
    EXPECT_EQ(said.is_estimate, is_estimate) << text;
  };
  is("Conv", 9 * 8 * 16, false);
  is("convolution", 9 * 8 * 16, false);
  is("Sep", 9 * 8 + 8 * 16, false);
  is("Sep", 8 * 16, false, 8, 16, 1);
  is("generic:rank=3", 9 * 8 + 3 * (8 + 16 - 3), false);
  is("generic:rank=16", 9 * 8 + 8 * 16, false); // a rank of 8 at most
  is("lr:rank=3", 9 * 8 + 3 * 16 - 3, false);
  is("hashed:values=100", 100, true);
  is("Hashed_0.1", 115 - 1, true); // the last is never drawn
  is("sep_hashed:values=50", 9 * 8 + 50, true);
  is("hashed_separable:values=100", 100 * 72 / 200 + 100 * 128 / 200, true);
  is("acdc:layers=3", 9 * 8 + 2 * 3 * 16, true);
  is("acdc:layers=1000", 9 * 8 * 16, true); // no more than the convolution has
  is("Shuffle_1", 8 * 4 + 4 * 9 + 4 * 16, true);
  is("cp:rank=2", 9 * 8 + 2 * (8 + 8 + 2), true); // modes of 128: the root is 5.04, so 8, 8, 2
  ConvSite grouped = costed_places(8, 16, 3, false, false)[0];
  grouped.groups = 4;
  EXPECT_EQ(degrees_of_freedom(grouped, parse_substitute("Conv")).value, 9 * 8 * 16 / 4);
}

} // namespace
} // namespace pare

#include "projection/numerics.hpp"

#include "tests/support.hpp"

#include <algorithm>
#include <cmath>
#include <random>

namespace pare::numerics {
namespace {

Matrix random_matrix(std::size_t rows, std::size_t columns, std::mt19937_64 &random) {
  std::normal_distribution<double> normal;
  Matrix out(rows, columns);
  for (double &value : out.values) value = normal(random);
  return out;
}

std::vector<double> difference(const std::vector<double> &a, const std::vector<double> &b) {
  EXPECT_EQ(a.size(), b.size());
  std::vector<double> out(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) out[i] = a[i] - b[i];
  return out;
}

double largest(const std::vector<double> &values) {
  double out = 0;
  for (const double value : values) out = std::max(out, std::fabs(value));
  return out;
}

void expect_orthonormal(const Matrix &columns) {
  const Matrix gram = transposed_product(columns, columns);
  for (std::size_t i = 0; i < gram.rows; ++i)
    for (std::size_t j = 0; j < gram.columns; ++j) EXPECT_NEAR(gram(i, j), i == j ? 1 : 0, 1e-12);
}

TEST(Svd, OfAMatrixThatIsKnown) {
  // [[3, 0], [0, -2], [0, 0]] has the singular values 3 and 2.
  const Svd svd(Matrix(3, 2, {3, 0, 0, -2, 0, 0}));
  ASSERT_EQ(svd.energies().size(), 2U);
  EXPECT_NEAR(svd.energies()[0], 9, 1e-14);
  EXPECT_NEAR(svd.energies()[1], 4, 1e-14);
  const Svd::Factors one = svd.factors(1);
  EXPECT_LT(largest(difference(product(one.left, one.right).values, {3, 0, 0, 0, 0, 0})), 1e-14);
  EXPECT_NEAR(energy(one.left.values), 3, 1e-12) << "each factor has the root of the singular value";
  EXPECT_NEAR(energy(one.right.values), 3, 1e-12);
}

// Eckart and Young 1936: what is kept is the sum of the squared singular values, and no other matrix of the rank is nearer.
TEST(Svd, TruncatedIsTheNearest) {
  std::mt19937_64 random(1);
  for (const auto &[rows, columns] : {std::pair<std::size_t, std::size_t>{7, 12}, {12, 7}, {9, 9}, {1, 5}, {5, 1}}) {
    const Matrix a = random_matrix(rows, columns, random);
    const Svd svd(a);
    EXPECT_NEAR(svd.energy_kept(20), energy(a.values), 1e-12);
    expect_orthonormal(svd.left(std::min(rows, columns)));
    for (std::size_t rank = 1; rank <= std::min(rows, columns); ++rank) {
      const Svd::Factors factors = svd.factors(rank);
      const double error = energy(difference(a.values, product(factors.left, factors.right).values));
      EXPECT_NEAR(error, energy(a.values) - svd.energy_kept(rank), 1e-12) << rows << " x " << columns << ", " << rank;
      for (int trial = 0; trial < test::trials(20); ++trial) {
        Svd::Factors other = factors;
        const double step = std::pow(10.0, -1 - trial % 4);
        for (Matrix *part : {&other.left, &other.right})
          for (double &value : part->values) value += step * (static_cast<double>(random() % 2001) / 1000 - 1);
        EXPECT_GE(energy(difference(a.values, product(other.left, other.right).values)), error - 1e-12);
      }
    }
  }
}

// Of A = U V of rank 3 the fourth value is nothing, and three make it whole.
TEST(Svd, OfLowRank) {
  std::mt19937_64 random(2);
  for (const bool tall : {false, true}) {
    const Matrix a = product(random_matrix(tall ? 30 : 8, 3, random), random_matrix(3, tall ? 8 : 30, random));
    const Svd svd(a);
    EXPECT_LT(svd.energies()[3], 1e-12 * svd.energies()[0]);
    expect_orthonormal(svd.left(8));
    const Svd::Factors factors = svd.factors(5); // two are next to nothing, and not divided by
    EXPECT_LT(largest(difference(a.values, product(factors.left, factors.right).values)), 1e-7);
    EXPECT_LT(largest(factors.right.values), 100);
  }
}

TEST(Svd, OfNothing) {
  const Svd none(Matrix(3, 4));
  EXPECT_EQ(none.energy_kept(3), 0);
  EXPECT_EQ(largest(none.factors(2).right.values), 0);
}

TEST(ChannelDirections, OfOneChannelTheLeadingVector) {
  // Channel 0 has the rows (1, 2, 2) and (2, 4, 4): rank 1, along (1, 2, 2) / 3. Channel 1 has (0, -5, 0) and (0, 0, 1).
  const std::vector<double> weight = {1, 2, 2, 0, -5, 0, 2, 4, 4, 0, 0, 1};
  const Matrix directions = channel_directions(weight, 2, 2, 3);
  EXPECT_LT(largest(difference(directions.values, {1.0 / 3, 2.0 / 3, 2.0 / 3, 0, 1, 0})), 1e-12);
  // Seen along the second output channel only, channel 1 is (0, 0, 1).
  const Matrix second(2, 1, {0, 1});
  EXPECT_LT(largest(difference(channel_directions(weight, 2, 2, 3, &second).values, {1.0 / 3, 2.0 / 3, 2.0 / 3, 0, 0, 1})),
            1e-12);
}

TEST(ChannelDirections, EnergiesAreThoseOfEachPartOfABasis) {
  std::mt19937_64 random(8);
  const Matrix weight = random_matrix(5, 4 * 3, random); // four channels of three
  const Matrix basis = Svd(random_matrix(5, 5, random)).left(5);
  const std::vector<double> energies = direction_energies(weight.values, 4, 3, basis);
  ASSERT_EQ(energies.size(), 5U);
  for (std::size_t r = 1; r <= 5; ++r) {
    double sum = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      Matrix own(5, 3);
      for (std::size_t o = 0; o < 5; ++o)
        for (std::size_t x = 0; x < 3; ++x) own(o, x) = weight(o, i * 3 + x);
      Matrix part(5, r);
      for (std::size_t o = 0; o < 5; ++o)
        for (std::size_t j = 0; j < r; ++j) part(o, j) = basis(o, j);
      sum += Svd(transposed_product(part, own)).energies().front();
    }
    EXPECT_NEAR(energies[r - 1], sum, 1e-12);
  }
}

std::size_t count(const Modes &modes) {
  std::size_t out = 1;
  for (const std::size_t n : modes) out *= n;
  return out;
}

/// With mode k in front, the rest of the tensor behind the first so many modes.
Matrix split(const Modes &modes, const std::vector<double> &values, std::size_t first) {
  const std::size_t rows = count({modes.begin(), modes.begin() + static_cast<std::ptrdiff_t>(first)});
  return {rows, values.size() / rows, values};
}

// Oseledets 2011, theorem 2.2: the squared error is at most the sum of what is cut off of each unfolding; and no train is
// nearer than any of these cuts.
TEST(TensorTrainSvd, ErrorIsWithinItsBounds) {
  std::mt19937_64 random(4);
  const Modes modes = {4, 5, 6, 3};
  const std::vector<double> values = random_matrix(1, count(modes), random).values;
  TensorTrainSvd decomposition(modes, values);
  const double whole = energy(values);
  const std::vector<std::vector<std::int64_t>> all = {{1, 1, 1}, {2, 3, 2}, {2, 5, 3}, {4, 9, 3}, {1, 5, 3}, {4, 18, 3}};
  for (const auto &ranks : all) {
    const auto cores = decomposition.cores(ranks);
    ASSERT_EQ(cores.size(), 4U);
    const double error = energy(difference(values, TensorTrainSvd::merged(modes, cores)));
    EXPECT_NEAR(error, whole - decomposition.energy_kept(ranks), 1e-10);
    double sum = 0;
    double most = 0;
    for (std::size_t k = 0; k < ranks.size(); ++k) {
      const double cut = whole - Svd(split(modes, values, k + 1)).energy_kept(static_cast<std::size_t>(ranks[k]));
      sum += cut;
      most = std::max(most, cut);
    }
    EXPECT_LE(error, sum + 1e-10);
    EXPECT_GE(error, most - 1e-10);
  }
  EXPECT_NEAR(decomposition.energy_kept(std::vector<std::int64_t>{4, 18, 3}), whole, 1e-10) << "the largest ranks keep all";
}

TEST(TensorTrainSvd, OfATrainIsTheTrain) {
  std::mt19937_64 random(5);
  const Modes modes = {4, 6, 5};
  const std::vector<std::int64_t> ranks = {3, 2};
  const auto values = TensorTrainSvd::merged(
      modes, {random_matrix(4, 3, random).values, random_matrix(3, 12, random).values, random_matrix(2, 5, random).values});
  TensorTrainSvd decomposition(modes, values);
  EXPECT_LT(largest(difference(values, TensorTrainSvd::merged(modes, decomposition.cores(ranks)))), 1e-12);
  // Ranks beyond what it has are filled up.
  const std::vector<std::int64_t> more = {4, 5};
  EXPECT_LT(largest(difference(values, TensorTrainSvd::merged(modes, decomposition.cores(more)))), 1e-6);
  // In any order the same, though what they have in common is kept from one to the next.
  EXPECT_EQ(decomposition.energy_kept(ranks), TensorTrainSvd(modes, values).energy_kept(ranks));
}

TEST(Tucker, SweepsNeverKeepLess) {
  std::mt19937_64 random(6);
  const Modes modes = {6, 5, 7};
  bool any_gain = false;
  for (int trial = 0; trial < test::trials(20); ++trial) {
    const std::vector<double> values = random_matrix(1, count(modes), random).values;
    TuckerDecomposition decomposition(modes, values);
    const std::vector<std::int64_t> ranks = {static_cast<std::int64_t>(1 + random() % 6),
                                             static_cast<std::int64_t>(1 + random() % 5),
                                             static_cast<std::int64_t>(1 + random() % 7)};
    double before = decomposition.energy_kept(ranks);
    for (std::size_t sweeps = 0; sweeps < 6; ++sweeps) {
      const auto parts = decomposition.parts(ranks, sweeps);
      EXPECT_GE(parts.energy_kept, before - 1e-12);
      any_gain = any_gain || (sweeps > 0 && parts.energy_kept > before + 1e-3);
      before = parts.energy_kept;
      EXPECT_NEAR(energy(difference(values, TuckerDecomposition::merged(parts))), energy(values) - parts.energy_kept, 1e-10);
    }
    EXPECT_NEAR(decomposition.parts(ranks, 0).energy_kept, decomposition.energy_kept(ranks), 1e-10);
    // Of the truncated one the bound is sqrt(d) (De Lathauwer et al. 2000, property 10); no member is nearer than a cut.
    double sum = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      Modes turned = {modes[k], modes[(k + 1) % 3], modes[(k + 2) % 3]};
      std::vector<double> own(values.size());
      for (std::size_t i = 0; i < values.size(); ++i) {
        const std::array at = {i / 35, i / 7 % 5, i % 7};
        own[(at[k] * turned[1] + at[(k + 1) % 3]) * turned[2] + at[(k + 2) % 3]] = values[i];
      }
      const double cut = energy(values) - Svd(split(turned, own, 1)).energy_kept(static_cast<std::size_t>(ranks[k]));
      sum += cut;
      EXPECT_LE(before, energy(values) - cut + 1e-10);
    }
    EXPECT_GE(decomposition.energy_kept(ranks), energy(values) - sum - 1e-10);
  }
  EXPECT_TRUE(any_gain);
}

TEST(Tucker, OfAMemberIsTheMember) {
  std::mt19937_64 random(7);
  TuckerDecomposition::Parts member;
  member.factors = {random_matrix(6, 2, random), random_matrix(5, 3, random), random_matrix(7, 4, random)};
  member.core = random_matrix(2, 12, random).values;
  const std::vector<double> values = TuckerDecomposition::merged(member);
  const Modes modes = {6, 5, 7};
  const std::vector<std::int64_t> ranks = {2, 3, 4};
  const auto parts = TuckerDecomposition(modes, values).parts(ranks, 0);
  EXPECT_LT(largest(difference(values, TuckerDecomposition::merged(parts))), 1e-10 * largest(values));
}

} // namespace
} // namespace pare::numerics

// What families of structured maps compute, in each of their evaluations, against matrices that are written out here as the
// papers define them.

#include "tests/projection/evaluate.hpp"

#include "base/enums.hpp"
#include "projection/numerics.hpp"
#include "tests/support.hpp"

#include <fmt/format.h>

#include <cmath>
#include <tuple>
#include <utility>

namespace pare {
namespace {

using Size = std::size_t;

/// A matrix, row by row.
struct Written {
  Size rows;
  Size columns;
  std::vector<double> values;

  Written(Size r, Size c) : rows(r), columns(c), values(r * c) {}
  double &at(Size r, Size c) { return values[r * columns + c]; }
  double at(Size r, Size c) const { return values[r * columns + c]; }
};

Written operator*(const Written &a, const Written &b) {
  Written out(a.rows, b.columns);
  for (Size i = 0; i < a.rows; ++i)
    for (Size j = 0; j < a.columns; ++j)
      for (Size k = 0; k < b.columns; ++k) out.at(i, k) += a.at(i, j) * b.at(j, k);
  return out;
}

Size size_of(std::int64_t extent) { return static_cast<Size>(extent); }

/// The matrix that a family makes of its parameters for a site without a depthwise, or behind one.
using Define = Written (*)(const ConvSite &site, const DenseTensors &parameters);

/// Of the flat index of a tensor.
double element(const DenseTensor &tensor, std::initializer_list<Size> index) {
  Size at = 0;
  Size k = 0;
  for (const Size i : index) at = at * size_of(tensor.extents[k++]) + i;
  return tensor.values[at];
}

/// W = sum_t A_t (x) B_t.
Written kronecker_of(const ConvSite &site, const DenseTensors &parameters) {
  const DenseTensor &a = parameters.at("X.weight_a");
  const DenseTensor &b = parameters.at("X.weight_b");
  Written out(size_of(site.out_channels()), size_of(site.in_channels()));
  for (Size i = 0; i < out.rows; ++i)
    for (Size j = 0; j < out.columns; ++j)
      for (Size t = 0; t < size_of(a.extents[0]); ++t)
        out.at(i, j) += element(a, {t, i / size_of(b.extents[1]), j / size_of(b.extents[2])}) *
                        element(b, {t, i % size_of(b.extents[1]), j % size_of(b.extents[2])});
  return out;
}

/// W[(i_1 i_2 ...), (j_1 j_2 ...)] = G_1[i_1, j_1] G_2[i_2, j_2] ..., matrices r_{k-1} x r_k.
Written tt_matrix_of(const ConvSite &site, const DenseTensors &parameters) {
  Written out(size_of(site.out_channels()), size_of(site.in_channels()));
  std::vector<const DenseTensor *> cores;
  while (parameters.contains(fmt::format("X.weight_core_{}", cores.size())))
    cores.push_back(&parameters.at(fmt::format("X.weight_core_{}", cores.size())));
  for (Size i = 0; i < out.rows; ++i)
    for (Size j = 0; j < out.columns; ++j) {
      std::vector<double> column{1.0}; // from the last core
      Size row_left = i;
      Size column_left = j;
      for (Size k = cores.size(); k-- > 0;) {
        const DenseTensor &core = *cores[k];
        const Size m = row_left % size_of(core.extents[1]);
        const Size n = column_left % size_of(core.extents[2]);
        row_left /= size_of(core.extents[1]);
        column_left /= size_of(core.extents[2]);
        std::vector<double> next(size_of(core.extents[0]));
        for (Size a = 0; a < next.size(); ++a)
          for (Size b = 0; b < column.size(); ++b) next[a] += element(core, {a, m, n, b}) * column[b];
        column = next;
      }
      out.at(i, j) = column[0];
    }
  return out;
}

/// Rows of blocks on the diagonal: weight [q rows, columns].
Written block_diagonal_of(const DenseTensor &weight, Size blocks) {
  const Size rows = size_of(weight.extents[0]);
  const Size columns = size_of(weight.extents[1]);
  Written out(rows, columns * blocks);
  for (Size r = 0; r < rows; ++r)
    for (Size c = 0; c < columns; ++c) out.at(r, r / (rows / blocks) * columns + c) = weight.values[r * columns + c];
  return out;
}

/// The stride permutation: what is read as [a, n / a] and written as [n / a, a].
Written permutation_of(Size n, Size a) {
  Written out(n, n);
  for (Size i = 0; i < n; ++i) out.at(i % (n / a) * a + i / (n / a), i) = 1;
  return out;
}

Written cut(const Written &from, Size rows, Size columns) {
  Written out(rows, columns);
  for (Size r = 0; r < rows; ++r)
    for (Size c = 0; c < columns; ++c) out.at(r, c) = from.at(r, c);
  return out;
}

/// M = P_q L P_h R (Dao et al. 2022), with L and R of q blocks, cut to the channels that there are.
Written monarch_of(const ConvSite &site, const DenseTensors &parameters) {
  const DenseTensor &first = parameters.at("X.monarch_first.weight");
  const DenseTensor &second = parameters.at("X.monarch_second.weight");
  const Size between = size_of(first.extents[0]);
  const Size h = size_of(second.extents[1]);
  const Size q = between / h;
  const Written whole = permutation_of(size_of(second.extents[0]), q) * block_diagonal_of(second, q) *
                        permutation_of(between, h) * block_diagonal_of(first, q);
  return cut(whole, size_of(site.out_channels()), size_of(site.in_channels()));
}

/// Input i_1 m_0 + i_0, output o_1 n_0 + o_0.
Written btt_of(const ConvSite &site, const DenseTensors &parameters) {
  const DenseTensor &first = parameters.at("X.weight_core_0");  // [m_1, n_0, r, m_0]
  const DenseTensor &second = parameters.at("X.weight_core_1"); // [n_0, n_1, m_1, r]
  const Size m_0 = size_of(first.extents[3]);
  const Size n_0 = size_of(second.extents[0]);
  Written out(size_of(site.out_channels()), size_of(site.in_channels()));
  for (Size o = 0; o < out.rows; ++o)
    for (Size i = 0; i < out.columns; ++i)
      for (Size r = 0; r < size_of(first.extents[2]); ++r)
        out.at(o, i) += element(second, {o % n_0, o / n_0, i / m_0, r}) * element(first, {i / m_0, o % n_0, r, i % m_0});
  return out;
}

Written grouped_of(const ConvSite & /*site*/, const DenseTensors &parameters) {
  const DenseTensor &weight = parameters.at("X.grouped_pointwise.weight");
  const Size rows = size_of(weight.extents[0]);
  const Size groups = 4;
  return permutation_of(rows, groups) * block_diagonal_of(weight, groups);
}
Written grouped_unshuffled_of(const ConvSite & /*site*/, const DenseTensors &parameters) {
  return block_diagonal_of(parameters.at("X.grouped_pointwise.weight"), 4);
}

/// Each block is c, c rolled by 1, c rolled by 2, ... (scipy.linalg.circulant).
Written circulant_of(const ConvSite &site, const DenseTensors &parameters) {
  const DenseTensor &columns = parameters.at("X.weight_columns");
  const Size b = size_of(columns.extents[2]);
  Written out(size_of(site.out_channels()), size_of(site.in_channels()));
  for (Size o = 0; o < size_of(columns.extents[0]); ++o)
    for (Size i = 0; i < size_of(columns.extents[1]); ++i)
      for (Size t = 0; t < b; ++t)
        for (Size u = 0; u < b; ++u) out.at(o * b + (t + u) % b, i * b + t) = element(columns, {o, i, u});
  return out;
}

/// The factor of stride s maps the pair x[hi, 0, lo], x[hi, 1, lo] of blocks of 2 s by its matrix number hi s + lo (Dao et al.
/// 2019, and the layout of their torch_butterfly).
Written butterfly_of(const ConvSite &site, const DenseTensors &parameters) {
  const Size n = 2 * size_of(parameters.at("X.layers.0.0").extents[0]);
  Written whole(n, n);
  for (Size i = 0; i < n; ++i) whole.at(i, i) = 1;
  for (Size l = 0; parameters.contains(fmt::format("X.layers.{}.0", l)); ++l)
    for (Size step = 0; (Size{1} << step) < n; ++step) {
      const DenseTensor &blocks = parameters.at(fmt::format("X.layers.{}.{}", l, step));
      const Size stride = l % 2 == 0 ? Size{1} << step : n >> (step + 1);
      Written factor(n, n);
      for (Size hi = 0; hi < n / (2 * stride); ++hi)
        for (Size lo = 0; lo < stride; ++lo)
          for (Size out : {0, 1})
            for (Size in : {0, 1})
              factor.at((2 * hi + out) * stride + lo, (2 * hi + in) * stride + lo) =
                  element(blocks, {hi * stride + lo, out, in});
      whole = factor * whole;
    }
  return cut(whole, size_of(site.out_channels()), size_of(site.in_channels()));
}

struct Defined {
  const char *substitute;
  Define define;
};
const std::vector<Defined> kDefined = {{"kronecker:terms=1", kronecker_of},
                                       {"kronecker:terms=3", kronecker_of},
                                       {"tt_matrix:ranks=2/3", tt_matrix_of},
                                       {"tt_matrix:dimensions=2,ranks=4", tt_matrix_of},
                                       {"tt_matrix:dimensions=4,ranks=2/3/2", tt_matrix_of},
                                       {"monarch:blocks=1", monarch_of},
                                       {"monarch:blocks=2", monarch_of},
                                       {"monarch:blocks=3", monarch_of},
                                       {"monarch:blocks=4", monarch_of},
                                       {"monarch:blocks=5", monarch_of},
                                       {"btt:rank=1", btt_of},
                                       {"btt:rank=2", btt_of},
                                       {"grouped:groups=4", grouped_of},
                                       {"grouped:groups=4,shuffle=no", grouped_unshuffled_of},
                                       {"block_circulant:block=4", circulant_of},
                                       {"block_circulant:block=1", circulant_of},
                                       {"butterfly:layers=1", butterfly_of},
                                       {"butterfly:layers=2", butterfly_of},
                                       {"butterfly:layers=3", butterfly_of}};

/// Each evaluation of a substitute with the same random parameters.
template <class Check>
void in_each_evaluation(const ConvSite &site, const char *text, std::mt19937_64 &random, const Check &check) {
  Substitute substitute = parse_substitute(text);
  if (resolve(site, substitute).refusal) return;
  const DenseTensors parameters = test::draw(site, substitute, random).parameters;
  for (const Evaluation evaluation : substitute.family->info().evaluations) {
    substitute.evaluation = evaluation;
    SCOPED_TRACE(fmt::format("{} ({}) at {} -> {}, {}", text, name_of(kEvaluations, evaluation), site.in_channels(),
                             site.out_channels(), to_string(site.kernel)));
    check(parameters, test::dense_of(site, substitute, parameters, {}));
  }
}

TEST(StructuredMaps, AreThoseOfTheirPapers) {
  std::mt19937_64 random(21);
  for (const auto &[in, out] : {std::pair<std::int64_t, std::int64_t>{8, 8}, {12, 8}, {8, 16}, {20, 12}})
    for (const Pair kernel : {Pair{1, 1}, Pair{2, 1}})
      for (const Defined &defined : kDefined) {
        const ConvSite site = test::impulse_site(in, out, kernel);
        in_each_evaluation(site, defined.substitute, random, [&](const DenseTensors &parameters, const DenseTensor &dense) {
          const Written map = defined.define(site, parameters);
          DenseTensor expected{.extents = dense.extents, .values = {}};
          const auto area = size_of(kernel.area());
          for (Size o = 0; o < map.rows; ++o)
            for (Size i = 0; i < map.columns; ++i)
              for (Size x = 0; x < area; ++x)
                expected.values.push_back(map.at(o, i) *
                                          (area == 1 ? 1 : parameters.at("X.grouped.weight").values[i * area + x]));
          EXPECT_LT(test::relative_error(expected, dense), 1e-24);
        });
      }
}

/// W[o, i, y, x] = sum U_o[o, a] G[a, b, y, x] U_i[b, i].
TEST(StructuredMaps, Tucker2IsTheKernelsDecomposition) {
  std::mt19937_64 random(22);
  for (const Pair kernel : {Pair{1, 1}, Pair{3, 3}, Pair{2, 3}})
    for (const char *text : {"tucker2:ranks=1/1", "tucker2:ranks=2/3", "tucker2:ranks=6/1", "tucker2:ranks=6/4"}) {
      const ConvSite site = test::impulse_site(6, 4, kernel);
      in_each_evaluation(site, text, random, [&](const DenseTensors &parameters, const DenseTensor &dense) {
        const DenseTensor &in = parameters.at("X.tucker_in.weight");
        const DenseTensor &core = parameters.at("X.tucker_core.weight");
        const DenseTensor &out = parameters.at("X.tucker_out.weight");
        DenseTensor expected{.extents = dense.extents, .values = std::vector<double>(dense.values.size())};
        const auto area = size_of(kernel.area());
        for (Size o = 0; o < 4; ++o)
          for (Size i = 0; i < 6; ++i)
            for (Size x = 0; x < area; ++x)
              for (Size a = 0; a < size_of(core.extents[0]); ++a)
                for (Size b = 0; b < size_of(core.extents[1]); ++b)
                  expected.values[(o * 6 + i) * area + x] +=
                      element(out, {o, a}) * core.values[(a * size_of(core.extents[1]) + b) * area + x] * element(in, {b, i});
        EXPECT_LT(test::relative_error(expected, dense), 1e-24);
      });
    }
}

/// W[o, i, y, x] = sum_r H[o, r, x] V[r, i, y].
TEST(StructuredMaps, SpatialIsAColumnThenARow) {
  std::mt19937_64 random(23);
  for (const Pair kernel : {Pair{1, 1}, Pair{3, 3}, Pair{2, 3}, Pair{1, 3}})
    for (const char *text : {"spatial:rank=1", "spatial:rank=3", "spatial:rank=4"}) {
      const ConvSite site = test::impulse_site(5, 4, kernel);
      in_each_evaluation(site, text, random, [&](const DenseTensors &parameters, const DenseTensor &dense) {
        const DenseTensor &vertical = parameters.at("X.vertical.weight");
        const DenseTensor &horizontal = parameters.at("X.horizontal.weight");
        DenseTensor expected{.extents = dense.extents, .values = {}};
        for (Size o = 0; o < 4; ++o)
          for (Size i = 0; i < 5; ++i)
            for (Size y = 0; y < size_of(kernel.height); ++y)
              for (Size x = 0; x < size_of(kernel.width); ++x) {
                double sum = 0;
                for (Size r = 0; r < size_of(vertical.extents[0]); ++r)
                  sum += element(horizontal, {o, r, 0, x}) * element(vertical, {r, i, y, 0});
                expected.values.push_back(sum);
              }
        EXPECT_LT(test::relative_error(expected, dense), 1e-24);
      });
    }
}

// With as many blocks as numbers in each, Monarch is the block tensor train of rank 1.
TEST(StructuredMaps, MonarchIsABlockTensorTrainOfRankOne) {
  std::mt19937_64 random(24);
  const ConvSite site = test::impulse_site(16, 16, {1, 1});
  const Substitute btt = parse_substitute("btt:rank=1");
  const DenseTensors cores = test::draw(site, btt, random).parameters;
  // [m_1, n_0, 1, m_0] and [n_0, n_1, m_1, 1] are the blocks as they are stored.
  const DenseTensors blocks = {{"X.monarch_first.weight", {{16, 4, 1, 1}, cores.at("X.weight_core_0").values}},
                               {"X.monarch_second.weight", {{16, 4, 1, 1}, cores.at("X.weight_core_1").values}}};
  EXPECT_LT(test::relative_error(test::dense_of(site, btt, cores, {}),
                                 test::dense_of(site, parse_substitute("monarch:blocks=4"), blocks, {})),
            1e-24);
}

/// The rank of the Jacobian of what a substitute computes at random parameters, which occur in no product twice: a derivative
/// is a difference.
std::int64_t dimension_of(const ConvSite &site, const Substitute &substitute, std::mt19937_64 &random) {
  DenseTensors parameters = test::draw(site, substitute, random).parameters;
  // None near 0, and each derivative of one size, so that ranks show in doubles.
  std::uniform_real_distribution<double> size(0.6, 1.4);
  for (auto &[name, tensor] : parameters)
    for (double &value : tensor.values) value = std::copysign(size(random), value);
  const DenseTensor at = test::dense_of(site, substitute, parameters, {});
  numerics::Matrix jacobian(0, at.values.size());
  for (auto &[name, tensor] : parameters)
    for (double &value : tensor.values) {
      const double before = std::exchange(value, value + 1);
      const DenseTensor moved = test::dense_of(site, substitute, parameters, {});
      value = before;
      std::vector<double> row;
      for (std::size_t e = 0; e < at.values.size(); ++e) row.push_back(moved.values[e] - at.values[e]);
      const double norm = std::sqrt(numerics::energy(row));
      if (norm == 0) continue;
      for (const double derivative : row) jacobian.values.push_back(derivative / norm);
      ++jacobian.rows;
    }
  const numerics::Svd svd(std::move(jacobian));
  std::int64_t out = 0;
  for (const double energy : svd.energies()) out += energy > 1e-12 * svd.energies().front() ? 1 : 0;
  return out;
}

TEST(StructuredMaps, DegreesOfFreedomAreTheRankOfTheJacobian) {
  std::mt19937_64 random(25);
  std::size_t compared = 0;
  for (const auto &[in, out, kernel] : std::vector<std::tuple<std::int64_t, std::int64_t, Pair>>{
           {8, 8, {1, 1}}, {4, 8, {1, 1}}, {6, 4, {1, 1}}, {5, 7, {1, 1}}, {3, 4, {2, 2}}, {2, 3, {3, 1}}})
    for (const char *text : {"monarch:blocks=1",    "monarch:blocks=2",
                             "monarch:blocks=3",    "monarch:blocks=4",
                             "butterfly:layers=1",  "butterfly:layers=2",
                             "btt:rank=1",          "btt:rank=2",
                             "kronecker:terms=1",   "kronecker:terms=2",
                             "kronecker:terms=4",   "tt_matrix:ranks=1/2",
                             "tt_matrix:ranks=2/2", "tt_matrix:dimensions=2,ranks=3",
                             "grouped:groups=2",    "block_circulant:block=2",
                             "tucker2:ranks=1/1",   "tucker2:ranks=2/3",
                             "tucker2:ranks=3/1",   "tucker2:ranks=2/2",
                             "spatial:rank=1",      "spatial:rank=2",
                             "spatial:rank=4"}) {
      const ConvSite site = test::impulse_site(in, out, kernel);
      const Substitute substitute = parse_substitute(text);
      const bool has_depthwise =
          !(std::string_view(text).starts_with("tucker2") || std::string_view(text).starts_with("spatial")) &&
          !site.pointwise(); // it counts fully
      if (has_depthwise || resolve(site, substitute).refusal) continue;
      SCOPED_TRACE(fmt::format("{} at {} -> {}, {}", text, in, out, to_string(kernel)));
      const DegreesOfFreedom said = degrees_of_freedom(site, substitute);
      const std::int64_t dimension = dimension_of(site, substitute, random);
      EXPECT_GE(said.value, dimension);
      EXPECT_TRUE(said.is_estimate || said.value == dimension) << said.value << ", and not " << dimension;
      ++compared;
    }
  EXPECT_GT(compared, 80u);
}

} // namespace
} // namespace pare

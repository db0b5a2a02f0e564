#include "projection/numerics.hpp"

#define EIGEN_MPL2_ONLY
#include <Eigen/Core>
#include <Eigen/Eigenvalues>
#include <Eigen/QR>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numeric>

namespace pare::numerics {

namespace {

using Dense = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using View = Eigen::Map<const Dense>;
using Index = Eigen::Index;

Index index(std::size_t value) { return static_cast<Index>(value); }
View view(const Matrix &a) { return {a.values.data(), index(a.rows), index(a.columns)}; }

template <class Expression>
Matrix matrix_of(const Expression &expression) {
  Matrix out(static_cast<std::size_t>(expression.rows()), static_cast<std::size_t>(expression.cols()));
  Eigen::Map<Dense>(out.values.data(), expression.rows(), expression.cols()) = expression;
  return out;
}

/// Of a symmetric matrix: eigenvalues descending, none below 0, with vectors as columns if they are asked for.
struct Spectrum {
  std::vector<double> values;
  Dense vectors;
};
Spectrum spectrum_of(const Dense &symmetric, bool with_vectors) {
  Spectrum out;
  if (symmetric.rows() == 0) return out;
  const Eigen::SelfAdjointEigenSolver<Dense> solver(symmetric,
                                                    with_vectors ? Eigen::ComputeEigenvectors : Eigen::EigenvaluesOnly);
  for (Index i = symmetric.rows(); i-- > 0;) out.values.push_back(std::max(0.0, solver.eigenvalues()[i]));
  if (with_vectors) out.vectors = solver.eigenvectors().rowwise().reverse();
  return out;
}

[[maybe_unused]] std::size_t elements_of(const Modes &modes) { // by asserts
  return std::accumulate(modes.begin(), modes.end(), std::size_t{1}, std::multiplies<>());
}

/// Elements before and behind a mode.
std::pair<std::size_t, std::size_t> around(const Modes &modes, std::size_t mode) {
  std::pair<std::size_t, std::size_t> out{1, 1};
  for (std::size_t k = 0; k < modes.size(); ++k)
    if (k != mode) (k < mode ? out.first : out.second) *= modes[k];
  return out;
}

/// The tensor with mode `mode` in the rows, the others in order in the columns.
Matrix unfolded(const Modes &modes, std::span<const double> values, std::size_t mode) {
  const auto [before, behind] = around(modes, mode);
  const std::size_t n = modes[mode];
  Matrix out(n, before * behind);
  for (std::size_t b = 0; b < before; ++b)
    for (std::size_t i = 0; i < n; ++i)
      std::copy_n(values.begin() + static_cast<std::ptrdiff_t>((b * n + i) * behind), behind,
                  out.values.begin() + static_cast<std::ptrdiff_t>(i * out.columns + b * behind));
  return out;
}

/// Puts factor^T x in the place of each vector x along a mode.
void contract(Modes &modes, std::vector<double> &values, std::size_t mode, const Matrix &factor) {
  const auto [before, behind] = around(modes, mode);
  const std::size_t n = modes[mode];
  std::vector<double> out(before * factor.columns * behind);
  const auto transposed = view(factor).transpose();
  for (std::size_t b = 0; b < before; ++b) {
    const View block(values.data() + b * n * behind, index(n), index(behind));
    Eigen::Map<Dense>(out.data() + b * factor.columns * behind, index(factor.columns), index(behind)).noalias() =
        transposed * block;
  }
  values = std::move(out);
  modes[mode] = factor.columns;
}

} // namespace

double energy(std::span<const double> values) {
  return Eigen::Map<const Eigen::VectorXd>(values.data(), index(values.size())).squaredNorm();
}

Matrix product(const Matrix &a, const Matrix &b) { return matrix_of(view(a) * view(b)); }
Matrix transposed_product(const Matrix &a, const Matrix &b) { return matrix_of(view(a).transpose() * view(b)); }

Svd::Svd(Matrix a) : a_(std::move(a)) {
  const View all = view(a_);
  if (a_.rows <= a_.columns) {
    Spectrum found = spectrum_of(all * all.transpose(), true);
    energies_ = std::move(found.values);
    vectors_ = matrix_of(found.vectors);
  } else {
    energies_ = spectrum_of(all.transpose() * all, false).values;
  }
}

const Matrix &Svd::vectors() const {
  if (vectors_) return *vectors_;
  // Of Q R the left vectors of R, a square, by Q: orthonormal, however small a value is.
  const Eigen::HouseholderQR<Dense> qr(view(a_));
  const Dense r = qr.matrixQR().topRows(index(a_.columns)).triangularView<Eigen::Upper>();
  Dense vectors = Dense::Zero(index(a_.rows), index(a_.columns));
  vectors.topRows(index(a_.columns)) = spectrum_of(r * r.transpose(), true).vectors;
  vectors_ = matrix_of(qr.householderQ() * vectors);
  return *vectors_;
}

double Svd::energy_kept(std::size_t rank) const {
  const auto end = energies_.begin() + static_cast<std::ptrdiff_t>(std::min(rank, energies_.size()));
  return std::accumulate(energies_.begin(), end, 0.0);
}

Matrix Svd::left(std::size_t count) const {
  const Index has = index(std::min(count, energies_.size()));
  Dense out = Dense::Zero(index(a_.rows), index(count));
  out.leftCols(has) = view(vectors()).leftCols(has);
  return matrix_of(out);
}

Matrix Svd::coefficients(std::size_t count) const {
  const Index has = index(std::min(count, energies_.size()));
  Dense out = Dense::Zero(index(count), index(a_.columns));
  out.topRows(has) = view(vectors()).leftCols(has).transpose() * view(a_);
  return matrix_of(out);
}

Svd::Factors Svd::factors(std::size_t rank) const {
  Factors out{.left = left(rank), .right = coefficients(rank)};
  assert(rank <= energies_.size());
  const double largest = energies_.empty() ? 0 : energies_.front();
  for (std::size_t j = 0; j < rank; ++j) {
    // The square root of the singular value; one that is next to nothing is not divided by.
    constexpr double kNothing = 1e-12;
    const double part = largest == 0 ? 1 : std::pow(std::max(energies_[j], kNothing * largest), 0.25);
    for (std::size_t i = 0; i < a_.rows; ++i) out.left(i, j) *= part;
    for (std::size_t i = 0; i < a_.columns; ++i) out.right(j, i) /= part;
  }
  return out;
}

Matrix channel_directions(std::span<const double> weight, std::size_t out_channels, std::size_t in_channels, std::size_t area,
                          const Matrix *basis) {
  const std::size_t row = in_channels * area;
  const View all(weight.data(), index(out_channels), index(row));
  Dense reduced;
  if (basis != nullptr) reduced.noalias() = view(*basis).transpose() * all;
  const View rows(basis != nullptr ? reduced.data() : weight.data(), basis != nullptr ? reduced.rows() : index(out_channels),
                  index(row));
  Matrix out(in_channels, area);
  for (std::size_t i = 0; i < in_channels; ++i) {
    const auto own = rows.middleCols(index(i * area), index(area));
    auto direction = Eigen::Map<Eigen::VectorXd>(out.values.data() + i * area, index(area));
    direction = spectrum_of(own.transpose() * own, true).vectors.col(0);
    if (direction.sum() < 0) direction = -direction;
  }
  return out;
}

std::vector<double> direction_energies(std::span<const double> weight, std::size_t in_channels, std::size_t area,
                                       const Matrix &basis) {
  const View all(weight.data(), index(basis.rows), index(in_channels * area));
  const Dense rows = view(basis).transpose() * all;
  std::vector<Dense> grams(in_channels, Dense::Zero(index(area), index(area)));
  std::vector<double> out;
  for (Index r = 0; r < rows.rows(); ++r) {
    double sum = 0;
    for (std::size_t i = 0; i < in_channels; ++i) {
      const auto own = rows.row(r).segment(index(i * area), index(area));
      grams[i].noalias() += own.transpose() * own;
      sum += spectrum_of(grams[i], false).values.front();
    }
    out.push_back(sum);
  }
  return out;
}

TensorTrainSvd::TensorTrainSvd(Modes modes, std::vector<double> values) : modes_(std::move(modes)) {
  assert(modes_.size() >= 2 && elements_of(modes_) == values.size());
  const std::size_t columns = values.size() / modes_.front();
  levels_.push_back({.rank_before = 1, .svd = Svd(Matrix(modes_.front(), columns, std::move(values)))});
}

void TensorTrainSvd::walk(std::span<const std::int64_t> ranks) {
  assert(ranks.size() + 1 == modes_.size());
  for (std::size_t k = 1; k < ranks.size(); ++k) {
    const std::int64_t before = ranks[k - 1];
    if (k < levels_.size() && levels_[k].rank_before == before) continue;
    levels_.erase(levels_.begin() + static_cast<std::ptrdiff_t>(k), levels_.end());
    Matrix rest = levels_[k - 1].svd.coefficients(static_cast<std::size_t>(before));
    rest.rows *= modes_[k];
    rest.columns /= modes_[k];
    levels_.push_back({.rank_before = before, .svd = Svd(std::move(rest))});
  }
}

double TensorTrainSvd::energy_kept(std::span<const std::int64_t> ranks) {
  walk(ranks);
  return levels_.back().svd.energy_kept(static_cast<std::size_t>(ranks.back()));
}

std::vector<std::vector<double>> TensorTrainSvd::cores(std::span<const std::int64_t> ranks) {
  walk(ranks);
  std::vector<std::vector<double>> out;
  for (std::size_t k = 0; k < ranks.size(); ++k) out.push_back(levels_[k].svd.left(static_cast<std::size_t>(ranks[k])).values);
  out.push_back(levels_.back().svd.coefficients(static_cast<std::size_t>(ranks.back())).values);
  return out;
}

std::vector<double> TensorTrainSvd::merged(const Modes &modes, const std::vector<std::vector<double>> &cores) {
  Matrix out(modes[0], cores[0].size() / modes[0], cores[0]);
  for (std::size_t k = 1; k < cores.size(); ++k) {
    out = product(out, Matrix(out.columns, cores[k].size() / out.columns, cores[k]));
    out.rows *= modes[k];
    out.columns /= modes[k];
  }
  return std::move(out.values);
}

TuckerDecomposition::TuckerDecomposition(Modes modes, std::vector<double> values)
    : modes_(std::move(modes)), values_(std::move(values)) {
  assert(elements_of(modes_) == values_.size());
  for (std::size_t k = 0; k < modes_.size(); ++k) unfoldings_.emplace_back(unfolded(modes_, values_, k));
}

double TuckerDecomposition::energy_kept(std::span<const std::int64_t> ranks) {
  if (kept_.empty()) {
    // The whole core in these bases, squared and summed up along each mode: at [R_1 - 1, ..., R_d - 1] is what a part keeps.
    Modes extents = modes_;
    kept_ = values_;
    for (std::size_t k = 0; k < modes_.size(); ++k) contract(extents, kept_, k, unfoldings_[k].left(modes_[k]));
    for (double &value : kept_) value *= value;
    for (std::size_t k = 0; k < modes_.size(); ++k) {
      const auto [before, behind] = around(modes_, k);
      for (std::size_t b = 0; b < before; ++b)
        for (std::size_t i = 1; i < modes_[k]; ++i)
          for (std::size_t j = 0; j < behind; ++j)
            kept_[(b * modes_[k] + i) * behind + j] += kept_[(b * modes_[k] + i - 1) * behind + j];
    }
  }
  std::size_t at = 0;
  for (std::size_t k = 0; k < modes_.size(); ++k) at = at * modes_[k] + static_cast<std::size_t>(ranks[k]) - 1;
  return kept_[at];
}

TuckerDecomposition::Parts TuckerDecomposition::parts(std::span<const std::int64_t> ranks, std::size_t sweeps) const {
  const std::size_t d = modes_.size();
  const auto rank = [&](std::size_t k) { return static_cast<std::size_t>(ranks[k]); };
  Parts out;
  for (std::size_t k = 0; k < d; ++k) out.factors.push_back(unfoldings_[k].left(rank(k)));
  const double whole = energy(values_);
  const auto reduced_but = [&](std::size_t left_out, Modes &extents) {
    std::vector<double> values = values_;
    for (std::size_t k = 0; k < d; ++k)
      if (k != left_out) contract(extents, values, k, out.factors[k]);
    return values;
  };
  const auto make_core = [&] {
    Modes extents = modes_;
    out.core = reduced_but(d, extents);
    out.energy_kept = energy(out.core);
  };
  make_core();
  for (std::size_t sweep = 0; sweep < sweeps; ++sweep) {
    const double before = out.energy_kept;
    const std::vector<Matrix> factors_before = out.factors;
    for (std::size_t k = 0; k < d; ++k) {
      Modes extents = modes_;
      const std::vector<double> rest = reduced_but(k, extents);
      out.factors[k] = Svd(unfolded(extents, rest, k)).left(rank(k));
    }
    make_core();
    if (out.energy_kept < before) { // by rounding
      out.factors = factors_before;
      make_core();
      break;
    }
    if (out.energy_kept - before < kLeastGain * whole) break;
  }
  return out;
}

std::vector<double> TuckerDecomposition::merged(const Parts &parts) {
  std::vector<double> out = parts.core;
  Modes extents;
  for (const Matrix &factor : parts.factors) extents.push_back(factor.columns);
  for (std::size_t k = 0; k < extents.size(); ++k) contract(extents, out, k, matrix_of(view(parts.factors[k]).transpose()));
  return out;
}

} // namespace pare::numerics

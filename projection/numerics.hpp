#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

// The decompositions that projections are made of, in doubles, by Eigen. They always give the same numbers for the same
// matrix.

namespace pare::numerics {

/// Numbers row by row.
struct Matrix {
  std::size_t rows = 0;
  std::size_t columns = 0;
  std::vector<double> values;

  Matrix() = default;
  Matrix(std::size_t r, std::size_t c) : rows(r), columns(c), values(r * c) {}
  Matrix(std::size_t r, std::size_t c, std::vector<double> v) : rows(r), columns(c), values(std::move(v)) {}
  double &operator()(std::size_t r, std::size_t c) { return values[r * columns + c]; }
  double operator()(std::size_t r, std::size_t c) const { return values[r * columns + c]; }
};

/// Sum of squares.
double energy(std::span<const double> values);
/// a b
Matrix product(const Matrix &a, const Matrix &b);
/// a^T b
Matrix transposed_product(const Matrix &a, const Matrix &b);

/// The singular values of a matrix with as much of its vectors as approximations need. Values come from the eigenvalues of
/// the smaller Gram matrix: energies are exact to rounding, of the largest.
class Svd {
public:
  explicit Svd(Matrix a);

  /// The squared singular values, descending: min(rows, columns) of them.
  std::span<const double> energies() const { return energies_; }
  /// Of the nearest matrix of such a rank: the sum of the largest (Eckart and Young 1936).
  double energy_kept(std::size_t rank) const;
  /// The leading left singular vectors, orthonormal columns, [rows, count]; of more than there are the rest are 0.
  Matrix left(std::size_t count) const;
  /// left(count)^T a
  Matrix coefficients(std::size_t count) const;

  /// left [rows, rank] times right [rank, columns]: the nearest matrix of such a rank, which is at most min(rows, columns).
  /// Both factors have the same part of each singular value.
  struct Factors {
    Matrix left;
    Matrix right;
  };
  Factors factors(std::size_t rank) const;

private:
  const Matrix &vectors() const;

  Matrix a_;
  std::vector<double> energies_;
  mutable std::optional<Matrix> vectors_; ///< left ones, made when they are asked for where a has more rows than columns
};

/// Of the matrix [rows, area] of each channel i of a weight [c_o, c_i, area], multiplied by basis^T where there is one
/// ([c_o, rank]; else rows = c_o), the leading right singular vector: [c_i, area]. Of each vector and its opposite the one
/// whose sum is not below 0.
Matrix channel_directions(std::span<const double> weight, std::size_t out_channels, std::size_t in_channels, std::size_t area,
                          const Matrix *basis = nullptr);

/// Of the same with the first r columns of `basis` [c_o, n], for each r from 1 to n: the sum over the channels of the largest
/// squared singular value.
std::vector<double> direction_energies(std::span<const double> weight, std::size_t in_channels, std::size_t area,
                                       const Matrix &basis);

/// Extents of a tensor, its numbers row by row.
using Modes = std::vector<std::size_t>;

/// The tensor train of a tensor by successive decompositions (TT-SVD, Oseledets 2011): its error is at most sqrt(d - 1) times
/// the smallest that there is for these ranks. Ranks that are asked for one after the other are quick where they begin alike.
class TensorTrainSvd {
public:
  TensorTrainSvd(Modes modes, std::vector<double> values);
  /// ranks r_1 ... r_{d-1}
  double energy_kept(std::span<const std::int64_t> ranks);
  /// Core k is [r_{k-1}, n_k, r_k]; where a rank is more than the tensor has, the rest of it is 0.
  std::vector<std::vector<double>> cores(std::span<const std::int64_t> ranks);
  /// What cores of these modes come to, the last index the fastest.
  static std::vector<double> merged(const Modes &modes, const std::vector<std::vector<double>> &cores);

private:
  /// Of what is left once the modes before k are split off.
  struct Level {
    std::int64_t rank_before = 1;
    Svd svd;
  };
  /// Makes levels_ those of these ranks.
  void walk(std::span<const std::int64_t> ranks);

  Modes modes_;
  std::vector<Level> levels_; ///< d - 1 of them; those of a beginning of the ranks
};

/// Tucker decompositions of a tensor: of each mode an orthonormal basis, and what is left.
class TuckerDecomposition {
public:
  TuckerDecomposition(Modes modes, std::vector<double> values);

  struct Parts {
    std::vector<Matrix> factors; ///< [n_k, R_k]; columns beyond what the tensor has are 0
    std::vector<double> core;    ///< [R_1, ..., R_d]
    double energy_kept = 0;
  };
  /// Of the truncated higher-order SVD (De Lathauwer et al. 2000a): its error is at most sqrt(d) times the smallest.
  double energy_kept(std::span<const std::int64_t> ranks);
  /// The same, made better by as many sweeps (HOOI, De Lathauwer et al. 2000b), each of which keeps at least as much; fewer
  /// where one gains less than kLeastGain.
  Parts parts(std::span<const std::int64_t> ranks, std::size_t sweeps) const;
  /// What they come to.
  static std::vector<double> merged(const Parts &parts);

private:
  Modes modes_;
  std::vector<double> values_;
  std::vector<Svd> unfoldings_; ///< by mode
  std::vector<double> kept_;    ///< made when asked for: of each corner of ranks the energy
};

/// Sweeps end where the share of energy that they keep grows by less.
inline constexpr double kLeastGain = 1e-6;

} // namespace pare::numerics

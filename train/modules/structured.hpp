#pragma once

#include "train/torch.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace pare::train {

// Weights that are computed from fewer numbers, once per step. Shapes as in the ops of the same names (analysis/ops).

/// Which weight elements draw from each value: the elements of value k are order[offsets[k]] ... order[offsets[k + 1] - 1], in
/// rising order, so that the gradient of a value is a sum in an order that never changes.
struct InverseIndex {
  torch::Tensor order;   ///< int64 [elements]
  torch::Tensor offsets; ///< int64 [K + 1]
};
InverseIndex invert(const torch::Tensor &index, std::int64_t values);

/// values [K], index int64 [elements], optional signs [elements] -> [elements]: out[i] = values[index[i]] (x signs[i]). The
/// gradient is summed through the inverse index: no atomics, the same bits every time.
torch::Tensor hashed_weight(const torch::Tensor &values, const torch::Tensor &index, const torch::Tensor &signs,
                            const std::shared_ptr<const InverseIndex> &inverse);

/// Row i is the DCT-II of e_i, not normalised: C[i, k] = 2 cos(pi k (2 i + 1) / (2 N)). [N, N], double.
torch::Tensor dct_matrix(std::int64_t n);
/// Its inverse. dct_matrix(n) x inverse_dct_matrix(n) = 1.
torch::Tensor inverse_dct_matrix(std::int64_t n);

/// A_1 [N, 1], D_1 [N, 1], ... -> [N, N]: the product of the factors diag(A) C diag(D) C^-1 with their riffles (AcdcProduct).
/// The matrices are made once for each N, type and device, and shared.
torch::Tensor acdc_weight(std::span<const torch::Tensor> diagonals, bool inner_riffle);

/// x [..., N] -> [..., N]: one of these factors applied to vectors, by fast Fourier transforms of N numbers.
torch::Tensor acdc_transform(const torch::Tensor &x, const torch::Tensor &a, const torch::Tensor &d, bool inner_riffle);

/// Cores [1, n_1, r_1], ..., [r_{d-1}, n_d, 1] -> [n_1 ... n_d], row-major.
torch::Tensor tensor_train_weight(std::span<const torch::Tensor> cores);
/// Dimension `mode` of the core [..., R, ...] times a factor [n, R] -> [..., n, ...].
torch::Tensor mode_product(const torch::Tensor &core, const torch::Tensor &factor, std::int64_t mode);
/// Factors [n_k, R] -> [n_1 ... n_d], row-major.
torch::Tensor polyadic_weight(std::span<const torch::Tensor> factors);
/// Rows [c_o, c_i / groups, 1, 1] -> [c_o, c_i, 1, 1]: each group's block on the diagonal, rows then seen as [row_groups, rest]
/// and changed to [rest, row_groups] (BlockDiagonal, without its cut).
torch::Tensor block_diagonal(const torch::Tensor &rows, std::int64_t groups, std::int64_t row_groups);
/// First columns [o, i, b] -> [o b, i b], made of circulant blocks.
torch::Tensor circulant_blocks(const torch::Tensor &columns);

} // namespace pare::train

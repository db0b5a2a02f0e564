#pragma once

#include "train/torch.hpp"

namespace pare::train {

// Element-wise work on activations in one pass over memory instead of several, on the CPU: single precision, channels-last,
// which is what convolutions are fastest in there. Sums are made over pieces of a fixed size, in a fixed order, so that they do
// not depend on the number of threads.

/// Whether x [N, C, H, W] is such a tensor. Otherwise callers use LibTorch's operations, which compute the same.
bool fuses(const torch::Tensor &x);

/// What a batch norm in training makes beside its output, each [C].
struct BatchStatistics {
  torch::Tensor mean;
  torch::Tensor variance; ///< of the population: divided by N H W
};

/// Batch normalisation in training, then a ReLU where `relu`: y = relu(weight (x - mean) / sqrt(variance + eps) + bias). x
/// fuses(); weight, bias [C]. Differentiable. Running statistics are the caller's business.
torch::Tensor fused_batch_norm(const torch::Tensor &x, const torch::Tensor &weight, const torch::Tensor &bias, double eps,
                               bool relu, BatchStatistics &statistics);

/// scale[c] x + shift[c], then a ReLU where `relu`. x fuses(). Not differentiable.
torch::Tensor fused_scale_shift(const torch::Tensor &x, const torch::Tensor &scale, const torch::Tensor &shift, bool relu);

/// x [N, C, H, W] -> [N, H W]: the mean of x^2 over channels. x fuses(). Differentiable.
torch::Tensor fused_mean_square(const torch::Tensor &x);

} // namespace pare::train

#pragma once

#include "train/torch.hpp"

namespace pare::train {

// Element-wise work on activations in one pass over memory instead of several: channels-last, which is what convolutions are
// fastest in, in single precision, and on a GPU in bfloat16, too, where sums and what is between are single precision. Sums are
// made over pieces whose size the shape alone decides, in a fixed order: they depend neither on the number of threads nor on
// the card.

/// Whether x [N, C, H, W] is such a tensor, on the CPU, or on a GPU where libpare_cuda is loaded. Otherwise callers use
/// LibTorch's operations, which compute the same.
bool fuses(const torch::Tensor &x);

/// What a batch norm in training updates, each [C]: running = (1 - momentum) running + momentum of the batch's, whose variance
/// is the unbiased estimate. Undefined: nothing is updated.
struct RunningStatistics {
  torch::Tensor mean;
  torch::Tensor variance;
  double momentum = 0;
};

/// Batch normalisation in training, then a ReLU where `relu`: y = relu(weight (x - mean) / sqrt(variance + eps) + bias). x
/// fuses(); weight, bias [C]. Differentiable.
torch::Tensor fused_batch_norm(const torch::Tensor &x, const torch::Tensor &weight, const torch::Tensor &bias, double eps,
                               bool relu, const RunningStatistics &running = {});

/// scale[c] x + shift[c], then a ReLU where `relu`. x fuses(). Not differentiable.
torch::Tensor fused_scale_shift(const torch::Tensor &x, const torch::Tensor &scale, const torch::Tensor &shift, bool relu);

/// x [N, C, H, W] -> [N, H W]: the mean of x^2 over channels. x fuses(). Differentiable.
torch::Tensor fused_mean_square(const torch::Tensor &x);

} // namespace pare::train

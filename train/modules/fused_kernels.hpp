#pragma once

#include "train/modules/fused.hpp"
#include "train/torch.hpp"

#include <cstdint>

namespace pare::train {

// What fused.cpp chooses from by device: the same functions for each, without derivatives. Activations are channels last;
// everything else is single precision.

/// Rows of a batch norm's statistics [4, C]: scale is weight / sqrt(variance + eps).
enum NormStatistic : std::uint8_t { kMean, kVariance, kInverse, kScale, kNormStatistics };

struct NormOutput {
  torch::Tensor y;
  torch::Tensor statistics;
};

struct NormGradients {
  torch::Tensor x, weight, bias;
};

#define PARE_FUSED_KERNELS                                                                                                     \
  NormOutput batch_norm(const torch::Tensor &x, const torch::Tensor &weight, const torch::Tensor &bias, double eps, bool relu, \
                        const RunningStatistics &running);                                                                     \
  NormGradients batch_norm_gradients(const torch::Tensor &x, const torch::Tensor &dy, const torch::Tensor &statistics,         \
                                     const torch::Tensor &bias, bool relu);                                                    \
  torch::Tensor scale_shift(const torch::Tensor &x, const torch::Tensor &scale, const torch::Tensor &shift, bool relu);        \
  torch::Tensor mean_square(const torch::Tensor &x);                                                                           \
  torch::Tensor mean_square_gradient(const torch::Tensor &x, const torch::Tensor &gradient);

/// Single precision, by all cores.
namespace fused_cpu {
PARE_FUSED_KERNELS
}
/// Single precision and bfloat16, by libpare_cuda (train/cuda/functions.hpp), which is loaded.
namespace fused_gpu {
PARE_FUSED_KERNELS
}
#undef PARE_FUSED_KERNELS

} // namespace pare::train

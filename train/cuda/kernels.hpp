#pragma once

#include "train/torch.hpp"

#include <cstdint>
#include <optional>

namespace pare::train {

/// Sums of a gradient [elements] by value, on a GPU: out[k] = the sum of gradient[order[i]] for offsets[k] <= i < offsets[k +
/// 1], in that order (modules/structured.hpp, InverseIndex). Single or double precision. By our own kernel where libpare_cuda
/// was found, else by LibTorch's operations.
torch::Tensor cuda_sum_by_value(const torch::Tensor &gradient, const torch::Tensor &order, const torch::Tensor &offsets);

/// Bytes that the current GPU has left; none where libpare_cuda was not found.
std::optional<std::int64_t> cuda_free_bytes();

/// Loads libpare_cuda from beside the executable or ../lib/pare. Called once libtorch_cuda is there. False where it was not
/// built.
bool load_cuda_kernels();

} // namespace pare::train

#pragma once

#include "train/cuda/functions.hpp"
#include "train/torch.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pare::train {

/// libpare_cuda's functions (functions.hpp).
struct CudaFunctions {
  decltype(&pare_cuda_free_bytes) free_bytes;
  decltype(&pare_cuda_sum_by_value) sum_by_value;
  decltype(&pare_cuda_batch_norm_work) batch_norm_work;
  decltype(&pare_cuda_batch_norm) batch_norm;
  decltype(&pare_cuda_batch_norm_gradients) batch_norm_gradients;
  decltype(&pare_cuda_scale_shift) scale_shift;
  decltype(&pare_cuda_mean_square) mean_square;
  decltype(&pare_cuda_mean_square_gradient) mean_square_gradient;
};

/// A function to look for, and the pointer to it that is set.
struct CudaSymbol {
  const char *name;
  void *function;
};

/// Loads `file` from beside the executable, where a build has it or ../lib/pare. False where it is not there, or is another
/// version's: it lacks one of the functions.
bool load_cuda_library(const std::string &file, const std::vector<CudaSymbol> &symbols);

/// Loads libpare_cuda. Called once libtorch_cuda is there.
bool load_cuda_kernels();

/// Null where they are not loaded.
const CudaFunctions *cuda_functions();

/// The current stream of the tensor's device, as functions take it.
void *cuda_stream(const torch::Tensor &x);
/// Throws where a function failed.
void check_cuda(int error);

/// Sums of a gradient [elements] by value, on a GPU: out[k] = the sum of gradient[order[i]] for offsets[k] <= i < offsets[k +
/// 1], in that order (modules/structured.hpp, InverseIndex). Single or double precision. By our own kernel where libpare_cuda
/// was found, else by LibTorch's operations.
torch::Tensor cuda_sum_by_value(const torch::Tensor &gradient, const torch::Tensor &order, const torch::Tensor &offsets);

/// Bytes that the current GPU has left; none where libpare_cuda was not found.
std::optional<std::int64_t> cuda_free_bytes();

} // namespace pare::train

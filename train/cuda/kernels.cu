// What the trainer needs of CUDA itself. The gradient of hashed weights: each value's sum is made by one thread, in a fixed
// order, so that the same numbers give the same bits. Nothing of LibTorch is needed here.

#include "train/cuda/functions.hpp"

#include <cuda_runtime.h>

namespace {

template <class Number>
__global__ void sum_by_value(const Number *gradient, const std::int64_t *order, const std::int64_t *offsets, Number *out,
                             std::int64_t values) {
  const std::int64_t stride = static_cast<std::int64_t>(gridDim.x) * blockDim.x;
  for (std::int64_t k = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; k < values; k += stride) {
    Number sum = 0;
    for (std::int64_t i = offsets[k]; i < offsets[k + 1]; ++i) sum += gradient[order[i]];
    out[k] = sum;
  }
}

template <class Number>
int launch(const void *gradient, const std::int64_t *order, const std::int64_t *offsets, void *out, std::int64_t values,
           cudaStream_t stream) {
  if (values == 0) return 0;
  constexpr std::int64_t kThreads = 256;
  constexpr std::int64_t kMostBlocks = 65535;
  const std::int64_t blocks = (values + kThreads - 1) / kThreads;
  sum_by_value<<<static_cast<unsigned>(blocks < kMostBlocks ? blocks : kMostBlocks), kThreads, 0, stream>>>(
      static_cast<const Number *>(gradient), order, offsets, static_cast<Number *>(out), values);
  return static_cast<int>(cudaGetLastError());
}

} // namespace

std::int64_t pare_cuda_free_bytes() {
  std::size_t free_bytes = 0;
  std::size_t total_bytes = 0;
  return cudaMemGetInfo(&free_bytes, &total_bytes) == cudaSuccess ? static_cast<std::int64_t>(free_bytes) : -1;
}

int pare_cuda_sum_by_value(int is_double, const void *gradient, const std::int64_t *order, const std::int64_t *offsets,
                           void *out, std::int64_t values, void *stream) {
  const auto on = static_cast<cudaStream_t>(stream);
  return is_double != 0 ? launch<double>(gradient, order, offsets, out, values, on)
                        : launch<float>(gradient, order, offsets, out, values, on);
}

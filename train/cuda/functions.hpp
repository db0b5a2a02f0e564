#pragma once

#include <cstdint>

// What libpare_cuda exports: plain functions on device memory, so that it needs nothing of LibTorch. Each queues its work on
// `stream`, a cudaStream_t, and returns CUDA's error, 0 where there is none. Numbers are added in an order that sizes alone
// decide: the same numbers give the same bits, on every card.
//
// Activations are rows [N H W][C], channels last, of floats or, where `is_bf16`, of bfloat16; all else is float. `relu`: a ReLU
// behind it.

extern "C" {

/// Bytes that the current GPU has left, or -1.
std::int64_t pare_cuda_free_bytes();

/// out[k] = the sum of gradient[order[i]] for offsets[k] <= i < offsets[k + 1], in that order; of doubles where `is_double`.
int pare_cuda_sum_by_value(int is_double, const void *gradient, const std::int64_t *order, const std::int64_t *offsets,
                           void *out, std::int64_t values, void *stream);

/// Floats of `work` that the two functions of batch norms need.
std::int64_t pare_cuda_batch_norm_work(std::int64_t channels);

/// Batch norm in training. statistics [4][C]: mean, variance (of the population), 1 / sqrt(variance + eps), and that times
/// weight. Running ones [C] become (1 - momentum) running + momentum of the batch's, the variance rows / (rows - 1) times that;
/// null: they stay.
int pare_cuda_batch_norm(int is_bf16, const void *x, std::int64_t rows, std::int64_t channels, const float *weight,
                         const float *bias, double eps, int relu, float *statistics, float *running_mean,
                         float *running_variance, double momentum, float *work, void *y, void *stream);

/// Its gradients, from what it was given and made, and dy like x.
int pare_cuda_batch_norm_gradients(int is_bf16, const void *x, const void *dy, std::int64_t rows, std::int64_t channels,
                                   const float *statistics, const float *bias, int relu, float *work, float *d_weight,
                                   float *d_bias, void *dx, void *stream);

/// y = scale[c] x + shift[c].
int pare_cuda_scale_shift(int is_bf16, const void *x, std::int64_t rows, std::int64_t channels, const float *scale,
                          const float *shift, int relu, void *y, void *stream);

/// out[row] = the mean over channels of x^2.
int pare_cuda_mean_square(int is_bf16, const void *x, std::int64_t rows, std::int64_t channels, float *out, void *stream);

/// dx = 2 / C gradient[row] x.
int pare_cuda_mean_square_gradient(int is_bf16, const void *x, const float *gradient, std::int64_t rows, std::int64_t channels,
                                   void *dx, void *stream);

} // extern "C"

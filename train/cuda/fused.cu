// Batch norms, their ReLUs and attention maps on activations that are channels last (train/modules/fused.hpp). All are bound by
// memory: each reads its inputs once, 16 bytes at a time where sizes allow.

#include "train/cuda/functions.hpp"

#include <cmath>
#include <cstdint>
#include <type_traits>

#include <cuda_bf16.h>
#include <cuda_runtime.h>

namespace {

constexpr int kThreads = 256;
constexpr std::int64_t kMostBlocks = 528; ///< of rows: four for each multiprocessor of a Hopper
constexpr std::int64_t kRowsOfALane = 8;  ///< that a block's thread has at the least
constexpr int kBytes = 16;                ///< of a load

template <class Number>
__device__ float to_float(Number x);
template <>
__device__ float to_float(float x) {
  return x;
}
template <>
__device__ float to_float(__nv_bfloat16 x) {
  return __bfloat162float(x);
}
template <class Number>
__device__ Number from_float(float x);
template <>
__device__ float from_float(float x) {
  return x;
}
template <>
__device__ __nv_bfloat16 from_float(float x) {
  return __float2bfloat16_rn(x);
}

template <class Number, int kWidth>
struct alignas(sizeof(Number) * kWidth) Pack {
  Number values[kWidth];
};

template <class Number, int kWidth>
__device__ void load(const Number *from, float (&to)[kWidth]) {
  const auto pack = *reinterpret_cast<const Pack<Number, kWidth> *>(from);
#pragma unroll
  for (int i = 0; i < kWidth; ++i) to[i] = to_float(pack.values[i]);
}

template <class Number, int kWidth>
__device__ void store(Number *to, const float (&from)[kWidth]) {
  Pack<Number, kWidth> pack;
#pragma unroll
  for (int i = 0; i < kWidth; ++i) pack.values[i] = from_float<Number>(from[i]);
  *reinterpret_cast<Pack<Number, kWidth> *>(to) = pack;
}

/// How rows are given to blocks, and a block's columns (packs of channels) and rows to its threads: neighbours in memory are
/// neighbours among threads, and a thread stays in its column.
struct Shape {
  std::int64_t rows;
  std::int64_t channels;
  int columns;         ///< of a block
  int lanes;           ///< rows that a block has at a time
  std::int64_t tiles;  ///< of columns
  std::int64_t blocks; ///< of rows
  std::int64_t rows_of_block;

  Shape(std::int64_t rows_, std::int64_t channels_, int width) : rows(rows_), channels(channels_) {
    const std::int64_t packs = channels / width;
    columns = static_cast<int>(packs < kThreads ? packs : kThreads);
    lanes = kThreads / columns;
    tiles = (packs + columns - 1) / columns;
    const std::int64_t least = lanes * kRowsOfALane;
    blocks = (rows + least - 1) / least;
    if (blocks > kMostBlocks) blocks = kMostBlocks;
    rows_of_block = (rows + blocks - 1) / blocks;
    blocks = (rows + rows_of_block - 1) / rows_of_block;
  }
  dim3 grid() const { return {static_cast<unsigned>(blocks), static_cast<unsigned>(tiles)}; }
};

/// A thread's place in it.
template <int kWidth>
struct Place {
  int column; ///< in the block
  int lane;
  std::int64_t channel; ///< the first of its pack
  std::int64_t begin;
  std::int64_t end;
  bool works;

  __device__ explicit Place(const Shape &shape) {
    column = static_cast<int>(threadIdx.x) % shape.columns;
    lane = static_cast<int>(threadIdx.x) / shape.columns;
    channel = (static_cast<std::int64_t>(blockIdx.y) * shape.columns + column) * kWidth;
    begin = blockIdx.x * shape.rows_of_block;
    end = begin + shape.rows_of_block < shape.rows ? begin + shape.rows_of_block : shape.rows;
    works = lane < shape.lanes && channel < shape.channels;
  }
};

constexpr int kSegments = 32; ///< of the blocks, in the kernels that join them: 32 channels x 32 segments

/// The sum over segments, in their order, in all threads of the channel.
__device__ double over_segments(double part) {
  __shared__ double parts[kSegments][33];
  __syncthreads();
  parts[threadIdx.y][threadIdx.x] = part;
  __syncthreads();
  double sum = 0;
  for (int i = 0; i < kSegments; ++i) sum += parts[i][threadIdx.x];
  return sum;
}

dim3 joining_grid(std::int64_t channels) { return static_cast<unsigned>((channels + 31) / 32); }
const dim3 kJoiningThreads{32, kSegments};

/// Adds two numbers of each channel over the lanes of a block, in the order of the lanes, and gives them to `use`.
template <int kWidth, class Use>
__device__ void add_lanes(const Shape &shape, const Place<kWidth> &place, const float (&a)[kWidth], const float (&b)[kWidth],
                          const Use &use) {
  __shared__ float as[kThreads * kWidth];
  __shared__ float bs[kThreads * kWidth];
  const int width = shape.columns * kWidth;
  if (place.lane < shape.lanes)
#pragma unroll
    for (int i = 0; i < kWidth; ++i) {
      as[place.lane * width + place.column * kWidth + i] = a[i];
      bs[place.lane * width + place.column * kWidth + i] = b[i];
    }
  __syncthreads();
  for (int c = static_cast<int>(threadIdx.x); c < width; c += kThreads) {
    const std::int64_t channel = static_cast<std::int64_t>(blockIdx.y) * width + c;
    if (channel >= shape.channels) break;
    float sum_a = 0;
    float sum_b = 0;
    for (int lane = 0; lane < shape.lanes; ++lane) {
      sum_a += as[lane * width + c];
      sum_b += bs[lane * width + c];
    }
    use(channel, sum_a, sum_b);
  }
}

/// Of each block of rows and channel the mean and the sum of squared differences from it: work [2][blocks][C]. The block's
/// first row is taken off first, so that a mean that is far from zero costs no digits.
template <class Number, int kWidth>
__global__ void __launch_bounds__(kThreads) block_statistics(const Number *x, Shape shape, float *work) {
  const Place<kWidth> place(shape);
  float sums[kWidth] = {};
  float squares[kWidth] = {};
  if (place.works) {
    float first[kWidth];
    load(x + place.begin * shape.channels + place.channel, first);
#pragma unroll 4
    for (std::int64_t row = place.begin + place.lane; row < place.end; row += shape.lanes) {
      float v[kWidth];
      load(x + row * shape.channels + place.channel, v);
#pragma unroll
      for (int i = 0; i < kWidth; ++i) {
        const float d = v[i] - first[i];
        sums[i] += d;
        squares[i] += d * d;
      }
    }
  }
  const auto n = static_cast<float>(place.end - place.begin);
  add_lanes<kWidth>(shape, place, sums, squares, [&](std::int64_t channel, float sum, float square) {
    const float first = to_float(x[place.begin * shape.channels + channel]);
    const std::int64_t at = static_cast<std::int64_t>(blockIdx.x) * shape.channels + channel;
    work[at] = first + sum / n;
    const float rest = square - sum * sum / n;
    work[shape.blocks * shape.channels + at] = rest > 0 || rest != rest ? rest : 0;
  });
}

__global__ void join_statistics(const float *work, Shape shape, const float *weight, double eps, float *statistics,
                                float *running_mean, float *running_variance, double momentum) {
  const std::int64_t c = static_cast<std::int64_t>(blockIdx.x) * 32 + threadIdx.x;
  const bool works = c < shape.channels;
  const auto rows_of = [&](std::int64_t block) {
    const std::int64_t left = shape.rows - block * shape.rows_of_block;
    return static_cast<double>(left < shape.rows_of_block ? left : shape.rows_of_block);
  };
  const auto n = static_cast<double>(shape.rows);
  double part = 0;
  if (works)
    for (std::int64_t b = threadIdx.y; b < shape.blocks; b += kSegments) part += rows_of(b) * work[b * shape.channels + c];
  const double mean = over_segments(part) / n;
  part = 0;
  if (works)
    for (std::int64_t b = threadIdx.y; b < shape.blocks; b += kSegments) {
      const double d = work[b * shape.channels + c] - mean;
      part += work[(shape.blocks + b) * shape.channels + c] + rows_of(b) * d * d;
    }
  const double variance = over_segments(part) / n;
  if (!works || threadIdx.y != 0) return;
  const double inverse = 1 / sqrt(variance + eps);
  statistics[c] = static_cast<float>(mean);
  statistics[shape.channels + c] = static_cast<float>(variance);
  statistics[2 * shape.channels + c] = static_cast<float>(inverse);
  statistics[3 * shape.channels + c] = static_cast<float>(inverse * weight[c]);
  if (running_mean == nullptr) return;
  running_mean[c] = static_cast<float>((1 - momentum) * running_mean[c] + momentum * mean);
  running_variance[c] = static_cast<float>((1 - momentum) * running_variance[c] + momentum * variance * n / (n - 1));
}

template <int kWidth>
__device__ void load_or(const float *from, std::int64_t channel, float otherwise, float (&to)[kWidth]) {
#pragma unroll
  for (int i = 0; i < kWidth; ++i) to[i] = from != nullptr ? from[channel + i] : otherwise;
}

/// y = scale (x - mean) + shift, at least `least`. The mean is taken off first: it may be many deviations from zero.
template <class Number, int kWidth>
__global__ void __launch_bounds__(kThreads) scale_shift(const Number *x, Shape shape, const float *means, const float *scales,
                                                        const float *shifts, float least, Number *y) {
  const Place<kWidth> place(shape);
  if (!place.works) return;
  float mean[kWidth];
  float scale[kWidth];
  float shift[kWidth];
  load_or(means, place.channel, 0, mean);
  load_or(scales, place.channel, 1, scale);
  load_or(shifts, place.channel, 0, shift);
#pragma unroll 4
  for (std::int64_t row = place.begin + place.lane; row < place.end; row += shape.lanes) {
    float v[kWidth];
    load(x + row * shape.channels + place.channel, v);
#pragma unroll
    for (int i = 0; i < kWidth; ++i) {
      const float value = scale[i] * (v[i] - mean[i]) + shift[i];
      v[i] = value > least || value != value ? value : least; // not a number stays what it is
    }
    store(y + row * shape.channels + place.channel, v);
  }
}

/// Of each block of rows and channel the sum of g and of g (x - mean), where g is dy, or 0 where the ReLU was closed: work
/// [2][blocks][C].
template <class Number, int kWidth>
__global__ void __launch_bounds__(kThreads)
    block_gradients(const Number *x, const Number *dy, Shape shape, const float *means, const float *scales,
                    const float *shifts, float least, float *work) {
  const Place<kWidth> place(shape);
  float sums[kWidth] = {};
  float products[kWidth] = {};
  if (place.works) {
    float mean[kWidth];
    float scale[kWidth];
    float shift[kWidth];
    load_or(means, place.channel, 0, mean);
    load_or(scales, place.channel, 1, scale);
    load_or(shifts, place.channel, 0, shift);
#pragma unroll 4
    for (std::int64_t row = place.begin + place.lane; row < place.end; row += shape.lanes) {
      float v[kWidth];
      float d[kWidth];
      load(x + row * shape.channels + place.channel, v);
      load(dy + row * shape.channels + place.channel, d);
#pragma unroll
      for (int i = 0; i < kWidth; ++i) {
        const float centred = v[i] - mean[i];
        const float g = scale[i] * centred + shift[i] > least ? d[i] : 0;
        sums[i] += g;
        products[i] += g * centred;
      }
    }
  }
  add_lanes<kWidth>(shape, place, sums, products, [&](std::int64_t channel, float sum, float product) {
    const std::int64_t at = static_cast<std::int64_t>(blockIdx.x) * shape.channels + channel;
    work[at] = sum;
    work[shape.blocks * shape.channels + at] = product;
  });
}

/// Joins them; factors [2][C] are what the gradient of x is made with: dx = scale g + factors[0] (x - mean) + factors[1].
__global__ void join_gradients(const float *work, Shape shape, const float *statistics, float *d_weight, float *d_bias,
                               float *factors) {
  const std::int64_t c = static_cast<std::int64_t>(blockIdx.x) * 32 + threadIdx.x;
  const bool works = c < shape.channels;
  double sum = 0;
  double product = 0;
  if (works)
    for (std::int64_t b = threadIdx.y; b < shape.blocks; b += kSegments) {
      sum += work[b * shape.channels + c];
      product += work[(shape.blocks + b) * shape.channels + c];
    }
  sum = over_segments(sum);
  product = over_segments(product);
  if (!works || threadIdx.y != 0) return;
  const auto n = static_cast<double>(shape.rows);
  const double inverse = statistics[2 * shape.channels + c];
  const double scale = statistics[3 * shape.channels + c];
  d_weight[c] = static_cast<float>(product * inverse);
  d_bias[c] = static_cast<float>(sum);
  factors[c] = static_cast<float>(-scale * inverse * inverse * product / n);
  factors[shape.channels + c] = static_cast<float>(-scale * sum / n);
}

template <class Number, int kWidth>
__global__ void __launch_bounds__(kThreads)
    input_gradients(const Number *x, const Number *dy, Shape shape, const float *means, const float *scales,
                    const float *shifts, float least, const float *factors, Number *dx) {
  const Place<kWidth> place(shape);
  if (!place.works) return;
  float mean[kWidth];
  float scale[kWidth];
  float shift[kWidth];
  float of_x[kWidth];
  float constant[kWidth];
  load_or(means, place.channel, 0, mean);
  load_or(scales, place.channel, 1, scale);
  load_or(shifts, place.channel, 0, shift);
  load_or(factors, place.channel, 0, of_x);
  load_or(factors + shape.channels, place.channel, 0, constant);
#pragma unroll 4
  for (std::int64_t row = place.begin + place.lane; row < place.end; row += shape.lanes) {
    float v[kWidth];
    float d[kWidth];
    load(x + row * shape.channels + place.channel, v);
    load(dy + row * shape.channels + place.channel, d);
#pragma unroll
    for (int i = 0; i < kWidth; ++i) {
      const float centred = v[i] - mean[i];
      const float g = scale[i] * centred + shift[i] > least ? d[i] : 0;
      v[i] = scale[i] * g + of_x[i] * centred + constant[i];
    }
    store(dx + row * shape.channels + place.channel, v);
  }
}

/// A group of `lanes` threads, a power of two of at most a warp, has a row.
template <class Number, int kWidth>
__global__ void __launch_bounds__(kThreads)
    mean_square(const Number *x, std::int64_t rows, std::int64_t channels, int lanes, float *out) {
  const std::int64_t groups = static_cast<std::int64_t>(gridDim.x) * (kThreads / lanes);
  const int lane = static_cast<int>(threadIdx.x) % lanes;
  const std::int64_t first = static_cast<std::int64_t>(blockIdx.x) * (kThreads / lanes) + threadIdx.x / lanes;
  const std::int64_t turns = (rows + groups - 1) / groups; // of all alike, so that a warp stays together
  for (std::int64_t turn = 0; turn < turns; ++turn) {
    const std::int64_t row = first + turn * groups;
    float sum = 0;
    if (row < rows)
      for (std::int64_t c = static_cast<std::int64_t>(lane) * kWidth; c < channels;
           c += static_cast<std::int64_t>(lanes) * kWidth) {
        float v[kWidth];
        load(x + row * channels + c, v);
#pragma unroll
        for (int i = 0; i < kWidth; ++i) sum += v[i] * v[i];
      }
    for (int distance = lanes / 2; distance > 0; distance /= 2) sum += __shfl_xor_sync(0xffffffffU, sum, distance);
    if (row < rows && lane == 0) out[row] = sum / static_cast<float>(channels);
  }
}

template <class Number, int kWidth>
__global__ void __launch_bounds__(kThreads)
    mean_square_gradient(const Number *x, const float *gradient, Shape shape, Number *dx) {
  const Place<kWidth> place(shape);
  if (!place.works) return;
  const float constant = 2.0F / static_cast<float>(shape.channels);
#pragma unroll 4
  for (std::int64_t row = place.begin + place.lane; row < place.end; row += shape.lanes) {
    const float factor = gradient[row] * constant;
    float v[kWidth];
    load(x + row * shape.channels + place.channel, v);
#pragma unroll
    for (int i = 0; i < kWidth; ++i) v[i] *= factor;
    store(dx + row * shape.channels + place.channel, v);
  }
}

float least_of(int relu) { return relu != 0 ? 0.0F : -INFINITY; }

/// Calls work(number, width) for the type of the activations and how many of them a load has: as many as fit 16 bytes, or one
/// where the channels, or where the tensors begin, do not allow it.
template <class Work, class... Tensors>
int over_types(int is_bf16, std::int64_t channels, const Work &work, Tensors... tensors) {
  const bool aligned = ((reinterpret_cast<std::uintptr_t>(tensors) % kBytes == 0) && ...);
  if (is_bf16 != 0) {
    if (constexpr int kWidth = kBytes / sizeof(__nv_bfloat16); aligned && channels % kWidth == 0)
      work(__nv_bfloat16{}, std::integral_constant<int, kWidth>{});
    else
      work(__nv_bfloat16{}, std::integral_constant<int, 1>{});
  } else {
    if (constexpr int kWidth = kBytes / sizeof(float); aligned && channels % kWidth == 0)
      work(float{}, std::integral_constant<int, kWidth>{});
    else
      work(float{}, std::integral_constant<int, 1>{});
  }
  return static_cast<int>(cudaGetLastError());
}

} // namespace

std::int64_t pare_cuda_batch_norm_work(std::int64_t channels) { return 2 * (kMostBlocks + 1) * channels; }

int pare_cuda_batch_norm(int is_bf16, const void *x, std::int64_t rows, std::int64_t channels, const float *weight,
                         const float *bias, double eps, int relu, float *statistics, float *running_mean,
                         float *running_variance, double momentum, float *work, void *y, void *stream) {
  const auto on = static_cast<cudaStream_t>(stream);
  return over_types(
      is_bf16, channels,
      [&](auto number, auto width) {
        using Number = decltype(number);
        const Shape shape(rows, channels, width);
        const auto *from = static_cast<const Number *>(x);
        block_statistics<Number, width><<<shape.grid(), kThreads, 0, on>>>(from, shape, work);
        join_statistics<<<joining_grid(channels), kJoiningThreads, 0, on>>>(work, shape, weight, eps, statistics, running_mean,
                                                                            running_variance, momentum);
        scale_shift<Number, width><<<shape.grid(), kThreads, 0, on>>>(from, shape, statistics, statistics + 3 * channels, bias,
                                                                      least_of(relu), static_cast<Number *>(y));
      },
      x, y);
}

int pare_cuda_batch_norm_gradients(int is_bf16, const void *x, const void *dy, std::int64_t rows, std::int64_t channels,
                                   const float *statistics, const float *bias, int relu, float *work, float *d_weight,
                                   float *d_bias, void *dx, void *stream) {
  const auto on = static_cast<cudaStream_t>(stream);
  return over_types(
      is_bf16, channels,
      [&](auto number, auto width) {
        using Number = decltype(number);
        const Shape shape(rows, channels, width);
        const auto *from = static_cast<const Number *>(x);
        const auto *above = static_cast<const Number *>(dy);
        const float *scale = statistics + 3 * channels;
        float *factors = work + 2 * kMostBlocks * channels;
        block_gradients<Number, width>
            <<<shape.grid(), kThreads, 0, on>>>(from, above, shape, statistics, scale, bias, least_of(relu), work);
        join_gradients<<<joining_grid(channels), kJoiningThreads, 0, on>>>(work, shape, statistics, d_weight, d_bias, factors);
        input_gradients<Number, width><<<shape.grid(), kThreads, 0, on>>>(from, above, shape, statistics, scale, bias,
                                                                          least_of(relu), factors, static_cast<Number *>(dx));
      },
      x, dy, dx);
}

int pare_cuda_scale_shift(int is_bf16, const void *x, std::int64_t rows, std::int64_t channels, const float *scale,
                          const float *shift, int relu, void *y, void *stream) {
  return over_types(
      is_bf16, channels,
      [&](auto number, auto width) {
        using Number = decltype(number);
        const Shape shape(rows, channels, width);
        scale_shift<Number, width><<<shape.grid(), kThreads, 0, static_cast<cudaStream_t>(stream)>>>(
            static_cast<const Number *>(x), shape, nullptr, scale, shift, least_of(relu), static_cast<Number *>(y));
      },
      x, y);
}

int pare_cuda_mean_square(int is_bf16, const void *x, std::int64_t rows, std::int64_t channels, float *out, void *stream) {
  return over_types(
      is_bf16, channels,
      [&](auto number, auto width) {
        using Number = decltype(number);
        int lanes = 1;
        while (lanes < 32 && lanes * width < channels) lanes *= 2;
        const std::int64_t in_block = kThreads / lanes;
        const std::int64_t blocks = (rows + in_block - 1) / in_block;
        constexpr std::int64_t kMost = 8 * kMostBlocks;
        mean_square<Number, width>
            <<<static_cast<unsigned>(blocks < kMost ? blocks : kMost), kThreads, 0, static_cast<cudaStream_t>(stream)>>>(
                static_cast<const Number *>(x), rows, channels, lanes, out);
      },
      x);
}

int pare_cuda_mean_square_gradient(int is_bf16, const void *x, const float *gradient, std::int64_t rows, std::int64_t channels,
                                   void *dx, void *stream) {
  return over_types(
      is_bf16, channels,
      [&](auto number, auto width) {
        using Number = decltype(number);
        const Shape shape(rows, channels, width);
        mean_square_gradient<Number, width><<<shape.grid(), kThreads, 0, static_cast<cudaStream_t>(stream)>>>(
            static_cast<const Number *>(x), gradient, shape, static_cast<Number *>(dx));
      },
      x, dx);
}

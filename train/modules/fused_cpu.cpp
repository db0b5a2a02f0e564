#include "train/modules/fused_kernels.hpp"

#include "train/torch.hpp"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

// Single precision. One function for each instruction set, chosen when the program starts.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define PARE_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define PARE_CLONES
#endif

namespace pare::train::fused_cpu {

using torch::Tensor;

namespace {

constexpr std::int64_t kLanes = 16;
typedef float Lanes __attribute__((vector_size(kLanes * sizeof(float)))); // the compiler splits it where registers are shorter

#define PARE_LOAD(lanes, from) std::memcpy(&(lanes), (from), sizeof(Lanes))
#define PARE_STORE(to, lanes) std::memcpy((to), &(lanes), sizeof(Lanes))

/// Rows [row][channel] of one piece -> per channel the mean, and the sum of squared differences from it.
PARE_CLONES void piece_statistics(const float *x, std::int64_t rows, std::int64_t channels, float *mean, float *squares) {
  const float inverse = 1.0F / static_cast<float>(rows);
  std::int64_t c = 0;
  for (; c + kLanes <= channels; c += kLanes) {
    Lanes sum = {};
    Lanes v;
    for (std::int64_t r = 0; r < rows; ++r) {
      PARE_LOAD(v, x + r * channels + c);
      sum += v;
    }
    const Lanes m = sum * inverse;
    Lanes square = {};
    for (std::int64_t r = 0; r < rows; ++r) {
      PARE_LOAD(v, x + r * channels + c);
      v -= m;
      square += v * v;
    }
    PARE_STORE(mean + c, m);
    PARE_STORE(squares + c, square);
  }
  for (; c < channels; ++c) {
    float sum = 0;
    for (std::int64_t r = 0; r < rows; ++r) sum += x[r * channels + c];
    const float m = sum * inverse;
    float square = 0;
    for (std::int64_t r = 0; r < rows; ++r) square += (x[r * channels + c] - m) * (x[r * channels + c] - m);
    mean[c] = m;
    squares[c] = square;
  }
}

/// y = scale (x - mean) + shift, at least `least`. The mean is taken off first: it may be many deviations from zero.
PARE_CLONES void scale_shift(const float *x, std::int64_t rows, std::int64_t channels, const float *mean, const float *scale,
                             const float *shift, float least, float *y) {
  for (std::int64_t r = 0; r < rows; ++r) {
    const float *from = x + r * channels;
    float *to = y + r * channels;
    for (std::int64_t c = 0; c < channels; ++c) {
      const float value = scale[c] * (from[c] - mean[c]) + shift[c];
      to[c] = value > least || value != value ? value : least; // not a number stays what it is
    }
  }
}

/// Per channel the sum of g and of g (x - mean), where g is the gradient dy, or 0 where the ReLU was closed.
PARE_CLONES void piece_gradients(const float *x, const float *dy, std::int64_t rows, std::int64_t channels, const float *mean,
                                 const float *scale, const float *shift, float least, float *sum, float *product) {
  std::int64_t c = 0;
  for (; c + kLanes <= channels; c += kLanes) {
    Lanes m, a, b, v, g;
    PARE_LOAD(m, mean + c);
    PARE_LOAD(a, scale + c);
    PARE_LOAD(b, shift + c);
    Lanes s = {};
    Lanes p = {};
    for (std::int64_t r = 0; r < rows; ++r) {
      PARE_LOAD(v, x + r * channels + c);
      PARE_LOAD(g, dy + r * channels + c);
      const Lanes zero = {};
      v -= m;
      g = a * v + b > least ? g : zero;
      s += g;
      p += g * v;
    }
    PARE_STORE(sum + c, s);
    PARE_STORE(product + c, p);
  }
  for (; c < channels; ++c) {
    float s = 0;
    float p = 0;
    for (std::int64_t r = 0; r < rows; ++r) {
      const float v = x[r * channels + c] - mean[c];
      const float g = scale[c] * v + shift[c] > least ? dy[r * channels + c] : 0;
      s += g;
      p += g * v;
    }
    sum[c] = s;
    product[c] = p;
  }
}

/// dx = scale g + of_x (x - mean) + constant.
PARE_CLONES void input_gradients(const float *x, const float *dy, std::int64_t rows, std::int64_t channels, const float *mean,
                                 const float *scale, const float *shift, float least, const float *of_x, const float *constant,
                                 float *dx) {
  for (std::int64_t r = 0; r < rows; ++r) {
    const float *v = x + r * channels;
    const float *d = dy + r * channels;
    float *to = dx + r * channels;
    for (std::int64_t c = 0; c < channels; ++c) {
      const float centred = v[c] - mean[c];
      const float g = scale[c] * centred + shift[c] > least ? d[c] : 0;
      to[c] = scale[c] * g + of_x[c] * centred + constant[c];
    }
  }
}

PARE_CLONES void row_mean_squares(const float *x, std::int64_t rows, std::int64_t channels, float *out) {
  const float inverse = 1.0F / static_cast<float>(channels);
  for (std::int64_t r = 0; r < rows; ++r) {
    const float *from = x + r * channels;
    Lanes sums = {};
    Lanes v;
    std::int64_t c = 0;
    for (; c + kLanes <= channels; c += kLanes) {
      PARE_LOAD(v, from + c);
      sums += v * v;
    }
    float sum = 0;
    for (std::int64_t i = 0; i < kLanes; ++i) sum += sums[i];
    for (; c < channels; ++c) sum += from[c] * from[c];
    out[r] = sum * inverse;
  }
}

PARE_CLONES void row_scaled(const float *x, const float *factor, std::int64_t rows, std::int64_t channels, float constant,
                            float *out) {
  for (std::int64_t r = 0; r < rows; ++r) {
    const float f = factor[r] * constant;
    for (std::int64_t c = 0; c < channels; ++c) out[r * channels + c] = f * x[r * channels + c];
  }
}

/// The rows of a channels-last tensor, in pieces that stay in a core's cache.
struct Rows {
  std::int64_t channels;
  std::int64_t rows;
  std::int64_t per_piece;
  std::int64_t pieces;

  explicit Rows(const Tensor &x)
      : channels(x.size(1)), rows(x.numel() / channels), per_piece(std::max<std::int64_t>(1, 8192 / channels)),
        pieces((rows + per_piece - 1) / per_piece) {}

  /// work(piece, first row, rows)
  template <class Work>
  void each(const Work &work) const {
    at::parallel_for(0, pieces, 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t piece = begin; piece < end; ++piece) {
        const std::int64_t first = piece * per_piece;
        work(piece, first, std::min(per_piece, rows - first));
      }
    });
  }
};

const float *data(const Tensor &x) { return x.const_data_ptr<float>(); }

Tensor like(const Tensor &x) { return torch::empty(x.sizes(), x.options(), torch::MemoryFormat::ChannelsLast); }

// What a ReLU does not let through: nothing is as small as this but what is no number.
float least_of(bool relu) { return relu ? 0.0F : -std::numeric_limits<float>::infinity(); }

} // namespace

NormOutput batch_norm(const Tensor &x, const Tensor &weight, const Tensor &bias, double eps, bool relu,
                      const RunningStatistics &running) {
  const Rows rows(x);
  const auto channels = static_cast<std::size_t>(rows.channels);
  std::vector<float> means(channels * static_cast<std::size_t>(rows.pieces));
  std::vector<float> squares(means.size());
  rows.each([&](std::int64_t piece, std::int64_t first, std::int64_t count) {
    piece_statistics(data(x) + first * rows.channels, count, rows.channels, means.data() + piece * rows.channels,
                     squares.data() + piece * rows.channels);
  });
  // Pieces joined in their order (Chan, Golub and LeVeque 1979).
  NormOutput out{.y = like(x), .statistics = torch::empty({kNormStatistics, rows.channels}, x.options())};
  float *to = out.statistics.mutable_data_ptr<float>();
  for (std::size_t c = 0; c < channels; ++c) {
    double m = 0;
    double q = 0;
    double n = 0;
    for (std::int64_t piece = 0; piece < rows.pieces; ++piece) {
      const std::size_t at = static_cast<std::size_t>(piece) * channels + c;
      const auto count = static_cast<double>(std::min(rows.per_piece, rows.rows - piece * rows.per_piece));
      const double difference = means[at] - m;
      const double total = n + count;
      m += difference * count / total;
      q += squares[at] + difference * difference * n * count / total;
      n = total;
    }
    const double v = q / n;
    const double inverse_deviation = 1 / std::sqrt(v + eps);
    to[kMean * channels + c] = static_cast<float>(m);
    to[kVariance * channels + c] = static_cast<float>(v);
    to[kInverse * channels + c] = static_cast<float>(inverse_deviation);
    to[kScale * channels + c] = static_cast<float>(inverse_deviation * data(weight)[c]);
  }
  if (running.mean.defined()) {
    const torch::NoGradGuard no_gradient;
    const auto n = static_cast<double>(rows.rows); // 2 or more
    Tensor mean = running.mean;
    Tensor variance = running.variance;
    mean.mul_(1 - running.momentum).add_(out.statistics[kMean], running.momentum);
    variance.mul_(1 - running.momentum)
        .add_(out.statistics[kVariance], running.momentum * n / (n - 1)); // the unbiased estimate
  }
  float *y = out.y.mutable_data_ptr<float>();
  rows.each([&](std::int64_t /*piece*/, std::int64_t first, std::int64_t count) {
    scale_shift(data(x) + first * rows.channels, count, rows.channels, to + kMean * channels, to + kScale * channels,
                data(bias), least_of(relu), y + first * rows.channels);
  });
  return out;
}

NormGradients batch_norm_gradients(const Tensor &x, const Tensor &dy, const Tensor &statistics, const Tensor &bias, bool relu) {
  const Rows rows(x);
  const auto channels = static_cast<std::size_t>(rows.channels);
  const float *mean = data(statistics) + kMean * channels;
  const float *inverse = data(statistics) + kInverse * channels;
  const float *scale = data(statistics) + kScale * channels;
  std::vector<float> sums(channels * static_cast<std::size_t>(rows.pieces));
  std::vector<float> products(sums.size());
  rows.each([&](std::int64_t piece, std::int64_t first, std::int64_t count) {
    const std::int64_t at = first * rows.channels;
    piece_gradients(data(x) + at, data(dy) + at, count, rows.channels, mean, scale, data(bias), least_of(relu),
                    sums.data() + piece * rows.channels, products.data() + piece * rows.channels);
  });
  NormGradients out{.x = like(x), .weight = torch::empty({rows.channels}, x.options()), .bias = {}};
  out.bias = torch::empty_like(out.weight);
  std::vector<float> of_x(channels);
  std::vector<float> constant(channels);
  const auto n = static_cast<double>(rows.rows);
  for (std::size_t c = 0; c < channels; ++c) {
    double sum = 0;
    double product = 0;
    for (std::size_t at = c; at < sums.size(); at += channels) {
      sum += sums[at];
      product += products[at];
    }
    const double inverse_deviation = inverse[c];
    const double a = scale[c]; // weight / deviation
    out.weight.mutable_data_ptr<float>()[c] = static_cast<float>(product * inverse_deviation);
    out.bias.mutable_data_ptr<float>()[c] = static_cast<float>(sum);
    // dx = a (g - sum / n - (x - mean) product / (deviation^2 n))
    const double b = -a * inverse_deviation * inverse_deviation * product / n;
    of_x[c] = static_cast<float>(b);
    constant[c] = static_cast<float>(-a * sum / n);
  }
  float *to = out.x.mutable_data_ptr<float>();
  rows.each([&](std::int64_t /*piece*/, std::int64_t first, std::int64_t count) {
    const std::int64_t at = first * rows.channels;
    input_gradients(data(x) + at, data(dy) + at, count, rows.channels, mean, scale, data(bias), least_of(relu), of_x.data(),
                    constant.data(), to + at);
  });
  return out;
}

Tensor scale_shift(const Tensor &x, const Tensor &scale, const Tensor &shift, bool relu) {
  const Rows rows(x);
  const Tensor zero = torch::zeros_like(scale);
  Tensor y = like(x);
  float *to = y.mutable_data_ptr<float>();
  rows.each([&](std::int64_t /*piece*/, std::int64_t first, std::int64_t count) {
    scale_shift(data(x) + first * rows.channels, count, rows.channels, data(zero), data(scale), data(shift), least_of(relu),
                to + first * rows.channels);
  });
  return y;
}

Tensor mean_square(const Tensor &x) {
  const Rows rows(x);
  Tensor out = torch::empty({x.size(0), x.size(2) * x.size(3)}, x.options());
  float *to = out.mutable_data_ptr<float>();
  rows.each([&](std::int64_t /*piece*/, std::int64_t first, std::int64_t count) {
    row_mean_squares(data(x) + first * rows.channels, count, rows.channels, to + first);
  });
  return out;
}

Tensor mean_square_gradient(const Tensor &x, const Tensor &gradient) {
  const Rows rows(x);
  Tensor out = like(x);
  float *to = out.mutable_data_ptr<float>();
  rows.each([&](std::int64_t /*piece*/, std::int64_t first, std::int64_t count) {
    row_scaled(data(x) + first * rows.channels, data(gradient) + first, count, rows.channels,
               2.0F / static_cast<float>(rows.channels), to + first * rows.channels);
  });
  return out;
}

} // namespace pare::train::fused_cpu

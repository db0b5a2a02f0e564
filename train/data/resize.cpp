#include "train/data/resize.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace pare::train {

namespace {

constexpr int kPrecisionBits = 22;

/// For each output position, the run of input positions that it is a weighted sum of.
struct Coefficients {
  std::int64_t taps = 0; ///< weights that each output position has room for
  std::vector<std::int64_t> first, count;
  std::vector<std::int32_t> weights; ///< [positions, taps], in units of 2^-22
};

/// For outputs [begin, begin + length) of out_size that cover [low, high) of in_size inputs. The operations, their order and
/// their types are Pillow's: another rounding would show in the bytes.
Coefficients coefficients(std::int64_t in_size, float low, float high, std::int64_t out_size, std::int64_t begin,
                          std::int64_t length) {
  const double scale = static_cast<double>(high - low) / static_cast<double>(out_size);
  const double filter_scale = std::max(scale, 1.0);
  const double support = filter_scale; // of the triangle: 1
  Coefficients result;
  result.taps = static_cast<std::int64_t>(std::ceil(support)) * 2 + 1;
  result.weights.assign(static_cast<std::size_t>(length * result.taps), 0);
  std::vector<double> run(static_cast<std::size_t>(result.taps));
  for (std::int64_t i = 0; i < length; ++i) {
    const double centre = static_cast<double>(low) + (static_cast<double>(begin + i) + 0.5) * scale;
    const double step = 1.0 / filter_scale;
    const auto first = std::max<std::int64_t>(static_cast<std::int64_t>(centre - support + 0.5), 0);
    const auto count = std::min(static_cast<std::int64_t>(centre + support + 0.5), in_size) - first;
    double sum = 0;
    for (std::int64_t k = 0; k < count; ++k) {
      const double distance = std::abs((static_cast<double>(k + first) - centre + 0.5) * step);
      run[static_cast<std::size_t>(k)] = distance < 1.0 ? 1.0 - distance : 0.0;
      sum += run[static_cast<std::size_t>(k)];
    }
    for (std::int64_t k = 0; k < count; ++k) {
      const double weight = sum != 0.0 ? run[static_cast<std::size_t>(k)] / sum : run[static_cast<std::size_t>(k)];
      result.weights[static_cast<std::size_t>(i * result.taps + k)] =
          static_cast<std::int32_t>(0.5 + weight * (1 << kPrecisionBits));
    }
    result.first.push_back(first);
    result.count.push_back(count);
  }
  return result;
}

std::uint8_t to_byte(std::int32_t sum) { return static_cast<std::uint8_t>(std::clamp(sum >> kPrecisionBits, 0, 255)); }

constexpr std::int32_t kHalf = 1 << (kPrecisionBits - 1);

/// Rows [row, row + rows) of `image`, each made of c.first.size() pixels.
std::vector<std::uint8_t> horizontal_pass(const PixelView &image, const Coefficients &c, std::int64_t row, std::int64_t rows) {
  const std::size_t width = c.first.size();
  std::vector<std::uint8_t> result(static_cast<std::size_t>(rows) * width * 3);
  std::uint8_t *out = result.data();
  for (std::int64_t y = 0; y < rows; ++y) {
    const std::uint8_t *line = image.pixels + (row + y) * image.row_bytes;
    for (std::size_t x = 0; x < width; ++x) {
      const std::uint8_t *in = line + c.first[x] * 3;
      const std::int32_t *weight = &c.weights[x * static_cast<std::size_t>(c.taps)];
      std::int32_t red = kHalf, green = kHalf, blue = kHalf;
      for (std::int64_t k = 0; k < c.count[x]; ++k, in += 3) {
        red += in[0] * weight[k];
        green += in[1] * weight[k];
        blue += in[2] * weight[k];
      }
      *out++ = to_byte(red);
      *out++ = to_byte(green);
      *out++ = to_byte(blue);
    }
  }
  return result;
}

/// c.first.size() rows of `row_size` bytes; row c.first[y] of the whole image begins at pixels + (c.first[y] - offset) *
/// row_bytes.
std::vector<std::uint8_t> vertical_pass(const std::uint8_t *pixels, std::int64_t row_bytes, std::int64_t offset,
                                        std::size_t row_size, const Coefficients &c) {
  std::vector<std::uint8_t> result(c.first.size() * row_size);
  std::vector<std::int32_t> sums(row_size);
  for (std::size_t y = 0; y < c.first.size(); ++y) {
    std::fill(sums.begin(), sums.end(), kHalf);
    for (std::int64_t k = 0; k < c.count[y]; ++k) {
      const std::uint8_t *in = pixels + (c.first[y] - offset + k) * row_bytes;
      const std::int32_t weight = c.weights[y * static_cast<std::size_t>(c.taps) + static_cast<std::size_t>(k)];
      for (std::size_t x = 0; x < row_size; ++x) sums[x] += in[x] * weight;
    }
    std::transform(sums.begin(), sums.end(), result.begin() + static_cast<std::ptrdiff_t>(y * row_size), to_byte);
  }
  return result;
}

} // namespace

std::vector<std::uint8_t> resize_bilinear(const PixelView &image, const Box &box, std::int64_t height, std::int64_t width,
                                          const Window &window) {
  assert(0 <= box.left && box.left < box.right && box.right <= static_cast<float>(image.width));
  assert(0 <= box.top && box.top < box.bottom && box.bottom <= static_cast<float>(image.height));
  assert(0 <= window.top && window.height >= 1 && window.top + window.height <= height);
  assert(0 <= window.left && window.width >= 1 && window.left + window.width <= width);

  // A pass that would copy is left out, as in Pillow; its coefficients are those of a copy, too.
  const bool scale_rows = height != image.height || box.top != 0 || box.bottom != static_cast<float>(height);
  const Coefficients rows =
      scale_rows ? coefficients(image.height, box.top, box.bottom, height, window.top, window.height) : Coefficients{};
  const std::int64_t first_row = scale_rows ? rows.first.front() : window.top;
  const std::int64_t end_row = scale_rows ? rows.first.back() + rows.count.back() : window.top + window.height;

  const Coefficients columns = coefficients(image.width, box.left, box.right, width, window.left, window.width);
  std::vector<std::uint8_t> narrow = horizontal_pass(image, columns, first_row, end_row - first_row);
  if (!scale_rows) return narrow;
  const auto row_size = static_cast<std::size_t>(window.width) * 3;
  return vertical_pass(narrow.data(), window.width * 3, first_row, row_size, rows);
}

std::vector<std::uint8_t> resize_bilinear(const PixelView &image, const Box &box, std::int64_t height, std::int64_t width) {
  return resize_bilinear(image, box, height, width, {.top = 0, .left = 0, .height = height, .width = width});
}

} // namespace pare::train

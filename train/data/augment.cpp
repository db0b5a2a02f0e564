#include "train/data/augment.hpp"

#include "base/error.hpp"
#include "train/data/resize.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cmath>

namespace pare::train {

namespace {

[[noreturn]] void fail(const char *field, const std::string &message) {
  throw Error{ErrorCode::kInvalidConfig, fmt::format("augmentation.{}", field), message};
}

void check_range(const char *field, std::int64_t value, std::int64_t least) {
  if (value < least || value > kMostPixels) fail(field, fmt::format("{}; it must be {} to {}", value, least, kMostPixels));
}

/// Half of `difference` >= 0, as Python's round() has it: halves go to the even number.
std::int64_t half_to_even(std::int64_t difference) {
  const std::int64_t floor = difference / 2;
  return difference % 2 == 0 ? floor : floor + floor % 2;
}

/// The shorter side becomes `side`, the longer one is cut to an integer.
ImageSize shorter_side_to(std::int64_t side, std::int64_t height, std::int64_t width) {
  if (width <= height) return {.height = side * height / width, .width = side};
  return {.height = side, .width = side * width / height};
}

constexpr double kLeastArea = 0.08, kGreatestArea = 1;
constexpr double kLeastRatio = 3.0 / 4, kGreatestRatio = 4.0 / 3;
constexpr int kTries = 10;

std::int64_t round_to_even(double x) { return static_cast<std::int64_t>(std::nearbyint(x)); }

Draw random_part(RandomStream &random, std::int64_t height, std::int64_t width) {
  const double area = static_cast<double>(height) * static_cast<double>(width);
  for (int i = 0; i < kTries; ++i) {
    const double target = area * random.uniform(kLeastArea, kGreatestArea);
    const double ratio = std::exp(random.uniform(std::log(kLeastRatio), std::log(kGreatestRatio)));
    const std::int64_t w = round_to_even(std::sqrt(target * ratio));
    const std::int64_t h = round_to_even(std::sqrt(target / ratio));
    if (w < 1 || w > width || h < 1 || h > height) continue;
    const auto top = static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(height - h) + 1));
    const auto left = static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(width - w) + 1));
    return {.top = top, .left = left, .height = h, .width = w, .flip = false, .cutout = {}};
  }
  const double ratio = static_cast<double>(width) / static_cast<double>(height);
  std::int64_t w = width;
  std::int64_t h = height;
  if (ratio < kLeastRatio)
    h = round_to_even(static_cast<double>(w) / kLeastRatio);
  else if (ratio > kGreatestRatio)
    w = round_to_even(static_cast<double>(h) * kGreatestRatio);
  return {.top = (height - h) / 2, .left = (width - w) / 2, .height = h, .width = w, .flip = false, .cutout = {}};
}

} // namespace

Pipeline::Pipeline(const Augmentation &settings, bool training)
    : geometry_(Geometry::kWhole), settings_(settings), training_(training) {
  if (training) switch (settings.kind) {
    case Crop::kPadCrop:
      geometry_ = Geometry::kPadCrop;
      check_range("pad", settings.pad, 0);
      break;
    case Crop::kRandomResizedCrop: geometry_ = Geometry::kRandomResizedCrop; break;
    case Crop::kNone: break;
    }
  else
    switch (settings.evaluation) {
    case EvaluationCrop::kResizeCrop:
      geometry_ = Geometry::kResizeCrop;
      check_range("evaluation_resize", settings.evaluation_resize, settings.size);
      break;
    case EvaluationCrop::kWhole: break;
    }
  check_range("size", settings.size, geometry_ == Geometry::kWhole ? 0 : 1);
  check_range("cutout", settings.cutout, 0);
  for (std::size_t c = 0; c < 3; ++c) {
    if (!(settings.std[c] > 0)) fail("std", fmt::format("{}; it must be above 0", settings.std[c]));
    if (!std::isfinite(settings.mean[c])) fail("mean", fmt::format("{}; it must be finite", settings.mean[c]));
    const auto mean = static_cast<float>(settings.mean[c]);
    const auto std = static_cast<float>(settings.std[c]);
    for (std::size_t x = 0; x < 256; ++x) normalised_[c][x] = (static_cast<float>(x) / 255.0F - mean) / std;
  }
}

Draw Pipeline::draw(RandomStream random, std::int64_t full_height, std::int64_t full_width) const {
  const ImageSize size = output_size(full_height, full_width);
  Draw draw{.top = 0, .left = 0, .height = full_height, .width = full_width, .flip = false, .cutout = {}};
  if (geometry_ == Geometry::kPadCrop) {
    const auto offset = [&](std::int64_t extent) {
      const std::int64_t places = extent + 2 * settings_.pad - settings_.size + 1;
      return static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(places))) - settings_.pad;
    };
    draw.top = offset(full_height);
    draw.left = offset(full_width);
    draw.height = draw.width = settings_.size;
  } else if (geometry_ == Geometry::kRandomResizedCrop) {
    draw = random_part(random, full_height, full_width);
  }
  if (!training_) return draw;
  if (settings_.flip) draw.flip = random.uniform() < 0.5;
  if (settings_.cutout > 0) {
    const auto y = static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(size.height)));
    const auto x = static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(size.width)));
    draw.cutout = Draw::Centre{.y = y, .x = x};
  }
  return draw;
}

double Pipeline::least_scale(const Draw &draw) const {
  if (geometry_ != Geometry::kRandomResizedCrop) return 1;
  const auto size = static_cast<double>(settings_.size);
  return std::min(1.0, size / static_cast<double>(std::min(draw.height, draw.width)));
}

std::optional<ImageSize> Pipeline::fixed_output_size() const {
  if (settings_.size == 0) return {};
  return ImageSize{.height = settings_.size, .width = settings_.size};
}

ImageSize Pipeline::output_size(std::int64_t full_height, std::int64_t full_width) const {
  const std::int64_t size = settings_.size;
  if (geometry_ == Geometry::kPadCrop && std::min(full_height, full_width) + 2 * settings_.pad < size)
    fail("size", fmt::format("a crop of {0} x {0} does not fit in an image of {1} x {2} with {3} more on each side", size,
                             full_height, full_width, settings_.pad));
  if (geometry_ == Geometry::kWhole && size != 0 && (full_height != size || full_width != size))
    fail("size", fmt::format("an image of {1} x {2}; whole images must be {0} x {0}", size, full_height, full_width));
  return fixed_output_size().value_or(ImageSize{.height = full_height, .width = full_width});
}

/// The cropped bytes, [height, width, 3].
std::vector<std::uint8_t> Pipeline::pixels(const Image &image, const Draw &draw, const ImageSize &size) const {
  const PixelView view{
      .pixels = image.pixels.data(), .height = image.height, .width = image.width, .row_bytes = image.width * 3};
  switch (geometry_) {
  case Geometry::kWhole: return image.pixels;
  case Geometry::kPadCrop: {
    std::vector<std::uint8_t> result(static_cast<std::size_t>(size.height * size.width * 3), 0);
    // What the crop and the image share, in pixels of the image.
    const std::int64_t left = std::max<std::int64_t>(draw.left, 0);
    const std::int64_t right = std::min(draw.left + draw.width, image.width);
    const std::int64_t bottom = std::min(draw.top + draw.height, image.height);
    for (std::int64_t y = std::max<std::int64_t>(draw.top, 0); y < bottom; ++y)
      if (left < right)
        std::copy_n(view.pixels + y * view.row_bytes + left * 3, (right - left) * 3,
                    result.data() + ((y - draw.top) * size.width + left - draw.left) * 3);
    return result;
  }
  case Geometry::kRandomResizedCrop: {
    // The part in the decoded image, fractions of its pixels where that was scaled, and the whole pixels that have it: what is
    // beyond these is cropped away before resizing, as in torchvision.
    const auto place = [](std::int64_t x, std::int64_t decoded, std::int64_t full) {
      return static_cast<double>(x) * static_cast<double>(decoded) / static_cast<double>(full);
    };
    const double top = place(draw.top, image.height, image.full_height);
    const double left = place(draw.left, image.width, image.full_width);
    const double bottom = place(draw.top + draw.height, image.height, image.full_height);
    const double right = place(draw.left + draw.width, image.width, image.full_width);
    const auto first_row = static_cast<std::int64_t>(std::floor(top));
    const auto first_column = static_cast<std::int64_t>(std::floor(left));
    const PixelView part{.pixels = view.pixels + first_row * view.row_bytes + first_column * 3,
                         .height = static_cast<std::int64_t>(std::ceil(bottom)) - first_row,
                         .width = static_cast<std::int64_t>(std::ceil(right)) - first_column,
                         .row_bytes = view.row_bytes};
    const Box box{.left = static_cast<float>(left - static_cast<double>(first_column)),
                  .top = static_cast<float>(top - static_cast<double>(first_row)),
                  .right = static_cast<float>(right - static_cast<double>(first_column)),
                  .bottom = static_cast<float>(bottom - static_cast<double>(first_row))};
    return resize_bilinear(part, box, size.height, size.width);
  }
  case Geometry::kResizeCrop: {
    const ImageSize whole = shorter_side_to(settings_.evaluation_resize, image.height, image.width);
    const Box box{.left = 0, .top = 0, .right = static_cast<float>(image.width), .bottom = static_cast<float>(image.height)};
    return resize_bilinear(view, box, whole.height, whole.width,
                           {.top = half_to_even(whole.height - size.height),
                            .left = half_to_even(whole.width - size.width),
                            .height = size.height,
                            .width = size.width});
  }
  }
  return {};
}

void Pipeline::apply(const Image &image, const Draw &draw, Layout layout, float *out) const {
  const ImageSize size = output_size(image.full_height, image.full_width);
  const std::vector<std::uint8_t> bytes = pixels(image, draw, size);
  const std::int64_t plane = size.height * size.width;
  const std::int64_t pixel_step = layout == Layout::kChannelsLast ? 3 : 1;
  const std::int64_t channel_step = layout == Layout::kChannelsLast ? 1 : plane;
  const std::uint8_t *in = bytes.data();
  for (std::int64_t y = 0; y < size.height; ++y) {
    // A flipped row is written from its end.
    float *to = out + (y * size.width + (draw.flip ? size.width - 1 : 0)) * pixel_step;
    const std::int64_t step = draw.flip ? -pixel_step : pixel_step;
    for (std::int64_t x = 0; x < size.width; ++x, in += 3, to += step) {
      to[0] = normalised_[0][in[0]];
      to[channel_step] = normalised_[1][in[1]];
      to[2 * channel_step] = normalised_[2][in[2]];
    }
  }
  if (!draw.cutout) return;
  // [c - side/2, c + side/2), clipped.
  const std::int64_t half = settings_.cutout / 2;
  const std::int64_t left = std::max<std::int64_t>(draw.cutout->x - half, 0);
  const std::int64_t right = std::min(draw.cutout->x + half, size.width);
  for (std::int64_t y = std::max<std::int64_t>(draw.cutout->y - half, 0); y < std::min(draw.cutout->y + half, size.height); ++y)
    for (std::int64_t x = left; x < right; ++x)
      for (std::int64_t c = 0; c < 3; ++c) out[(y * size.width + x) * pixel_step + c * channel_step] = 0;
}

} // namespace pare::train

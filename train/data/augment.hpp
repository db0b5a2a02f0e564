#pragma once

#include "train/data/augmentation.hpp"
#include "train/data/dataset.hpp"
#include "train/data/random.hpp"

#include <array>
#include <optional>

namespace pare::train {

enum class Layout {
  kChannelsFirst, ///< [3, H, W]
  kChannelsLast,  ///< [H, W, 3]
};

/// What becomes of one image, in pixels of its full size. Where no resizing is asked for the crop may reach beyond the image:
/// black pixels are there.
struct Draw {
  std::int64_t top = 0, left = 0, height = 0, width = 0;
  bool flip = false;
  struct Centre {
    std::int64_t y = 0, x = 0; ///< in the result
  };
  std::optional<Centre> cutout;
};

/// From an image to what the network sees, as its settings say, for training or for evaluation. Const, so that threads may
/// share it.
///
/// Training: crop (of the image padded with black, or a random part resized), flip, normalise, cutout. The random resized crop
/// is torchvision's: ten tries of an area of 0.08 to 1 of the image and a ratio width / height of 3/4 to 4/3, log-uniform, then
/// the greatest centre crop whose ratio is in that range. Evaluation: the whole image, or its shorter side resized and the
/// centre cropped, both rounded as in torchvision. A pixel x of a channel becomes (x / 255 - mean) / std in single precision.
class Pipeline {
public:
  /// Throws Error{kInvalidConfig} where a field is not what augmentation.hpp says of it.
  Pipeline(const Augmentation &settings, bool training);

  /// The random choices for an image of this full size: for evaluation, or training without augmentation, there are none.
  Draw draw(RandomStream random, std::int64_t full_height, std::int64_t full_width) const;

  /// The least scale at which the image must be decoded. Less than 1 in training only: evaluation is to give what other
  /// programs do.
  double least_scale(const Draw &draw) const;

  /// Height and width of the result for an image of this full size. Throws Error{kInvalidConfig} where it is too small to crop.
  ImageSize output_size(std::int64_t full_height, std::int64_t full_width) const;
  /// That of all results, where it does not depend on the image.
  std::optional<ImageSize> fixed_output_size() const;

  /// Writes the result, 3 x height x width floats.
  void apply(const Image &image, const Draw &draw, Layout layout, float *out) const;

private:
  std::vector<std::uint8_t> pixels(const Image &image, const Draw &draw, const ImageSize &size) const;

  enum class Geometry { kWhole, kPadCrop, kRandomResizedCrop, kResizeCrop };
  Geometry geometry_;
  Augmentation settings_;
  bool training_;
  std::array<std::array<float, 256>, 3> normalised_; ///< [channel][byte]
};

} // namespace pare::train

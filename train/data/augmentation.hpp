#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace pare::train {

/// What happens to an image on its way into the network.
struct Augmentation {
  /// Training: "pad_crop": `pad` black pixels on each side, then a random crop of `size`; "random_resized_crop": area 0.08 to
  /// 1, ratio 3/4 to 4/3, resized to `size`; "none": the whole image.
  std::string kind = "none";
  std::int64_t size = 0;        ///< of the image that the network sees, height and width, pixels
  std::int64_t pad = 0;         ///< pixels; of "pad_crop" only
  bool flip = false;            ///< left to right, every other image
  std::int64_t cutout = 0;      ///< side of the square that is set to 0 after normalisation, pixels; 0: none
  std::array<double, 3> mean{}; ///< of red, green, blue in [0, 1]; a pixel becomes (x / 255 - mean) / std
  std::array<double, 3> std{};
  std::string evaluation = "whole";   ///< "whole" image, or "resize_crop": shorter side to `evaluation_resize`, centre `size`
  std::int64_t evaluation_resize = 0; ///< pixels; of "resize_crop" only
};

} // namespace pare::train

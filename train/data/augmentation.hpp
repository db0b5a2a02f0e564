#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

namespace pare::train {

/// How training images are cut.
enum class Crop : std::uint8_t {
  kPadCrop,           ///< `pad` black pixels on each side, then a random crop of `size`
  kRandomResizedCrop, ///< area 0.08 to 1, ratio 3/4 to 4/3, resized to `size`
  kNone,              ///< the whole image
};
inline constexpr std::array kCrops = {std::pair{Crop::kPadCrop, std::string_view("pad_crop")},
                                      std::pair{Crop::kRandomResizedCrop, std::string_view("random_resized_crop")},
                                      std::pair{Crop::kNone, std::string_view("none")}};
constexpr const auto &table_of(Crop /*crop*/) { return kCrops; }

/// How images are cut that are not trained on.
enum class EvaluationCrop : std::uint8_t {
  kWhole,      ///< not at all
  kResizeCrop, ///< the shorter side to `evaluation_resize`, then the centre of `size`
};
inline constexpr std::array kEvaluationCrops = {std::pair{EvaluationCrop::kWhole, std::string_view("whole")},
                                                std::pair{EvaluationCrop::kResizeCrop, std::string_view("resize_crop")}};
constexpr const auto &table_of(EvaluationCrop /*crop*/) { return kEvaluationCrops; }

/// The largest size, padding and cutout, pixels: far from overflow.
inline constexpr std::int64_t kMostPixels = 16'384;

/// What happens to an image on its way into the network.
struct Augmentation {
  Crop kind = Crop::kNone;
  std::int64_t size = 0;        ///< of the image that the network sees, height and width, pixels
  std::int64_t pad = 0;         ///< pixels, at most kMostPixels as all sizes; of kPadCrop only
  bool flip = false;            ///< left to right, every other image
  std::int64_t cutout = 0;      ///< side of the square that is set to 0 after normalisation, pixels; 0: none
  std::array<double, 3> mean{}; ///< of red, green, blue, each from 0 to 1; a pixel becomes (x / 255 - mean) / std
  std::array<double, 3> std{};  ///< above 0, at most 1
  EvaluationCrop evaluation = EvaluationCrop::kWhole;
  std::int64_t evaluation_resize = 0; ///< pixels; of kResizeCrop only
};

} // namespace pare::train

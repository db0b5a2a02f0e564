#pragma once

#include "train/data/dataset.hpp"

#include <cstdint>
#include <string>

namespace pare::train {

struct SynthesisOptions {
  std::string kind = "cifar10"; ///< format: "cifar10" or "imagenet"
  std::int64_t classes = 10;    ///< 1 to 10 (cifar10) or to kMaxSyntheticClasses (imagenet)
  std::int64_t images = 5000;   ///< of training: `classes` and, for cifar10's five files, 5 at least
  std::int64_t size = 256;      ///< imagenet: height and width, 16 to 4096 pixels
  std::uint64_t seed = 0;
};

inline constexpr std::int64_t kMaxSyntheticClasses = 1080;

/// Images of validation: a fifth of those of training, one of each class at least.
std::int64_t synthetic_validation_images(const SynthesisOptions &options);

/// One image. Its class decides the directions and the spacing of gratings, the pair of colours between which they alternate
/// and the outline of a shape; phase, position, brightness, contrast, mirroring, a patch that means nothing and noise are
/// random. So the mean colour tells nothing, and a flipped image is of the same class. The same arguments give the same
/// image.
Image synthetic_image(std::int64_t label, std::int64_t height, std::int64_t width, std::uint64_t seed, bool validation,
                      std::int64_t index);

/// Writes a learnable data set in a real one's format, and synthetic.json beside it, by which all that reads it knows: a folder
/// that open_data() opens as options.kind. `directory` must not exist, or be empty; it appears when it is complete: until then
/// the files are in a folder beside it, which is removed where something goes wrong. The same options give the same bytes.
/// Throws Error{kInvalidValue, kIo}.
void synthesize(const SynthesisOptions &options, const std::string &directory);

} // namespace pare::train

#pragma once

// Sets that lie in a few files, images of one size behind each other.

#include "train/data/dataset.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace pare::train {

/// A split of square images, held in memory as bytes, pixel by pixel.
class PackedImages final : public Dataset {
public:
  /// How the values of a channel follow each other.
  enum class Order { kRows, kColumns };

  /// `side`: pixels. `classes`: at most 256.
  PackedImages(std::int64_t side, std::int64_t classes) : side_(side), classes_(classes) {}

  /// The images that are appended from here on are of this file: "PATH record 0", ...
  void begin(std::string path) { files_.push_back({std::move(path), size()}); }
  /// An image: of `planes` 3 x side x side values, red, green, blue. `label` is below classes.
  void append(std::int64_t label, const std::uint8_t *planes, Order order);

  std::int64_t size() const override { return static_cast<std::int64_t>(labels_.size()); }
  std::int64_t classes() const override { return classes_; }
  std::int64_t label(std::int64_t index) const override { return labels_.at(static_cast<std::size_t>(index)); }
  std::string name(std::int64_t index) const override;
  std::optional<ImageSize> fixed_size() const override { return ImageSize{.height = side_, .width = side_}; }
  Sample load(std::int64_t index, const ScaleRule &rule) const override;

private:
  struct File {
    std::string path;
    std::int64_t first; ///< index of its first image
  };
  std::int64_t side_, classes_;
  std::vector<File> files_;
  std::vector<std::uint8_t> labels_;
  std::vector<std::uint8_t> pixels_; ///< [images, side, side, 3]
};

/// Names of classes from a file with one in each line; where it is not there, their numbers. Throws Error{kInvalidFile}.
std::vector<std::string> read_class_names(const std::filesystem::path &path, std::int64_t classes);

} // namespace pare::train

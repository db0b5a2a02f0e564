#pragma once

// Sets whose images are files of their own.

#include "train/data/dataset.hpp"

#include <array>
#include <atomic>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace pare::train {

/// What lies among the images of a set and is left out.
class SkippedFiles {
public:
  enum class Why { kHidden, kOtherName, kUnreadable, kCycle };

  /// `root`: names are told below it.
  explicit SkippedFiles(std::filesystem::path root) : root_(std::move(root)) {}

  void add(Why why, const std::filesystem::path &path);
  /// How many of which kind, and the names of the first few; empty where there is none.
  std::string line() const;

private:
  struct Some {
    std::int64_t count = 0;
    std::vector<std::string> first;
  };
  std::filesystem::path root_;
  std::map<Why, Some> all_;
};

struct ImageFile {
  std::string name;       ///< below the folder of its split
  std::int64_t label = 0; ///< in [0, classes)
  std::uintmax_t bytes = 0;
};

/// Folders in `folder`, by name; hidden ones, and files, are added to `left_out`. Throws Error{kIo}.
std::vector<std::string> list_folders(const std::filesystem::path &folder, SkippedFiles &left_out);

/// The image files in `split`/`folder` and all folders below it, links followed, in the order of torchvision's ImageFolder: by
/// the folder's path, then by name. Those with the ending of a format that torchvision's takes beside JPEG and PNG are looked
/// at: one that is neither is Error{kInvalidFile}, for to leave it out would be another set than torchvision's. Other endings,
/// hidden names, folders below the first that cannot be read, and links to a folder that they lie in are added to `left_out`.
/// Throws Error{kIo} where the first folder cannot be read.
std::vector<ImageFile> list_images(const std::filesystem::path &split, const std::string &folder, std::int64_t label,
                                   SkippedFiles &left_out);

/// A split, of JPEG and PNG files that are read when they are asked for.
class ImageFiles final : public Dataset {
public:
  /// `size`: what all images must have; one that has another is a bad one.
  ImageFiles(std::filesystem::path split, std::int64_t classes, std::vector<ImageFile> files, OnBadFile policy,
             std::optional<ImageSize> size = {})
      : split_(std::move(split)), classes_(classes), files_(std::move(files)), policy_(policy), size_(size) {}

  std::int64_t size() const override { return static_cast<std::int64_t>(files_.size()); }
  std::int64_t classes() const override { return classes_; }
  std::int64_t label(std::int64_t index) const override { return at(index).label; }
  std::string name(std::int64_t index) const override { return (split_ / at(index).name).string(); }
  std::optional<ImageSize> fixed_size() const override { return size_; }
  Sample load(std::int64_t index, const ScaleRule &rule) const override;
  std::vector<BadFile> bad_files() const override;

private:
  const ImageFile &at(std::int64_t index) const { return files_.at(static_cast<std::size_t>(index)); }
  bool is_bad(std::int64_t index) const;

  std::filesystem::path split_;
  std::int64_t classes_;
  std::vector<ImageFile> files_;
  OnBadFile policy_;
  std::optional<ImageSize> size_;
  mutable std::atomic<bool> any_bad_ = false; ///< so that good sets take no lock
  mutable std::mutex mutex_;
  mutable std::map<std::int64_t, BadFile> bad_;
};

/// Only the first `most` of each class; all where there is none. Here, so that no other image stands in for a bad one.
void keep_first(std::vector<ImageFile> &files, std::optional<std::int64_t> most);

} // namespace pare::train

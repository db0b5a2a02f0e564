#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/files.hpp"
#include "train/data/jpeg.hpp"
#include "train/data/sources.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <map>
#include <mutex>

namespace pare::train {

namespace {

namespace fs = std::filesystem;

struct File {
  std::string name; ///< below the folder of its class
  std::int64_t label;
};

class FolderDataset : public Dataset {
public:
  FolderDataset(fs::path split, std::vector<std::string> classes, std::vector<File> files, OnBadFile policy)
      : split_(std::move(split)), classes_(std::move(classes)), files_(std::move(files)), policy_(policy) {}

  std::int64_t size() const override { return static_cast<std::int64_t>(files_.size()); }
  std::int64_t classes() const override { return static_cast<std::int64_t>(classes_.size()); }
  std::int64_t label(std::int64_t index) const override { return files_.at(static_cast<std::size_t>(index)).label; }
  std::string name(std::int64_t index) const override {
    const File &file = files_.at(static_cast<std::size_t>(index));
    return (split_ / classes_[static_cast<std::size_t>(file.label)] / file.name).string();
  }
  std::optional<ImageSize> fixed_size() const override { return {}; }

  Sample load(std::int64_t index, const ScaleRule &rule) const override {
    for (std::int64_t tried = 0; tried < size(); ++tried) {
      const std::int64_t i = (index + tried) % size();
      if (is_bad(i)) continue;
      const std::string path = name(i);
      const std::string bytes = read_text(path, path);
      try {
        return {.image = decode_jpeg(bytes, rule, path), .label = label(i)};
      } catch (const Error &error) {
        if (policy_ == OnBadFile::kFail) {
          if (error.code() != ErrorCode::kInvalidFile) throw;
          throw Error{error.code(), error.where(), error.message() + "; --on-bad-file skip goes on without it"};
        }
        const std::lock_guard lock(mutex_);
        bad_.emplace(i, BadFile{.index = i, .path = path, .reason = error.message()});
        any_bad_ = true;
      }
    }
    throw Error{ErrorCode::kInvalidFile, split_.string(), fmt::format("none of its {} images can be decoded", size())};
  }

  std::vector<BadFile> bad_files() const override {
    const std::lock_guard lock(mutex_);
    std::vector<BadFile> result;
    for (const auto &[index, file] : bad_) result.push_back(file);
    return result;
  }

private:
  bool is_bad(std::int64_t index) const {
    if (!any_bad_) return false;
    const std::lock_guard lock(mutex_);
    return bad_.contains(index);
  }

  fs::path split_;
  std::vector<std::string> classes_;
  std::vector<File> files_;
  OnBadFile policy_;
  mutable std::atomic<bool> any_bad_ = false; ///< so that good sets take no lock
  mutable std::mutex mutex_;
  mutable std::map<std::int64_t, BadFile> bad_;
};

/// Names in a folder, sorted; hidden ones are left out.
std::vector<fs::directory_entry> sorted_entries(const fs::path &folder) {
  std::vector<fs::directory_entry> entries;
  try {
    for (const fs::directory_entry &entry : fs::directory_iterator(folder))
      if (!entry.path().filename().string().starts_with('.')) entries.push_back(entry);
  } catch (const fs::filesystem_error &error) {
    throw Error{ErrorCode::kIo, folder.string(), error.code().message()};
  }
  std::sort(entries.begin(), entries.end(),
            [](const auto &a, const auto &b) { return a.path().filename() < b.path().filename(); });
  return entries;
}

std::string lower_extension(const fs::path &path) {
  std::string text = path.extension().string();
  std::transform(text.begin(), text.end(), text.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; });
  return text;
}

bool is_jpeg_name(const fs::path &path) {
  const std::string extension = lower_extension(path);
  return extension == ".jpg" || extension == ".jpeg";
}

/// Of an image that other tools would count among a class's.
bool is_other_image_name(const fs::path &path) {
  static constexpr std::array<std::string_view, 9> kOther = {".png",  ".bmp", ".gif", ".webp", ".tif",
                                                             ".tiff", ".ppm", ".pgm", ".jp2"};
  return std::find(kOther.begin(), kOther.end(), lower_extension(path)) != kOther.end();
}

std::vector<std::string> class_folders(const fs::path &split) {
  std::vector<std::string> classes;
  for (const fs::directory_entry &entry : sorted_entries(split))
    if (entry.is_directory()) classes.push_back(entry.path().filename().string());
  if (classes.empty())
    throw Error{ErrorCode::kInvalidFile, split.string(), "no folder in it; one for each class is needed, with its JPEG files"};
  return classes;
}

/// The images of a split: by class, then by name. `checksums` gets a line for each class, of its files' names and sizes.
std::vector<File> list_files(const fs::path &split, const std::vector<std::string> &classes, const char *split_name,
                             Digest kind, std::string &checksums) {
  std::vector<File> files;
  for (std::size_t label = 0; label < classes.size(); ++label) {
    const fs::path folder = split / classes[label];
    const std::size_t before = files.size();
    std::string lines;
    for (const fs::directory_entry &entry : sorted_entries(folder)) {
      if (is_other_image_name(entry.path()))
        throw Error{ErrorCode::kInvalidFile, entry.path().string(),
                    "images are JPEG files named .jpg or .jpeg; convert it, or take it out of the folder"};
      if (!is_jpeg_name(entry.path())) continue;
      std::error_code error;
      const std::uintmax_t size = fs::file_size(entry.path(), error);
      if (error) throw Error{ErrorCode::kIo, entry.path().string(), error.message()};
      const std::string name = entry.path().filename().string();
      lines += fmt::format("{}\n{}\n", name, size);
      files.push_back({.name = name, .label = static_cast<std::int64_t>(label)});
    }
    if (files.size() == before) throw Error{ErrorCode::kInvalidFile, folder.string(), "the class has no .jpg or .jpeg file"};
    checksums += fmt::format("{}/{}\n{}\n", split_name, classes[label], digest(lines, kind));
  }
  return files;
}

void check_same_classes(const fs::path &train, const std::vector<std::string> &a, const fs::path &validation,
                        const std::vector<std::string> &b) {
  const auto lacks = [](const fs::path &split, const std::vector<std::string> &has, const std::vector<std::string> &needed) {
    for (const std::string &name : needed)
      if (!std::binary_search(has.begin(), has.end(), name))
        throw Error{ErrorCode::kInvalidFile, split.string(),
                    fmt::format("no class '{}', which the other split has; both need the same {} and {} are there", name,
                                needed.size(), has.size())};
  };
  lacks(validation, b, a);
  lacks(train, a, b);
}

fs::path find_split(const fs::path &given, std::initializer_list<const char *> names, const char *message) {
  std::error_code ignored;
  for (const char *name : names)
    if (fs::is_directory(given / name, ignored)) return given / name;
  throw Error{ErrorCode::kIo, given.string(), message};
}

} // namespace

void open_image_folder(DataSource &source, const std::optional<SyntheticMark> &mark, OnBadFile policy) {
  const fs::path given = source.directory;
  const fs::path train = find_split(given, {"train"}, "no folder train in it; DIR/train/CLASS/*.jpg is needed");
  const fs::path validation =
      find_split(given, {"val", "validation"}, "no folder val (or validation) in it; DIR/val/CLASS/*.jpg is needed");
  source.class_names = class_folders(train);
  source.classes = static_cast<std::int64_t>(source.class_names.size());
  check_same_classes(train, source.class_names, validation, class_folders(validation));
  if (mark && mark->classes != source.classes)
    throw Error{ErrorCode::kInvalidFile, (given / kSyntheticMark).string(),
                fmt::format("{} classes; {} has {}", mark->classes, train.string(), source.classes)};
  std::string checksums;
  std::vector<File> train_files = list_files(train, source.class_names, "train", source.digest, checksums);
  std::vector<File> validation_files = list_files(validation, source.class_names, "val", source.digest, checksums);
  source.fingerprint = digest(checksums, source.digest);
  if (source.max_images) // here, so that no other image stands in for a bad one
    std::erase_if(train_files, [&, has = std::map<std::int64_t, std::int64_t>()](const File &file) mutable {
      return ++has[file.label] > *source.max_images;
    });
  source.train = std::make_shared<FolderDataset>(train, source.class_names, std::move(train_files), policy);
  source.validation = std::make_shared<FolderDataset>(validation, source.class_names, std::move(validation_files), policy);
}

} // namespace pare::train

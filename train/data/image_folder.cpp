#include "base/digest.hpp"
#include "base/error.hpp"
#include "train/data/image_files.hpp"
#include "train/data/sources.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pare::train {

namespace {

namespace fs = std::filesystem;

std::vector<std::string> class_folders(const fs::path &split, SkippedFiles &left_out) {
  std::vector<std::string> classes = list_folders(split, left_out);
  if (classes.empty())
    throw Error{ErrorCode::kInvalidFile, split.string(),
                "no folder in it; one for each class is needed, with its JPEG and PNG files"};
  return classes;
}

/// The images of a split, class by class. `checksums` gets a line for each class, of its files' names and sizes.
std::vector<ImageFile> list_split(const fs::path &split, const std::vector<std::string> &classes, const char *split_name,
                                  Digest kind, SkippedFiles &left_out, std::string &checksums) {
  std::vector<ImageFile> out;
  for (std::size_t label = 0; label < classes.size(); ++label) {
    std::vector<ImageFile> files = list_images(split, classes[label], static_cast<std::int64_t>(label), left_out);
    if (files.empty())
      throw Error{ErrorCode::kInvalidFile, (split / classes[label]).string(),
                  "the class has no file that ends in .jpg, .jpeg or .png"};
    std::string lines;
    for (const ImageFile &file : files)
      lines += fmt::format("{}\n{}\n", file.name.substr(classes[label].size() + 1), file.bytes);
    checksums += fmt::format("{}/{}\n{}\n", split_name, classes[label], digest(lines, kind));
    out.insert(out.end(), std::make_move_iterator(files.begin()), std::make_move_iterator(files.end()));
  }
  return out;
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
  SkippedFiles left_out(given);
  source.class_names = class_folders(train, left_out);
  source.classes = static_cast<std::int64_t>(source.class_names.size());
  const std::vector<std::string> validation_classes = class_folders(validation, left_out);
  if (is_tiny_imagenet(given) && validation_classes == std::vector<std::string>{"images"})
    throw Error{
        ErrorCode::kInvalidFile, given.string(),
        fmt::format("is Tiny ImageNet, whose validation images are in no folders of classes; open it as tiny-imagenet:{}",
                    given.string())};
  check_same_classes(train, source.class_names, validation, validation_classes);
  if (mark && mark->classes != source.classes)
    throw Error{ErrorCode::kInvalidFile, (given / kSyntheticMark).string(),
                fmt::format("{} classes; {} has {}", mark->classes, train.string(), source.classes)};
  std::string checksums;
  std::vector<ImageFile> train_files = list_split(train, source.class_names, "train", source.digest, left_out, checksums);
  std::vector<ImageFile> validation_files =
      list_split(validation, source.class_names, "val", source.digest, left_out, checksums);
  source.fingerprint = digest(checksums, source.digest);
  source.left_out = left_out.line();
  keep_first(train_files, source.max_images);
  source.train = std::make_shared<ImageFiles>(train, source.classes, std::move(train_files), policy);
  source.validation = std::make_shared<ImageFiles>(validation, source.classes, std::move(validation_files), policy);
}

} // namespace pare::train

#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/files.hpp"
#include "train/data/cifar_pickle.hpp"
#include "train/data/packed_images.hpp"
#include "train/data/sources.hpp"

#include <fmt/format.h>

namespace pare::train {

namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kSide = 32;
constexpr std::int64_t kPlane = kSide * kSide;

/// One of the two versions that CIFAR is published in.
struct Version {
  const char *folder; ///< where the archive puts the files
  std::vector<const char *> train, validation;
  const char *names_file;
};

/// The binary version's files are records of label bytes and 3 x 32 x 32 pixels, channel by channel, and a name of a class a
/// line. Those of the Python version are pickles, which are read as if they were such files.
struct Format {
  Version binary, python;
  std::vector<std::string_view> label_keys; ///< of the pickles, in the order of a record's label bytes; the last is the label
  std::string_view names_key;
  std::int64_t classes;

  std::int64_t label_bytes() const { return static_cast<std::int64_t>(label_keys.size()); }
};

Format cifar10_format() {
  return {
      .binary = {.folder = "cifar-10-batches-bin",
                 .train = {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"},
                 .validation = {"test_batch.bin"},
                 .names_file = "batches.meta.txt"},
      .python = {.folder = "cifar-10-batches-py",
                 .train = {"data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5"},
                 .validation = {"test_batch"},
                 .names_file = "batches.meta"},
      .label_keys = {"labels"},
      .names_key = "label_names",
      .classes = 10};
}

/// A coarse label of 20 comes before the fine one.
Format cifar100_format() {
  return {.binary = {.folder = "cifar-100-binary",
                     .train = {"train.bin"},
                     .validation = {"test.bin"},
                     .names_file = "fine_label_names.txt"},
          .python = {.folder = "cifar-100-python", .train = {"train"}, .validation = {"test"}, .names_file = "meta"},
          .label_keys = {"coarse_labels", "fine_labels"},
          .names_key = "fine_label_names",
          .classes = 100};
}
constexpr int kCoarseClasses = 20;

/// Checks the records of a file and appends them.
void append_records(PackedImages &images, const std::string &path, std::string_view bytes, std::int64_t label_bytes) {
  const std::int64_t record_size = label_bytes + 3 * kPlane;
  const auto size = static_cast<std::int64_t>(bytes.size());
  if (size == 0 || size % record_size != 0)
    throw Error{
        ErrorCode::kInvalidFile, path,
        fmt::format("{} bytes; a whole number of records of {} bytes is needed, one at least (10000 of them in a file of "
                    "CIFAR-10): cut short, or not the binary version?",
                    size, record_size)};
  images.begin(path);
  for (std::int64_t i = 0; i < size / record_size; ++i) {
    const auto *record = reinterpret_cast<const std::uint8_t *>(bytes.data()) + i * record_size;
    const int label = record[label_bytes - 1];
    if (label >= images.classes())
      throw Error{ErrorCode::kInvalidFile, path,
                  fmt::format("record {} has label {}; labels are 0 to {}", i, label, images.classes() - 1)};
    if (label_bytes == 2 && record[0] >= kCoarseClasses)
      throw Error{ErrorCode::kInvalidFile, path,
                  fmt::format("record {} has coarse label {}; these are 0 to {}", i, record[0], kCoarseClasses - 1)};
    images.append(label, record + label_bytes, PackedImages::Order::kRows);
  }
}

/// Where the files of a version are.
struct Place {
  fs::path folder;
  bool is_python = false;
};

/// The binary version where both are there.
Place find_version(const fs::path &given, const Format &format) {
  std::error_code ignored;
  for (const bool is_python : {false, true}) {
    const Version &version = is_python ? format.python : format.binary;
    for (const fs::path &folder : {given, given / version.folder})
      if (fs::is_regular_file(folder / version.train.front(), ignored)) return {.folder = folder, .is_python = is_python};
  }
  throw Error{ErrorCode::kIo, given.string(),
              fmt::format("{} is neither there nor in {}, nor is {} of the Python version, in {}", format.binary.train.front(),
                          format.binary.folder, format.python.train.front(), format.python.folder)};
}

/// `files`: a split's in the version that is there. `named`: in the binary version, by which their checksums are told: these
/// are of records, so that both versions have one fingerprint.
std::shared_ptr<const Dataset> read_split(const Place &place, const Format &format, const std::vector<const char *> &files,
                                          const std::vector<const char *> &named, const DataSource &source,
                                          std::string &checksums) {
  auto images = std::make_shared<PackedImages>(kSide, source.classes);
  for (std::size_t i = 0; i < files.size(); ++i) {
    const std::string path = (place.folder / files[i]).string();
    std::string records = read_text(path, path);
    if (place.is_python) records = records_of_pickle(records, format.label_keys, path);
    checksums += fmt::format("{} {}\n", named[i], digest(records, source.digest));
    append_records(*images, path, records, format.label_bytes());
  }
  return images;
}

std::vector<std::string> read_names(const fs::path &path, const Place &place, const Format &format, std::int64_t classes) {
  std::error_code ignored;
  if (!place.is_python || !fs::exists(path, ignored)) return read_class_names(path, classes);
  std::vector<std::string> names = texts_of_pickle(read_text(path.string(), path.string()), format.names_key, path.string());
  if (static_cast<std::int64_t>(names.size()) != classes)
    throw Error{ErrorCode::kInvalidFile, path.string(), fmt::format("{} names for {} classes", names.size(), classes)};
  return names;
}

void open(DataSource &source, const Format &format, const std::optional<SyntheticMark> &mark) {
  source.classes = format.classes;
  if (mark) {
    if (mark->classes > format.classes)
      throw Error{ErrorCode::kInvalidFile, (fs::path(source.directory) / kSyntheticMark).string(),
                  fmt::format("{} classes; the format has {} at most", mark->classes, format.classes)};
    source.classes = mark->classes;
  }
  const Place place = find_version(source.directory, format);
  const Version &version = place.is_python ? format.python : format.binary;
  std::string checksums;
  source.train = read_split(place, format, version.train, format.binary.train, source, checksums);
  source.validation = read_split(place, format, version.validation, format.binary.validation, source, checksums);
  source.fingerprint = digest(checksums, source.digest);
  source.class_names = read_names(place.folder / version.names_file, place, format, source.classes);
}

} // namespace

void open_cifar10(DataSource &source, const std::optional<SyntheticMark> &mark, OnBadFile /*no file is decoded*/) {
  open(source, cifar10_format(), mark);
}

void open_cifar100(DataSource &source, const std::optional<SyntheticMark> &mark, OnBadFile /*no file is decoded*/) {
  open(source, cifar100_format(), mark);
}

} // namespace pare::train

#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/files.hpp"
#include "train/data/packed_images.hpp"
#include "train/data/sources.hpp"

#include <fmt/format.h>

namespace pare::train {

namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kSide = 32;
constexpr std::int64_t kPlane = kSide * kSide;

/// The binary version of CIFAR: records of label bytes and 3 x 32 x 32 pixels, channel by channel.
struct Format {
  const char *folder; ///< where the archive puts the files
  std::vector<const char *> train, validation;
  const char *names_file; ///< one class a line
  std::int64_t classes;
  std::int64_t label_bytes; ///< the last one is the label
};

Format cifar10_format() {
  return {.folder = "cifar-10-batches-bin",
          .train = {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"},
          .validation = {"test_batch.bin"},
          .names_file = "batches.meta.txt",
          .classes = 10,
          .label_bytes = 1};
}

/// A coarse label of 20 comes before the fine one.
Format cifar100_format() {
  return {.folder = "cifar-100-binary",
          .train = {"train.bin"},
          .validation = {"test.bin"},
          .names_file = "fine_label_names.txt",
          .classes = 100,
          .label_bytes = 2};
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

std::shared_ptr<const Dataset> read_split(const fs::path &folder, const std::vector<const char *> &files, std::int64_t classes,
                                          std::int64_t label_bytes, Digest kind, std::string &checksums) {
  auto images = std::make_shared<PackedImages>(kSide, classes);
  for (const char *file : files) {
    const std::string path = (folder / file).string();
    const std::string bytes = read_text(path, path);
    checksums += fmt::format("{} {}\n", file, digest(bytes, kind));
    append_records(*images, path, bytes, label_bytes);
  }
  return images;
}

fs::path find_folder(const fs::path &given, const Format &format) {
  std::error_code ignored;
  for (const fs::path &folder : {given, given / format.folder})
    if (fs::exists(folder / format.train.front(), ignored)) return folder;
  const bool python = fs::exists(given / "data_batch_1", ignored) || fs::exists(given / "cifar-10-batches-py", ignored) ||
                      fs::exists(given / "train", ignored) || fs::exists(given / "cifar-100-python", ignored);
  throw Error{ErrorCode::kIo, given.string(),
              fmt::format("{} is neither there nor in {}{}; the binary version of the set is needed", format.train.front(),
                          format.folder, python ? ", and what is there looks like the Python version" : "")};
}

void open(DataSource &source, const Format &format, const std::optional<SyntheticMark> &mark) {
  source.classes = format.classes;
  if (mark) {
    if (mark->classes > format.classes)
      throw Error{ErrorCode::kInvalidFile, (fs::path(source.directory) / kSyntheticMark).string(),
                  fmt::format("{} classes; the format has {} at most", mark->classes, format.classes)};
    source.classes = mark->classes;
  }
  const fs::path folder = find_folder(source.directory, format);
  std::string checksums;
  source.train = read_split(folder, format.train, source.classes, format.label_bytes, source.digest, checksums);
  source.validation = read_split(folder, format.validation, source.classes, format.label_bytes, source.digest, checksums);
  source.fingerprint = digest(checksums, source.digest);
  source.class_names = read_class_names(folder / format.names_file, source.classes);
}

} // namespace

void open_cifar10(DataSource &source, const std::optional<SyntheticMark> &mark, OnBadFile /*no file is decoded*/) {
  open(source, cifar10_format(), mark);
}

void open_cifar100(DataSource &source, const std::optional<SyntheticMark> &mark, OnBadFile /*no file is decoded*/) {
  open(source, cifar100_format(), mark);
}

} // namespace pare::train

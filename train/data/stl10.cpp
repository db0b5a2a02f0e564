#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/files.hpp"
#include "train/data/packed_images.hpp"
#include "train/data/sources.hpp"

#include <fmt/format.h>

namespace pare::train {

namespace {

namespace fs = std::filesystem;

// STL-10 (Coates, Lee and Ng 2011): images of 3 x 96 x 96 bytes, channel by channel, column by column, and a file of labels
// from 1.

constexpr std::int64_t kStlSide = 96;
constexpr std::int64_t kStlImage = 3 * kStlSide * kStlSide;
constexpr std::int64_t kStlClasses = 10;

std::shared_ptr<const Dataset> read_stl10(const fs::path &folder, const char *split, Digest kind, std::string &checksums) {
  const auto read = [&](const char *what) {
    const std::string name = fmt::format("{}_{}.bin", split, what);
    const std::string path = (folder / name).string();
    std::string bytes = read_text(path, path);
    checksums += fmt::format("{} {}\n", name, digest(bytes, kind));
    return std::pair{path, std::move(bytes)};
  };
  const auto [path, pixels] = read("X");
  const auto [labels_path, labels] = read("y");
  const auto bytes = static_cast<std::int64_t>(pixels.size());
  if (bytes == 0 || bytes % kStlImage != 0)
    throw Error(ErrorCode::kInvalidFile, path,
                fmt::format("{} bytes; a whole number of images of {} bytes is "
                            "needed, one at least: cut short?",
                            bytes, kStlImage));
  const std::int64_t count = bytes / kStlImage;
  if (static_cast<std::int64_t>(labels.size()) != count)
    throw Error(ErrorCode::kInvalidFile, labels_path,
                fmt::format("has {} labels for the {} images of {}", labels.size(), count, path));
  auto out = std::make_shared<PackedImages>(kStlSide, kStlClasses);
  out->begin(path);
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t label = static_cast<std::uint8_t>(labels[static_cast<std::size_t>(i)]);
    if (label < 1 || label > kStlClasses)
      throw Error(ErrorCode::kInvalidFile, labels_path,
                  fmt::format("label {} is {}; labels are 1 to {}", i, label, kStlClasses));
    out->append(label - 1, reinterpret_cast<const std::uint8_t *>(pixels.data()) + i * kStlImage,
                PackedImages::Order::kColumns);
  }
  return out;
}

} // namespace

void open_stl10(DataSource &source, const std::optional<SyntheticMark> & /*mark*/, OnBadFile /*no file is decoded*/) {
  const fs::path folder = find_folder(source.directory, "stl10_binary", "train_X.bin");
  std::string checksums;
  source.classes = kStlClasses;
  source.class_names = read_class_names(folder / "class_names.txt", kStlClasses);
  source.train = read_stl10(folder, "train", source.digest, checksums);
  source.validation = read_stl10(folder, "test", source.digest, checksums);
  source.fingerprint = digest(checksums, source.digest);
}

} // namespace pare::train

#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/files.hpp"
#include "train/data/gzip.hpp"
#include "train/data/sources.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace pare::train {

namespace {

namespace fs = std::filesystem;

// MNIST's format (LeCun, Cortes and Burges 1998), which Fashion-MNIST (Xiao, Rasul and Vollgraf 2017) has taken over:
// big-endian words, the first 0x08 (unsigned bytes) and the number of dimensions, then the extents; then the bytes.

constexpr std::int64_t kIdxSide = 28;
constexpr std::int64_t kPaddedSide = 32; ///< what networks for small images expect
constexpr std::int64_t kClasses = 10;
constexpr std::size_t kMostBytes = std::size_t{256} << 20; ///< of a file, unpacked: these have 47 MB at most

struct IdxFile {
  std::string path;
  std::string name; ///< as it is called where it is not packed
  std::string bytes;
};

/// "train-images-idx3-ubyte" in one of these folders, packed or not, with a dot for the second hyphen too.
IdxFile read_file(const std::vector<fs::path> &folders, const std::string &name) {
  std::string dotted = name;
  dotted[name.rfind("-idx")] = '.';
  std::error_code ignored;
  for (const fs::path &folder : folders)
    for (const std::string &spelling : {name, name + ".gz", dotted, dotted + ".gz"}) {
      const std::string path = (folder / spelling).string();
      if (!fs::exists(path, ignored)) continue;
      std::string bytes = read_text(path, path, kMostBytes);
      if (is_gzip(bytes)) bytes = gunzip(bytes, kMostBytes, path);
      return {.path = path, .name = name, .bytes = std::move(bytes)};
    }
  throw Error(ErrorCode::kIo, folders.front().string(), fmt::format("has neither {} nor {}.gz", name, name));
}

/// The bytes behind the header of a file with so many dimensions.
std::string_view contents(const IdxFile &file, const std::vector<std::int64_t> &extents_behind_first, std::int64_t &first) {
  const std::string_view bytes = file.bytes;
  const auto word = [&](std::size_t index) {
    std::int64_t out = 0;
    for (std::size_t i = 0; i < 4; ++i) out = out << 8 | static_cast<std::uint8_t>(bytes[4 * index + i]);
    return out;
  };
  const std::size_t dimensions = extents_behind_first.size() + 1;
  const std::size_t header = 4 * (1 + dimensions);
  const auto magic = static_cast<std::int64_t>(0x0800 + dimensions);
  if (bytes.size() < header || word(0) != magic)
    throw Error(ErrorCode::kInvalidFile, file.path,
                fmt::format("begins otherwise than {} of MNIST's format, which has the bytes {:02x} {:02x} {:02x} {:02x} first",
                            dimensions == 1 ? "labels" : "images", 0, 0, 8, dimensions));
  first = word(1);
  std::int64_t each = 1;
  for (std::size_t i = 0; i < extents_behind_first.size(); ++i) {
    each *= extents_behind_first[i];
    if (word(2 + i) != extents_behind_first[i])
      throw Error(ErrorCode::kInvalidFile, file.path,
                  fmt::format("has images of {} x {}; {} x {} is expected", word(2), word(3), kIdxSide, kIdxSide));
  }
  const auto size = static_cast<std::int64_t>(bytes.size() - header);
  if (first == 0 || size != first * each)
    throw Error(ErrorCode::kInvalidFile, file.path,
                fmt::format("says that it has {} {}, and has {} bytes of them where {} are needed{}", first,
                            dimensions == 1 ? "labels" : "images", size, first * each,
                            first == 0 ? "; one at least is expected" : ""));
  return bytes.substr(header);
}

class IdxDataset final : public Dataset {
public:
  IdxDataset(IdxFile images, const IdxFile &labels) : images_(std::move(images)) {
    pixels_ = contents(images_, {kIdxSide, kIdxSide}, size_);
    std::int64_t has = 0;
    labels_ = contents(labels, {}, has);
    if (has != size_)
      throw Error(ErrorCode::kInvalidFile, labels.path,
                  fmt::format("has {} labels for the {} images of {}", has, size_, images_.path));
    for (std::int64_t i = 0; i < size_; ++i)
      if (label(i) >= kClasses)
        throw Error(ErrorCode::kInvalidFile, labels.path,
                    fmt::format("label {} is {}; labels are 0 to {}", i, label(i), kClasses - 1));
  }
  IdxDataset(const IdxDataset &) = delete; // pixels_ would be another's
  IdxDataset &operator=(const IdxDataset &) = delete;

  std::int64_t size() const override { return size_; }
  std::int64_t classes() const override { return kClasses; }
  std::int64_t label(std::int64_t index) const override {
    return static_cast<std::uint8_t>(labels_.at(static_cast<std::size_t>(index)));
  }
  std::string name(std::int64_t index) const override { return fmt::format("{} image {}", images_.path, index); }
  std::optional<ImageSize> fixed_size() const override { return ImageSize{.height = kPaddedSide, .width = kPaddedSide}; }

  Sample load(std::int64_t index, const ScaleRule & /*rule*/) const override {
    constexpr std::int64_t kBorder = (kPaddedSide - kIdxSide) / 2;
    Sample out{.image = {.height = kPaddedSide,
                         .width = kPaddedSide,
                         .full_height = kPaddedSide,
                         .full_width = kPaddedSide,
                         .pixels = std::vector<std::uint8_t>(3 * kPaddedSide * kPaddedSide, 0)},
               .label = label(index)};
    const auto *from = reinterpret_cast<const std::uint8_t *>(pixels_.data()) + index * kIdxSide * kIdxSide;
    for (std::int64_t y = 0; y < kIdxSide; ++y)
      for (std::int64_t x = 0; x < kIdxSide; ++x) {
        std::uint8_t *to = out.image.pixels.data() + 3 * ((y + kBorder) * kPaddedSide + x + kBorder);
        std::fill_n(to, 3, from[y * kIdxSide + x]);
      }
    return out;
  }

private:
  IdxFile images_;
  std::string_view pixels_; ///< of images_
  std::string labels_;
  std::int64_t size_ = 0;
};

void open(DataSource &source, const char *torchvision_folder, std::vector<std::string> names) {
  const fs::path given = source.directory;
  const std::vector<fs::path> folders = {given, given / "raw", given / torchvision_folder / "raw"};
  std::string checksums;
  const auto split = [&](const char *prefix) {
    IdxFile images = read_file(folders, fmt::format("{}-images-idx3-ubyte", prefix));
    const IdxFile labels = read_file(folders, fmt::format("{}-labels-idx1-ubyte", prefix));
    // Of what is in them: a set is the same, packed or not.
    for (const IdxFile *file : {&std::as_const(images), &labels})
      checksums += fmt::format("{} {}\n", file->name, digest(file->bytes, source.digest));
    return std::make_shared<const IdxDataset>(std::move(images), labels);
  };
  source.classes = kClasses;
  source.class_names = std::move(names);
  source.train = split("train");
  source.validation = split("t10k");
  source.fingerprint = digest(checksums, source.digest);
  source.preparation = fmt::format("grey images of {} x {} with a black border to {} x {}, the same in all three channels",
                                   kIdxSide, kIdxSide, kPaddedSide, kPaddedSide);
}

} // namespace

void open_fashion_mnist(DataSource &source, const std::optional<SyntheticMark> & /*mark*/, OnBadFile /*no file is decoded*/) {
  open(source, "FashionMNIST",
       {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"});
}

void open_mnist(DataSource &source, const std::optional<SyntheticMark> & /*mark*/, OnBadFile /*no file is decoded*/) {
  open(source, "MNIST", {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"});
}

} // namespace pare::train

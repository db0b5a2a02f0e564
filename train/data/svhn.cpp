#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/files.hpp"
#include "train/data/mat.hpp"
#include "train/data/packed_images.hpp"
#include "train/data/sources.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace pare::train {

namespace {

namespace fs = std::filesystem;

// The cropped digits of SVHN (Netzer et al. 2011): X, uint8 of 32 x 32 x 3 x images, and y, one label for each.

constexpr std::int64_t kSvhnSide = 32;
constexpr std::int64_t kSvhnClasses = 10; ///< the label 10 is the digit 0

std::shared_ptr<const Dataset> read_svhn(const fs::path &folder, const char *name, Digest kind, std::string &checksums) {
  const std::string path = (folder / name).string();
  const std::string bytes = read_text(path, path);
  checksums += fmt::format("{} {}\n", name, digest(bytes, kind));
  const auto refuse = [&](const std::string &message) { throw Error(ErrorCode::kInvalidFile, path, message); };
  const MatFile file(bytes, path);
  const MatArray images = file.read("X", kMostTextBytes);
  const MatArray labels = file.read("y", kMostTextBytes);

  std::vector<std::int64_t> sizes = images.sizes;
  if (sizes.size() == 3) sizes.push_back(1); // MATLAB leaves out a last size of 1
  if (sizes.size() != 4 || sizes[0] != kSvhnSide || sizes[1] != kSvhnSide || sizes[2] != 3 || sizes[3] == 0 ||
      images.bytes.empty())
    refuse(fmt::format("X is {}{}; uint8 of {} x {} x 3 x images is needed", images.bytes.empty() ? "not uint8, but of " : "",
                       fmt::join(images.sizes, " x "), kSvhnSide, kSvhnSide));
  const std::vector<double> y =
      labels.bytes.empty() ? labels.values : std::vector<double>(labels.bytes.begin(), labels.bytes.end());
  if (static_cast<std::int64_t>(y.size()) != sizes[3])
    refuse(fmt::format("has {} labels in y for the {} images in X", y.size(), sizes[3]));
  auto out = std::make_shared<PackedImages>(kSvhnSide, kSvhnClasses);
  out->begin(path);
  for (std::size_t i = 0; i < y.size(); ++i) {
    std::int64_t label = 1;
    while (label <= kSvhnClasses && static_cast<double>(label) != y[i]) ++label;
    if (label > kSvhnClasses)
      refuse(fmt::format("label {} is {}; labels are 1 to {}, which is the digit 0", i, y[i], kSvhnClasses));
    out->append(label % kSvhnClasses, images.bytes.data() + i * 3 * kSvhnSide * kSvhnSide, PackedImages::Order::kColumns);
  }
  return out;
}

} // namespace

void open_svhn(DataSource &source, const std::optional<SyntheticMark> & /*mark*/, OnBadFile /*no file is decoded*/) {
  std::string checksums;
  source.classes = kSvhnClasses;
  for (std::int64_t digit = 0; digit < kSvhnClasses; ++digit) source.class_names.push_back(std::to_string(digit));
  source.train = read_svhn(source.directory, "train_32x32.mat", source.digest, checksums);
  source.validation = read_svhn(source.directory, "test_32x32.mat", source.digest, checksums);
  source.fingerprint = digest(checksums, source.digest);
}

} // namespace pare::train

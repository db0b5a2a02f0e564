#pragma once

#include "base/digest.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pare::train {

/// 8-bit RGB, row by row, the three values of a pixel beside each other: pixels[(y * width + x) * 3 + channel].
struct Image {
  std::int64_t height = 0, width = 0;
  std::int64_t full_height = 0, full_width = 0; ///< of the file; larger where it was decoded to a scale
  std::vector<std::uint8_t> pixels;
};

/// The most pixels of an image file that is decoded: one of a few bytes may claim 65535 x 65535. Pillow's limit.
inline constexpr std::int64_t kMaxPixels = 178'956'970;

struct Sample {
  Image image;
  std::int64_t label = 0; ///< in [0, classes)
};

struct ImageSize {
  std::int64_t height = 0, width = 0;
};

/// From an image's full height and width, the least fraction (0, 1] of its resolution that is good enough: a JPEG is decoded to
/// the smallest of 1, 1/2, 1/4, 1/8 that is no less. Called once an image has been found to be one, perhaps for another image
/// first (a bad one, see Dataset::load()).
using ScaleRule = std::function<double(std::int64_t height, std::int64_t width)>;

inline double full_scale(std::int64_t /*height*/, std::int64_t /*width*/) { return 1; }

/// An image that could not be decoded.
struct BadFile {
  std::int64_t index = 0; ///< in its split
  std::string path;
  std::string reason;
};

/// One split of labelled images. All members may be called from several threads.
class Dataset {
public:
  virtual ~Dataset() = default;

  virtual std::int64_t size() const = 0;    ///< images, >= 1
  virtual std::int64_t classes() const = 0; ///< labels are below
  virtual std::int64_t label(std::int64_t index) const = 0;
  /// Where image `index` is, for messages.
  virtual std::string name(std::int64_t index) const = 0;
  /// The size that all images have, where it is the same.
  virtual std::optional<ImageSize> fixed_size() const = 0;

  /// Image `index` with its label. One that cannot be decoded is Error{kInvalidFile}, or, where the set was opened with
  /// OnBadFile::kSkip, replaced by the next good one (after the last comes the first), label and all. One that cannot be read
  /// is Error{kIo} either way.
  virtual Sample load(std::int64_t index, const ScaleRule &rule = full_scale) const = 0;

  /// The bad images met up to now, by index.
  virtual std::vector<BadFile> bad_files() const { return {}; }
};

enum class OnBadFile { kFail, kSkip };

/// "fail" or "skip". Throws Error{kInvalidValue}, placed at `where`.
OnBadFile parse_on_bad_file(const std::string &text, const std::string &where);

/// A kind of data, which stands in front of the colon in KIND:DIR. dataset.cpp has what opens each.
struct DataKind {
  std::string_view name;
  std::string_view alias; ///< another name of it; empty for none
  std::string_view files; ///< what DIR holds, in words
};
inline constexpr std::array<DataKind, 8> kDataKinds = {
    {{"cifar10", "", "the binary or the Python version"},
     {"cifar100", "", "the binary or the Python version"},
     {"fashion-mnist", "", "MNIST's files, packed by gzip or not"},
     {"mnist", "", "its files, packed by gzip or not"},
     {"svhn", "", "train_32x32.mat and test_32x32.mat, of version 5"},
     {"stl10", "", "the binary files"},
     {"tiny-imagenet", "", "wnids.txt, train and val as in tiny-imagenet-200"},
     {"imagenet", "folder", "JPEG and PNG files, train/CLASS/*.jpg and val/CLASS/*.jpg"}}};
std::vector<std::string_view> data_kind_names();
/// "cifar10:DIR" -> {"cifar10", "DIR"}, a kind's other name and letter case understood. Throws Error{kUsage} placed at --data.
std::pair<std::string, std::string> parse_data_spec(const std::string &spec);

/// What `--data KIND:DIR` names.
struct DataSource {
  std::string spec;      ///< as given
  std::string kind;      ///< one of kDataKinds
  std::string directory; ///< where the files are
  std::shared_ptr<const Dataset> train, validation;
  std::int64_t classes = 0;
  std::vector<std::string> class_names; ///< by label
  bool synthetic = false;               ///< made by `pare data synthesize`: results say so
  /// digest() of a list of digests: of each file's bytes (CIFAR, as the binary version has them, MNIST's as they are unpacked),
  /// or of the names and sizes of each class's files.
  std::string fingerprint;
  std::optional<std::int64_t> max_images; ///< of each class to train on; none: all
  std::string left_out;                   ///< what lies among the images and is none of them, in one line; empty: nothing
  std::string preparation;                ///< what was done to the images of the files, in words; empty: nothing
  Digest digest = Digest::kSha256;        ///< that the fingerprint is made with

  /// Those of both splits, training first.
  std::vector<BadFile> bad_files() const;
};

/// Opens a set of images and checks what can be checked without decoding them:
///
/// - cifar10:DIR, cifar100:DIR: the binary version, or else the Python version, in DIR or in the folder that the archive
///   has; of CIFAR-100 the fine labels
/// - fashion-mnist:DIR, mnist:DIR: four files, packed or not, in DIR, DIR/raw or where torchvision puts them; each image with a
///   border to 32 x 32, grey in all three channels
/// - svhn:DIR: the cropped digits, 32 x 32, without the extra ones; the label 10 is the digit 0
/// - stl10:DIR: the labelled images, 96 x 96, in DIR or DIR/stl10_binary
/// - tiny-imagenet:DIR: 64 x 64, in DIR or DIR/tiny-imagenet-200; its folder test, which has no labels, is not read.
///   Classes are numbered by name, as torchvision's ImageFolder does, and not as wnids.txt has them
/// - imagenet:DIR, folder:DIR: JPEG and PNG files, DIR/train/CLASS/*.jpg and DIR/val/CLASS/*.jpg, in folders below these too;
///   classes are numbered by name, and images have the order of torchvision's ImageFolder
///
/// Throws Error{kUsage} about the text, Error{kIo, kInvalidFile} about a file.
/// `digest`: how the fingerprint is made; runs of before have another than those of today. `max_images`: of each class only so
/// many of the images to train on, the first ones.
DataSource open_data(const std::string &spec, OnBadFile policy = OnBadFile::kFail, Digest digest = Digest::kSha256,
                     std::optional<std::int64_t> max_images = {});

} // namespace pare::train

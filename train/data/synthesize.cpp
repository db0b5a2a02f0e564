#include "train/data/synthesize.hpp"

#include "base/error.hpp"
#include "base/json.hpp"
#include "train/data/jpeg.hpp"
#include "train/data/random.hpp"
#include "train/data/sources.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <fstream>
#include <numbers>
#include <utility>

#include <unistd.h>

namespace pare::train {

namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kCifarSide = 32;
constexpr std::int64_t kCifarClasses = 10;
constexpr std::int64_t kCifarFiles = 5;
constexpr int kQuality = 90;

/// What a class is made of. Neighbouring labels differ in several of these, and all of kMaxSyntheticClasses in one at least.
struct Features {
  int direction; ///< of the grating, 0 to 4: 0 to 90 degrees, so that mirroring can be ignored
  int colours;   ///< 0 to 2: the pair between which it alternates
  int spacing;   ///< 0 to 2
  int shape;     ///< 0 to 3
  int crosswise; ///< 0 to 5: none, or the direction of a second grating in other colours
};

Features features(std::int64_t label) {
  return {.direction = static_cast<int>(label % 5),
          .colours = static_cast<int>(label % 3),
          .spacing = static_cast<int>(label / 15 % 3),
          .shape = static_cast<int>(label / 45 % 4),
          .crosswise = static_cast<int>(label / 180 % 6)};
}
static_assert(kMaxSyntheticClasses == 5 * 3 * 3 * 4 * 6);

constexpr std::array<double, 3> kCycles = {4, 6.5, 2.5}; // in a width

/// Red against cyan, green against magenta, blue against yellow.
constexpr std::array<std::array<double, 3>, 3> kColours = {{{1, -0.5, -0.5}, {-0.5, 1, -0.5}, {-0.5, -0.5, 1}}};

/// Cosine of a plane wave over the unit square.
struct Grating {
  double x_rate, y_rate, phase;
  double at(double x, double y) const { return std::cos(x_rate * x + y_rate * y + phase); }
};

Grating grating(int direction, double cycles, RandomStream &random) {
  // Up to 8 degrees off, of 22.5 between classes.
  const double degrees = 22.5 * direction + random.uniform(-8, 8);
  const double angle = degrees * std::numbers::pi / 180;
  const double rate = 2 * std::numbers::pi * cycles;
  return {.x_rate = rate * std::cos(angle), .y_rate = rate * std::sin(angle), .phase = random.uniform(0, 2 * std::numbers::pi)};
}

/// Inside (1) or outside (0) of a shape of unit radius around the origin.
bool is_inside(int shape, double x, double y) {
  const double radius = std::hypot(x, y);
  switch (shape) {
  case 1: return radius < 1;                                                                         // disc
  case 2: return radius < 1 && radius > 0.6;                                                         // ring
  case 3: return std::max(std::abs(x), std::abs(y)) < 1 && std::min(std::abs(x), std::abs(y)) < 0.3; // cross
  default: return false;
  }
}

/// Close to normal, of variance 1: the four bytes of a word, summed. Integers alone, and one word for each.
double noise(RandomStream &random) {
  const std::uint32_t word = random.next();
  const std::uint32_t sum = (word & 255) + (word >> 8 & 255) + (word >> 16 & 255) + (word >> 24);
  return (static_cast<double>(sum) - 510) / 147.8; // four uniforms of 256 values: variance 4 (256^2 - 1) / 12
}

void write_bytes(const fs::path &path, std::string_view bytes) {
  errno = 0;
  std::ofstream out(path, std::ios::binary);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  out.close();
  if (!out) throw Error{ErrorCode::kIo, path.string(), errno != 0 ? std::strerror(errno) : "cannot be written"};
}

void make_folder(const fs::path &path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) throw Error{ErrorCode::kIo, path.string(), error.message()};
}

/// A folder beside the one that is asked for, gone with its files unless it was renamed.
class PartialFolder {
public:
  explicit PartialFolder(const fs::path &target)
      : target_(target), path_(target.string() + fmt::format(".partial.{}", ::getpid())) {
    std::error_code error;
    if (!fs::create_directory(path_, error)) {
      if (!error) error = std::make_error_code(std::errc::file_exists);
      throw Error{ErrorCode::kIo, path_.string(), error.message()};
    }
  }
  PartialFolder(const PartialFolder &) = delete;
  PartialFolder &operator=(const PartialFolder &) = delete;
  ~PartialFolder() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }

  const fs::path &path() const { return path_; }

  void finish() {
    std::error_code error;
    fs::rename(path_, target_, error); // of an empty folder's name, too
    if (error) throw Error{ErrorCode::kIo, target_.string(), error.message()};
    path_.clear();
  }

private:
  fs::path target_, path_;
};

std::string class_name(std::int64_t label) { return fmt::format("{}{:04}", kSyntheticClass, label); }

void write_cifar(const SynthesisOptions &options, const fs::path &folder) {
  std::string names;
  for (std::int64_t label = 0; label < options.classes; ++label) names += class_name(label) + "\n";
  write_bytes(folder / "batches.meta.txt", names);
  const auto write = [&](const fs::path &path, bool validation, std::int64_t begin, std::int64_t end) {
    std::string bytes;
    bytes.reserve(static_cast<std::size_t>((end - begin) * (1 + 3 * kCifarSide * kCifarSide)));
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t label = i % options.classes;
      const Image image = synthetic_image(label, kCifarSide, kCifarSide, options.seed, validation, i);
      bytes += static_cast<char>(label);
      for (std::size_t c = 0; c < 3; ++c)
        for (std::size_t p = c; p < image.pixels.size(); p += 3) bytes += static_cast<char>(image.pixels[p]);
    }
    write_bytes(path, bytes);
  };
  for (std::int64_t file = 0; file < kCifarFiles; ++file)
    write(folder / fmt::format("data_batch_{}.bin", file + 1), false, options.images * file / kCifarFiles,
          options.images * (file + 1) / kCifarFiles);
  write(folder / "test_batch.bin", true, 0, synthetic_validation_images(options));
}

void write_image_folders(const SynthesisOptions &options, const fs::path &folder) {
  for (const bool validation : {false, true}) {
    const fs::path split = folder / (validation ? "val" : "train");
    for (std::int64_t label = 0; label < options.classes; ++label) make_folder(split / class_name(label));
    const std::int64_t images = validation ? synthetic_validation_images(options) : options.images;
    for (std::int64_t i = 0; i < images; ++i) {
      const std::int64_t label = i % options.classes;
      const Image image = synthetic_image(label, options.size, options.size, options.seed, validation, i);
      write_bytes(split / class_name(label) / fmt::format("{:07}.jpg", i), encode_jpeg(image, kQuality));
    }
  }
}

void check_range(const char *field, std::int64_t value, std::int64_t low, std::int64_t high) {
  if (value < low || value > high)
    throw Error{ErrorCode::kInvalidValue, field, fmt::format("{}; it must be {} to {}", value, low, high)};
}

void check(const SynthesisOptions &options) {
  if (options.kind != "cifar10" && options.kind != "imagenet")
    throw Error{ErrorCode::kInvalidValue, "like", fmt::format("'{}'; accepted: cifar10, imagenet", options.kind)};
  const bool cifar = options.kind == "cifar10";
  check_range("classes", options.classes, 1, cifar ? kCifarClasses : kMaxSyntheticClasses);
  check_range("images", options.images, cifar ? std::max(options.classes, kCifarFiles) : options.classes, 10'000'000);
  if (!cifar) check_range("size", options.size, 16, 4096);
}

} // namespace

std::int64_t synthetic_validation_images(const SynthesisOptions &options) {
  return std::max(options.images / 5, options.classes);
}

Image synthetic_image(std::int64_t label, std::int64_t height, std::int64_t width, std::uint64_t seed, bool validation,
                      std::int64_t index) {
  RandomStream random(seed, Purpose::kSynthesis, static_cast<std::uint64_t>(index), validation ? 1 : 0);
  const Features f = features(label);
  const Grating first = grating(f.direction, kCycles[static_cast<std::size_t>(f.spacing)] * random.uniform(0.9, 1.1), random);
  const Grating second = grating(f.crosswise - 1, 5 * random.uniform(0.9, 1.1), random);
  const double contrast = random.uniform(0.05, 0.2); // small beside the noise, and learned in a minute
  const auto &colours = kColours[static_cast<std::size_t>(f.colours)];
  const auto &other_colours = kColours[static_cast<std::size_t>((f.colours + 1) % 3)];
  std::array<double, 3> mean{};
  for (double &c : mean) c = random.uniform(0.3, 0.7);
  const double radius = random.uniform(0.15, 0.3);
  const double centre_x = random.uniform(radius, 1 - radius);
  const double centre_y = random.uniform(radius, 1 - radius);
  const double shade = random.uniform() < 0.5 ? -0.2 : 0.2;
  // The patch.
  const double patch_x = random.uniform(0, 0.8), patch_y = random.uniform(0, 0.8);
  const double patch_width = random.uniform(0.1, 0.4), patch_height = random.uniform(0.1, 0.4);
  std::array<double, 3> patch{};
  for (double &c : patch) c = random.uniform();
  const bool mirrored = random.uniform() < 0.5;

  Image image{.height = height, .width = width, .full_height = height, .full_width = width, .pixels = {}};
  image.pixels.reserve(static_cast<std::size_t>(height * width * 3));
  constexpr double kNoise = 0.15;
  for (std::int64_t row = 0; row < height; ++row) {
    const double y = (static_cast<double>(row) + 0.5) / static_cast<double>(height);
    for (std::int64_t column = 0; column < width; ++column) {
      const std::int64_t from = mirrored ? width - 1 - column : column;
      const double x = (static_cast<double>(from) + 0.5) / static_cast<double>(width);
      const bool patched = x >= patch_x && x < patch_x + patch_width && y >= patch_y && y < patch_y + patch_height;
      const double wave = contrast * first.at(x, y);
      const double other_wave = f.crosswise > 0 ? contrast * second.at(x, y) : 0;
      const double lift = is_inside(f.shape, (x - centre_x) / radius, (y - centre_y) / radius) ? shade : 0;
      for (std::size_t c = 0; c < 3; ++c) {
        double value = mean[c] + lift + wave * colours[c] + other_wave * other_colours[c];
        if (patched) value = patch[c];
        value += kNoise * noise(random);
        image.pixels.push_back(static_cast<std::uint8_t>(std::lround(255 * std::clamp(value, 0.0, 1.0))));
      }
    }
  }
  return image;
}

void synthesize(const SynthesisOptions &options, const std::string &directory) {
  check(options);
  // "DIR/" is DIR: what is made beside it must not be made in it.
  fs::path target = fs::path(directory).lexically_normal();
  if (!target.has_filename()) target = target.parent_path();
  std::error_code error;
  if (fs::exists(target, error) && (!fs::is_directory(target, error) || !fs::is_empty(target, error)))
    throw Error{ErrorCode::kIo, directory, "exists and is not an empty folder; name a new one, or remove it first"};
  if (target.has_parent_path()) make_folder(target.parent_path());

  PartialFolder partial(target);
  json::Value mark = {{"schema", kSyntheticSchema},
                      {"kind", options.kind},
                      {"classes", options.classes},
                      {"images", options.images},
                      {"validation_images", synthetic_validation_images(options)},
                      {"size", options.kind == "cifar10" ? kCifarSide : options.size},
                      {"seed", options.seed}};
  write_bytes(partial.path() / kSyntheticMark, mark.dump(2) + "\n");
  if (options.kind == "cifar10")
    write_cifar(options, partial.path());
  else
    write_image_folders(options, partial.path());
  partial.finish();
}

} // namespace pare::train

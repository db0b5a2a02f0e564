#pragma once

// What the tests of train/data share.

#include "tests/support.hpp"
#include "train/data/dataset.hpp"

#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace pare::train::test {

namespace fs = std::filesystem;

/// An empty folder, removed behind the test.
class TemporaryFolder {
public:
  TemporaryFolder() {
    static std::atomic<int> count = 0;
    path_ = fs::temp_directory_path() / ("pare_data." + std::to_string(::getpid()) + "." + std::to_string(count++));
    fs::remove_all(path_);
    fs::create_directories(path_);
  }
  TemporaryFolder(const TemporaryFolder &) = delete;
  TemporaryFolder &operator=(const TemporaryFolder &) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  const fs::path &path() const { return path_; }
  std::string operator/(const std::string &name) const { return (path_ / name).string(); }

private:
  fs::path path_;
};

inline void write(const fs::path &path, const std::string &bytes) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << bytes;
}

inline std::vector<std::uint8_t> from_hex(const std::string &text) {
  std::vector<std::uint8_t> bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2)
    bytes.push_back(static_cast<std::uint8_t>(std::stoi(text.substr(i, 2), nullptr, 16)));
  return bytes;
}

inline std::string text_of(const std::vector<std::uint8_t> &bytes) { return {bytes.begin(), bytes.end()}; }

/// A case of pillow_png.json.
struct GoldenPng {
  std::string png;
  std::vector<std::uint8_t> expected; ///< RGB
};
inline GoldenPng golden_png(const std::string &name) {
  const auto golden = pare::test::golden("pillow_png.json");
  for (const auto &c : golden["cases"])
    if (c["name"] == name) return {.png = text_of(from_hex(c["png"])), .expected = from_hex(c["expected"])};
  throw std::runtime_error("no PNG " + name);
}

inline Image make_image(std::int64_t height, std::int64_t width, std::vector<std::uint8_t> pixels) {
  return {.height = height, .width = width, .full_height = height, .full_width = width, .pixels = std::move(pixels)};
}

/// Every pixel says where it is: red its row, green its column, blue 200.
inline Image make_map(std::int64_t height, std::int64_t width) {
  Image image = make_image(height, width, {});
  for (std::int64_t y = 0; y < height; ++y)
    for (std::int64_t x = 0; x < width; ++x)
      for (std::int64_t value : {y, x, std::int64_t{200}}) image.pixels.push_back(static_cast<std::uint8_t>(value));
  return image;
}

/// One record of a CIFAR file: `labels`, then planes of red, green and blue.
inline std::string cifar_record(const std::string &labels, char red, char green, char blue) {
  return labels + std::string(1024, red) + std::string(1024, green) + std::string(1024, blue);
}

} // namespace pare::train::test

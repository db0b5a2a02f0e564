#include "train/data/sources.hpp"

#include "tests/fuzz/fuzz.hpp"

#include <fstream>
#include <string>
#include <unistd.h>

namespace pare::fuzz {

namespace {

namespace fs = std::filesystem;

/// A folder where both splits are the same two files.
class Folder {
public:
  Folder() : path_(fs::temp_directory_path() / ("pare-fuzz-idx." + std::to_string(::getpid()))) {
    fs::create_directories(path_);
    for (const char *split : {"train", "t10k"})
      for (const auto &[file, name] : {std::pair{"images", "-images-idx3-ubyte"}, {"labels", "-labels-idx1-ubyte"}}) {
        fs::remove(path_ / (std::string(split) + name));
        fs::create_symlink(file, path_ / (std::string(split) + name));
      }
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  void write(const char *name, std::string_view bytes) const {
    std::ofstream(path_ / name, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }
  std::string text() const { return path_.string(); }

private:
  fs::path path_;
};

} // namespace

/// How long the labels are, in two bytes, the lower one first; the labels; the images.
void read(std::string_view bytes) {
  static const Folder folder;
  if (bytes.size() < 2) return;
  const auto length = std::size_t{static_cast<std::uint8_t>(bytes[0])} + 256 * std::size_t{static_cast<std::uint8_t>(bytes[1])};
  bytes.remove_prefix(2);
  folder.write("labels", bytes.substr(0, length));
  folder.write("images", bytes.substr(std::min(length, bytes.size())));
  const train::DataSource source = train::open_data("mnist:" + folder.text());
  for (std::int64_t i = 0; i < source.train->size(); ++i) {
    const train::Sample sample = source.train->load(i);
    expect(sample.label >= 0 && sample.label < source.classes && sample.label == source.train->label(i), "a label of no class");
    expect(sample.image.pixels.size() == 32 * 32 * 3, "an image of another size");
    source.train->name(i);
  }
}

} // namespace pare::fuzz

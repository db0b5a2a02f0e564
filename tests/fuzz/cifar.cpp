#include "train/data/sources.hpp"

#include "tests/fuzz/fuzz.hpp"

#include <fstream>
#include <string>
#include <unistd.h>

namespace pare::fuzz {

namespace {

namespace fs = std::filesystem;

/// A folder where all files of records of both formats are one.
class Folder {
public:
  Folder() : path_(fs::temp_directory_path() / ("pare-fuzz-cifar." + std::to_string(::getpid()))) {
    fs::create_directories(path_);
    for (const char *name : {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin",
                             "test_batch.bin", "train.bin", "test.bin"}) {
      fs::remove(path_ / name);
      fs::create_symlink("records", path_ / name);
    }
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  void write(const char *name, std::string_view bytes) const {
    std::ofstream(path_ / name, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }
  void remove(const char *name) const { fs::remove(path_ / name); }
  std::string text() const { return path_.string(); }

private:
  fs::path path_;
};

} // namespace

/// A byte that says which format it is and which files are there; their texts, each up to a NUL; records.
void read(std::string_view bytes) {
  static const Folder folder;
  if (bytes.empty()) return;
  const auto flags = static_cast<unsigned char>(bytes[0]);
  bytes.remove_prefix(1);
  const bool hundred = (flags & 1) != 0;
  const auto text = [&](bool is_there, const char *name) {
    folder.remove(name);
    if (!is_there) return;
    const std::size_t end = std::min(bytes.find('\0'), bytes.size());
    folder.write(name, bytes.substr(0, end));
    bytes.remove_prefix(std::min(end + 1, bytes.size()));
  };
  text((flags & 2) != 0, train::kSyntheticMark);
  text((flags & 4) != 0, hundred ? "fine_label_names.txt" : "batches.meta.txt");
  folder.write("records", bytes);

  const train::DataSource source = train::open_data((hundred ? "cifar100:" : "cifar10:") + folder.text());
  expect(static_cast<std::int64_t>(source.class_names.size()) == source.classes, "not one name for each class");
  for (const train::Dataset *split : {source.train.get(), source.validation.get()})
    for (std::int64_t i = 0; i < split->size(); ++i) {
      const train::Sample sample = split->load(i);
      expect(sample.label >= 0 && sample.label < source.classes && sample.label == split->label(i), "a label of no class");
      expect(sample.image.pixels.size() == 32 * 32 * 3, "an image of another size");
      split->name(i);
    }
}

} // namespace pare::fuzz

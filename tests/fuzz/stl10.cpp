#include "train/data/sources.hpp"

#include "tests/fuzz/folder.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace pare::fuzz {

/// How many labels there are, in one byte; the labels; the images.
void read(std::string_view bytes) {
  // Both splits are the same two files.
  static const Folder folder(
      "stl10", {{"train_X.bin", "images"}, {"train_y.bin", "labels"}, {"test_X.bin", "images"}, {"test_y.bin", "labels"}});
  if (bytes.empty()) return;
  const std::size_t labels = static_cast<unsigned char>(bytes[0]);
  bytes.remove_prefix(1);
  folder.write("labels", bytes.substr(0, labels));
  folder.write("images", bytes.substr(std::min(labels, bytes.size())));
  const train::DataSource source = train::open_data("stl10:" + folder.text());
  for (std::int64_t i = 0; i < source.train->size(); ++i) {
    const train::Sample sample = source.train->load(i);
    expect(sample.label >= 0 && sample.label < source.classes && sample.label == source.train->label(i), "a label of no class");
    expect(sample.image.pixels.size() == 96 * 96 * 3, "an image of another size");
    source.train->name(i);
  }
}

} // namespace pare::fuzz

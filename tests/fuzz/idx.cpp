#include "train/data/sources.hpp"

#include "tests/fuzz/folder.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace pare::fuzz {

/// How long the labels are, in two bytes, the lower one first; the labels; the images.
void read(std::string_view bytes) {
  // Both splits are the same two files.
  static const Folder folder("idx", {{"train-images-idx3-ubyte", "images"},
                                     {"train-labels-idx1-ubyte", "labels"},
                                     {"t10k-images-idx3-ubyte", "images"},
                                     {"t10k-labels-idx1-ubyte", "labels"}});
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

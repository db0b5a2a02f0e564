#include "train/data/sources.hpp"

#include "tests/fuzz/folder.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace pare::fuzz {

/// A byte that says which format it is and which files are there; their texts, each up to a NUL; records.
void read(std::string_view bytes) {
  // All files of records, of both formats, are one.
  static const Folder folder("cifar", {{"data_batch_1.bin", "records"},
                                       {"data_batch_2.bin", "records"},
                                       {"data_batch_3.bin", "records"},
                                       {"data_batch_4.bin", "records"},
                                       {"data_batch_5.bin", "records"},
                                       {"test_batch.bin", "records"},
                                       {"train.bin", "records"},
                                       {"test.bin", "records"}});
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

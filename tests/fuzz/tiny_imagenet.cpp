#include "train/data/sources.hpp"

#include "tests/fuzz/folder.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace pare::fuzz {

/// wnids.txt up to a NUL, and val/val_annotations.txt, for two classes and two images.
void read(std::string_view bytes) {
  static const Folder folder("tiny_imagenet", {});
  static const bool once = [] {
    for (const char *path : {"train/n01/images", "train/n02/images", "val/images"})
      std::filesystem::create_directories(std::filesystem::path(folder.text()) / path);
    for (const char *path : {"train/n01/images/a.JPEG", "train/n02/images/b.JPEG", "val/images/c.JPEG", "val/images/d.JPEG"})
      folder.write(path, path);
    return true;
  }();
  expect(once, "the folder was not made");
  const std::size_t end = std::min(bytes.find('\0'), bytes.size());
  folder.write("wnids.txt", bytes.substr(0, end));
  folder.write("val/val_annotations.txt", bytes.substr(std::min(end + 1, bytes.size())));
  const train::DataSource source = train::open_data("tiny-imagenet:" + folder.text());
  expect(source.classes == 2 && source.train->size() == 2 && source.validation->size() == 2, "images or classes are lost");
  for (std::int64_t i = 0; i < 2; ++i) {
    expect(source.validation->label(i) >= 0 && source.validation->label(i) < 2, "a label of no class");
    source.validation->name(i);
  }
}

} // namespace pare::fuzz

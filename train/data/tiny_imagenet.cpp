#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/files.hpp"
#include "base/text.hpp"
#include "train/data/image_files.hpp"
#include "train/data/sources.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

namespace pare::train {

namespace {

namespace fs = std::filesystem;

// Tiny ImageNet (CS231N, Stanford): train/WNID/images/*.JPEG, and val/images/*.JPEG with a line in val/val_annotations.txt for
// each: the file's name, its class and a box, with tabs between them.

constexpr ImageSize kTinySize{.height = 64, .width = 64};
constexpr const char *kWnids = "wnids.txt";
constexpr const char *kAnnotations = "val_annotations.txt";

/// The lines of a file, without line ends, numbered from 1; those with nothing in them are left out.
std::vector<std::pair<int, std::string>> read_lines(const fs::path &path) {
  std::istringstream text(read_text(path.string(), path.string()));
  std::vector<std::pair<int, std::string>> out;
  int number = 0;
  for (std::string line; std::getline(text, line);) {
    ++number;
    if (line.ends_with('\r')) line.pop_back();
    if (!line.empty()) out.emplace_back(number, std::move(line));
  }
  return out;
}

[[noreturn]] void refuse_line(const fs::path &path, int number, const std::string &message) {
  throw Error(ErrorCode::kInvalidFile, fmt::format("{}:{}", path.string(), number), message);
}

/// The classes in wnids.txt, by name, each of which has a folder in `train`, and no other has.
std::vector<std::string> read_wnids(const fs::path &path, const fs::path &train, SkippedFiles &left_out) {
  const std::vector<std::string> folders = list_folders(train, left_out);
  std::set<std::string> names;
  for (const auto &[number, line] : read_lines(path)) {
    if (!std::binary_search(folders.begin(), folders.end(), line))
      refuse_line(path, number, fmt::format("{} has no folder in {}", shown(line), train.string()));
    if (!names.insert(line).second) refuse_line(path, number, fmt::format("{} is there a second time", shown(line)));
  }
  for (const std::string &folder : folders)
    if (!names.contains(folder))
      throw Error(ErrorCode::kInvalidFile, path.string(),
                  fmt::format("has no line {}, which is a folder in {}", shown(folder), train.string()));
  if (names.empty()) throw Error(ErrorCode::kInvalidFile, path.string(), "has no class");
  return {names.begin(), names.end()};
}

/// The images that val_annotations.txt names, in its order. `lines` gets each one's name, size and class.
std::vector<ImageFile> read_annotated(const fs::path &validation, const std::vector<std::string> &classes,
                                      SkippedFiles &left_out, std::string &lines) {
  const fs::path path = validation / kAnnotations;
  constexpr std::string_view kFolder = "images/";
  std::map<std::string, ImageFile> files; // that are there and were not named yet
  for (ImageFile &file : list_images(validation, "images", 0, left_out)) {
    std::string name = file.name.substr(kFolder.size());
    files.emplace(std::move(name), std::move(file));
  }
  std::vector<ImageFile> out;
  for (const auto &[number, line] : read_lines(path)) {
    const std::size_t tab = line.find('\t');
    if (tab == std::string::npos)
      refuse_line(path, number, fmt::format("{}; a file's name, a tab and its class are needed", shown(line)));
    const std::string name = line.substr(0, tab);
    const std::string wnid = line.substr(tab + 1, line.find('\t', tab + 1) - (tab + 1));
    const auto file = files.find(name);
    if (file == files.end())
      refuse_line(path, number,
                  fmt::format("{} is no image in {}, or was named before", shown(name), (validation / "images").string()));
    const auto label = std::lower_bound(classes.begin(), classes.end(), wnid);
    if (label == classes.end() || *label != wnid)
      refuse_line(path, number, fmt::format("{} is none of the {} classes in {}", shown(wnid), classes.size(), kWnids));
    lines += fmt::format("{}\n{}\n{}\n", name, file->second.bytes, wnid);
    out.push_back(std::move(file->second));
    out.back().label = label - classes.begin();
    files.erase(file);
  }
  if (!files.empty())
    throw Error(ErrorCode::kInvalidFile, path.string(),
                fmt::format("has no line for {} of the images, such as {}", files.size(), files.begin()->second.name));
  if (out.empty()) throw Error(ErrorCode::kInvalidFile, path.string(), "names no image");
  return out;
}

} // namespace

bool is_tiny_imagenet(const fs::path &folder) {
  std::error_code ignored;
  return fs::exists(folder / kWnids, ignored) && fs::exists(folder / "val" / kAnnotations, ignored);
}

void open_tiny_imagenet(DataSource &source, const std::optional<SyntheticMark> & /*mark*/, OnBadFile policy) {
  const fs::path folder = find_folder(source.directory, "tiny-imagenet-200", kWnids);
  const fs::path train = folder / "train";
  const fs::path validation = folder / "val";
  std::error_code ignored;
  if (!fs::exists(validation / kAnnotations, ignored))
    throw Error(ErrorCode::kIo, (validation / kAnnotations).string(),
                fmt::format("is not there; a folder whose val has been sorted "
                            "by class is opened as imagenet:{}",
                            folder.string()));
  SkippedFiles left_out(folder);
  source.class_names = read_wnids(folder / kWnids, train, left_out);
  source.classes = static_cast<std::int64_t>(source.class_names.size());
  std::string checksums;
  std::vector<ImageFile> files;
  for (std::int64_t label = 0; label < source.classes; ++label) {
    const std::string images = source.class_names[static_cast<std::size_t>(label)] + "/images";
    std::vector<ImageFile> some = list_images(train, images, label, left_out);
    if (some.empty()) throw Error(ErrorCode::kInvalidFile, (train / images).string(), "the class has no image");
    std::string lines;
    for (const ImageFile &file : some) lines += fmt::format("{}\n{}\n", file.name.substr(images.size() + 1), file.bytes);
    checksums += fmt::format("train/{}\n{}\n", images, digest(lines, source.digest));
    files.insert(files.end(), std::make_move_iterator(some.begin()), std::make_move_iterator(some.end()));
  }
  std::string lines;
  std::vector<ImageFile> annotated = read_annotated(validation, source.class_names, left_out, lines);
  checksums += fmt::format("val\n{}\n", digest(lines, source.digest));
  source.fingerprint = digest(checksums, source.digest);
  source.left_out = left_out.line();
  keep_first(files, source.max_images);
  source.train = std::make_shared<ImageFiles>(train, source.classes, std::move(files), policy, kTinySize);
  source.validation = std::make_shared<ImageFiles>(validation, source.classes, std::move(annotated), policy, kTinySize);
}

} // namespace pare::train

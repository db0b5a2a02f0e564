#include "train/data/image_files.hpp"

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/text.hpp"
#include "train/data/decode.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <fstream>
#include <system_error>
#include <tuple>

namespace pare::train {

namespace {

namespace fs = std::filesystem;

bool is_hidden(const fs::path &name) { return name.native().starts_with('.'); }

/// Python's str.lower() and endswith(), of these endings.
bool has_ending(const fs::path &path, std::initializer_list<std::string_view> endings) {
  std::string name = path.filename().string();
  std::transform(name.begin(), name.end(), name.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; });
  return std::any_of(endings.begin(), endings.end(), [&](std::string_view ending) { return name.ends_with(ending); });
}
bool has_our_ending(const fs::path &path) { return has_ending(path, {".jpg", ".jpeg", ".png"}); }
/// The others of torchvision.datasets.folder.IMG_EXTENSIONS.
bool has_other_ending(const fs::path &path) { return has_ending(path, {".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp"}); }

/// What is in a folder, by name; `error` where that cannot be read.
std::vector<fs::directory_entry> entries_of(const fs::path &folder, std::error_code &error) {
  std::vector<fs::directory_entry> out;
  for (fs::directory_iterator i(folder, error), end; !error && i != end; i.increment(error)) out.push_back(*i);
  std::sort(out.begin(), out.end(), [](const auto &a, const auto &b) { return a.path().filename() < b.path().filename(); });
  return out;
}

void refuse_other_image(const fs::path &path) {
  std::array<char, kMagicBytes> begin{};
  std::ifstream in(path, std::ios::binary);
  in.read(begin.data(), begin.size());
  if (in.bad() || !in.is_open()) throw Error(ErrorCode::kIo, path.string(), "cannot be read");
  const std::string_view text(begin.data(), static_cast<std::size_t>(in.gcount()));
  if (!is_image(text))
    throw Error(ErrorCode::kInvalidFile, path.string(),
                fmt::format("is {}; images are JPEG or PNG files: convert it, or take it out of the folder", looks_like(text)));
}

/// Goes through a folder and those below it.
class Walk {
public:
  Walk(fs::path split, std::int64_t label, SkippedFiles &left_out)
      : split_(std::move(split)), label_(label), left_out_(left_out) {}

  std::vector<ImageFile> in(const std::string &folder) {
    std::error_code error;
    around_.push_back(fs::canonical(split_ / folder, error));
    if (error) throw Error(ErrorCode::kIo, (split_ / folder).string(), error.message());
    walk(folder);
    std::sort(found_.begin(), found_.end(),
              [](const Found &a, const Found &b) { return std::tie(a.folder, a.file.name) < std::tie(b.folder, b.file.name); });
    std::vector<ImageFile> out;
    for (Found &found : found_) out.push_back(std::move(found.file));
    return out;
  }

private:
  struct Found {
    std::string folder;
    ImageFile file;
  };

  void walk(const std::string &folder) {
    std::error_code error;
    const fs::path path = split_ / folder;
    const std::vector<fs::directory_entry> entries = entries_of(path, error);
    if (error) {
      if (around_.size() == 1) throw Error(ErrorCode::kIo, path.string(), error.message());
      left_out_.add(SkippedFiles::Why::kUnreadable, path);
    }
    for (const fs::directory_entry &entry : entries) {
      const std::string name = folder + "/" + entry.path().filename().string();
      std::error_code ignored; // what cannot be told is no folder, as in torchvision
      if (is_hidden(entry.path().filename()))
        left_out_.add(SkippedFiles::Why::kHidden, entry.path());
      else if (entry.is_directory(ignored))
        enter(name);
      else if (has_our_ending(name) || has_other_ending(name))
        take(folder, name);
      else
        left_out_.add(SkippedFiles::Why::kOtherName, entry.path());
    }
  }

  void enter(const std::string &folder) {
    std::error_code error;
    fs::path path = fs::canonical(split_ / folder, error);
    if (error) return left_out_.add(SkippedFiles::Why::kUnreadable, split_ / folder);
    if (std::find(around_.begin(), around_.end(), path) != around_.end())
      return left_out_.add(SkippedFiles::Why::kCycle, split_ / folder);
    around_.push_back(std::move(path));
    walk(folder);
    around_.pop_back();
  }

  void take(const std::string &folder, const std::string &name) {
    std::error_code error;
    const std::uintmax_t bytes = fs::file_size(split_ / name, error);
    if (error) throw Error(ErrorCode::kIo, (split_ / name).string(), error.message());
    if (has_other_ending(name)) refuse_other_image(split_ / name);
    found_.push_back({.folder = folder, .file = {.name = name, .label = label_, .bytes = bytes}});
  }

  fs::path split_;
  std::int64_t label_;
  SkippedFiles &left_out_;
  std::vector<fs::path> around_; ///< the folders that the one which is walked lies in, without links
  std::vector<Found> found_;
};

} // namespace

void SkippedFiles::add(Why why, const fs::path &path) {
  constexpr std::size_t kNamed = 3;
  Some &some = all_[why];
  ++some.count;
  if (some.first.size() < kNamed) some.first.push_back(shortened(one_line(path.lexically_relative(root_).string()), 80));
}

std::string SkippedFiles::line() const {
  const auto what = [](Why why) {
    switch (why) {
    case Why::kHidden: return "hidden";
    case Why::kOtherName: return "with another ending than images have";
    case Why::kUnreadable: return "not readable";
    case Why::kCycle: return "linked in a circle";
    }
    return "";
  };
  std::vector<std::string> parts;
  for (const auto &[why, some] : all_)
    parts.push_back(fmt::format("{} {} ({}{})", some.count, what(why), fmt::join(some.first, ", "),
                                static_cast<std::size_t>(some.count) > some.first.size() ? ", ..." : ""));
  return parts.empty() ? "" : fmt::format("left out: {}", fmt::join(parts, "; "));
}

std::vector<std::string> list_folders(const fs::path &folder, SkippedFiles &left_out) {
  std::error_code error;
  const std::vector<fs::directory_entry> entries = entries_of(folder, error);
  if (error) throw Error(ErrorCode::kIo, folder.string(), error.message());
  std::vector<std::string> out;
  for (const fs::directory_entry &entry : entries) {
    std::error_code ignored;
    if (is_hidden(entry.path().filename()))
      left_out.add(SkippedFiles::Why::kHidden, entry.path());
    else if (entry.is_directory(ignored))
      out.push_back(entry.path().filename().string());
    else
      left_out.add(SkippedFiles::Why::kOtherName, entry.path());
  }
  return out;
}

std::vector<ImageFile> list_images(const fs::path &split, const std::string &folder, std::int64_t label,
                                   SkippedFiles &left_out) {
  return Walk(split, label, left_out).in(folder);
}

Sample ImageFiles::load(std::int64_t index, const ScaleRule &rule) const {
  for (std::int64_t tried = 0; tried < size(); ++tried) {
    const std::int64_t i = (index + tried) % size();
    if (is_bad(i)) continue;
    const std::string path = name(i);
    const std::string bytes = read_text(path, path);
    try {
      Sample out{.image = decode_image(bytes, rule, path), .label = label(i)};
      if (size_ && (out.image.full_height != size_->height || out.image.full_width != size_->width))
        throw Error(ErrorCode::kInvalidFile, path,
                    fmt::format("is an image of {} x {}; those of this set are {} x {}", out.image.full_height,
                                out.image.full_width, size_->height, size_->width));
      return out;
    } catch (const Error &error) {
      if (policy_ == OnBadFile::kFail) {
        if (error.code() != ErrorCode::kInvalidFile) throw;
        throw Error{error.code(), error.where(), error.message() + "; --on-bad-file skip goes on without it"};
      }
      const std::lock_guard lock(mutex_);
      bad_.emplace(i, BadFile{.index = i, .path = path, .reason = error.message()});
      any_bad_ = true;
    }
  }
  throw Error{ErrorCode::kInvalidFile, split_.string(), fmt::format("none of its {} images can be decoded", size())};
}

std::vector<BadFile> ImageFiles::bad_files() const {
  const std::lock_guard lock(mutex_);
  std::vector<BadFile> result;
  for (const auto &[index, file] : bad_) result.push_back(file);
  return result;
}

bool ImageFiles::is_bad(std::int64_t index) const {
  if (!any_bad_) return false;
  const std::lock_guard lock(mutex_);
  return bad_.contains(index);
}

void keep_first(std::vector<ImageFile> &files, std::optional<std::int64_t> most) {
  if (!most) return;
  std::erase_if(files, [&, has = std::map<std::int64_t, std::int64_t>()](const ImageFile &file) mutable {
    return ++has[file.label] > *most;
  });
}

} // namespace pare::train

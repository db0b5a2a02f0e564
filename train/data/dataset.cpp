#include "train/data/dataset.hpp"

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/json.hpp"
#include "base/names.hpp"
#include "base/text.hpp"
#include "train/data/sources.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

namespace pare::train {

namespace {

namespace fs = std::filesystem;

/// In the order of kDataKinds.
constexpr std::array<void (*)(DataSource &, const std::optional<SyntheticMark> &, OnBadFile), kDataKinds.size()> kOpen = {
    open_cifar10, open_cifar100, open_fashion_mnist, open_mnist, open_svhn, open_stl10, open_tiny_imagenet, open_image_folder};

constexpr std::size_t kMostMarkBytes = std::size_t{1} << 20;

std::optional<SyntheticMark> read_mark(const fs::path &path) {
  std::error_code ignored;
  if (!fs::exists(path, ignored)) return {};
  const json::Place place(path.string());
  const json::Value document = json::parse(read_text(path.string(), path.string(), kMostMarkBytes), place);
  json::Members members(document, place, kSyntheticSchema);
  SyntheticMark out{.kind = members.text("kind"), .classes = members.whole("classes", 1)};
  return out;
}

/// The first images of each class of another split.
class FirstOfEachClass final : public Dataset {
public:
  FirstOfEachClass(std::shared_ptr<const Dataset> all, std::int64_t most) : all_(std::move(all)) {
    std::vector<std::int64_t> has(static_cast<std::size_t>(all_->classes()), 0);
    for (std::int64_t i = 0; i < all_->size(); ++i)
      if (++has[static_cast<std::size_t>(all_->label(i))] <= most) indices_.push_back(i);
  }

  std::int64_t size() const override { return static_cast<std::int64_t>(indices_.size()); }
  std::int64_t classes() const override { return all_->classes(); }
  std::int64_t label(std::int64_t index) const override { return all_->label(at(index)); }
  std::string name(std::int64_t index) const override { return all_->name(at(index)); }
  std::optional<ImageSize> fixed_size() const override { return all_->fixed_size(); }
  Sample load(std::int64_t index, const ScaleRule &rule) const override { return all_->load(at(index), rule); }
  std::vector<BadFile> bad_files() const override { return all_->bad_files(); }

private:
  std::int64_t at(std::int64_t index) const { return indices_.at(static_cast<std::size_t>(index)); }

  std::shared_ptr<const Dataset> all_;
  std::vector<std::int64_t> indices_;
};

} // namespace

OnBadFile parse_on_bad_file(const std::string &text, const std::string &where) {
  if (text == "fail") return OnBadFile::kFail;
  if (text == "skip") return OnBadFile::kSkip;
  throw Error{ErrorCode::kInvalidValue, where, fmt::format("'{}'; accepted: fail, skip", text)};
}

std::vector<BadFile> DataSource::bad_files() const {
  std::vector<BadFile> result = train->bad_files();
  const std::vector<BadFile> more = validation->bad_files();
  result.insert(result.end(), more.begin(), more.end());
  return result;
}

std::vector<std::string_view> data_kind_names() {
  std::vector<std::string_view> out;
  for (const DataKind &kind : kDataKinds) out.push_back(kind.name);
  return out;
}

std::pair<std::string, std::string> parse_data_spec(const std::string &spec) {
  const auto colon = spec.find(':');
  std::vector<std::string_view> names = data_kind_names();
  std::string aliases;
  for (const DataKind &kind : kDataKinds)
    if (!kind.alias.empty()) {
      names.push_back(kind.alias);
      aliases += fmt::format("{}{} is {}", aliases.empty() ? "" : ", ", kind.alias, kind.name);
    }
  const auto known = find_name(spec.substr(0, colon), names);
  if (!known || colon == std::string::npos || colon + 1 == spec.size())
    throw Error(ErrorCode::kUsage, "--data",
                fmt::format("data = {} must be KIND:DIR with KIND one of {} ({}){}", plain(spec),
                            fmt::join(data_kind_names(), ", "), aliases,
                            known ? "" : did_you_mean(spec.substr(0, colon), names)));
  const auto kind = std::find_if(kDataKinds.begin(), kDataKinds.end(),
                                 [&](const DataKind &one) { return one.name == names[*known] || one.alias == names[*known]; });
  return {std::string(kind->name), spec.substr(colon + 1)};
}

fs::path find_folder(const fs::path &given, const char *archive_folder, const char *file) {
  std::error_code ignored;
  for (const fs::path &folder : {given, given / archive_folder})
    if (fs::exists(folder / file, ignored)) return folder;
  throw Error{ErrorCode::kIo, given.string(), fmt::format("{} is neither there nor in {}", file, archive_folder)};
}

DataSource open_data(const std::string &spec, OnBadFile policy, Digest digest, std::optional<std::int64_t> max_images) {
  const auto [kind, directory] = parse_data_spec(spec);
  const fs::path folder = directory;
  std::error_code error;
  if (!fs::is_directory(folder, error))
    throw Error{ErrorCode::kIo, folder.string(), error ? error.message() : "is not a folder"};

  DataSource source;
  source.spec = spec;
  source.digest = digest;
  source.kind = kind;
  source.max_images = max_images;
  source.directory = folder.string();
  const std::optional<SyntheticMark> mark = read_mark(folder / kSyntheticMark);
  if (mark && mark->kind != source.kind)
    throw Error{ErrorCode::kInvalidFile, (folder / kSyntheticMark).string(),
                fmt::format("the folder holds a synthetic '{}'; open it as {}:{}", mark->kind, mark->kind, folder.string())};
  const std::vector<std::string_view> names = data_kind_names();
  kOpen[static_cast<std::size_t>(std::find(names.begin(), names.end(), kind) - names.begin())](source, mark, policy);
  if (max_images) source.train = std::make_shared<FirstOfEachClass>(source.train, *max_images);
  source.synthetic = mark || std::any_of(source.class_names.begin(), source.class_names.end(),
                                         [](const std::string &name) { return name.starts_with(kSyntheticClass); });
  return source;
}

} // namespace pare::train

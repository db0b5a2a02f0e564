#include "train/data/dataset.hpp"

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/json.hpp"
#include "base/names.hpp"
#include "train/data/sources.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

namespace pare::train {

namespace {

namespace fs = std::filesystem;

struct Kind {
  const char *name;
  const char *alias; ///< "" for none
  void (*open)(DataSource &, const std::optional<SyntheticMark> &, OnBadFile);
};
constexpr std::array<Kind, 3> kKinds = {
    {{"cifar10", "", open_cifar10}, {"cifar100", "", open_cifar100}, {"imagenet", "folder", open_image_folder}}};

constexpr const char *kAccepted = "cifar10:DIR, cifar100:DIR, imagenet:DIR, folder:DIR";

const Kind &find_kind(const std::string &name, const std::string &spec) {
  for (const Kind &kind : kKinds)
    if (name == kind.name || (kind.alias[0] != '\0' && name == kind.alias)) return kind;
  std::vector<std::string_view> known;
  for (const Kind &kind : kKinds)
    for (const std::string_view own : {kind.name, kind.alias})
      if (!own.empty()) known.push_back(own);
  throw Error{ErrorCode::kUnknownName, spec,
              fmt::format("no kind of data is called '{}'; known: {}{}", name, kAccepted, did_you_mean(name, known))};
}

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

DataSource open_data(const std::string &spec, OnBadFile policy, Digest digest) {
  const auto colon = spec.find(':');
  if (colon == spec.npos || colon + 1 == spec.size())
    throw Error{ErrorCode::kUsage, "data", fmt::format("'{}' names no kind of data and folder; accepted: {}", spec, kAccepted)};
  const Kind &kind = find_kind(spec.substr(0, colon), spec);
  const fs::path folder = spec.substr(colon + 1);
  std::error_code error;
  if (!fs::is_directory(folder, error))
    throw Error{ErrorCode::kIo, folder.string(), error ? error.message() : "is not a folder"};

  DataSource source;
  source.spec = spec;
  source.digest = digest;
  source.kind = kind.name;
  source.directory = folder.string();
  const std::optional<SyntheticMark> mark = read_mark(folder / kSyntheticMark);
  if (mark && mark->kind != source.kind)
    throw Error{ErrorCode::kInvalidFile, (folder / kSyntheticMark).string(),
                fmt::format("the folder holds a synthetic '{}'; open it as {}:{}", mark->kind, mark->kind, folder.string())};
  kind.open(source, mark, policy);
  source.synthetic = mark || std::any_of(source.class_names.begin(), source.class_names.end(),
                                         [](const std::string &name) { return name.starts_with(kSyntheticClass); });
  return source;
}

} // namespace pare::train

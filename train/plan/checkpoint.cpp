#include "train/plan/checkpoint.hpp"

#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/files.hpp"
#include "base/json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <compare>
#include <filesystem>

namespace pare::train {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kRunFile = "run.json";
constexpr std::string_view kPrefix = "checkpoint-";
constexpr std::string_view kSuffix = ".safetensors";
constexpr std::size_t kKept = 2;
// Stands in the header in the place of the checksum while it is computed.
const std::string kNoChecksum(digits_of(Digest::kSha256), '0');
constexpr std::string_view kChecksumField = "\"checksum\":\"";

struct File {
  std::int64_t step;
  std::string path;

  auto operator<=>(const File &) const = default;
};

/// A folder's checkpoints, newest first.
std::vector<File> checkpoints_of(const std::string &path) {
  std::vector<File> found;
  std::error_code fault;
  for (const auto &entry : fs::directory_iterator(path, fault)) {
    const std::string name = entry.path().filename();
    if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) continue;
    const std::string step = name.substr(kPrefix.size(), name.size() - kPrefix.size() - kSuffix.size());
    if (!step.empty() && step.size() < 18 && step.find_first_not_of("0123456789") == std::string::npos)
      found.push_back({.step = std::stoll(step), .path = entry.path()});
  }
  std::sort(found.rbegin(), found.rend());
  return found;
}

[[noreturn]] void damaged(const std::string &path, const std::string &why) { throw Error(ErrorCode::kInvalidFile, path, why); }

Checkpoint read_checkpoint(const std::string &path) {
  std::string bytes = read_text(path, path, formats::kMostTensorFileBytes);
  const std::size_t at = bytes.find(kChecksumField);
  if (at == std::string::npos) damaged(path, "has no checksum");
  const std::size_t begin = at + kChecksumField.size();
  const std::string written = bytes.substr(begin, std::min(bytes.find('"', begin), begin + kNoChecksum.size()) - begin);
  bytes.replace(begin, written.size(), written.size(), '0');
  if (digest(bytes, kind_of_digest(written)) != written) damaged(path, "its checksum is wrong");
  formats::TensorFile file = formats::parse_tensor_file(std::move(bytes), path);
  Checkpoint out;
  const auto metadata = file.metadata.find("position");
  if (metadata == file.metadata.end()) damaged(path, "has no position");
  out.position = read_position(metadata->second, path + "/position");
  out.tensors = std::move(file.tensors);
  return out;
}

} // namespace

std::string write_position(const Position &position) {
  const json::Value out = {{"step", position.step},
                           {"epoch", position.epoch},
                           {"batch", position.batch},
                           {"metrics_bytes", position.lengths.metrics},
                           {"events_bytes", position.lengths.events}};
  return out.dump();
}

Position read_position(std::string_view text, const std::string &where) {
  const json::Place place(where);
  const json::Value document = json::parse(text, place);
  json::Members members(document, place);
  const Position out{.step = members.whole("step", 0),
                     .epoch = members.whole("epoch", 0),
                     .batch = members.whole("batch", 0),
                     .lengths = {.metrics = members.whole("metrics_bytes", 0), .events = members.whole("events_bytes", 0)}};
  members.finish();
  return out;
}

bool is_checkpoint(const std::string &path) {
  const std::string name = fs::path(path).filename();
  std::error_code ignored;
  return name.starts_with(kPrefix) && name.ends_with(kSuffix) && fs::is_regular_file(path, ignored);
}

void verify_checkpoint(const std::string &path) { read_checkpoint(path); }

std::string checkpoint_file(std::int64_t step) { return fmt::format("{}{:012}{}", kPrefix, step, kSuffix); }

void check_sizes(const std::map<std::string, std::uint64_t> &tensor_bytes, std::string_view run) {
  constexpr std::size_t kEntryBytes = 128; // of a tensor in the header beside its name: more than any takes
  std::uint64_t header = json::dumped(json::Value(run)).size();
  std::uint64_t bytes = 0;
  for (const auto &[name, size] : tensor_bytes) {
    header += json::dumped(json::Value(name)).size() + kEntryBytes;
    bytes += size;
  }
  if (header > formats::kMostHeaderBytes)
    throw Error(ErrorCode::kLimit, std::string(kRunFile),
                fmt::format("the weights would have a header of {} bytes, most of it the network's text; up to {} can be read",
                            header, formats::kMostHeaderBytes));
  if (bytes > formats::kMostTensorFileBytes - formats::kMostHeaderBytes)
    throw Error(
        ErrorCode::kLimit, "checkpoint",
        fmt::format("would have {} bytes of tensors; files of up to {} can be read; a smaller network would be accepted", bytes,
                    formats::kMostTensorFileBytes));
}

void write_checkpoint(const RunFolder &folder, const Checkpoint &checkpoint) {
  const Position &p = checkpoint.position;
  std::string bytes = formats::serialize_safetensors(
      {.tensors = checkpoint.tensors, .metadata = {{"checksum", kNoChecksum}, {"position", write_position(p)}}, .format = {}});
  const std::string checksum = digest(bytes);
  bytes.replace(bytes.find(kChecksumField) + kChecksumField.size(), kNoChecksum.size(), checksum);
  folder.write(checkpoint_file(p.step), bytes);

  // What is newer was damaged, or the run would have gone on from there: in its place the last two that are whole are kept.
  std::size_t kept = 0;
  for (const File &file : checkpoints_of(folder.path()))
    if (file.step > p.step || ++kept > kKept) folder.remove(fs::path(file.path).filename().string());
}

std::optional<Checkpoint> newest_checkpoint(const std::string &folder, std::vector<std::string> &damaged_files) {
  const std::vector<File> all = checkpoints_of(folder);
  for (const File &file : all) {
    try {
      return read_checkpoint(file.path);
    } catch (const Error &error) {
      if (error.code() != ErrorCode::kInvalidFile) throw; // one that cannot be read now is not damaged
      damaged_files.push_back(error.what());
    }
  }
  if (!all.empty())
    throw Error(
        ErrorCode::kInvalidFile, folder,
        fmt::format("none of its {} checkpoints is whole: {}; another folder, or this one without them would start anew",
                    all.size(), damaged_files.front()));
  return std::nullopt;
}

} // namespace pare::train

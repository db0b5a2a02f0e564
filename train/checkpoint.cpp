#include <torch/torch.h>

#include "train/checkpoint.hpp"

#include "analysis/error.hpp"
#include "analysis/text_file.hpp"
#include "command/files.hpp"
#include "train/plan/checksum.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <compare>
#include <filesystem>

namespace pare::train {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kPrefix = "checkpoint-";
constexpr std::string_view kSuffix = ".safetensors";
constexpr std::size_t kKept = 2;
// Stands in the header in the place of the checksum while it is computed.
constexpr std::string_view kNoChecksum = "0000000000000000";
const std::string kChecksumField = "\"checksum\":\"";

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
  std::string bytes = read_text(path, path);
  const std::size_t at = bytes.find(kChecksumField);
  if (at == std::string::npos || at + kChecksumField.size() + kNoChecksum.size() > bytes.size())
    damaged(path, "has no checksum");
  const std::size_t begin = at + kChecksumField.size();
  const std::string written = bytes.substr(begin, kNoChecksum.size());
  bytes.replace(begin, kNoChecksum.size(), kNoChecksum);
  if (crc64(bytes) != written) damaged(path, "its checksum is wrong");
  State state = parse_state(bytes, path);
  Checkpoint out;
  try {
    const auto position = nlohmann::json::parse(state.metadata.at("position"));
    out.position = {.step = position.at("step"),
                    .epoch = position.at("epoch"),
                    .batch = position.at("batch"),
                    .lengths = {.metrics = position.at("metrics_bytes"), .events = position.at("events_bytes")}};
  } catch (const std::exception &fault) {
    damaged(path, fmt::format("its position cannot be read: {}", fault.what()));
  }
  out.tensors = std::move(state.tensors);
  return out;
}

} // namespace

void write_checkpoint(const RunFolder &folder, const Checkpoint &checkpoint) {
  const Position &p = checkpoint.position;
  State state;
  state.tensors = checkpoint.tensors;
  const nlohmann::json position = {{"step", p.step},
                                   {"epoch", p.epoch},
                                   {"batch", p.batch},
                                   {"metrics_bytes", p.lengths.metrics},
                                   {"events_bytes", p.lengths.events}};
  state.metadata = {{"checksum", std::string(kNoChecksum)}, {"position", position.dump()}};
  std::string bytes = serialize_safetensors(state);
  const std::string checksum = crc64(bytes);
  bytes.replace(bytes.find(kChecksumField) + kChecksumField.size(), kNoChecksum.size(), checksum);
  cli::write_file(folder.file(fmt::format("{}{:012}{}", kPrefix, p.step, kSuffix)), bytes);

  // What is newer was damaged, or the run would have gone on from there: in its place the last two that are whole are kept.
  std::error_code ignored;
  std::size_t kept = 0;
  for (const File &file : checkpoints_of(folder.path()))
    if (file.step > p.step || ++kept > kKept) fs::remove(file.path, ignored);
}

std::optional<Checkpoint> newest_checkpoint(const std::string &folder, std::vector<std::string> &damaged_files) {
  const std::vector<File> all = checkpoints_of(folder);
  for (const File &file : all) {
    try {
      return read_checkpoint(file.path);
    } catch (const Error &error) {
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

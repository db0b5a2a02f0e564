#include "train/plan/trained.hpp"

#include "base/error.hpp"
#include "base/files.hpp"
#include "formats/tensor_file.hpp"
#include "train/plan/checkpoint.hpp"

#include <fmt/format.h>

#include <filesystem>

namespace pare::train {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kWeights = "weights.safetensors";
constexpr std::string_view kCheckpoint = "checkpoint-";

bool is_there(const fs::path &path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

RunConfig config_of(const std::string &folder) {
  const std::string path = (fs::path(folder) / "run.json").string();
  if (!is_there(path)) throw Error(ErrorCode::kIo, folder, "has no run.json; the folder of a run would be accepted");
  return read_run(read_text(path, path), path).config;
}

/// A checkpoint has momentum, too.
formats::Reading reading_of_checkpoint() { return {.key = "model"}; }

Trained of_folder(const std::string &folder, bool needs_weights) {
  Trained out{.config = config_of(folder), .file = (fs::path(folder) / kWeights).string(), .told = {}, .reading = {}};
  out.told = out.file;
  if (!needs_weights || is_there(out.file)) return out;
  std::vector<std::string> damaged;
  const auto found = newest_checkpoint(folder, damaged);
  for (const std::string &line : damaged) out.remarks.push_back(fmt::format("a damaged checkpoint is passed over: {}", line));
  if (!found)
    throw Error(ErrorCode::kIo, folder,
                "has neither weights.safetensors nor a checkpoint; a run that has saved once would be accepted");
  out.file = (fs::path(folder) / checkpoint_file(found->position.step)).string();
  out.told = fmt::format("{}, step {} (not finished)", folder, found->position.step);
  out.reading = reading_of_checkpoint();
  return out;
}

} // namespace

std::optional<Trained> find_trained(const std::string &path, bool needs_weights) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) return of_folder(path, needs_weights);
  const fs::path file(path);
  if (file.extension() != ".safetensors" || !is_there(file)) return std::nullopt;
  if (file.filename().string().starts_with(kCheckpoint)) {
    verify_checkpoint(path);
    return Trained{.config = config_of(file.has_parent_path() ? file.parent_path().string() : "."),
                   .file = path,
                   .told = path,
                   .reading = reading_of_checkpoint()};
  }
  const formats::TensorFile read = formats::read_tensor_file(path);
  const auto run = read.metadata.find("pare.run");
  if (run == read.metadata.end())
    throw Error(ErrorCode::kInvalidFile, path,
                "does not say of which network it is; NETWORK --weights FILE, or what a run of pare's wrote would be accepted");
  return Trained{.config = read_run(run->second, path + "/pare.run").config, .file = path, .told = path, .reading = {}};
}

} // namespace pare::train

#include "train/plan/trained.hpp"

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/json.hpp"
#include "formats/tensor_file.hpp"
#include "train/plan/checkpoint.hpp"

#include <fmt/format.h>

#include <filesystem>

namespace pare::train {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kWeights = "weights.safetensors";

bool is_there(const fs::path &path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

/// What is known of a run from its run.json.
Trained begun(const RunFile &run, const std::string &where) {
  Trained out;
  out.config = run.config;
  const json::Value record = json::parse(run.record, json::Place(where));
  json::Members members(record, json::Place(where).member("record"));
  if (members.find("data_fingerprint") != nullptr) out.data_fingerprint = members.text("data_fingerprint");
  return out;
}

Trained begun_in(const std::string &folder) {
  const std::string path = (fs::path(folder) / "run.json").string();
  if (!is_there(path)) throw Error(ErrorCode::kIo, folder, "has no run.json; the folder of a run would be accepted");
  return begun(read_run(read_text(path, path), path), path);
}

/// A checkpoint has momentum, too.
formats::Reading reading_of_checkpoint() { return {.key = "model"}; }

Trained of_folder(const std::string &folder, bool needs_weights) {
  Trained out = begun_in(folder);
  out.file = out.told = (fs::path(folder) / kWeights).string();
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
  if (is_checkpoint(path)) {
    verify_checkpoint(path);
    Trained out = begun_in(file.has_parent_path() ? file.parent_path().string() : ".");
    out.file = out.told = path;
    out.reading = reading_of_checkpoint();
    return out;
  }
  const formats::TensorFile read = formats::read_tensor_file(path);
  const auto run = read.metadata.find("pare.run");
  if (run == read.metadata.end())
    throw Error(ErrorCode::kInvalidFile, path,
                "does not say of which network it is; NETWORK --weights FILE, or what a run of pare's wrote would be accepted");
  const std::string where = path + "/pare.run";
  Trained out = begun(read_run(run->second, where), where);
  out.file = out.told = path;
  return out;
}

} // namespace pare::train

#include "train/experiments/state.hpp"

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "train/plan/claim.hpp"
#include "train/plan/records.hpp"
#include "train/plan/run_folder.hpp"
#include "train/plan/run_result.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <unordered_map>

namespace pare::train {

namespace fs = std::filesystem;

namespace {

using Json = json::Value;

constexpr std::string_view kFailureSchema = "pare.failure/1";

/// What `read` makes of a file of a folder; none where that is not there, cannot be read, or says nothing.
template <class Read>
auto read_or_gone(const std::string &path, const Read &read) -> decltype(std::optional(read(std::string()))) {
  std::error_code fault;
  if (!fs::exists(path, fault)) return std::nullopt;
  try {
    return read(read_text(path, path));
  } catch (const Error &) {
    return std::nullopt;
  }
}

/// The last epoch in a metrics.jsonl. Its last pages hold one, as an epoch has some twenty lines.
std::optional<EpochRecord> last_epoch(const std::string &path) {
  constexpr std::streamoff kPages = 1 << 16;
  std::ifstream in(path, std::ios::binary | std::ios::ate);
  if (!in) return std::nullopt;
  const std::streamoff length = in.tellg();
  if (length < 0) return std::nullopt;
  in.seekg(std::max<std::streamoff>(0, length - kPages));
  std::string text(static_cast<std::size_t>(std::min(length, kPages)), '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!in) return std::nullopt; // it was cut back since
  if (length > kPages) text.erase(0, text.find('\n') + 1);
  try {
    const auto epochs = read_epochs(text, path);
    return epochs.empty() ? std::nullopt : std::optional(epochs.back());
  } catch (const Error &) {
    return std::nullopt;
  }
}

void add_epoch(RunStatus &status, const std::optional<EpochRecord> &last) {
  if (!last) return;
  status.epoch = last->epoch + 1;
  status.top1_error_percent = last->validation.top1_error_percent;
}

/// How far one is that has not ended.
void add_progress(RunStatus &status, const std::string &folder) {
  if (const auto beat =
          read_or_gone(folder + "/heartbeat.json", [](const std::string &text) { return read_heartbeat(text); })) {
    status.step = beat->step;
    status.steps = beat->steps;
    status.seconds = beat->seconds;
    status.seconds_left = beat->seconds_left;
  }
  add_epoch(status, last_epoch(folder + "/metrics.jsonl"));
}

bool is_ended(RunState state) {
  switch (state) {
  case RunState::kDone:
  case RunState::kDiverged:
  case RunState::kOutOfMemory:
  case RunState::kFailed: return true;
  case RunState::kMissing:
  case RunState::kWaiting:
  case RunState::kRunning:
  case RunState::kUnfinished: return false;
  }
  return false;
}

} // namespace

std::string write_failure(const RunFailure &failure) {
  const Json out = {
      {"schema", kFailureSchema}, {"attempts", failure.attempts}, {"ended", failure.ended}, {"lines", failure.lines}};
  return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"; // a program may say anything
}

RunFailure read_failure(std::string_view text, const std::string &where) {
  const json::Place place(where);
  const Json document = json::parse(text, place);
  json::Members members(document, place, kFailureSchema);
  RunFailure out{.attempts = members.whole("attempts", 0), .ended = members.text("ended"), .lines = {}};
  const Json &lines = members.at("lines");
  if (!lines.is_array()) json::refuse(lines, members.place("lines"), "lines", "an array of texts");
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (!lines[i].is_string()) json::refuse(lines[i], members.place("lines").item(i), "lines", "an array of texts");
    out.lines.push_back(lines[i].get<std::string>());
  }
  members.finish();
  return out;
}

std::string failure_text(const RunFailure &failure) {
  std::string out = failure.ended;
  if (failure.attempts > 1) out += fmt::format(" after {} attempts", failure.attempts);
  if (!failure.lines.empty()) out += ": " + one_line(failure.lines.back());
  return out;
}

RunStatus run_status(const std::string &folder, double now_seconds, const std::string &host) {
  RunStatus out;
  std::error_code fault;
  const auto has = [&](std::string_view name) { return fs::exists(fmt::format("{}/{}", folder, name), fault); };
  if (!has("run.json")) {
    try {
      check_run_folder(folder);
    } catch (const Error &error) {
      out.state = RunState::kFailed;
      out.reason = error.message();
    }
    return out;
  }
  const std::string result_file = folder + "/result.json";
  const auto result = read_or_gone(result_file, [&](const std::string &text) { return read_result(text, result_file); });
  const bool is_done = result && result->ending == Ending::kDone && has("weights.safetensors"); // whoever is in the folder
  try {
    if (const auto claim = is_done ? std::nullopt : claim_in_force(folder, now_seconds, host)) {
      out.state = RunState::kRunning;
      out.claimant = claimant(*claim);
      add_progress(out, folder);
      return out;
    }
  } catch (const Error &error) { // it cannot be listed
    out.state = RunState::kFailed;
    out.reason = error.message();
    return out;
  }
  if (result) {
    out.reason = result->reason;
    out.epoch = result->epoch;
    out.step = result->step;
    out.steps = result->steps;
    out.seconds = result->seconds;
    if (result->last) out.top1_error_percent = result->last->validation.top1_error_percent;
    switch (result->ending) {
    case Ending::kDone:
      if (is_done) {
        out.state = RunState::kDone;
        return out;
      }
      break; // they can be made again
    case Ending::kDiverged: out.state = RunState::kDiverged; return out;
    case Ending::kOutOfMemory: out.state = RunState::kOutOfMemory; return out;
    case Ending::kStopped:
    case Ending::kInterrupted: break;
    }
  }
  out.state = RunState::kUnfinished;
  const std::string failure_file = fmt::format("{}/{}", folder, kFailureFile);
  if (const auto failure =
          read_or_gone(failure_file, [&](const std::string &text) { return read_failure(text, failure_file); })) {
    out.state = RunState::kFailed;
    out.reason = failure_text(*failure);
  }
  add_progress(out, folder);
  return out;
}

std::vector<RunStatus> schedule_status(const Schedule &schedule, const std::string &runs) {
  const double now = file_system_seconds(runs);
  std::vector<RunStatus> out;
  std::unordered_map<std::string_view, std::size_t> by_identity;
  const std::vector<std::string> folders = run_folders(runs, schedule);
  for (const Experiment &e : schedule.experiments) {
    RunStatus status = run_status(folders[out.size()], now);
    if (!e.teacher.empty() && (status.state == RunState::kMissing || status.state == RunState::kUnfinished)) {
      const std::size_t at = by_identity.at(e.teacher);
      const RunStatus &teacher = out[at];
      if (teacher.state != RunState::kDone) {
        status.state = RunState::kWaiting;
        status.reason = fmt::format("for its teacher {}{}{}", schedule.experiments[at].name,
                                    is_ended(teacher.state) ? ", which ended otherwise than done: " : "",
                                    is_ended(teacher.state) ? name_of(kRunStates, teacher.state) : std::string_view());
      }
    }
    by_identity.emplace(e.identity, out.size());
    out.push_back(std::move(status));
  }
  return out;
}

std::string count_text(const std::vector<RunStatus> &statuses) {
  std::string out;
  for (const RunState state : {RunState::kDone, RunState::kDiverged, RunState::kFailed, RunState::kOutOfMemory,
                               RunState::kRunning, RunState::kUnfinished, RunState::kWaiting, RunState::kMissing}) {
    const auto count =
        std::count_if(statuses.begin(), statuses.end(), [&](const RunStatus &status) { return status.state == state; });
    if (count > 0) out += fmt::format("{}{} {}", out.empty() ? "" : ", ", count, name_of(kRunStates, state));
  }
  return out.empty() ? "no experiments" : out;
}

std::vector<std::string> run_folders(const std::string &runs, const Schedule &schedule) {
  std::set<std::string> names;
  std::map<std::string, std::string> by_identity; // its first digits; of two the first by name
  std::error_code fault;
  for (auto entry = fs::directory_iterator(runs, fault); !fault && entry != fs::directory_iterator(); entry.increment(fault))
    names.insert(entry->path().filename().string());
  for (const std::string &name : names)
    if (const auto dash = name.rfind('-'); dash != std::string::npos) by_identity.emplace(name.substr(dash), name);
  std::vector<std::string> out;
  for (const Experiment &e : schedule.experiments) {
    std::string name = e.folder();
    if (!names.contains(name))
      if (const auto other = by_identity.find(name.substr(name.rfind('-'))); other != by_identity.end()) name = other->second;
    out.push_back(fmt::format("{}/{}", runs, name));
  }
  return out;
}

} // namespace pare::train

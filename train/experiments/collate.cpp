#include "train/experiments/collate.hpp"

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/json.hpp"
#include "train/experiments/identity.hpp"
#include "train/experiments/state.hpp"
#include "train/plan/checkpoint.hpp"
#include "train/plan/records.hpp"
#include "train/plan/run_result.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <tuple>
#include <unordered_map>

namespace pare::train {

namespace {

namespace fs = std::filesystem;
using Json = json::Value;

/// What one folder has of an experiment.
struct Found {
  bool is_done = false;
  bool is_diverged = false;
  bool is_failed = false; ///< the runner gave it up, or a step did not fit
  std::int64_t step = 0;  ///< that it can go on from
  std::optional<EpochRecord> last;
  std::int64_t epoch = 0; ///< done
  std::optional<double> seconds;
  std::string device;
  std::string source;
  std::string note;

  auto rank() const { return std::tuple(is_done, is_diverged, epoch, step); }
};

bool is_there(const fs::path &path) {
  std::error_code fault;
  return fs::exists(path, fault);
}

class Collator {
public:
  explicit Collator(const Schedule &schedule) : schedule_(schedule) {
    for (std::size_t i = 0; i < schedule.experiments.size(); ++i) by_identity_.emplace(schedule.experiments[i].identity, i);
    found_.resize(schedule.experiments.size());
  }

  void read(const RunsFolder &folder);
  Collation result();

private:
  void read_run(const fs::path &path, const RunsFolder &folder);
  Found look(const fs::path &path, const RunFile &run, const RunsFolder &folder);
  ResultRow row(const Experiment &experiment, const std::optional<Found> &found) const;

  const Schedule &schedule_;
  std::unordered_map<std::string_view, std::size_t> by_identity_;
  std::vector<std::optional<Found>> found_;
  std::vector<std::string> remarks_;
  Identities identities_;
  std::size_t others_ = 0; ///< runs of no experiment of the schedule
};

void Collator::read(const RunsFolder &folder) {
  std::error_code fault;
  std::vector<fs::path> paths;
  for (auto entry = fs::directory_iterator(folder.path, fault); !fault && entry != fs::directory_iterator();
       entry.increment(fault))
    if (is_there(entry->path() / "run.json")) paths.push_back(entry->path());
  if (fault)
    throw Error(ErrorCode::kIo, folder.name,
                fmt::format("cannot be read: {}; a folder of runs would be accepted", fault.message()));
  std::sort(paths.begin(), paths.end()); // a directory has no order
  for (const fs::path &path : paths) read_run(path, folder);
}

void Collator::read_run(const fs::path &path, const RunsFolder &folder) {
  const std::string shown = folder.name + "/" + path.filename().string();
  try {
    const std::string file = (path / "run.json").string();
    const RunFile run = train::read_run(read_text(file, shown + "/run.json"), shown + "/run.json");
    const auto recorded = recorded_experiment(run, shown + "/run.json");
    const auto known = recorded ? by_identity_.find(recorded->identity) : by_identity_.end();
    if (known == by_identity_.end()) {
      ++others_;
      return;
    }
    const Experiment &experiment = schedule_.experiments[known->second];
    const Json record = json::parse(run.record, json::Place(shown));
    const auto fingerprint = record.find("data_fingerprint"); // not there before it has begun
    const std::string identity =
        identities_.of(run.config,
                       fingerprint != record.end() && fingerprint->is_string() ? fingerprint->get<std::string>()
                                                                               : schedule_.data[experiment.data].fingerprint,
                       recorded->teacher);
    if (identity != experiment.identity) {
      const auto difference = first_difference(run.config, run_config_of(schedule_, experiment));
      throw Error(ErrorCode::kInvalidConfig, shown,
                  fmt::format("says that it is {}, and is configured otherwise{}; without this folder the others would be "
                              "accepted",
                              experiment.name, difference ? ": " + *difference : ""));
    }
    Found one = look(path, run, folder);
    one.source = shown;
    std::optional<Found> &best = found_[known->second];
    if (best && best->is_done && one.is_done && best->last && one.last &&
        best->last->validation.top1_error_percent != one.last->validation.top1_error_percent)
      remarks_.push_back(fmt::format("{} is done twice: {} in {}, and {} % in {}; the first is taken", experiment.name,
                                     fmt::format("{} %", best->last->validation.top1_error_percent), best->source,
                                     one.last->validation.top1_error_percent, one.source));
    if (!best || best->rank() < one.rank()) best = std::move(one);
  } catch (const Error &error) {
    if (error.code() == ErrorCode::kInvalidConfig) throw;
    remarks_.push_back(fmt::format("passed over: {}: {}", error.where(), error.message()));
  }
}

Found Collator::look(const fs::path &path, const RunFile &run, const RunsFolder &folder) {
  Found out;
  const auto text = [&](std::string_view name) {
    const std::string file = (path / name).string();
    return read_text(file, file);
  };
  const Json record = json::parse(run.record, json::Place("record"));
  if (const auto device = record.find("device"); device != record.end() && device->is_string())
    out.device = device->get<std::string>();

  std::optional<RunResult> result;
  if (is_there(path / "result.json")) result = read_result(text("result.json"), (path / "result.json").string());
  std::optional<Heartbeat> heartbeat;
  if (is_there(path / "heartbeat.json")) heartbeat = read_heartbeat(text("heartbeat.json"));
  if (heartbeat) out.seconds = heartbeat->saved_seconds;

  if (result && result->ending == Ending::kDone && result->last) {
    if (folder.is_whole && !is_there(path / "weights.safetensors")) {
      out.note = "it is done, and its weights.safetensors is not there";
    } else {
      out.is_done = true;
      out.step = result->step;
      out.epoch = result->epoch;
      out.last = result->last;
      out.seconds = result->seconds;
      return out;
    }
  }
  out.is_diverged = result && result->ending == Ending::kDiverged;
  out.is_failed = result && result->ending == Ending::kOutOfMemory;
  if (result && out.note.empty()) out.note = result->reason;
  if (is_there(path / kFailureFile)) {
    out.is_failed = true;
    out.note = failure_text(read_failure(text(kFailureFile), (path / kFailureFile).string()));
  }

  std::vector<std::string> damaged;
  if (folder.is_whole) {
    try {
      if (const auto checkpoint = newest_checkpoint(path.string(), damaged)) out.step = checkpoint->position.step;
    } catch (const Error &error) { // there are some, and none of them is whole
      out.note = error.message();
    }
    for (const std::string &line : damaged) remarks_.push_back(fmt::format("a damaged checkpoint is passed over: {}", line));
  } else if (heartbeat) {
    out.step = heartbeat->saved_step;
  }
  if (!is_there(path / "metrics.jsonl")) return out;
  for (const EpochRecord &epoch : read_epochs(text("metrics.jsonl"), (path / "metrics.jsonl").string()))
    if (epoch.step <= out.step) {
      out.last = epoch;
      out.epoch = epoch.epoch + 1;
    }
  return out;
}

ResultRow Collator::row(const Experiment &experiment, const std::optional<Found> &found) const {
  ResultRow out = row_of(schedule_, experiment);
  if (!found) {
    out.state = "missing";
    return out;
  }
  out.state = found->is_done ? "done" : found->is_diverged ? "diverged" : found->is_failed ? "failed" : "unfinished";
  out.epoch = found->epoch;
  out.seconds = found->seconds;
  out.device = found->device;
  out.source = found->source;
  out.note = found->note;
  if (const auto &last = found->last) {
    out.train_top1_error_percent = last->train.top1_error_percent;
    out.train_top5_error_percent = last->train.top5_error_percent;
    out.top1_error_percent = last->validation.top1_error_percent;
    out.top5_error_percent = last->validation.top5_error_percent;
    out.validation_loss = last->validation.loss;
    out.synthetic = last->synthetic;
  }
  return out;
}

Collation Collator::result() {
  Collation out;
  for (std::size_t i = 0; i < found_.size(); ++i) out.rows.push_back(row(schedule_.experiments[i], found_[i]));
  out.remarks = std::move(remarks_);
  if (others_ > 0)
    out.remarks.push_back(
        fmt::format("{} run{} passed over that the schedule does not have", others_, others_ == 1 ? "" : "s"));
  return out;
}

} // namespace

ResultRow row_of(const Schedule &schedule, const Experiment &experiment) {
  const ScheduledDesign &design = schedule.designs[experiment.design];
  const Protocol &protocol = schedule.protocols[experiment.protocol];
  const auto by = [](const std::map<std::string, Count> &counts, const std::string &convention) {
    const auto found = counts.find(convention);
    return found == counts.end() ? std::nullopt : std::optional(found->second);
  };
  ResultRow out;
  out.name = experiment.name;
  out.identity = experiment.identity;
  out.configuration = experiment.configuration;
  out.network = experiment.network;
  out.family =
      experiment.setting.starts_with(kWidth) ? std::string(kWidth) : fmt::format("{}", fmt::join(design.families, "+"));
  out.setting = experiment.setting;
  out.budgets = fmt::format("{}", fmt::join(experiment.budgets, ", "));
  if (experiment.outside_teacher) {
    out.teacher = experiment.outside_teacher->file;
    out.teacher_network = load_design_text(experiment.outside_teacher->network).network.name;
  } else if (!experiment.teacher.empty()) {
    const auto teacher = std::find_if(schedule.experiments.begin(), schedule.experiments.end(),
                                      [&](const Experiment &other) { return other.identity == experiment.teacher; });
    out.teacher = teacher->name;
    out.teacher_network = teacher->network;
  }
  out.variant = experiment.variant;
  out.data = parse_data_spec(schedule.data[experiment.data].spec).first;
  out.protocol = protocol.name;
  out.seed = static_cast<std::int64_t>(experiment.seed);
  out.epochs = protocol.epochs;
  out.parameters = Count(design.costs.parameters);
  out.mult_adds_macs = by(design.costs.mult_adds, "macs");
  out.mult_adds_reference = by(design.costs.mult_adds, "reference");
  out.activation_elements = Count(design.costs.activation_elements);
  out.original_parameters = Count(design.costs.original_parameters);
  out.original_mult_adds_macs = by(design.costs.original_mult_adds, "macs");
  out.original_mult_adds_reference = by(design.costs.original_mult_adds, "reference");
  return out;
}

Collation collate(const Schedule &schedule, const std::vector<RunsFolder> &folders) {
  Collator collator(schedule);
  for (const RunsFolder &folder : folders) collator.read(folder);
  return collator.result();
}

} // namespace pare::train

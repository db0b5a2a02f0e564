#include "train/experiments/collate.hpp"

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/json.hpp"
#include "train/experiments/identity.hpp"
#include "train/experiments/run_check.hpp"
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

/// All of a row that is known before the experiment is run.
ResultRow row_of(const Schedule &schedule, const Experiment &experiment, const Experiment *teacher) {
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
  if (design.per_layer) {
    out.families = design.per_layer->families;
    out.score = design.per_layer->score;
    out.tie = design.per_layer->tie;
    out.objective = design.per_layer->objective;
  }
  out.budgets = fmt::format("{}", fmt::join(experiment.budgets, ", "));
  if (experiment.outside_teacher) {
    out.teacher = experiment.outside_teacher->file;
    out.teacher_network = load_design_text(experiment.outside_teacher->network).network.name;
  } else if (teacher != nullptr) {
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
  Found look(const fs::path &path, const std::string &shown, const RunFile &run, const RunsFolder &folder);
  template <class Read>
  auto read_if_there(const fs::path &path, const std::string &shown, const Read &read)
      -> decltype(std::optional(read(std::string(), shown)));
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
    check_run(run, *recorded, schedule_, experiment, identities_, shown);
    Found one = look(path, shown, run, folder);
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

/// What `read` makes of a file; none where that is not there. One that cannot be read is remarked, and the run has the rest.
template <class Read>
auto Collator::read_if_there(const fs::path &path, const std::string &shown, const Read &read)
    -> decltype(std::optional(read(std::string(), shown))) {
  if (!is_there(path)) return std::nullopt;
  const std::string where = fmt::format("{}/{}", shown, path.filename().string());
  try {
    return read(read_text(path.string(), where), where);
  } catch (const Error &error) {
    remarks_.push_back(fmt::format("passed over: {}: {}", error.where(), error.message()));
    return std::nullopt;
  }
}

Found Collator::look(const fs::path &path, const std::string &shown, const RunFile &run, const RunsFolder &folder) {
  Found out;
  out.source = shown;
  const Json record = json::parse(run.record, json::Place("record"));
  if (const auto device = record.find("device"); device != record.end() && device->is_string())
    out.device = device->get<std::string>();

  const auto result = read_if_there(path / "result.json", shown, read_result);
  const auto heartbeat = read_if_there(path / "heartbeat.json", shown,
                                       [](const std::string &text, const std::string &) { return read_heartbeat(text); });
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
  if (const auto failure = read_if_there(path / kFailureFile, shown, read_failure)) {
    out.is_failed = true;
    out.note = failure_text(*failure);
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
  const auto epochs = read_if_there(path / "metrics.jsonl", shown, read_epochs);
  for (const EpochRecord &epoch : epochs.value_or(std::vector<EpochRecord>()))
    if (epoch.step <= out.step) {
      out.last = epoch;
      out.epoch = epoch.epoch + 1;
    }
  return out;
}

ResultRow Collator::row(const Experiment &experiment, const std::optional<Found> &found) const {
  const Experiment *teacher =
      experiment.teacher.empty() ? nullptr : &schedule_.experiments[by_identity_.at(experiment.teacher)];
  ResultRow out = row_of(schedule_, experiment, teacher);
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

Collation collate(const Schedule &schedule, const std::vector<RunsFolder> &folders) {
  Collator collator(schedule);
  for (const RunsFolder &folder : folders) collator.read(folder);
  return collator.result();
}

} // namespace pare::train

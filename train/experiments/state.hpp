#pragma once

#include "train/experiments/schedule.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pare::train {

/// What a run's folder says of it.
enum class RunState : std::uint8_t {
  kMissing,     ///< nothing was begun
  kWaiting,     ///< for its teacher
  kRunning,     ///< a process has the folder's claim
  kUnfinished,  ///< it can go on
  kDone,        ///< all epochs; its weights are there
  kDiverged,    ///< a result, which would come again
  kOutOfMemory, ///< a step did not fit
  kFailed,      ///< it ended in errors as often as it was tried, or is half of a copied folder
};
inline constexpr std::array kRunStates = {std::pair{RunState::kMissing, std::string_view("missing")},
                                          std::pair{RunState::kWaiting, std::string_view("waiting")},
                                          std::pair{RunState::kRunning, std::string_view("running")},
                                          std::pair{RunState::kUnfinished, std::string_view("unfinished")},
                                          std::pair{RunState::kDone, std::string_view("done")},
                                          std::pair{RunState::kDiverged, std::string_view("diverged")},
                                          std::pair{RunState::kOutOfMemory, std::string_view("out_of_memory")},
                                          std::pair{RunState::kFailed, std::string_view("failed")}};

struct RunStatus {
  RunState state = RunState::kMissing;
  std::string reason;                ///< a sentence where it did not come to its end, and what it waits for
  std::string claimant;              ///< who trains it: "process 12 on host"
  std::optional<std::int64_t> epoch; ///< done
  std::optional<std::int64_t> step;
  std::optional<std::int64_t> steps;
  std::optional<double> seconds;            ///< of training and validation
  std::optional<double> seconds_left;       ///< at the pace up to now
  std::optional<double> top1_error_percent; ///< of validation, after the last epoch that was done
};

/// Why a run was given up: failure.json of its folder, schema `pare.failure/1`.
struct RunFailure {
  std::int64_t attempts = 0;
  std::string ended;              ///< how the last attempt did: "exit status 1", "signal 9 (Killed)"
  std::vector<std::string> lines; ///< the last that it said
};
inline constexpr std::string_view kFailureFile = "failure.json";
std::string write_failure(const RunFailure &failure);
/// Throws Error{kInvalidFile}.
RunFailure read_failure(std::string_view json, const std::string &where);
/// "exit status 1 after 3 attempts: pare: [io] ..."
std::string failure_text(const RunFailure &failure);

/// Reads a run's folder, and writes nothing in it. `now_seconds`: file_system_seconds() of the folder, or of that of all runs.
/// `host`: ClaimOptions::host. A file that cannot be read says nothing. kWaiting is not known here.
RunStatus run_status(const std::string &folder, double now_seconds, const std::string &host = {});

/// Of each experiment of a schedule, in its order, with those that wait for their teachers.
std::vector<RunStatus> schedule_status(const Schedule &schedule, const std::string &runs);

/// How many are in which state: "10 done, 2 waiting".
std::string count_text(const std::vector<RunStatus> &statuses);

/// The folder of each experiment's run in that of all runs, in the schedule's order: its own, Experiment::folder(), or, where
/// that is not there, the one that has its identity behind another name. A file of experiments that grows names them anew.
std::vector<std::string> run_folders(const std::string &runs, const Schedule &schedule);

} // namespace pare::train

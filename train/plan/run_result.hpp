#pragma once

#include "train/plan/records.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pare::train {

/// How a run, or this part of it, ended.
enum class Ending : std::uint8_t {
  kDone,        ///< all epochs; weights.safetensors is there
  kStopped,     ///< after the steps that it was given; it can go on
  kInterrupted, ///< it was asked to end, and saved; it can go on
  kDiverged,    ///< a loss was not finite: a result, which would come again
  kOutOfMemory, ///< a step did not fit
};
inline constexpr std::array kEndings = {std::pair{Ending::kDone, std::string_view("done")},
                                        std::pair{Ending::kStopped, std::string_view("stopped")},
                                        std::pair{Ending::kInterrupted, std::string_view("interrupted")},
                                        std::pair{Ending::kDiverged, std::string_view("diverged")},
                                        std::pair{Ending::kOutOfMemory, std::string_view("out_of_memory")}};

/// What a run came to: result.json of its folder, schema `pare.result/1`. It is there once `train()` has returned,
/// and not while a run trains, nor where that was killed or ended in an error.
struct RunResult {
  Ending ending = Ending::kDone;
  std::string reason;     ///< one sentence where it is not done
  std::int64_t step = 0;  ///< steps done
  std::int64_t steps = 0; ///< of all epochs
  std::int64_t epoch = 0; ///< epochs done
  std::int64_t epochs = 0;
  /// Of training and validation, those before an interruption too; none where a run of before went on, which did not keep them.
  std::optional<double> seconds;
  std::optional<EpochRecord> last; ///< the last epoch that was done
};

/// Where a run is: heartbeat.json of its folder, written whenever it saves, and every few seconds between.
struct Heartbeat {
  std::int64_t step = 0;
  std::optional<double> seconds = {};       ///< of training and validation up to now, where it is known
  std::optional<std::int64_t> steps = {};   ///< of all epochs; files of before do not have it, nor what follows
  std::optional<double> seconds_left = {};  ///< at the pace since it began, or went on
  std::int64_t saved_step = 0;              ///< of its last checkpoint; 0: none yet
  std::optional<double> saved_seconds = {}; ///< `seconds` then
};
std::string write_heartbeat(const Heartbeat &heartbeat);
/// None for a text that is none: nothing depends on it but what people are told.
std::optional<Heartbeat> read_heartbeat(std::string_view json);

std::string write_result(const RunResult &result);
/// Throws Error{kInvalidFile}.
RunResult read_result(std::string_view json, const std::string &where);

} // namespace pare::train

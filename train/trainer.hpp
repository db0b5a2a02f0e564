#pragma once

#include "command/progress.hpp"
#include "train/plan/claim.hpp"
#include "train/plan/run_config.hpp"
#include "train/plan/run_result.hpp"

#include <string>
#include <string_view>

namespace pare::train {

/// Who listens to a run, and may end it. Called by the thread that trains.
class Reporter {
public:
  virtual ~Reporter() = default;
  /// A line that stays.
  virtual void line(std::string_view text) = 0;
  /// Where the run is: after every step and every batch of validation.
  virtual void show(const command::Progress::State &state) = 0;
  /// Whether it shall end at the next step. Once true it stays so.
  virtual bool ends() = 0;
};

/// Trains what `config` says in `folder`, or goes on where the run in it stopped, and leaves result.json there. How it ended is
/// a value; throws Error where it cannot be begun, a file cannot be written, everything saved that can be, or another process
/// took the folder over.
RunResult train(RunConfig config, const std::string &folder, Reporter &reporter, const ClaimOptions &claim = {});

} // namespace pare::train

#pragma once

#include "train/plan/run_config.hpp"

#include <string>

namespace pare::train {

/// Trains what `config` says in `folder`, or goes on where the run in it stopped. Returns the exit code: 0 done, 130 or 143
/// after SIGINT or SIGTERM (the step is finished, the state saved). Throws Error, everything saved that can be.
int train(RunConfig config, const std::string &folder, bool quiet);

} // namespace pare::train

#pragma once

#include "train/experiments/identity.hpp"
#include "train/experiments/schedule.hpp"

#include <string>

namespace pare::train {

/// That a run is the experiment of a schedule that it says it is. Throws Error{kInvalidConfig} placed at `where` where what
/// run.json comes to is another identity: it was changed by hand.
void check_run(const RunFile &run, const RecordedExperiment &recorded, const Schedule &schedule, const Experiment &experiment,
               Identities &identities, const std::string &where);

} // namespace pare::train

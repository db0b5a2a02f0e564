#pragma once

#include "train/experiments/results.hpp"
#include "train/experiments/schedule.hpp"

#include <string>
#include <vector>

namespace pare::train {

/// A folder of run folders.
struct RunsFolder {
  std::string path;
  std::string name;     ///< what results call it: "hostA:/runs"
  bool is_whole = true; ///< checkpoints and weights are there too: not a copy of the small files only
};

struct Collation {
  std::vector<ResultRow> rows;      ///< one for each experiment of the schedule, in its order
  std::vector<std::string> remarks; ///< what was passed over, and what is there twice
};

/// The furthest run of each experiment of the schedule in these folders. Done is further than any epoch; of an unfinished run
/// those epochs count that its newest whole checkpoint has (of a copy without them: that heartbeat.json says were saved). What
/// is no run of this schedule, or is copied by half, is passed over and remarked. Throws Error{kIo} for a folder that cannot be
/// read, and Error{kInvalidConfig} where a run says that it is an experiment of the schedule, and is configured otherwise.
Collation collate(const Schedule &schedule, const std::vector<RunsFolder> &folders);

} // namespace pare::train

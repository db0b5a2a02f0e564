#include "train/experiments/run_check.hpp"

#include "base/error.hpp"
#include "base/json.hpp"

#include <fmt/format.h>

namespace pare::train {

namespace {

/// How a run differs from its experiment, in words.
std::string difference(const RunFile &run, const RecordedExperiment &recorded, const Schedule &schedule,
                       const Experiment &experiment) {
  RunConfig asked = run_config_of(schedule, experiment);
  if (!experiment.teacher.empty() && run.config.teacher) { // no schedule knows what its teacher's weights will be
    asked.teacher->file = run.config.teacher->file;
    asked.teacher->checksum = run.config.teacher->checksum;
  }
  if (const auto first = first_difference(asked, run.config)) return *first;
  return recorded.teacher != experiment.teacher ? "its teacher is another run" : "its data have another fingerprint";
}

} // namespace

void check_run(const RunFile &run, const RecordedExperiment &recorded, const Schedule &schedule, const Experiment &experiment,
               Identities &identities, const std::string &where) {
  const json::Value record = json::parse(run.record, json::Place(where));
  const auto fingerprint = record.find("data_fingerprint"); // not there in a run that never began
  const std::string identity =
      identities.of(run.config,
                    fingerprint != record.end() && fingerprint->is_string() ? fingerprint->get<std::string>()
                                                                            : schedule.data[experiment.data].fingerprint,
                    recorded.teacher);
  if (identity != experiment.identity)
    throw Error(ErrorCode::kInvalidConfig, where,
                fmt::format("says that it is {}, and is configured otherwise: {}; the run.json that it was started with, or "
                            "this folder moved elsewhere would be accepted",
                            experiment.name, difference(run, recorded, schedule, experiment)));
}

} // namespace pare::train

#pragma once

// Schedules for tests: no data are opened.

#include "train/experiments/experiments.hpp"

#include <string>

namespace pare::test {

inline const std::string kFingerprint(64, 'a');

inline train::Schedule make(const std::string &text) {
  train::ScheduleOptions options;
  options.fingerprints = {{"", kFingerprint}};
  return train::make_schedule(text, "e.json", options);
}

/// An experiments file with these members behind schema, name and data.
inline std::string file(const std::string &members) {
  return R"({"schema": "pare.experiments/1", "name": "test", "data": "fashion-mnist:/nowhere", )" + members + "}";
}

/// One block of experiments.
inline std::string block(const std::string &members) { return file(R"("experiments": [{)" + members + "}]"); }

inline std::vector<std::string> names(const train::Schedule &schedule) {
  std::vector<std::string> out;
  for (const train::Experiment &e : schedule.experiments) out.push_back(e.name);
  return out;
}

} // namespace pare::test

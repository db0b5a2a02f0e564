#include "train/experiments/schedule.hpp"

#include "tests/fuzz/fuzz.hpp"

namespace pare::fuzz {

void read(std::string_view bytes) {
  using namespace train;
  const Schedule schedule = read_schedule(bytes, "schedule.json");
  const std::string text = write_schedule(schedule);
  const Schedule again = without_error("what was written is refused", [&] { return read_schedule(text, "schedule.json"); });
  expect(write_schedule(again) == text, "what was written reads as another schedule");
  for (const Experiment &experiment : schedule.experiments) run_config_of(schedule, experiment);
}

} // namespace pare::fuzz

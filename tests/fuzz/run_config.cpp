#include "train/plan/run_config.hpp"

#include "tests/fuzz/fuzz.hpp"

namespace pare::fuzz {

void read(std::string_view bytes) {
  using namespace train;
  const RunFile run = read_run(bytes, "run.json");
  const std::string text = without_error("what was read cannot be written", [&] { return write_run(run); });
  const RunFile again = without_error("what was written is refused", [&] { return read_run(text, "run.json"); });
  expect(write_run(again) == text, "what was written reads as another run");
  expect(!first_difference(again.config, run.config), "what was written cannot go on with the run");
  expect(bit_differences(again.config, run.config).empty(), "what was written differs in its last bits");
}

} // namespace pare::fuzz

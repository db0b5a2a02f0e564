#include "train/plan/run_result.hpp"

#include "tests/fuzz/fuzz.hpp"

namespace pare::fuzz {

void read(std::string_view bytes) {
  using namespace train;
  const std::string text = write_result(read_result(bytes, "result.json"));
  const RunResult again = without_error("what was written is refused", [&] { return read_result(text, "result.json"); });
  expect(write_result(again) == text, "what was written reads as another result");
}

} // namespace pare::fuzz

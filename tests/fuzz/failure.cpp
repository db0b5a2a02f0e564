#include "train/experiments/state.hpp"

#include "tests/fuzz/fuzz.hpp"

namespace pare::fuzz {

void read(std::string_view bytes) {
  using namespace train;
  const std::string text = write_failure(read_failure(bytes, "failure.json"));
  const RunFailure again = without_error("what was written is refused", [&] { return read_failure(text, "failure.json"); });
  expect(write_failure(again) == text, "what was written reads as another failure");
}

} // namespace pare::fuzz

#include "train/plan/checkpoint.hpp"

#include "tests/fuzz/fuzz.hpp"

namespace pare::fuzz {

void read(std::string_view bytes) {
  using namespace train;
  const std::string text = write_position(read_position(bytes, "position"));
  const Position again = without_error("what was written is refused", [&] { return read_position(text, "position"); });
  expect(write_position(again) == text, "what was written reads as another position");
}

} // namespace pare::fuzz

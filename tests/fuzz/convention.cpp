#include "analysis/convention.hpp"

#include "tests/fuzz/fuzz.hpp"

namespace pare::fuzz {

void read(std::string_view bytes) {
  const std::string text = write_convention(parse_convention(bytes, "mine.json"));
  const Convention again = without_error("what was written is refused", [&] { return parse_convention(text, "mine.json"); });
  expect(write_convention(again) == text, "what was written reads as another convention");
}

} // namespace pare::fuzz

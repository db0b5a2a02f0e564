#include "train/plan/claim.hpp"

#include "tests/fuzz/fuzz.hpp"

namespace pare::fuzz {

void read(std::string_view bytes) {
  using namespace train;
  // Whatever it is, it is a claim.
  const ClaimFile claim = without_error("a claim is refused", [&] { return read_claim(bytes); });
  const std::string text = write_claim(claim);
  expect(write_claim(read_claim(text)) == text, "what was written reads as another claim");
}

} // namespace pare::fuzz

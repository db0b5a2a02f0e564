#include "train/plan/records.hpp"

#include "tests/fuzz/fuzz.hpp"

namespace pare::fuzz {

void read(std::string_view bytes) {
  using namespace train;
  for (const EpochRecord &epoch : read_epochs(bytes, "metrics.jsonl")) {
    const std::string line = write_record(epoch);
    const auto again = without_error("what was written is refused", [&] { return read_epochs(line + "\n", "metrics.jsonl"); });
    expect(again.size() == 1 && write_record(again.front()) == line, "what was written reads as another epoch");
  }
}

} // namespace pare::fuzz

#include "train/experiments/results.hpp"

#include "tests/fuzz/fuzz.hpp"

namespace pare::fuzz {

void read(std::string_view bytes) {
  using namespace train;
  const std::vector<ResultRow> rows = read_any_results(bytes, "results.json");
  const std::string text = write_results_json(rows);
  const auto again = without_error("what was written is refused", [&] { return read_results(text, "results.json"); });
  expect(write_results_json(again) == text, "what was written reads as other results");
  expect(write_results_csv(again) == write_results_csv(rows), "what was written reads as other results, as CSV");
}

} // namespace pare::fuzz

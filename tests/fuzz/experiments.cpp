#include "train/experiments/experiments.hpp"

#include "base/files.hpp"
#include "base/json.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/fuzz/left_out.hpp"
#include "train/experiments/check.hpp"

#include <algorithm>

namespace pare::fuzz {

namespace {

/// Combinations of all lists together, at most; texts that name files, or networks too large to be fitted in a moment.
bool is_left_out(const json::Value &value, std::size_t &combinations) {
  constexpr std::size_t kMost = 100;
  if (value.is_string()) {
    const auto &text = value.get_ref<const std::string &>();
    return names_file(text) || text.find('@') != std::string::npos || is_spec_left_out(text) || is_substitute_left_out(text);
  }
  if (value.is_array()) combinations *= std::max<std::size_t>(1, value.size());
  if (combinations > kMost) return true;
  if (!value.is_structured()) return false;
  return std::any_of(value.begin(), value.end(), [&](const json::Value &item) { return is_left_out(item, combinations); });
}

} // namespace

void read(std::string_view bytes) {
  using namespace train;
  json::Value document = json::parse(bytes, json::Place("e.json"));
  if (document.is_object()) document.erase("data"); // which says KIND:DIR, and is not opened
  std::size_t combinations = 1;
  if (is_left_out(document, combinations)) return;
  ScheduleOptions options;
  options.fingerprints = {{"", std::string(64, 'a')}};
  const Schedule schedule = make_schedule(bytes, "e.json", options);
  const std::string text = write_schedule(schedule);
  const Schedule again = without_error("what was made is refused", [&] { return read_schedule(text, "s.json"); });
  expect(write_schedule(again) == text, "what was made reads as another schedule");
  without_error("what was made is not what it says", [&] {
    check_identities(again, "s.json");
    return 0;
  });
  without_error("what was made cannot be looked at", [&] { return slips(again); });
}

} // namespace pare::fuzz

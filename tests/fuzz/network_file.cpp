#include "analysis/network_file.hpp"

#include "analysis/cost_model.hpp"
#include "analysis/lower.hpp"
#include "analysis/widen.hpp"
#include "base/error.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <array>

namespace pare::fuzz {

void read(std::string_view bytes) {
  const NetworkFile file = read_network(bytes, "net.json");
  const std::string text =
      without_error("what was read cannot be written", [&] { return write_network(file.graph, file.name, file.width); });
  const NetworkFile again = without_error("what was written is refused", [&] { return read_network(text, "net.json"); });
  expect(write_network(again.graph, again.name, again.width) == text, "what was written reads as another network");
  write_dot(file.graph, file.name);
  try { // what forbids a width, and what is too wide, is refused
    const Widening ties(file.graph);
    const auto at = [&](double factor) { return write_network(ties.widened(file.graph, factor), file.name); };
    expect(at(1) == write_network(file.graph, file.name), "a width of 1 is another network");
    at(0.37);
    ties.widened(file.graph, file.width.factor, file.width.round_to);
  } catch (const Error &) {
  }

  // Its numbers go on into every substitute. Here and where they are counted they may turn out to be too large.
  constexpr std::array kSubstitutes = {
      "Conv",   "Sep",       "Generic_0.1",      "LR_0.25",     "Hashed_0.1", "SepHashed_0.1",
      "ACDC_2", "Shuffle_4", "TensorTrain_0.26", "Tucker_0.41", "CP_0.1",     "HashedSeparable_0.3"};
  Plan plan;
  plan.uniform = parse_substitute(kSubstitutes[bytes.size() % kSubstitutes.size()]);
  const CostReport report = count(lower(file.graph, plan, WhereRefused::kLeaveAsItIs).graph);
  for (const Convention &convention : conventions()) report.mult_adds(convention);
}

} // namespace pare::fuzz

#include "analysis/cost_model.hpp"
#include "models/network.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/fuzz/left_out.hpp"

namespace pare::fuzz {

void read(std::string_view bytes) {
  if (is_spec_left_out(bytes)) return;
  const Network network = make_network(bytes);
  const Network again = without_error("the canonical spec is refused", [&] { return make_network(network.name); });
  expect(again.family == network.family && again.name == network.name, "the canonical spec has another canonical spec");
  expect(again.graph.node_count() == network.graph.node_count(), "the canonical spec is another network");
  const std::int64_t parameters = count(network.graph).parameters;
  expect(without_error("the canonical spec cannot be counted", [&] { return count(again.graph).parameters; }) == parameters,
         "the canonical spec has other parameters");
}

} // namespace pare::fuzz

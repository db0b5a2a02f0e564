#include "analysis/cost_model.hpp"
#include "models/network.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace pare::fuzz {

void read(std::string_view bytes) {
  for (const char *name : {"darts", "darts_imagenet"}) {
    const NetworkFamily &family = find_network_family(name);
    // Six layers have normal cells and both reductions.
    const NetworkValues values = {{"channels", "4"}, {"layers", "6"}, {"genotype", std::string(bytes)}};
    const Network network = make_network(family, values);
    const Network again = without_error("the canonical spec is refused", [&] { return make_network(network.name); });
    expect(again.name == network.name, "the canonical spec has another canonical spec");
    expect(again.graph.node_count() == network.graph.node_count(), "the canonical spec is another network");
    for (const NodeId tap : network.graph.marked(Mark::kAuxiliaryTap))
      family.auxiliary_head(values, network.graph.activation(tap));
    count(network.graph);
  }
}

} // namespace pare::fuzz

// Substitutes every replaceable convolution and lists the layers that the substitutes consist of.
//
//   example_substitute_layers wrn-10-1 Generic_0.1
#include "analysis/cost_model.hpp"
#include "analysis/lower.hpp"
#include "base/error.hpp"
#include "models/network.hpp"

#include <iostream>

int main(int argc, char **argv) try {
  if (argc != 3) throw pare::Error(pare::ErrorCode::kUsage, "arguments", "a network and a substitution are expected");
  const pare::Network network = pare::make_network(argv[1]);
  const pare::Plan plan{.uniform = pare::parse_substitute(argv[2]), .layers = {}};
  const pare::Lowered lowered = pare::lower(network.graph, plan);
  const pare::CostReport report = pare::count(lowered.graph, pare::Detail::kLayers);
  const pare::Convention &macs = pare::find_convention("macs");

  for (const pare::LayerCost &cost : report.layers) {
    const pare::Layer &layer = lowered.graph.layer(cost.layer);
    if (!layer.substituted || !cost.output) continue;
    std::cout << layer.name << ": " << layer.kind << ", output " << to_string(*cost.output) << ", " << cost.parameters
              << " parameters, " << weigh(cost.events, macs, false).to_string() << " mult-adds\n";
  }
  std::cout << "in total: " << report.parameters << " parameters, of which " << report.substituted_parameters
            << " in substitutes, and " << report.mult_adds(macs).to_string() << " mult-adds\n";
} catch (const pare::Error &error) {
  std::cerr << error.what() << '\n';
  return 1;
}

// Counts networks: parameters, mult-adds by two conventions, and what a convention does not count.
//
//   example_count_network wrn-28-10 darts:genotype=@files/darts_v2.json
#include "analysis/cost_model.hpp"
#include "analysis/lower.hpp"
#include "base/error.hpp"
#include "models/network.hpp"

#include <iostream>
#include <span>

int main(int argc, char **argv) try {
  for (const std::string spec : std::span(argv, static_cast<std::size_t>(argc)).subspan(1)) {
    const pare::Network network = pare::make_network(spec);
    // An empty plan substitutes nothing: every replaceable convolution is written out as its baseline.
    const pare::Lowered lowered = pare::lower(network.graph, {});
    const pare::CostReport report = pare::count(lowered.graph);

    std::cout << spec << ", input " << to_string(network.input) << '\n';
    std::cout << "  parameters: " << report.parameters << '\n';
    for (const char *name : {"macs", "reference"})
      std::cout << "  mult-adds[" << name << "]: " << report.mult_adds(pare::find_convention(name)).to_string() << '\n';
    for (const pare::EventCount &event : report.not_counted(pare::find_convention("macs")))
      std::cout << "  not in macs: " << pare::kind_name(event.op_kind) << '.' << to_string(event.spelling) << '.'
                << to_string(event.event) << ' ' << event.amount.to_string() << '\n';
  }
} catch (const pare::Error &error) {
  std::cerr << error.what() << '\n';
  return 1;
}

// A family of substitutes of one's own: registered, it is counted, solved for and named like Pare's.
//
//   example_own_substitution wrn-28-10 "parameters<=0.8M"
#include "analysis/cost_model.hpp"
#include "analysis/lower.hpp"
#include "examples/bottleneck.hpp"
#include "models/network.hpp"
#include "solver/solver.hpp"

#include <iostream>

int main(int argc, char **argv) try {
  if (argc != 3) throw pare::Error(pare::ErrorCode::kUsage, "arguments", "a network and a budget are expected");
  static const Bottleneck bottleneck;
  pare::register_substitution(bottleneck);

  const pare::Network network = pare::make_network(argv[1]);
  const pare::Substitute quarter = pare::parse_substitute("bottleneck:rank_scale=0.25");
  const pare::CostReport report = pare::count(pare::lower(network.graph, {.uniform = quarter, .layers = {}}).graph);
  std::cout << quarter.text() << ": " << report.parameters << " parameters, "
            << report.mult_adds(pare::standard_convention()).to_string() << " mult-adds\n";

  pare::SolveRequest request;
  request.substitution = "bottleneck";
  request.budgets = {pare::parse_budget(argv[2])};
  const pare::UniformResult result = *pare::solve_uniform(network, request).uniform;
  std::cout << argv[2] << ": " << (result.answer ? result.answer->text : "infeasible") << ", " << result.termination.detail
            << '\n';

  try {
    pare::register_substitution(bottleneck);
  } catch (const pare::Error &error) {
    std::cout << "a second time: " << error.what() << '\n';
  }
} catch (const pare::Error &error) {
  std::cerr << error.what() << '\n';
  return 1;
}

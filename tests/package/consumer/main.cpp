// A program of somebody who uses the installed package; expected.txt has what it must print: 36,479,194 as the 2019 reference
// counts it (tests/golden/counts.json); 799,306, the low-rank network at rank scale 34 / 640; and .1 x .2, the learning rate of
// the 2019 protocol for wide residual networks from its first milestone on.
#include "analysis/cost_model.hpp"
#include "analysis/lower.hpp"
#include "models/network.hpp"
#include "solver/solver.hpp"
#include "train/plan/protocol.hpp"

#include <iostream>

int main() {
  const pare::Network network = pare::make_network("wrn-28-10");
  std::cout << "wrn-28-10: " << pare::count(pare::lower(network.graph, {}).graph).parameters << " parameters\n";

  pare::SolveRequest request;
  request.substitution = "Generic";
  request.budgets = {pare::parse_budget("parameters<=0.8M")};
  const pare::UniformResult result = *pare::solve_uniform(network, request).uniform;
  std::cout << "Generic, parameters<=0.8M: " << result.answer->costs.parameters() << " parameters, "
            << to_string(result.termination.reason) << '\n';

  const pare::train::Protocol protocol = pare::train::find_protocol("cifar10-wrn");
  std::cout << "cifar10-wrn: learning rate " << pare::train::learning_rate(protocol, 60) << " from epoch 60\n";
}

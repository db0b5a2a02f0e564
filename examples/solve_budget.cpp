// Fits one setting of a family to budgets, one after another, and prints the answers with what proves them.
//
//   example_solve_budget wrn-28-10 Generic 'parameters<=0.8M' 'parameters<=0.1M'
#include "base/count.hpp"
#include "base/error.hpp"
#include "solver/solver.hpp"

#include <iostream>

int main(int argc, char **argv) try {
  if (argc < 4) throw pare::Error(pare::ErrorCode::kUsage, "arguments", "a network, a substitution and budgets are expected");
  const pare::Network network = pare::make_network(argv[1]);
  for (int i = 3; i < argc; ++i) {
    pare::SolveRequest request;
    request.substitution = argv[2];
    request.budgets = {pare::parse_budget(argv[i])};
    request.conventions = {pare::find_convention("macs")};
    const pare::UniformResult result = *pare::solve_uniform(network, request).uniform;

    std::cout << argv[i] << ": " << to_string(result.termination.reason) << '\n';
    // An infeasible budget is a result like any other: it says what could be attained.
    if (!result.answer) {
      std::cout << "  attainable from " << result.smallest.to_string() << " parameters\n";
      continue;
    }
    const pare::Setting &answer = *result.answer;
    std::cout << "  " << answer.text << ": " << answer.costs.parameters() << " parameters, "
              << answer.costs.mult_adds("macs").to_string() << " mult-adds\n"
              << "  the same network from " << pare::shortest(answer.first) << " up to " << pare::shortest(answer.end) << '\n';
    if (result.next) std::cout << "  then " << result.next->costs.parameters() << " parameters\n";
  }
} catch (const pare::Error &error) {
  std::cerr << error.what() << '\n';
  return 1;
}

// A family of one's own, solved for and trained: pare-train with the family registered, and a command of the program's own.
//
//   example_own_training solve wrn-28-10 --budget "parameters<=0.8M" -o student.json
//   example_own_training train student.json --data cifar10:data -o runs/student
//   example_own_training train wrn-16-2 --substitute bottleneck:rank_scale=0.25 --data cifar10:data -o runs/quarter
#include "examples/bottleneck.hpp"

#include "command/options.hpp"
#include "command/output.hpp"
#include "solver/solved_config.hpp"
#include "train/program.hpp"

namespace {

using namespace pare::command;

int solve(const Arguments &arguments) {
  pare::SolveRequest request;
  request.substitution = "bottleneck";
  request.budgets = {pare::parse_budget(arguments.get("--budget"))};
  const std::string network = arguments.get("NETWORK");
  const pare::Design design = pare::load_design(network);
  if (design.is_solved)
    throw pare::Error(pare::ErrorCode::kUsage, "NETWORK",
                      network + " is solved already; a network without substitutes would be accepted");
  const pare::Solution solution = pare::solve_uniform(design.network, request);
  if (!solution.uniform->answer) throw pare::Error(pare::ErrorCode::kInvalidConfig, "--budget", solution.termination.detail);
  deliver(arguments.get("--output"), pare::write_solved(solution, "{}"));
  return kDone;
}

const Command &command_solve() {
  static const Command command{
      .name = "solve",
      .summary = "Fit the family to a budget",
      .description = "Writes the network with bottlenecks that meets the budget.",
      .options = {network_option(),
                  {.name = "--budget", .value = "BUDGET", .description = "Such as parameters<=0.8M", .required = true},
                  output_option("Write the solved file to FILE instead of stdout, whole or not at all")},
      .examples = {},
      .run = solve};
  return command;
}

} // namespace

int main(int argc, char **argv) {
  static const Bottleneck bottleneck;
  pare::register_substitution(bottleneck);
  static constexpr CommandEntry kOwn[] = {{"solve", command_solve}};
  return pare::train::run_program("own_training", argc, argv, kOwn);
}

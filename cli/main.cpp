#include "cli/commands.hpp"
#include "command/run.hpp"
#include "command/version.hpp"

int main(int argc, char **argv) {
  using namespace pare::cli;
  return run_program(
      {.name = "pare",
       .description =
           "Pare pares a network down to a budget: it counts networks under substitutions of their convolutions, exactly, "
           "fits a setting to a budget, with proof, and trains what it fitted.",
       .commands = commands(),
       .version_text = [] { return version_text(); }},
      argc, argv);
}

#include "cli/commands.hpp"

#include "command/version.hpp"

namespace pare::cli {

#define PARE_COMMAND(name) const Command &command_##name();
#include "cli/commands.def"
#undef PARE_COMMAND

std::span<const CommandEntry> commands() {
  static constexpr CommandEntry kAll[] = {
#define PARE_COMMAND(name) {#name, command_##name},
#include "cli/commands.def"
#undef PARE_COMMAND
  };
  return kAll;
}

Program program() {
  return {.name = "pare",
          .description =
              "Pare pares a network down to a budget: it counts networks under substitutions of their convolutions, exactly, "
              "fits a setting to a budget, with proof, trains what it fitted, and takes experiments from a file to a table.",
          .commands = commands(),
          .version_text = [] { return version_text(); }};
}

} // namespace pare::cli

#include "cli/commands.hpp"

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

} // namespace pare::cli

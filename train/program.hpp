#pragma once

#include "command/command.hpp"

#include <span>
#include <string_view>

namespace pare::train {

/// The main() of a program that trains: the commands train, resume, evaluate and data of `pare`, which know every family that
/// has been registered before. `name`: what its users type. `own`: commands of the program's own; one of a name of ours goes
/// before ours. Returns the exit code; whatever is thrown becomes one line on stderr.
int run_program(std::string_view name, int argc, char **argv, std::span<const command::CommandEntry> own = {});

} // namespace pare::train

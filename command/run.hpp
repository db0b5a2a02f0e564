#pragma once

#include "command/command.hpp"

namespace pare::command {

/// The main() of a program: picks the command and runs it. Whatever is thrown becomes one line on stderr and an exit code.
int run_program(const Program &program, int argc, char **argv);

} // namespace pare::command

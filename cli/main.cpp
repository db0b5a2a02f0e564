#include "cli/commands.hpp"
#include "command/run.hpp"

int main(int argc, char **argv) { return pare::cli::run_program(pare::cli::program(), argc, argv); }

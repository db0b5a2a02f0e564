#pragma once

#include "cli/command.hpp"

#include <optional>
#include <string>
#include <vector>

namespace pare::cli {

/// Reads a command's arguments. None where help was asked for. Throws Error{kUsage}.
std::optional<Arguments> parse(const Command &command, const std::vector<std::string> &words);

/// The help of one command, and of all.
std::string help(const Command &command);
std::string help();

/// "cost, solve, ..."
std::string command_names();

} // namespace pare::cli

#pragma once

#include "command/command.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pare::command {

/// Reads a command's arguments. None where help was asked for. Throws Error{kUsage}. `program`: the name that its help shows.
std::optional<Arguments> parse(std::string_view program, const Command &command, const std::vector<std::string> &words);

/// The help of one command, and of a program.
std::string help(std::string_view program, const Command &command);
std::string help(const Program &program);

/// "cost, solve, ..."
std::string command_names(std::span<const CommandEntry> commands);

} // namespace pare::command

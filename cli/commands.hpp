#pragma once

#include "command/command.hpp"

#include <span>

namespace pare::cli {

using namespace command; // what commands are made of

/// The registry of `pare`: commands.def.
std::span<const CommandEntry> commands();
/// `pare` itself.
Program program();

} // namespace pare::cli

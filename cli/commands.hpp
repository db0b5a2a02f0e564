#pragma once

#include "command/command.hpp"

#include <span>

namespace pare::cli {

/// The registry of `pare`: commands.def.
std::span<const CommandEntry> commands();

} // namespace pare::cli

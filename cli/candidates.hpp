#pragma once

#include "command/command.hpp"

#include <string>
#include <vector>

namespace pare::cli {

using namespace command; // what commands are made of

/// The words that completion offers for an option's value, from its choices or from the registry that it names.
std::vector<std::string> candidates(const OptionInfo &option);
/// Whether a file may stand there.
bool may_be_file(const OptionInfo &option);

} // namespace pare::cli

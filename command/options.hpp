#pragma once

#include "command/command.hpp"

#include <string_view>
#include <vector>

namespace pare::cli {

// Descriptions of options that commands of both programs have.

OptionInfo network_option();
OptionInfo substitute_option();
OptionInfo where_possible_option();
OptionInfo input_option();
OptionInfo format_option(std::vector<std::string_view> choices = {"text", "json", "csv", "markdown", "latex"});
OptionInfo output_option(std::string_view description = "Write to FILE instead of stdout, whole or not at all");

} // namespace pare::cli

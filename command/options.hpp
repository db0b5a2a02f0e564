#pragma once

#include "command/command.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pare::command {

// Descriptions of options that commands of both programs have.

OptionInfo network_option();
OptionInfo substitute_option();
OptionInfo where_possible_option();
OptionInfo input_option();
OptionInfo format_option(std::vector<std::string_view> choices = {"text", "json", "csv", "markdown", "latex", "html"});
OptionInfo output_option(std::string_view description =
                             "Write to FILE instead of stdout, whole or not at all; its ending says the format where --format "
                             "does not");

/// The format that --format names; without it that of the ending of --output (.json, .csv, .md, .tex, .html, .txt, .dot); else
/// `otherwise`. Throws Error{kUsage} with the `accepted` ones.
std::string read_format(const Arguments &arguments, std::span<const std::string_view> accepted,
                        std::string_view otherwise = "text");

} // namespace pare::command

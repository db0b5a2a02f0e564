#pragma once

#include "analysis/convention.hpp"
#include "analysis/lower.hpp"
#include "command/command.hpp"
#include "command/options.hpp"
#include "models/network.hpp"
#include "reports/format.hpp"
#include "solver/solved_config.hpp"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace pare::cli {

using namespace command; // what commands are made of

// Options that several commands have, described once (the others in command/options.hpp) and read once.

OptionInfo convention_option();

/// NETWORK with --input C,H,W and --batch N where they are given. Throws Error.
Design read_design(const Arguments &arguments);

/// --convention NAME, `all` or a pare.convention/1 file, each once, in the order given; else macs and reference. `own`: those
/// that the network's file holds, which have names too.
std::vector<Convention> read_conventions(const Arguments &arguments, std::span<const Convention> own = {});

WhereRefused read_where_refused(const Arguments &arguments);
/// --format, or what the ending of --output says, of these.
Format read_format(const Arguments &arguments, std::span<const Format> accepted = kFormats);

/// One line on stderr for each layer whose substitute costs more than what it replaces: five, then how many more.
void warn_of_growths(const Graph &graph, const Plan &plan);

} // namespace pare::cli

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
OptionInfo evaluation_option(
    std::string_view description =
        "How substitutes are evaluated: dense (the weight built once per batch), factored, contraction (in the "
        "cheapest order), fast (transforms), or cheapest, at each layer the one with the fewest macs for an image");

/// --auxiliary of commands that count one network.
OptionInfo auxiliary_option();

/// NETWORK with --input C,H,W, --batch N and --auxiliary where they are given. Throws Error.
Design read_design(const Arguments &arguments);

/// --convention: lists of names, `all` and pare.convention/1 files, each once, in the order given; else macs and reference.
/// `own`: those that the network's file holds, which have names too.
std::vector<Convention> read_conventions(const Arguments &arguments, std::span<const Convention> own = {});

/// --substitute of a command that takes one. Throws Error{kUsage} for a list of several, which says what takes them.
std::optional<std::string> read_one_substitute(const Arguments &arguments, std::string_view what_takes_several);

/// --evaluation, where it is given and not `default`. Throws Error{kUsage}.
std::optional<Evaluation> read_evaluation(const Arguments &arguments);
/// Substitutes, or families with their setting left free, evaluated as --evaluation says, if it is given. Throws
/// Error{kNotApplicable} for a family that cannot be; with --where-possible it keeps its own way, and a line on stderr says so.
std::vector<std::string> with_evaluation(const Arguments &arguments, const std::vector<std::string> &substitutes);
Substitute with_evaluation(const Arguments &arguments, Substitute substitute);

OptionInfo max_width_option();
/// --max-width, of commands that solve for a width or list all. Throws Error{kUsage} where it is given and none of `families`,
/// which are asked for, is the width.
double read_max_width(const Arguments &arguments, std::span<const std::string> families);

WhereRefused read_where_refused(const Arguments &arguments);
/// --format, or what the ending of --output says, of these.
Format read_format(const Arguments &arguments, std::span<const Format> accepted = kFormats);

/// One line on stderr for each layer whose substitute costs more than what it replaces: five, then how many more.
void warn_of_growths(const Graph &graph, const Plan &plan);

} // namespace pare::cli

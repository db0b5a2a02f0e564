#pragma once

#include "command/command.hpp"
#include "solver/mixed/mixed.hpp"
#include "solver/mixed/problem.hpp"

#include <string>
#include <vector>

namespace pare::cli {

/// What `solve --per-layer` takes besides what `solve` takes.
std::vector<command::OptionInfo> per_layer_options();
command::OptionInfo time_limit_option();
command::OptionInfo memory_option();
/// Throws Error{kUsage} for one of these without --per-layer.
void refuse_per_layer_options(const command::Arguments &arguments);

/// All of a request that these options say; budgets and conventions are read elsewhere.
MixedRequest read_mixed_request(const command::Arguments &arguments);
/// --time-limit, --gap, --memory, progress on stderr, and Ctrl-C.
Control read_control(const command::Arguments &arguments);

/// Says on stderr now and then how many layers a score has looked at.
MixedProblem::Scored scored_progress();

/// A file that is written beside the result.
struct Export {
  std::string path;
  std::string text;
};
/// Where they may go: --export-candidates, of balanced FILE.next too, and --export-model.
std::vector<std::string> export_paths(const command::Arguments &arguments);
/// The files. Says on stderr what is not written, and why.
std::vector<Export> exports(const command::Arguments &arguments, const MixedProblem &problem, const Solution &solution);

} // namespace pare::cli

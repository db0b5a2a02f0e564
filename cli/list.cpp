#include "base/error.hpp"
#include "cli/options.hpp"
#include "command/output.hpp"
#include "reports/catalogue.hpp"

#include <fmt/format.h>

namespace pare::cli {

namespace {

Catalogue catalogue(const std::string &what) {
  if (what == "networks") return network_catalogue();
  if (what == "substitutions") return substitution_catalogue();
  if (what == "conventions") return convention_catalogue();
  if (what == "solvers") return solver_catalogue();
  if (what == "protocols") return protocol_catalogue();
  throw Error(ErrorCode::kUsage, "list",
              fmt::format("\"{}\" must be one of networks, substitutions, conventions, solvers, protocols", what));
}

int run(const Arguments &arguments) {
  const Format format = read_format(arguments);
  deliver(arguments.get("--output"), write_catalogue(catalogue(arguments.get("WHAT")), format));
  return kDone;
}

} // namespace

const Command &command_list() {
  static const Command command{
      .name = "list",
      .summary = "Describe the networks, substitutions, conventions, solvers or protocols that there are",
      .description = "Describes each entry: its names, its keys with what they accept, and where it comes from.",
      .options = {{.name = "WHAT",
                   .description = "One of",
                   .choices = {"networks", "substitutions", "conventions", "solvers", "protocols"},
                   .required = true},
                  format_option(),
                  output_option()},
      .examples = {{"pare list substitutions", "Every family with its keys"},
                   {"pare list networks --format json", "For a program"}},
      .run = run};
  return command;
}

} // namespace pare::cli

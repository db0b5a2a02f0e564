#include "base/error.hpp"
#include "base/names.hpp"
#include "base/text.hpp"
#include "cli/options.hpp"
#include "command/output.hpp"
#include "reports/catalogue.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <utility>

namespace pare::cli {

namespace {

constexpr std::array<std::pair<std::string_view, Catalogue (*)()>, 6> kCatalogues = {{{"networks", network_catalogue},
                                                                                      {"substitutions", substitution_catalogue},
                                                                                      {"conventions", convention_catalogue},
                                                                                      {"solvers", solver_catalogue},
                                                                                      {"scores", score_catalogue},
                                                                                      {"protocols", protocol_catalogue}}};

std::vector<std::string_view> catalogue_names() {
  std::vector<std::string_view> out;
  for (const auto &[name, ignored] : kCatalogues) out.push_back(name);
  return out;
}

Catalogue catalogue(const std::string &what) {
  for (const auto &[name, make] : kCatalogues)
    if (name == what) return make();
  throw Error(ErrorCode::kUsage, "list",
              fmt::format("{} must be one of {}{}", shown(what), fmt::join(catalogue_names(), ", "),
                          did_you_mean(what, catalogue_names())));
}

int do_list(const Arguments &arguments) {
  const Format format = read_format(arguments);
  deliver(arguments.get("--output"), write_catalogue(catalogue(arguments.get("WHAT")), format));
  return kDone;
}

} // namespace

const Command &command_list() {
  static const Command command{
      .name = "list",
      .summary = "List networks, substitutions, conventions, solvers, scores, protocols",
      .description = "Describes each entry: its names, its keys with what they accept, and where it comes from.",
      .options = {{.name = "WHAT", .description = "One of", .choices = catalogue_names(), .required = true},
                  format_option(),
                  output_option()},
      .examples = {{"pare list substitutions", "Every family with its keys"},
                   {"pare list networks --format json", "For a program"}},
      .run = do_list};
  return command;
}

} // namespace pare::cli

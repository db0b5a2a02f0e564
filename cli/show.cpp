#include "analysis/network_file.hpp"
#include "base/error.hpp"
#include "cli/options.hpp"
#include "command/output.hpp"
#include "reports/network_table.hpp"

#include <fmt/format.h>

#include <array>

namespace pare::cli {

namespace {

int do_show(const Arguments &arguments) {
  constexpr std::array<std::string_view, 3> kAccepted = {"text", "json", "dot"};
  const std::string format = command::read_format(arguments, kAccepted);
  const Design design = read_design(arguments);
  const Network &network = design.network;
  std::string result;
  if (format == "json") {
    result = write_network(network.graph, network.name);
  } else if (format == "dot") {
    result = write_dot(network.graph, network.name);
  } else {
    const Report table = network_table(network.graph, network.name);
    result = write({&table, 1}, Format::kText);
  }
  deliver(arguments.get("--output"), result);
  return kDone;
}

} // namespace

const Command &command_show() {
  static const Command command{
      .name = "show",
      .summary = "Write a network as a file, a graph or a table",
      .description = "Writes a network as it is before anything is substituted: as a pare.network/1 file that every command "
                     "reads back, as a "
                     "graph for Graphviz, or as a table of its layers with their marks (which may be substituted, where "
                     "attention is tapped).",
      .options = {network_option(), input_option(), format_option({"text", "json", "dot"}), output_option()},
      .examples = {{"pare show wrn-16-4 --format json -o mine.json", "A file to start a network of your own from"},
                   {"pare show mine.json", "Its layers"},
                   {"pare show darts --format dot | dot -Tsvg > darts.svg", "A drawing"}},
      .run = do_show};
  return command;
}

} // namespace pare::cli

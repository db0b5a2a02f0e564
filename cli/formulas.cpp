#include "cli/options.hpp"
#include "command/output.hpp"
#include "reports/catalogue.hpp"

#include <array>

namespace pare::cli {

namespace {

int do_formulas(const Arguments &arguments) {
  constexpr std::array kAccepted = {Format::kText, Format::kJson, Format::kMarkdown};
  const Format format = read_format(arguments, kAccepted);
  deliver(arguments.get("--output"), write_formulas(formulas(arguments.get("SUBSTITUTION")), format));
  return kDone;
}

} // namespace

const Command &command_formulas() {
  static const Command command{
      .name = "formulas",
      .summary = "Print the closed forms of what substitutions cost",
      .description =
          "Prints, for each substitution, parameters, mult-adds and work per batch of one convolution as formulas. The counts "
          "themselves never come from these: the tests hold the two against each other.",
      .options = {{.name = "SUBSTITUTION",
                   .description = "One only, with its keys or without: Shuffle, tensor_train:dimensions=4",
                   .values = Values::kSubstitution},
                  format_option({"text", "json", "markdown"}),
                  output_option()},
      .examples = {{"pare formulas", "All of them"},
                   {"pare formulas tensor_train:dimensions=4 --format markdown", "One, as a table"}},
      .run = do_formulas};
  return command;
}

} // namespace pare::cli

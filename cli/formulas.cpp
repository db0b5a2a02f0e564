#include "reports/formulas.hpp"
#include "base/error.hpp"
#include "cli/options.hpp"
#include "command/output.hpp"

namespace pare::cli {

namespace {

int do_formulas(const Arguments &arguments) {
  const Format format = read_format(arguments, kFormulaFormats);
  const std::string substitution = arguments.get("SUBSTITUTION");
  const FormulaRequest request{
      .substitution = substitution, .evaluation = read_evaluation(arguments), .all_evaluations = arguments.has("--all")};
  if (request.all_evaluations && request.evaluation)
    throw Error(ErrorCode::kUsage, "--all", "is every evaluation, and --evaluation is one; one of the two would be accepted");
  deliver(arguments.get("--output"), write_formulas(formulas(request), format));
  return kDone;
}

} // namespace

const Command &command_formulas() {
  static const Command command{
      .name = "formulas",
      .summary = "Print the closed forms of what substitutions cost",
      .description =
          "Prints, for each substitution, parameters, mult-adds and work per batch of one convolution as formulas, by "
          "convention "
          "macs, and estimates of mult-adds where it has some. LaTeX is a document that compiles by itself. The counts "
          "themselves never come from these: the tests hold the two against each other.",
      .options = {{.name = "SUBSTITUTION",
                   .description = "One only, with its keys or without: Shuffle, tensor_train:dimensions=4",
                   .values = Values::kSubstitution},
                  evaluation_option(
                      "How it is evaluated; where all are asked for, those that cannot be are listed as left out"),
                  {.name = "--all", .description = "In every evaluation that a family has"},
                  format_option({"text", "json", "markdown", "latex"}),
                  output_option()},
      .examples = {{"pare formulas", "All of them, each as it is evaluated where nothing is said"},
                   {"pare formulas tensor_train:dimensions=4 --format markdown", "One, as a table"},
                   {"pare formulas --all -o formulas.tex", "All of them in every evaluation, as a document for pdflatex"}},
      .run = do_formulas};
  return command;
}

} // namespace pare::cli

#include "analysis/explanation.hpp"
#include "base/error.hpp"
#include "cli/options.hpp"
#include "command/output.hpp"
#include "reports/explanation_table.hpp"

#include <fmt/format.h>

namespace pare::cli {

namespace {

int do_explain(const Arguments &arguments) {
  const Format format = read_format(arguments, kExplanationFormats);
  Design design = read_design(arguments);
  const auto text = read_one_substitute(arguments, "as a layer has one");
  if (text && design.is_solved)
    throw Error(ErrorCode::kUsage, "--substitute", fmt::format("{} {}", arguments.get("NETWORK"), what_is_settled(design)));
  if (arguments.has("--evaluation") && !text)
    throw Error(ErrorCode::kUsage, "--evaluation",
                "is about --substitute, which is not given; both, or neither would be accepted");
  if (text) design.plan.uniform = parse_substitute(*text);
  const Explanation explanation = explain(design.network.graph, arguments.get("--layer"), design.plan);
  deliver(arguments.get("--output"), write_explanation(explanation, design.network.name, format));
  return kDone;
}

} // namespace

const Command &command_explain() {
  static const Command command{
      .name = "explain",
      .summary = "Put the numbers of a layer into the formulas of a substitute",
      .description =
          "Says step by step what a substitute of one layer costs: the layer's numbers, what the family's formulas define and "
          "come to with them, and parameters, mult-adds (by convention macs) and work per batch, each beside the count of the "
          "ops that the layer is written out as. Where a layer shares parameters, its positions are those of its own place.",
      .options = {network_option(),
                  {.name = "--layer",
                   .value = "NAME",
                   .description = "A layer that can be replaced; `pare show` marks them",
                   .required = true},
                  {.name = "--substitute",
                   .value = "S",
                   .description = "What replaces it: Generic_0.1, tensor_train:ranks=3/5",
                   .values = Values::kSubstitution,
                   .otherwise = "what a solved file has for it, else the layer as it is"},
                  evaluation_option("How it is evaluated"),
                  input_option(),
                  {.name = "--batch", .value = "N", .description = "Images that are counted together", .otherwise = "1"},
                  format_option({"text", "json", "markdown"}),
                  output_option()},
      .examples = {{"pare explain wrn-28-10 --layer block2.0.layer.0.conv1 --substitute Generic_0.1",
                    "One layer at rank scale 0.1"},
                   {"pare explain wrn-28-10 --layer block3.0.layer.0.conv1 --substitute tensor_train:ranks=8/8",
                    "Another by numbers of its own"}},
      .run = do_explain};
  return command;
}

} // namespace pare::cli

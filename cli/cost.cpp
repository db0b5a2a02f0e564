#include "analysis/cost_model.hpp"
#include "base/error.hpp"
#include "cli/options.hpp"
#include "cli/sweep.hpp"
#include "command/output.hpp"
#include "reports/cost_table.hpp"
#include "reports/numbers.hpp"
#include "reports/tensor_costs.hpp"

#include <fmt/format.h>

#include <set>

namespace pare::cli {

namespace {

std::string written(const CostView &view, Format format) {
  switch (format) {
  case Format::kJson: return write_cost_json(view);
  case Format::kCsv: {
    const Report table = cost_table(view);
    return write({&table, 1}, format);
  }
  case Format::kText:
  case Format::kMarkdown:
  case Format::kLatex:
  case Format::kHtml: break;
  }
  return write(cost_reports(view), format);
}

int do_cost(const Arguments &arguments) {
  if (arguments.has("--sweep")) return cost_sweep(arguments);
  for (const std::string_view option : {"--points", "--max-width"})
    if (arguments.has(option)) throw Error(ErrorCode::kUsage, std::string(option), "it is of --sweep, which is not given");
  const Format format = read_format(arguments);
  std::optional<GroupBy> group_by;
  if (const auto name = arguments.find("--group-by")) group_by = parse_group_by(*name);
  std::optional<Substitute> substitute;
  if (const auto text = read_one_substitute(arguments, "or several by `pare table`")) substitute = parse_substitute(*text);

  Design design = read_design(arguments);
  std::vector<Convention> conventions = read_conventions(arguments, design.conventions);
  // That of a solved file may be another than the file says.
  const bool is_evaluated = arguments.has("--evaluation") && design.is_solved;
  for (const std::string_view option : {"--where-possible", "--evaluation"})
    if (arguments.has(option) && !substitute && !is_evaluated)
      throw Error(ErrorCode::kUsage, std::string(option),
                  "is about --substitute or --sweep, which are not given; with one of them, or without it would be accepted");
  if (is_evaluated && !substitute) {
    if (design.plan.layers.empty())
      throw Error(ErrorCode::kUsage, "--evaluation", "is about substitutes, and the file has none");
    const auto in_another_way = [&](Substitute planned) {
      if (read_evaluation(arguments)) planned.evaluation.reset();
      return with_evaluation(arguments, std::move(planned));
    };
    // A layer that stays as it is has one way, and what a family lacks is said once.
    std::set<const Substitution *> left;
    for (auto &[layer, planned] : design.plan.layers) {
      if (planned == baseline_substitute() || left.contains(planned.family)) continue;
      planned = in_another_way(planned);
      if (const auto asked = read_evaluation(arguments); asked && planned.evaluation != asked) left.insert(planned.family);
    }
    if (design.substitution) design.substitution = in_another_way(parse_substitute(*design.substitution)).text();
  }
  if (substitute) {
    if (design.is_solved)
      throw Error(ErrorCode::kUsage, "--substitute", fmt::format("{} {}", arguments.get("NETWORK"), what_is_settled(design)));
    design.substitution = substitute->text();
    design.plan.uniform = std::move(substitute);
  }

  if (arguments.has("--tensor-costs")) {
    for (const std::string_view option : {"--layers", "--group-by", "--convention", "--auxiliary"})
      if (arguments.has(option))
        throw Error(ErrorCode::kUsage, std::string(option),
                    "is not for --tensor-costs, which lists tensors by convention macs");
    const Report table = tensor_costs(design.network, design.plan, read_where_refused(arguments));
    deliver(arguments.get("--output"), write({&table, 1}, format));
    return kDone;
  }
  const Lowered lowered = lower(design.network.graph, design.plan, read_where_refused(arguments));
  const bool layers = arguments.has("--layers");
  const CostReport cost = count(lowered.graph, layers || group_by ? Detail::kLayers : Detail::kTotals);
  const std::string result = written({.network = design.network,
                                      .has_auxiliary_head = arguments.has("--auxiliary"),
                                      .substitution = design.substitution,
                                      .lowered = lowered,
                                      .cost = cost,
                                      .conventions = std::move(conventions),
                                      .layers = layers,
                                      .group_by = group_by},
                                     format);
  warn_of_growths(design.network.graph, design.plan);
  deliver(arguments.get("--output"), result);
  return kDone;
}

} // namespace

const Command &command_cost() {
  static const Command command{
      .name = "cost",
      .summary = "Count a network, exactly",
      .description =
          "Counts the parameters, mult-adds and activations of a network, as it is or with its convolutions substituted. A "
          "number of mult-adds stands with the convention that it is counted by; what a convention does not count is listed. "
          "Activation elements are those of all tensors that ops make in one pass over the batch; views and dropout are not "
          "counted. With --sweep it counts every distinct plan of a family.",
      .options = {network_option(),
                  substitute_option(),
                  evaluation_option(),
                  sweep_option(),
                  sweep_points_option(),
                  where_possible_option(),
                  max_width_option(),
                  input_option(),
                  {.name = "--batch", .value = "N", .description = "Images that are counted together", .otherwise = "1"},
                  convention_option(),
                  {.name = "--layers", .description = "List every layer"},
                  auxiliary_option(),
                  {.name = "--group-by",
                   .value = "GROUP",
                   .description = "Sums over layers of one output resolution, kernel or kind",
                   .choices = names_of(kGroupings)},
                  {.name = "--tensor-costs",
                   .description =
                       "What tensors (tensor_train, tucker, cp, ...) cost by layer: estimates beside what is executed"},
                  format_option(),
                  output_option()},
      .examples = {{"pare cost wrn-28-10 --substitute Generic_0.1",
                    "WRN-28-10 with every replaceable convolution at rank scale 0.1"},
                   {"pare cost resnet-50 --layers --format markdown", "Every layer, as a table for a README"},
                   {"pare cost darts --group-by kernel --convention all", "Sums by kernel, in every convention"},
                   {"pare cost mobilenet-v2 --input 3,128,128 --batch 8 --format json",
                    "Another input, eight images at once, for a program"},
                   {"pare cost wrn-28-10 --substitute TensorTrain_0.44 --evaluation contraction",
                    "A tensor train in its cheapest order instead of as a dense weight"},
                   {"pare cost darts:genotype=p_darts --auxiliary", "P-DARTS as it is trained, with its auxiliary head"},
                   {"pare cost wrn-28-10 --sweep Generic --format csv", "Every network that Generic makes of it, to plot"},
                   {"pare cost student.json", "What `pare solve` wrote"}},
      .run = do_cost};
  return command;
}

} // namespace pare::cli

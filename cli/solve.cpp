#include "base/error.hpp"
#include "base/files.hpp"
#include "base/text.hpp"
#include "cli/fits.hpp"
#include "cli/options.hpp"
#include "cli/per_layer.hpp"
#include "command/interrupt.hpp"
#include "command/output.hpp"
#include "reports/solve_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace pare::cli {

namespace {

std::string text_of(const SolveView &view, Format format, const std::string &document) {
  return format == Format::kJson ? document : written(solve_reports(view), solve_table(view), format);
}

/// What is said of a solution, and the files beside it.
struct Solved {
  Solution solution;
  std::string method;
  std::string provenance;
  std::vector<Export> exports = {};
};

Solved solve_one_setting(const Arguments &arguments, const FitRequest &fit) {
  const auto &[design, budgets, conventions, bare] = fit;
  const auto substitute = read_one_substitute(arguments, "and a fit of its own for each");
  if (!substitute) throw Error(ErrorCode::kUsage, "--substitute", "it is required; --per-layer would be accepted in its place");
  const SolveRequest request{.substitution = *substitute,
                             .budgets = budgets,
                             .conventions = conventions,
                             .method = std::string(find_solver(arguments.get("--method", kDefaultMethod)).info().name),
                             .where_refused = read_where_refused(arguments),
                             .max_width = read_max_width(arguments, {&*substitute, 1})};
  return {.solution = solve_uniform(design.network, request),
          .method = request.method,
          .provenance = provenance(arguments, request.method,
                                   {{"substitute", json_text(request.substitution)},
                                    {"where_possible", request.where_refused == WhereRefused::kLeaveAsItIs ? "true" : "false"}},
                                   conventions)};
}

Solved solve_per_layer(const Arguments &arguments, const FitRequest &fit) {
  const auto &[design, budgets, conventions, bare] = fit;
  MixedRequest request = read_mixed_request(arguments);
  request.budgets = budgets;
  request.conventions = conventions;
  const Control control = read_control(arguments);
  const MixedProblem problem(design.network, request, scored_progress());
  Solved out{.solution = solve_mixed(design.network, problem, control),
             .method = request.method,
             .provenance = provenance(arguments, request.method, {}, conventions)};
  out.exports = exports(arguments, problem, out.solution);
  return out;
}

FitRequest read_request(const Arguments &arguments) {
  FitRequest out;
  out.conventions = read_conventions(arguments);
  // Mult-adds without a convention are those of the one that is asked for, macs where none is.
  const bool named = arguments.has("--convention");
  out.bare = !named ? standard_convention().name : out.conventions.size() == 1 ? out.conventions.front().name : "";
  for (const std::string &budget : arguments.items("--budget")) out.budgets.push_back(parse_budget(budget, out.bare));
  out.design = read_design(arguments);
  if (out.design.is_solved)
    throw Error(ErrorCode::kUsage, "NETWORK", fmt::format("{} {}", arguments.get("NETWORK"), what_is_settled(out.design)));
  return out;
}

int do_solve(const Arguments &arguments) {
  const bool per_layer = arguments.has("--per-layer");
  const bool is_front = arguments.has("--pareto");
  if (!is_front && arguments.has("--points"))
    throw Error(ErrorCode::kUsage, "--points", "it is of --pareto, which is not given");
  if (!is_front && !arguments.has("--budget"))
    throw Error(ErrorCode::kUsage, "pare solve", "--budget B is missing; see pare solve --help");
  if (per_layer) {
    for (const std::string_view option : {"--substitute", "--where-possible", "--max-width"})
      if (arguments.has(option) && (option != "--where-possible" || !arguments.has("--evaluation")))
        throw Error(ErrorCode::kUsage, std::string(option),
                    "it is for one setting of the whole network; --per-layer takes --families");
  } else {
    refuse_per_layer_options(arguments);
  }
  if (is_front) return solve_pareto(arguments, read_request(arguments));
  if (const auto families = arguments.items("--substitute"); !per_layer && are_families(families))
    return solve_families(arguments, read_request(arguments), families);

  const Outputs outputs = read_outputs(arguments);
  const FitRequest request = read_request(arguments);
  const Design &design = request.design;
  std::vector<std::string> paths;
  for (const Output &output : outputs)
    if (!output.is_stdout()) paths.push_back(output.path);
  for (std::string &path : export_paths(arguments)) paths.push_back(std::move(path));
  for (std::size_t i = 0; i < paths.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (same_file(paths[i], paths[j]))
        throw Error(ErrorCode::kUsage, "",
                    fmt::format("{} would be written twice; another file would be accepted", shown(paths[i])));
  for (const std::string &path : paths) check_output(path); // before the work
  const Solved solved = per_layer ? solve_per_layer(arguments, request) : solve_one_setting(arguments, request);
  const Solution &solution = solved.solution;
  const bool has_plan = solution.costs.has_value();
  const SolveView view{.solution = solution, .network = design.network.name, .method = solved.method};
  if (has_plan && solution.uniform) warn_of_growths(solution.network.graph, solution.plan);
  const std::string document = write_solved(solution, solved.provenance);
  // All is made before anything is written, and files are written first: whoever reads stdout may have gone.
  std::vector<std::pair<std::string, std::string>> results;
  for (const Output &output : outputs)
    if (has_plan || output.is_stdout())
      results.emplace_back(output.path, output.format ? text_of(view, *output.format, document) : document);
  for (const Export &file : solved.exports) results.emplace_back(file.path, file.text);
  write_results(results);
  const int stopped = solution.termination.limit == Limit::kInterrupted ? 128 + interrupted() : kDone;
  if (has_plan) return stopped;
  std::string unwritten;
  for (const Output &output : outputs)
    if (!output.is_stdout()) unwritten += fmt::format("; {} was not written", output.path);
  talk(one_line(fmt::format("pare: {}: {}{}", to_string(solution.termination.reason), solution.termination.detail, unwritten)));
  if (solution.termination.reason == Reason::kInfeasible) return kNothingFits;
  return stopped == kDone ? kFault : stopped;
}

std::vector<std::string_view> method_names() {
  std::vector<std::string_view> out;
  for (const UniformSolver *solver : solvers()) out.push_back(solver->info().name);
  return out;
}

} // namespace

const Command &command_solve() {
  static const Command command = [] {
    Command out{
        .name = "solve",
        .summary = "Fit one setting, or one for each layer, to budgets, with proof",
        .description =
            "Finds the setting of a substitution, the same for the whole network, that has the largest number of parameters "
            "within "
            "all budgets (or the number nearest to one that is written with ~), and proves it: the next setting up is shown "
            "with "
            "why it is not the answer. With --per-layer it chooses a family and a setting for each layer, and proves by a "
            "certificate that no other choice has a higher score. Exit code 3 says that nothing meets the budgets.",
        .options =
            {network_option(),
             {.name = "--substitute",
              .value = "FAMILY",
              .description = "What to replace convolutions with, its setting left free: Generic, tensor_train:dimensions=4; or "
                             "`width`, the "
                             "original layers with every stage's channels scaled; a list or `all` gives a row for each",
              .values = Values::kFamily},
             {.name = "--budget",
              .value = "B",
              .description = "A limit that must hold, or a list of them: parameters<=0.8M, mult-adds[reference]<=100M, "
                             "activations<=1M, stored-bytes>=4M, parameters<=5% (of the original), or "
                             "parameters~0.8M (nearest); mult-adds alone are by --convention, macs without; needed unless "
                             "--pareto is given, beside which they must hold too",
              .repeats = true},
             {.name = "--method",
              .value = "METHOD",
              .description = "How to search; pare list solvers describes them",
              .choices = method_names(),
              .otherwise = kDefaultMethod},
             evaluation_option(),
             where_possible_option(),
             max_width_option(),
             {.name = "--pareto",
              .value = "QUANTITY",
              .description = "The best plans for all amounts of it: per layer at limits spaced geometrically, each proven; of "
                             "one family each setting that no other is better than"},
             {.name = "--points",
              .value = "N",
              .description = "How many limits --pareto has; without it all plans of one family, up to 10000",
              .otherwise = "20 per layer"},
             input_option(),
             convention_option(),
             format_option(),
             output_option(
                 "Write to FILE, whole or not at all: in --format, or as its ending says (.json: the solved file), or else "
                 "the solved file"),
             {.name = "--solved",
              .value = "FILE",
              .description = "Write the solved file (pare.solved/1) too, which every command reads as a network; with --pareto "
                             "FILE is a folder, for point-01.json and so on",
              .values = Values::kFile}},
        .examples = {{"pare solve wrn-28-10 --substitute Generic --budget 'parameters<=0.8M' -o student.json",
                      "The largest WRN-28-10 of low-rank layers within 0.8 M parameters"},
                     {"pare solve darts --substitute Shuffle --budget 'parameters<=30%,mult-adds<=2e8'",
                      "Two budgets, both must hold"},
                     {"pare solve resnet-18 --substitute width --budget 'parameters~5M' --format json",
                      "The width nearest to five million parameters"},
                     {"pare solve wrn-28-10 --per-layer --budget 'parameters<=1.19M,mult-adds<=170M' -o mixed.json",
                      "A family and a setting for each layer, within both"},
                     {"pare solve wrn-16-4 --per-layer --pareto parameters --points 5 --solved front",
                      "The best plans for five sizes, each with a solved file"},
                     {"pare solve wrn-28-10 --substitute all --budget 'parameters<=0.8M'",
                      "Every family within the same budget, side by side"}},
        .run = do_solve};
    // Before those that say where the result goes.
    const auto options = per_layer_options();
    const auto place = std::find_if(out.options.begin(), out.options.end(),
                                    [](const OptionInfo &option) { return option.name == "--budget"; });
    out.options.insert(place, options.begin(), options.end());
    return out;
  }();
  return command;
}

} // namespace pare::cli

#include "analysis/cost_model.hpp"
#include "analysis/error.hpp"
#include "cli/options.hpp"
#include "command/files.hpp"
#include "command/version.hpp"
#include "reports/solve_table.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace pare::cli {

namespace {

/// Versions and options; no date and no host, so that the same input gives the same bytes.
std::string provenance(const Arguments &arguments, const SolveRequest &request) {
  using nlohmann::ordered_json;
  ordered_json out;
  out["pare"] = version();
  out["compiler"] = compiler();
  out["libraries"] = ordered_json::object();
  for (const auto &[name, number] : libraries()) out["libraries"][name] = number;
  out["method"] = request.method;
  ordered_json options;
  options["substitute"] = request.substitution;
  options["budgets"] = arguments.all("--budget");
  options["where_possible"] = request.where_refused == WhereRefused::kLeaveAsItIs;
  options["conventions"] = ordered_json::array();
  for (const Convention &convention : request.conventions) options["conventions"].push_back(convention.name);
  out["options"] = std::move(options);
  return out.dump();
}

int run(const Arguments &arguments) {
  const Format format = read_format(arguments);
  SolveRequest request{.substitution = arguments.get("--substitute"),
                       .budgets = {},
                       .conventions = read_conventions(arguments),
                       .method = arguments.get("--method", "exact"),
                       .where_refused = read_where_refused(arguments)};
  for (const std::string &budget : arguments.all("--budget")) request.budgets.push_back(parse_budget(budget));
  const Design design = read_design(arguments);
  if (design.is_solved)
    throw Error(ErrorCode::kUsage, "NETWORK",
                fmt::format("{} is solved already; a network without substitutes would be accepted", arguments.get("NETWORK")));

  const Solution solution = solve_uniform(design.network, request);
  const bool infeasible = !solution.result.answer;
  const CostReport original = count(lower(design.network.graph, {}).graph);
  const SolveView view{.solution = solution,
                       .network = design.network.name,
                       .original = original,
                       .conventions = request.conventions,
                       .method = request.method};
  const std::string path = arguments.get("--output");
  const std::string document =
      format == Format::kJson || !path.empty() ? write_solved(solution, provenance(arguments, request)) : std::string();
  std::string result;
  switch (format) {
  case Format::kJson: result = document; break;
  case Format::kCsv: {
    const Report table = solve_table(view);
    result = write({&table, 1}, format);
    break;
  }
  case Format::kText:
  case Format::kMarkdown:
  case Format::kLatex: result = write(solve_reports(view), format); break;
  }

  if (!infeasible) warn_of_growths(solution.network.graph, solution.plan);
  if (!path.empty() && !infeasible) write_file(path, document);
  print(result);
  if (!infeasible) return kDone;
  talk(fmt::format("pare: infeasible: {}{}", solution.result.termination.detail,
                   path.empty() ? "" : "; " + path + " was not written"));
  return kNothingFits;
}

} // namespace

const Command &command_solve() {
  static const Command command{
      .name = "solve",
      .summary = "Fit one setting to budgets, with proof",
      .description =
          "Finds the setting of a substitution, the same for the whole network, that has the largest number of parameters "
          "within "
          "all budgets (or the number nearest to one that is written with ~), and proves it: the next setting up is shown with "
          "why it is not the answer. Exit code 3 says that no setting meets the budgets.",
      .options =
          {network_option(),
           {.name = "--substitute",
            .value = "FAMILY",
            .description =
                "What to replace convolutions with, its setting left free: Generic, tensor_train:dimensions=4; or `width`, the "
                "original layers with every stage's channels scaled",
            .values = Values::kFamily,
            .required = true},
           {.name = "--budget",
            .value = "B",
            .description =
                "A limit that must hold: parameters<=0.8M, mult-adds[reference]<=100M, parameters<=5% (of the original), or "
                "parameters~0.8M (nearest)",
            .required = true,
            .repeats = true},
           {.name = "--method",
            .value = "METHOD",
            .description = "How to search: exact (proven) or another solver; standard: exact",
            .values = Values::kSolver},
           where_possible_option(),
           input_option(),
           convention_option(),
           format_option(),
           output_option("Write the solution to FILE as well (pare.solved/1), whole or not at all")},
      .examples = {{"pare solve wrn-28-10 --substitute Generic --budget 'parameters<=0.8M' -o student.json",
                    "The largest WRN-28-10 of low-rank layers within 0.8 M parameters"},
                   {"pare solve darts --substitute Shuffle --budget 'parameters<=30%' --budget 'mult-adds<=2e8'",
                    "Two budgets, both must hold"},
                   {"pare solve resnet-18 --substitute width --budget 'parameters~5M' --format json",
                    "The width nearest to five million parameters"}},
      .run = run};
  return command;
}

} // namespace pare::cli

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/text.hpp"
#include "cli/options.hpp"
#include "cli/per_layer.hpp"
#include "command/interrupt.hpp"
#include "command/output.hpp"
#include "command/version.hpp"
#include "reports/solve_table.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace pare::cli {

namespace {

/// Versions and options; no date and no host, so that the same input gives the same bytes.
std::string provenance(const Arguments &arguments, std::string_view method, nlohmann::ordered_json options,
                       std::span<const Convention> conventions) {
  using nlohmann::ordered_json;
  ordered_json out;
  out["pare"] = version();
  out["compiler"] = compiler();
  out["libraries"] = ordered_json::object();
  for (const auto &[name, number] : libraries()) out["libraries"][name] = number;
  out["method"] = method;
  options["budgets"] = arguments.items("--budget");
  options["conventions"] = ordered_json::array();
  for (const Convention &convention : conventions) options["conventions"].push_back(convention.name);
  out["options"] = std::move(options);
  return out.dump();
}

/// "" and "-".
bool is_stdout(const std::string &path) { return path.empty() || path == "-"; }

/// The same file by two names; a device may be written twice.
bool same_file(const std::string &a, const std::string &b) {
  std::error_code ignored;
  if (std::filesystem::exists(a, ignored) && !std::filesystem::is_regular_file(a, ignored)) return false;
  return std::filesystem::weakly_canonical(a, ignored) == std::filesystem::weakly_canonical(b, ignored);
}

/// One thing that is written, and where.
struct Output {
  std::string path;
  std::optional<Format> format; ///< none: the solved file

  bool is_stdout() const { return cli::is_stdout(path); }
};
using Outputs = std::vector<Output>;

Outputs read_outputs(const Arguments &arguments) {
  const std::string path = arguments.get("--output");
  const auto solved = arguments.find("--solved");
  Outputs out;
  if (path.empty()) {
    out.push_back({.path = {}, .format = read_format(arguments)});
  } else {
    const bool by_name = arguments.has("--format");
    // A name whose ending says nothing is that of the solved file.
    std::vector<std::string_view> names;
    for (const Format format : kFormats) names.push_back(to_string(format));
    const std::string format = command::read_format(arguments, names, "");
    out.push_back({.path = path, .format = format.empty() ? std::nullopt : std::optional(parse_format(format))});
    if (!by_name && path != "-") out.push_back({.path = {}, .format = Format::kText}); // the table for whoever asked
  }
  if (solved) out.push_back({.path = *solved, .format = {}});
  for (std::size_t i = 0; i < out.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (out[i].is_stdout() ? out[j].is_stdout() : !out[j].is_stdout() && same_file(out[i].path, out[j].path))
        throw Error(ErrorCode::kUsage, "--solved",
                    fmt::format("{} is where the result goes; another file would be accepted",
                                out[i].is_stdout() ? "stdout" : shown(out[i].path)));
  return out;
}

std::string written(const SolveView &view, Format format, const std::string &document) {
  switch (format) {
  case Format::kJson: return document;
  case Format::kCsv: {
    const Report table = solve_table(view);
    return write({&table, 1}, format);
  }
  case Format::kText:
  case Format::kMarkdown:
  case Format::kLatex:
  case Format::kHtml: break;
  }
  return write(solve_reports(view), format);
}

/// What is said of a solution, and the files beside it.
struct Solved {
  Solution solution;
  std::string method;
  std::string provenance;
  std::vector<Export> exports = {};
};

Solved solve_one_setting(const Arguments &arguments, const Design &design, const std::vector<Budget> &budgets,
                         const std::vector<Convention> &conventions) {
  const auto substitute = read_one_substitute(arguments, "and a fit of its own for each");
  if (!substitute) throw Error(ErrorCode::kUsage, "--substitute", "it is required; --per-layer would be accepted in its place");
  refuse_per_layer_options(arguments);
  const SolveRequest request{.substitution = *substitute,
                             .budgets = budgets,
                             .conventions = conventions,
                             .method = std::string(find_solver(arguments.get("--method", kDefaultMethod)).info().name),
                             .where_refused = read_where_refused(arguments)};
  return {.solution = solve_uniform(design.network, request),
          .method = request.method,
          .provenance = provenance(
              arguments, request.method,
              {{"substitute", request.substitution}, {"where_possible", request.where_refused == WhereRefused::kLeaveAsItIs}},
              conventions)};
}

Solved solve_per_layer(const Arguments &arguments, const Design &design, const std::vector<Budget> &budgets,
                       const std::vector<Convention> &conventions) {
  for (const std::string_view option : {"--substitute", "--where-possible"})
    if (arguments.has(option))
      throw Error(ErrorCode::kUsage, std::string(option),
                  "it is for one setting of the whole network; --per-layer takes --families");
  MixedRequest request = read_mixed_request(arguments);
  request.budgets = budgets;
  request.conventions = conventions;
  const Control control = read_control(arguments);
  const MixedProblem problem(design.network, request);
  Solved out{.solution = solve_mixed(design.network, problem, control),
             .method = request.method,
             .provenance = provenance(arguments, request.method, nlohmann::ordered_json::object(), conventions)};
  out.exports = exports(arguments, problem, out.solution);
  return out;
}

int run(const Arguments &arguments) {
  const Outputs outputs = read_outputs(arguments);
  const std::vector<Convention> conventions = read_conventions(arguments);
  // Mult-adds without a convention are those of the one that is asked for, macs where none is.
  const bool named = arguments.has("--convention");
  const std::string bare = !named ? standard_convention().name : conventions.size() == 1 ? conventions.front().name : "";
  std::vector<Budget> budgets;
  for (const std::string &budget : arguments.items("--budget")) budgets.push_back(parse_budget(budget, bare));
  const Design design = read_design(arguments);
  if (design.is_solved)
    throw Error(ErrorCode::kUsage, "NETWORK", fmt::format("{} {}", arguments.get("NETWORK"), what_is_settled(design)));

  std::vector<std::string> paths;
  for (const Output &output : outputs)
    if (!output.is_stdout()) paths.push_back(output.path);
  for (const std::string_view option : {"--export-candidates", "--export-model"})
    if (const auto path = arguments.find(option)) paths.push_back(*path);
  for (const std::string &path : paths) check_output(path); // before the work
  const Solved solved = arguments.has("--per-layer") ? solve_per_layer(arguments, design, budgets, conventions)
                                                     : solve_one_setting(arguments, design, budgets, conventions);
  const Solution &solution = solved.solution;
  const bool has_plan = solution.costs.has_value();
  const SolveView view{.solution = solution, .network = design.network.name, .method = solved.method};
  if (has_plan && solution.uniform) warn_of_growths(solution.network.graph, solution.plan);
  const std::string document = write_solved(solution, solved.provenance);
  // All is made before anything is written, and files are written first: whoever reads stdout may have gone.
  std::vector<std::pair<std::string, std::string>> results;
  for (const Output &output : outputs)
    if (has_plan || output.is_stdout())
      results.emplace_back(output.path, output.format ? written(view, *output.format, document) : document);
  std::vector<NamedText> files;
  for (const auto &[path, text] : results)
    if (!is_stdout(path)) files.push_back({.path = path, .text = text});
  for (const Export &file : solved.exports) files.push_back({.path = file.path, .text = file.text});
  write_files(files);
  for (const auto &[path, text] : results)
    if (is_stdout(path)) print(text);
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
                             "original layers with every stage's channels scaled",
              .values = Values::kFamily},
             {.name = "--budget",
              .value = "B",
              .description = "A limit that must hold, or a list of them: parameters<=0.8M, mult-adds[reference]<=100M, "
                             "activations<=1M, stored-bytes>=4M, parameters<=5% (of the original), or "
                             "parameters~0.8M (nearest); mult-adds alone are by --convention, macs without",
              .required = true,
              .repeats = true},
             {.name = "--method",
              .value = "METHOD",
              .description = "How to search; pare list solvers describes them",
              .choices = method_names(),
              .otherwise = kDefaultMethod},
             where_possible_option(),
             input_option(),
             convention_option(),
             format_option(),
             output_option(
                 "Write to FILE, whole or not at all: in --format, or as its ending says (.json: the solved file), or else "
                 "the solved file"),
             {.name = "--solved",
              .value = "FILE",
              .description = "Write the solved file (pare.solved/1) too, which every command reads as a network",
              .values = Values::kFile}},
        .examples = {{"pare solve wrn-28-10 --substitute Generic --budget 'parameters<=0.8M' -o student.json",
                      "The largest WRN-28-10 of low-rank layers within 0.8 M parameters"},
                     {"pare solve darts --substitute Shuffle --budget 'parameters<=30%,mult-adds<=2e8'",
                      "Two budgets, both must hold"},
                     {"pare solve resnet-18 --substitute width --budget 'parameters~5M' --format json",
                      "The width nearest to five million parameters"},
                     {"pare solve wrn-28-10 --per-layer --budget 'parameters<=1.19M,mult-adds<=170M' -o mixed.json",
                      "A family and a setting for each layer, within both"}},
        .run = run};
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

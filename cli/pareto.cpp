#include "solver/pareto.hpp"

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/text.hpp"
#include "cli/fits.hpp"
#include "cli/per_layer.hpp"
#include "command/interrupt.hpp"
#include "command/output.hpp"
#include "reports/numbers.hpp"
#include "reports/pareto_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <functional>

namespace pare::cli {

namespace {

constexpr std::size_t kStandardPoints = 20;

/// A new folder, or an empty one: no point of a front before is left among those of this one.
void check_folder(const std::string &path) {
  std::error_code fault;
  if (path == "-" || (std::filesystem::exists(path, fault) && !std::filesystem::is_directory(path, fault)))
    throw Error(ErrorCode::kUsage, "--solved",
                fmt::format("{} is no folder; with --pareto it is one, new or empty", shown(path)));
  if (std::filesystem::exists(path, fault) && !std::filesystem::is_empty(path, fault))
    throw Error(ErrorCode::kUsage, "--solved",
                fmt::format("{} has files in it; a new or an empty folder would be accepted", shown(path)));
}

/// "point-07.json"
std::string point_name(std::size_t place, std::size_t count) {
  const std::size_t width = std::max<std::size_t>(2, fmt::format("{}", count).size());
  return fmt::format("point-{:0{}}.json", place, width);
}

/// A front as it is written: documents are made where they are asked for.
struct FrontView {
  std::string network;
  Quantity quantity;
  std::vector<std::int64_t> limits;
  std::vector<Report> tables;                     ///< CSV is the first
  std::function<std::string(std::size_t)> solved; ///< the document of a point
  std::optional<std::string> unmet;               ///< where there are no points: why, as a document
};

void write_front(const Arguments &arguments, const Outputs &outputs, const FrontView &front) {
  const auto folder = arguments.find("--solved");
  const auto is_json = [](const Output &output) { return output.format.value_or(Format::kJson) == Format::kJson; };
  std::vector<std::string> solved;
  if (folder || std::any_of(outputs.begin(), outputs.end(), is_json))
    for (std::size_t i = 0; i < front.limits.size(); ++i) solved.push_back(front.solved(i));
  std::vector<std::pair<std::string, std::string>> results;
  for (const Output &output : outputs) {
    if (front.limits.empty() && !output.is_stdout()) continue;
    results.emplace_back(output.path, is_json(output) ? pareto_json(front.network, front.quantity, front.limits, solved,
                                                                    front.unmet.value_or(""))
                                                      : written(front.tables, front.tables.front(), *output.format));
  }
  if (folder && !solved.empty()) {
    std::error_code fault;
    std::filesystem::create_directories(*folder, fault);
    if (fault) throw Error(ErrorCode::kIo, *folder, fmt::format("the folder cannot be made: {}", fault.message()));
    for (std::size_t i = 0; i < solved.size(); ++i)
      results.emplace_back((std::filesystem::path(*folder) / point_name(i + 1, solved.size())).string(), solved[i]);
  }
  write_results(results);
}

/// What is said where there is no plan.
int say_unmet(const Arguments &arguments, const Outputs &outputs, const Termination &termination) {
  std::string unwritten;
  for (const Output &output : outputs)
    if (!output.is_stdout()) unwritten += fmt::format("; {} was not written", output.path);
  if (const auto folder = arguments.find("--solved")) unwritten += fmt::format("; nothing was written into {}", *folder);
  talk(one_line(fmt::format("pare: {}: {}{}", to_string(termination.reason), termination.detail, unwritten)));
  if (termination.reason == Reason::kInfeasible) return kNothingFits;
  return interrupted() != 0 ? 128 + interrupted() : kFault;
}

OptionTexts with_front(const Quantity &quantity, std::optional<std::size_t> points, OptionTexts options = {}) {
  options.emplace_back("pareto", json_text(quantity.text()));
  if (points) options.emplace_back("points", fmt::format("{}", *points));
  return options;
}

int solve_per_layer_front(const Arguments &arguments, const Outputs &outputs, const FitRequest &fit, const Quantity &quantity,
                          std::optional<std::size_t> asked) {
  for (const std::string_view option : {"--export-candidates", "--export-model"})
    if (arguments.has(option))
      throw Error(ErrorCode::kUsage, std::string(option), "it is of one plan; --pareto without it would be accepted");
  MixedRequest request = read_mixed_request(arguments);
  request.budgets = fit.budgets;
  request.conventions = fit.conventions;
  const Control control = read_control(arguments);
  const std::size_t points = asked.value_or(kStandardPoints);
  const std::vector<Solution> front = pareto(
      fit.design.network, request, quantity, points, control, [](const Solution &point, std::size_t place, std::size_t count) {
        talk(fmt::format("pare: point {} of {}, {}: {} {}, {}", place, count, point.budgets.back().written,
                         point.mixed->request.score,
                         digits(static_cast<double>(*point.mixed->value) / static_cast<double>(kScoreUnit)),
                         to_string(point.termination.reason)));
      });
  const std::string options = provenance(arguments, request.method, with_front(quantity, points), fit.conventions);
  FrontView view{.network = fit.design.network.name,
                 .quantity = front.back().budgets.back().quantity,
                 .limits = {},
                 .tables = {},
                 .solved = [&](std::size_t place) { return write_solved(front[place], options); },
                 .unmet = {}};
  if (!front.front().costs) {
    view.unmet = write_solved(front.front(), options);
    view.tables = solve_reports({.solution = front.front(), .network = view.network, .method = request.method});
    write_front(arguments, outputs, view);
    return say_unmet(arguments, outputs, front.front().termination);
  }
  for (const Solution &point : front) view.limits.push_back(point.budgets.back().limit.whole());
  view.tables = {pareto_table(view.network, front)};
  write_front(arguments, outputs, view);
  return interrupted() != 0 ? 128 + interrupted() : kDone;
}

int solve_uniform_front(const Arguments &arguments, const Outputs &outputs, const FitRequest &fit, const Quantity &quantity,
                        std::optional<std::size_t> points) {
  const auto substitute = read_one_substitute(arguments, "and a front of its own for each");
  if (!substitute) throw Error(ErrorCode::kUsage, "--substitute", "it is required; --per-layer would be accepted in its place");
  if (are_families({*substitute}))
    throw Error(ErrorCode::kUsage, "--substitute",
                "all are several families; one would be accepted, and a front of its own for each");
  SolveRequest request{.substitution = *substitute,
                       .budgets = fit.budgets,
                       .conventions = fit.conventions,
                       .method = std::string(find_solver(arguments.get("--method", kDefaultMethod)).info().name),
                       .where_refused = read_where_refused(arguments),
                       .max_width = read_max_width(arguments, {&*substitute, 1})};
  const UniformFront front = uniform_front(fit.design.network, request, quantity, points);
  const std::string options =
      provenance(arguments, request.method,
                 with_front(quantity, points,
                            {{"substitute", json_text(request.substitution)},
                             {"where_possible", request.where_refused == WhereRefused::kLeaveAsItIs ? "true" : "false"}}),
                 fit.conventions);
  FrontView view{
      .network = fit.design.network.name,
      .quantity = front.quantity,
      .limits = {},
      .tables = {},
      .solved = [&](std::size_t place) { return write_solved(front_plan(fit.design.network, request, front, place), options); },
      .unmet = {}};
  if (front.plans.empty()) {
    const Solution &none = *front.none;
    view.unmet = write_solved(none, options);
    view.tables = solve_reports({.solution = none, .network = view.network, .method = request.method});
    write_front(arguments, outputs, view);
    return say_unmet(arguments, outputs, none.termination);
  }
  for (const Setting &plan : front.plans) view.limits.push_back(front_budget(front.quantity, plan).limit.whole());
  view.tables = {front_table(view.network, request.substitution, front)};
  write_front(arguments, outputs, view);
  return kDone;
}

} // namespace

int solve_pareto(const Arguments &arguments, const FitRequest &request) {
  const Quantity quantity = parse_quantity(arguments.get("--pareto"), "--pareto", request.bare);
  const auto points = read_points(arguments);
  const Outputs outputs = read_outputs(arguments, false);
  if (const auto folder = arguments.find("--solved")) check_folder(*folder);
  for (const Output &output : outputs)
    if (!output.is_stdout()) check_output(output.path); // before the work
  return arguments.has("--per-layer") ? solve_per_layer_front(arguments, outputs, request, quantity, points)
                                      : solve_uniform_front(arguments, outputs, request, quantity, points);
}

} // namespace pare::cli

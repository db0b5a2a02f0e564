#include "base/error.hpp"
#include "base/names.hpp"
#include "base/text.hpp"
#include "cli/fits.hpp"
#include "command/output.hpp"
#include "models/width.hpp"
#include "reports/pareto_table.hpp"
#include "solver/solver.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace pare::cli {

namespace {

constexpr std::string_view kHowToGoOn = " (--where-possible"; ///< in a message
constexpr std::array<std::string_view, 1> kAllOfThem = {"all"};

bool means_all(const std::string &word) { return find_name(word, kAllOfThem).has_value(); }

/// Each family of the registry that has a setting, then the width of a network that has one.
std::vector<std::string> all_families(const Network &network) {
  std::vector<std::string> out;
  for (const Substitution *family : substitutions())
    if (parse_substitute(family->info().name, FreeKnob::kAllow).has_free_knob()) out.emplace_back(family->info().name);
  if (has_widths(network)) out.emplace_back(kWidth);
  return out;
}

/// Outputs of tables, or of the document of all fits: there is no one solved file.
Outputs read_outputs_of_several(const Arguments &arguments) {
  Outputs out = read_outputs(arguments);
  const auto refuse = [](std::string option) {
    throw Error(ErrorCode::kUsage, std::move(option),
                "a solved file is of one plan, and these are the fits of several families; one family, or --format json for a "
                "document of all of them, would be accepted");
  };
  if (arguments.has("--solved")) refuse("--solved");
  const bool by_name = arguments.has("--format");
  for (const Output &output : out)
    if (!output.format || (!by_name && output.format == Format::kJson)) refuse("--output");
  return out;
}

FamilyFit fit_one(const Network &network, const SolveRequest &request) {
  FamilyFit out{.family = request.substitution, .solution = {}, .reason = {}};
  try {
    out.solution = solve_uniform(network, request);
    if (!out.solution->costs) out.reason = why_unmet(*out.solution);
  } catch (const Error &error) {
    // What one family cannot do, others may.
    if (error.code() != ErrorCode::kNotApplicable && error.code() != ErrorCode::kInvalidConfig &&
        error.code() != ErrorCode::kOverflow && error.code() != ErrorCode::kLimit)
      throw;
    // How to go on is said once, below the table.
    std::string message = error.message();
    message.erase(std::min(message.find(kHowToGoOn), message.size()));
    out.reason = error.where().empty() ? message : fmt::format("{}: {}", error.where(), message);
  }
  return out;
}

} // namespace

bool are_families(const std::vector<std::string> &substitutes) {
  return substitutes.size() > 1 || (substitutes.size() == 1 && means_all(substitutes.front()));
}

std::vector<std::string> meant_families(const std::vector<std::string> &families, const Network &network) {
  std::vector<std::string> out;
  for (const std::string &family : families) {
    const std::vector<std::string> meant = means_all(family) ? all_families(network) : std::vector{family};
    for (const std::string &name : meant)
      if (std::find(out.begin(), out.end(), name) == out.end()) out.push_back(name);
  }
  return out;
}

int solve_families(const Arguments &arguments, const FitRequest &request, const std::vector<std::string> &families) {
  const Outputs outputs = read_outputs_of_several(arguments);
  for (const Output &output : outputs)
    if (!output.is_stdout()) check_output(output.path); // before the work
  const Network &network = request.design.network;
  const std::string method(find_solver(arguments.get("--method", kDefaultMethod)).info().name);
  const std::vector<std::string> names = with_evaluation(arguments, meant_families(families, network));
  std::vector<FamilyFit> fits;
  std::vector<std::string> solved;
  bool any = false;
  for (const std::string &name : names) {
    const SolveRequest own{.substitution = name,
                           .budgets = request.budgets,
                           .conventions = request.conventions,
                           .method = method,
                           .where_refused = read_where_refused(arguments),
                           .max_width = read_max_width(arguments, names)};
    fits.push_back(fit_one(network, own));
    any = any || fits.back().reason.empty();
    std::string &document = solved.emplace_back();
    if (fits.back().solution)
      document =
          write_solved(*fits.back().solution,
                       provenance(arguments, method,
                                  {{"substitute", json_text(name)},
                                   {"where_possible", own.where_refused == WhereRefused::kLeaveAsItIs ? "true" : "false"}},
                                  request.conventions));
  }
  std::vector<Report> tables{fits_table(network.name, fits)};
  const bool is_refused =
      std::any_of(fits.begin(), fits.end(), [](const FamilyFit &fit) { return !fit.solution && !fit.reason.empty(); });
  if (is_refused && read_where_refused(arguments) == WhereRefused::kThrow)
    tables.front().notes.emplace_back("--where-possible leaves layers as they are that a family does not apply to");
  std::vector<std::pair<std::string, std::string>> results;
  for (const Output &output : outputs)
    if (any || output.is_stdout())
      results.emplace_back(output.path, output.format == Format::kJson ? fits_json(network.name, fits, solved)
                                                                       : written(tables, tables.front(), *output.format));
  write_results(results);
  if (any) return kDone;
  std::string unwritten;
  for (const Output &output : outputs)
    if (!output.is_stdout()) unwritten += fmt::format("; {} was not written", output.path);
  talk(one_line(fmt::format("pare: infeasible: no family meets the budgets{}", unwritten)));
  return kNothingFits;
}

} // namespace pare::cli

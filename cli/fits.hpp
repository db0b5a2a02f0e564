#pragma once

#include "cli/options.hpp"
#include "reports/solve_table.hpp"
#include "solver/budget.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pare::cli {

// What the kinds of fits of `solve` share.

/// What all of them are asked.
struct FitRequest {
  Design design;
  std::vector<Budget> budgets;
  std::vector<Convention> conventions;
  std::string bare; ///< the convention of mult-adds without one; empty: it must be named
};

/// `solve --pareto`: a front of plans.
int solve_pareto(const Arguments &arguments, const FitRequest &request);
/// `solve --substitute all`, or a list: a fit of its own for each.
int solve_families(const Arguments &arguments, const FitRequest &request, const std::vector<std::string> &families);
/// Whether that is what is asked for.
bool are_families(const std::vector<std::string> &substitutes);
/// Each once, with `all` written out.
std::vector<std::string> meant_families(const std::vector<std::string> &families, const Network &network);

/// Versions and options, as JSON text; no date and no host, so that the same input gives the same bytes. `options`: JSON texts
/// by name, beside the budgets and conventions.
using OptionTexts = std::vector<std::pair<std::string, std::string>>;
std::string provenance(const Arguments &arguments, std::string_view method, const OptionTexts &options,
                       std::span<const Convention> conventions);
/// A text as JSON writes it.
std::string json_text(std::string_view text);

/// --points: a whole number from kFewestPoints to kMostPoints. `also`: a word that is accepted, and read elsewhere.
std::optional<std::size_t> read_points(const Arguments &arguments, std::string_view also = {});

/// The same file by two names; a device may be written twice.
bool same_file(const std::string &a, const std::string &b);
/// "" and "-".
bool is_stdout(const std::string &path);

/// One thing that is written, and where.
struct Output {
  std::string path;
  std::optional<Format> format; ///< none: the solved file, or what stands in its place

  bool is_stdout() const { return cli::is_stdout(path); }
};
using Outputs = std::vector<Output>;
/// --format, --output, and --solved unless that is a folder.
Outputs read_outputs(const Arguments &arguments, bool solved_is_file = true);

/// Writes files first, whoever reads stdout may have gone: texts by path.
void write_results(const std::vector<std::pair<std::string, std::string>> &results);

/// What the table says in any format but JSON: all its tables, or the one of CSV.
std::string written(std::span<const Report> reports, const Report &table, Format format);

} // namespace pare::cli

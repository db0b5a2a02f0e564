#pragma once

#include "analysis/convention.hpp"
#include "models/network.hpp"
#include "reports/report.hpp"
#include "train/experiments/results.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pare {

/// A row of a table that compares networks: one that was counted, runs that differ in their seeds only, or a published point.
/// Texts are empty and numbers missing where something is not known, or does not apply.
struct Compared {
  std::string name;          ///< of its first run
  std::string configuration; ///< of its runs
  std::string network;       ///< "wrn-28-10": short_spec()
  std::string family;        ///< "generic"
  std::string setting;       ///< "Generic_0.1", or "none": the network as it is
  std::string evaluation;    ///< "generic factored", of what was counted
  // Of a plan that was chosen layer by layer.
  std::string families;  ///< to choose from: "all", "generic, shuffle"
  std::string score;     ///< "capacity"
  std::string tie;       ///< "none", "stage"
  std::string objective; ///< "sum", "balanced"
  std::string budgets;
  std::string teacher; ///< "wrn-28-10", or "none"
  std::string variant;
  std::string data; ///< "fashion-mnist", "cifar10 (synthetic)"
  std::string protocol;
  std::string input;  ///< what was counted: "3 x 32 x 32"
  std::string state;  ///< "counted", "done", "published", "2 done, 1 diverged"
  std::string source; ///< the folders of its runs, the publication, or what counted it
  std::vector<std::int64_t> seeds;
  std::optional<std::int64_t> runs; ///< that are averaged
  std::optional<std::int64_t> epochs;
  std::optional<Count> parameters;
  std::optional<Count> original_parameters;
  std::optional<Count> activation_elements;
  std::map<std::string, Count, std::less<>> mult_adds; ///< by convention
  std::map<std::string, Count, std::less<>> original_mult_adds;
  std::map<std::string, Count, std::less<>> per_batch;
  std::optional<Measured> top1_error_percent; ///< of validation
  std::optional<Measured> top5_error_percent;
  std::optional<Measured> train_top1_error_percent;
  std::optional<Measured> train_top5_error_percent;
  std::optional<Measured> validation_loss;
  std::optional<Measured> seconds;
  bool synthetic = false;            ///< the images
  std::vector<std::string> left_out; ///< runs of it that are not averaged in: "NAME: unfinished, epoch 3 of 10"
  std::vector<std::string> notes;    ///< what else must be said of it
};

/// The short name that means the same as a canonical spec: "wrn-28-10"; the spec where there is none.
std::string short_spec(std::string_view spec);

/// Rows of results, file by file, that differ in nothing but seed and outcome are one: those of one configuration, or, where it
/// is not known, those that say the same. What was measured is averaged over those that are done. A run that stands in several
/// files, by its identity, counts once, where it is furthest. Published points, and runs without a seed, stay as they are.
/// Names of teachers are those of the same file. Throws Error{kInvalidFile} where runs of one identity are done with other
/// results.
std::vector<Compared> compare_results(const std::vector<std::vector<train::ResultRow>> &files);

/// What the command line says of a table.
struct TableRequest {
  std::vector<Convention> conventions;          ///< mult-adds in their order
  std::vector<std::string> columns;             ///< in their order; empty: those that have something to say
  std::vector<std::string> sort;                ///< columns, with "-" in front from the largest; what is missing is last
  std::optional<std::string> group_by;          ///< a column
  std::vector<std::string> where;               ///< "data=cifar10", "parameters<=1M", "state!=done"; all hold
  std::optional<std::vector<std::string>> best; ///< columns whose least is marked; none: the errors of validation
  bool si = false;                              ///< counts in units that the heading says
  std::string caption;
  std::string label;
};
/// For people, or for programs: these get every column that has something in it, state, seeds and source too.
enum class Reader : std::uint8_t { kPerson, kProgram };
/// Throws Error{kUsage} placed at the option, or {kUnknownName} with the names of columns.
Report comparison_table(std::vector<Compared> rows, const TableRequest &request, Reader reader);

/// The names of columns, for help and completion: "mult-adds" stands for one of each convention.
std::vector<std::string_view> comparison_columns();

} // namespace pare

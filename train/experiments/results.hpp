#pragma once

#include "base/count.hpp"

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace pare::train {

/// One run, or one published point, as a row of results: `pare.results/1`. Nothing stands for what is not known.
struct ResultRow {
  std::string name;     ///< "wrn_28_10.generic_0.1.student"
  std::string identity; ///< empty for what Pare has not scheduled
  /// What it computes, seeds apart: those of its teachers too. Runs that have one differ in their seeds only. Empty: not known.
  std::string configuration;
  std::string state;   ///< done, diverged, failed, unfinished, missing, or published
  std::string network; ///< "wide_resnet:depth=28,width=10,classes=10"
  std::string family;  ///< "generic", "width"; empty: the network as it is
  std::string setting; ///< "Generic_0.1", "width=0.5", "per layer (capacity)"; empty: the network as it is
  // How it was chosen layer by layer; empty: it was not.
  std::string families;        ///< to choose from: "all", "generic, shuffle"
  std::string score;           ///< "capacity"
  std::string tie;             ///< "none", "stage"
  std::string objective;       ///< "sum", "balanced"
  std::string budgets;         ///< "parameters<=0.8M, mult-adds[macs]<=100M"; empty: the setting was given
  std::string teacher;         ///< the name of the run that trained it, or its file; empty: none
  std::string teacher_network; ///< what the teacher is, as `network`
  std::string variant;         ///< "beta=100"
  std::string data;            ///< "fashion-mnist"
  std::string protocol;        ///< its name
  std::optional<std::int64_t> seed;
  std::optional<std::int64_t> epoch; ///< done
  std::optional<std::int64_t> epochs;
  std::optional<Count> parameters;
  std::optional<Count> mult_adds_macs;
  std::optional<Count> mult_adds_reference;
  std::optional<Count> activation_elements;
  std::optional<Count> original_parameters;
  std::optional<Count> original_mult_adds_macs;
  std::optional<Count> original_mult_adds_reference;
  std::optional<double> train_top1_error_percent;
  std::optional<double> train_top5_error_percent;
  std::optional<double> top1_error_percent; ///< of validation, after the last epoch that was done
  std::optional<double> top5_error_percent;
  std::optional<double> validation_loss;
  std::optional<double> seconds; ///< of training and validation
  std::string device;            ///< "cpu, 2 threads"
  std::optional<bool> synthetic; ///< the images
  std::string source;            ///< the folder or the publication that it is from
  std::string note;              ///< why it is not done, or what the publication says
};

/// Calls visit(key, value) for each field, in the order of files: the columns of CSV, the keys of JSON.
template <class Row, class Visit>
requires std::same_as<std::remove_const_t<Row>, ResultRow>
void visit_fields(Row &r, Visit &&visit) {
  visit("name", r.name);
  visit("identity", r.identity);
  visit("configuration", r.configuration);
  visit("state", r.state);
  visit("network", r.network);
  visit("family", r.family);
  visit("setting", r.setting);
  visit("families", r.families);
  visit("score", r.score);
  visit("tie", r.tie);
  visit("objective", r.objective);
  visit("budgets", r.budgets);
  visit("teacher", r.teacher);
  visit("teacher_network", r.teacher_network);
  visit("variant", r.variant);
  visit("data", r.data);
  visit("protocol", r.protocol);
  visit("seed", r.seed);
  visit("epoch", r.epoch);
  visit("epochs", r.epochs);
  visit("parameters", r.parameters);
  visit("mult_adds_macs", r.mult_adds_macs);
  visit("mult_adds_reference", r.mult_adds_reference);
  visit("activation_elements", r.activation_elements);
  visit("original_parameters", r.original_parameters);
  visit("original_mult_adds_macs", r.original_mult_adds_macs);
  visit("original_mult_adds_reference", r.original_mult_adds_reference);
  visit("train_top1_error_percent", r.train_top1_error_percent);
  visit("train_top5_error_percent", r.train_top5_error_percent);
  visit("top1_error_percent", r.top1_error_percent);
  visit("top5_error_percent", r.top5_error_percent);
  visit("validation_loss", r.validation_loss);
  visit("seconds", r.seconds);
  visit("device", r.device);
  visit("synthetic", r.synthetic);
  visit("source", r.source);
  visit("note", r.note);
}

/// A JSON array of flat objects, each with its schema, a row to a line: pandas and R read it as a table without help.
std::string write_results_json(const std::vector<ResultRow> &rows);
/// The same columns; nothing for what is not known.
std::string write_results_csv(const std::vector<ResultRow> &rows);
/// `name` and `state` must be there; what is missing is not known. Throws Error{kInvalidFile}.
std::vector<ResultRow> read_results(std::string_view json, const std::string &where);

/// Whether a text is for read_any_results(), and not a network's: an array, or an object without a schema.
bool is_results(std::string_view json);
/// Reads any file of results: pare.results/1, the 2019 system's collated.json, or a list of published points in the form of
/// examples/results_2019.json. `where` is the source of the latter two. Throws Error{kInvalidFile}.
std::vector<ResultRow> read_any_results(std::string_view json, const std::string &where);

} // namespace pare::train

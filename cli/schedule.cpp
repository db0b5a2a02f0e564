#include "base/error.hpp"
#include "base/files.hpp"
#include "base/text.hpp"
#include "cli/options.hpp"
#include "command/output.hpp"
#include "command/progress.hpp"
#include "train/experiments/check.hpp"
#include "train/experiments/experiments.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <map>

namespace pare::cli {

namespace {

/// --data-fingerprint FINGERPRINT, of all data, or SPEC=FINGERPRINT.
std::map<std::string, std::string> read_fingerprints(const Arguments &arguments) {
  std::map<std::string, std::string> out;
  for (const std::string &text : arguments.all("--data-fingerprint")) {
    const auto equals = text.rfind('=');
    const std::string fingerprint = equals == std::string::npos ? text : text.substr(equals + 1);
    const std::string spec = equals == std::string::npos ? std::string() : text.substr(0, equals);
    if (!train::is_identity(fingerprint))
      throw Error(
          ErrorCode::kUsage, "--data-fingerprint",
          fmt::format("{} must be the 64 hexadecimal digits that run.json has as data_fingerprint, or SPEC= in front of "
                      "them",
                      shown(text)));
    if (!out.emplace(spec, fingerprint).second)
      throw Error(ErrorCode::kUsage, "--data-fingerprint",
                  fmt::format("{} is given twice", spec.empty() ? "one for all data" : spec));
  }
  return out;
}

/// What is to be run, a row to an experiment.
Report table_of(const train::Schedule &schedule) {
  Report out{.title = {schedule.name},
             .columns = {{.heading = "experiment"},
                         {.heading = "setting"},
                         number_column("parameters"),
                         {.heading = "of the original", .unit = "%", .align = Align::kRight, .brief = "of orig."},
                         number_column("epochs"),
                         {.heading = "teacher"}},
             .rows = {},
             .notes = {}};
  std::map<std::string_view, std::string_view> names;
  std::int64_t epochs = 0;
  for (const train::Experiment &e : schedule.experiments) {
    names.emplace(e.identity, e.name);
    const train::ExperimentCosts &costs = schedule.designs[e.design].costs;
    const std::int64_t own = schedule.protocols[e.protocol].epochs;
    epochs += own;
    const auto share = percent(costs.parameters, costs.original_parameters);
    out.rows.push_back({e.name, e.setting.empty() ? Cell() : Cell(e.setting), Count(costs.parameters),
                        share ? Cell(Percent{*share}) : Cell(), Count(own),
                        !e.teacher.empty()  ? Cell(std::string(names.at(e.teacher)))
                        : e.outside_teacher ? Cell(e.outside_teacher->file)
                                            : Cell()});
  }
  out.notes.push_back(fmt::format("{} experiment{}, {} epochs in all", schedule.experiments.size(),
                                  schedule.experiments.size() == 1 ? "" : "s", epochs));
  for (const train::LeftOut &left : schedule.left_out)
    out.notes.push_back(fmt::format("left out: {}: {}", left.name, left.reason));
  return out;
}

int do_schedule(const Arguments &arguments) {
  const std::string file = arguments.get("EXPERIMENTS");
  const std::string output = arguments.get("--output");
  const bool to_stdout = output == "-";
  // Of the table: the ending of --output says nothing about it.
  constexpr std::array kTables = {Format::kText, Format::kJson, Format::kCsv, Format::kMarkdown, Format::kLatex};
  const Format format = parse_format(arguments.get("--format", "text"), kTables);
  const std::string name = file_name(file);
  const std::string text = read_text(file, name);
  if (!to_stdout && !output.empty()) check_output(output);
  command::Progress progress(arguments.has("--quiet"));
  train::ScheduleOptions options;
  options.fingerprints = read_fingerprints(arguments);
  options.say = [&](std::string_view line) { progress.line(line); };
  const train::Schedule schedule = train::make_schedule(text, name, options);
  const std::vector<std::string> found = arguments.has("--check") ? train::slips(schedule) : std::vector<std::string>();
  const std::string document = train::write_schedule(schedule);
  if (!output.empty()) deliver(output, document);
  if (!to_stdout) {
    const Report table = table_of(schedule);
    print(write({&table, 1}, format));
  }
  if (!arguments.has("--check")) return kDone;
  for (const std::string &line : found) talk(one_line("pare: looks wrong: " + line));
  if (found.empty()) talk("pare: nothing looks wrong");
  return found.empty() ? kDone : kFault;
}

} // namespace

const Command &command_schedule() {
  static const Command command{
      .name = "schedule",
      .summary = "Turn a file of experiments into what is to be run",
      .description =
          "Reads pare.experiments/1: networks, substitutes with settings or budgets, teachers, protocols, data, seeds, and "
          "whatever else is a list there. Solves every budget, and writes each combination once, with its network, its setting "
          "and an identity that tells whether two runs are the same; teachers stand before their students. Nothing is trained: "
          "`pare run` does that. The table says all that would be run.",
      .options = {{.name = "EXPERIMENTS",
                   .description = "A pare.experiments/1 file; - is stdin",
                   .values = Values::kFile,
                   .required = true},
                  {.name = "--check",
                   .description =
                       "Name what looks like a slip, and end with status 1 where something does: settings copied from "
                       "another network, a teacher of other data, a budget that is missed by far, weight decay other "
                       "than the family's default, a batch norm of one value"},
                  {.name = "--data-fingerprint",
                   .value = "F",
                   .description = "The data_fingerprint of data that are elsewhere, or SPEC=F for one of several; they are not "
                                  "opened then",
                   .repeats = true},
                  {.name = "--quiet", .description = "Show no progress"},
                  format_option({"text", "json", "csv", "markdown", "latex"}),
                  output_option("Where the schedule goes; - is stdout, instead of the table")},
      .examples = {{"pare schedule experiments.json -o schedule.json", "all budgets solved, nothing trained"},
                   {"pare schedule experiments.json --check", "what looks wrong, before days of training"}},
      .run = do_schedule};
  return command;
}

} // namespace pare::cli

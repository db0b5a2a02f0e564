#include "base/error.hpp"
#include "base/files.hpp"
#include "base/text.hpp"
#include "base/values.hpp"
#include "cli/options.hpp"
#include "cli/trainer.hpp"
#include "command/board.hpp"
#include "command/interrupt.hpp"
#include "command/output.hpp"
#include "command/progress.hpp"
#include "train/command/commands.hpp"
#include "train/experiments/runner.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pare::cli {

namespace {

using train::RunState;
using train::RunStatus;

constexpr std::int64_t kMostJobs = 1024;

/// "student  epoch 3/10  step 120/400  error 17.42 %  2 min 3 s left  process 12 on host"
std::string row_text(const train::RunnerListener::Row &row, std::size_t width) {
  const RunStatus &s = *row.status;
  std::string out = fmt::format("  {:<{}}", row.name, width);
  if (s.step && s.steps) out += fmt::format("  step {}/{}", *s.step, *s.steps);
  if (s.epoch && s.top1_error_percent) out += fmt::format("  error {:.2f} % after epoch {}", *s.top1_error_percent, *s.epoch);
  if (s.seconds_left) out += fmt::format("  {} left", duration(*s.seconds_left));
  out += s.claimant.empty() ? "  starting" : "  " + s.claimant;
  return out;
}

/// Says on stderr how it goes, and ends it at a signal.
class Console final : public train::RunnerListener {
public:
  explicit Console(bool quiet) : board_(quiet) {}
  void line(std::string_view text) override { board_.line(text); }
  void show(std::size_t ended, std::size_t total, std::span<const Row> rows) override {
    std::size_t width = 0;
    for (const Row &row : rows) width = std::max(width, row.name.size());
    std::vector<std::string> lines = {fmt::format("{} of {} ended, {} running", ended, total, rows.size())};
    for (const Row &row : rows) lines.push_back(row_text(row, width));
    board_.show(lines);
  }
  int signal() override { return interrupted(); }

private:
  Board board_;
};

/// How many came to which end, and a line for each that is not done.
std::string summary(const train::Schedule &schedule, const std::vector<RunStatus> &statuses) {
  std::string out = fmt::format("{}: {}\n", schedule.name, train::count_text(statuses));
  for (std::size_t i = 0; i < statuses.size(); ++i) {
    const RunStatus &s = statuses[i];
    if (s.state == RunState::kDone) continue;
    out += one_line(fmt::format("{}: {}{}", schedule.experiments[i].name, name_of(train::kRunStates, s.state),
                                s.reason.empty() ? "" : ": " + s.reason)) +
           "\n";
  }
  return out;
}

std::vector<std::string> read_devices(const std::string &text) {
  std::vector<std::string> out;
  for (std::string_view rest = text;;) {
    const auto comma = rest.find(',');
    out.push_back(train::parse_device("--devices", rest.substr(0, comma)));
    if (comma == std::string_view::npos) return out;
    rest.remove_prefix(comma + 1);
  }
}

int do_run(const Arguments &arguments) {
  const std::string file = arguments.get("SCHEDULE");
  const std::string name = file_name(file);
  train::RunnerOptions options;
  options.runs = arguments.get("--runs", options.runs);
  if (const auto devices = arguments.find("--devices")) {
    options.devices = read_devices(*devices);
    options.jobs = static_cast<std::int64_t>(options.devices.size());
  }
  if (const auto jobs = arguments.find("--jobs")) options.jobs = read_whole("--jobs", *jobs, 1, kMostJobs);
  if (const auto retries = arguments.find("--retries")) options.retries = read_whole("--retries", *retries, 0, 1'000'000);
  options.data = arguments.all("--data");
  options.claim = train::read_claim_options(arguments);
  const train::Schedule schedule = train::read_schedule(read_text(file, name), name);
  train::check_identities(schedule, name);
  options.trainer = find_trainer("pare run");
  catch_interrupts();
  std::vector<RunStatus> statuses;
  {
    Console console(arguments.has("--quiet"));
    statuses = train::run_schedule(schedule, options, console);
  }
  print(summary(schedule, statuses));
  if (interrupted() != 0) {
    talk("interrupted; the same command goes on");
    return 128 + interrupted();
  }
  const bool all_ended = std::all_of(statuses.begin(), statuses.end(), [](const RunStatus &s) {
    return s.state == RunState::kDone || s.state == RunState::kDiverged;
  });
  return all_ended ? kDone : kFault;
}

} // namespace

const Command &command_run() {
  static const Command command{
      .name = "run",
      .summary = "Run all of a schedule, or what is missing of it",
      .description =
          "Trains the experiments of a schedule that are not done, teachers before their students, each in a folder of its "
          "own. "
          "However it was ended, the same command goes on where each run stopped; what is done is left alone. A run that ends "
          "in "
          "an error is tried again, and then given up without stopping any but its students; one that diverges is a result. "
          "Several runners, also on several machines, may share the folder of runs.",
      .options =
          {{.name = "SCHEDULE",
            .description = "A pare.schedule/1 file, which `pare schedule` writes; - is stdin",
            .values = Values::kFile,
            .required = true},
           {.name = "--runs",
            .value = "DIR",
            .description = "The folder of all runs",
            .values = Values::kFile,
            .otherwise = "runs"},
           {.name = "--jobs",
            .value = "N",
            .description = "Runs at a time; the cores are divided among them when they start, and stay so",
            .otherwise = "one for each of --devices, else 1"},
           {.name = "--devices", .value = "LIST", .description = "Where they run, in turn: cuda:0,cuda:1", .otherwise = "cpu"},
           {.name = "--retries",
            .value = "N",
            .description = "How often a run that ended in an error is gone on with",
            .otherwise = "2"},
           {.name = "--data",
            .value = "SPEC",
            .description = "Where images of this kind lie here, instead of where the schedule says: cifar10:DIR",
            .repeats = true},
           train::lease_option(),
           train::host_option(),
           {.name = "--quiet", .description = "Show no progress"}},
      .examples = {{"pare run schedule.json --jobs 2", "Two at a time; again: what is missing"},
                   {"pare run schedule.json --devices cuda:0,cuda:1", "One on each GPU"}},
      .run = do_run};
  return command;
}

} // namespace pare::cli

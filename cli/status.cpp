#include "base/files.hpp"
#include "cli/options.hpp"
#include "command/output.hpp"
#include "command/progress.hpp"
#include "train/experiments/state.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <numeric>
#include <tuple>
#include <unordered_map>

namespace pare::cli {

namespace {

using train::RunState;
using train::RunStatus;

/// Seconds that each has left, where that can be told: by its own pace, or, where it has not begun, by those that are done of
/// the same design, protocol and data. None for what has nothing left.
std::vector<std::optional<double>> seconds_left(const train::Schedule &schedule, const std::vector<RunStatus> &statuses,
                                                std::size_t &untold) {
  struct Sum {
    double seconds = 0;
    double runs = 0;
  };
  using Kind = std::tuple<std::size_t, std::size_t, std::size_t>;
  std::map<Kind, Sum> done;
  const auto kind = [&](std::size_t i) {
    const train::Experiment &e = schedule.experiments[i];
    return Kind(e.design, e.protocol, e.data);
  };
  for (std::size_t i = 0; i < statuses.size(); ++i)
    if (statuses[i].state == RunState::kDone && statuses[i].seconds) {
      Sum &sum = done[kind(i)];
      sum.seconds += *statuses[i].seconds;
      sum.runs += 1;
    }
  std::unordered_map<std::string_view, bool> is_hopeless; ///< by identity: it will never be done
  std::vector<std::optional<double>> out(statuses.size());
  untold = 0;
  for (std::size_t i = 0; i < statuses.size(); ++i) {
    const train::Experiment &e = schedule.experiments[i];
    const RunStatus &s = statuses[i];
    const bool ended = s.state == RunState::kDone || s.state == RunState::kDiverged;
    is_hopeless[e.identity] =
        s.state == RunState::kDiverged || (s.state != RunState::kDone && !e.teacher.empty() && is_hopeless.at(e.teacher));
    if (ended || is_hopeless[e.identity]) continue;
    if (s.seconds_left)
      out[i] = s.seconds_left;
    else if (const auto known = done.find(kind(i)); known != done.end() && !s.step)
      out[i] = known->second.seconds / known->second.runs;
    else
      ++untold;
  }
  return out;
}

template <class Value, class Make>
Cell cell(const std::optional<Value> &value, const Make &make) {
  if (!value) return {};
  return make(*value);
}
Cell whole(const std::optional<std::int64_t> &value) {
  return cell(value, [](std::int64_t number) { return Count(number); });
}
Cell real(const std::optional<double> &value) {
  return cell(value, [](double number) { return Count::from_real(number); });
}
Cell words(const std::string &value) {
  if (value.empty()) return {};
  return value;
}

int do_status(const Arguments &arguments) {
  constexpr std::array kAccepted = {Format::kText, Format::kJson, Format::kCsv};
  const Format format = read_format(arguments, kAccepted);
  const std::string file = arguments.get("SCHEDULE");
  const std::string name = file_name(file);
  const train::Schedule schedule = train::read_schedule(read_text(file, name), name);
  train::check_as_written(schedule, name);
  const std::vector<RunStatus> statuses = train::schedule_status(schedule, arguments.get("--runs", "runs"));
  std::size_t untold = 0;
  const auto left = seconds_left(schedule, statuses, untold);

  Report table{.title = {fmt::format("{}: {}", schedule.name, train::count_text(statuses))},
               .columns = {},
               .rows = std::vector<std::vector<Cell>>(statuses.size()),
               .notes = {}};
  const auto add = [&](const Column &column, const auto &cell_of) {
    table.columns.push_back(column);
    for (std::size_t i = 0; i < statuses.size(); ++i) table.rows[i].push_back(cell_of(statuses[i], i));
  };
  const auto right = [](std::string heading) { return Column{.heading = std::move(heading), .align = Align::kRight}; };
  const bool for_people = format == Format::kText;
  add({.heading = "experiment"}, [&](const RunStatus &, std::size_t i) { return words(schedule.experiments[i].name); });
  add({.heading = "state"},
      [](const RunStatus &s, std::size_t) { return words(std::string(name_of(train::kRunStates, s.state))); });
  add(number_column("epoch"), [](const RunStatus &s, std::size_t) { return whole(s.epoch); });
  add(number_column("epochs"),
      [&](const RunStatus &, std::size_t i) { return whole(schedule.protocols[schedule.experiments[i].protocol].epochs); });
  if (!for_people) {
    add(number_column("step"), [](const RunStatus &s, std::size_t) { return whole(s.step); });
    add(number_column("steps"), [](const RunStatus &s, std::size_t) { return whole(s.steps); });
  }
  add(right(for_people ? "error" : "top1_error_percent"), [&](const RunStatus &s, std::size_t) {
    return for_people ? cell(s.top1_error_percent, [](double percent) { return Percent{percent}; })
                      : real(s.top1_error_percent);
  });
  if (for_people) {
    add(right("left"), [&](const RunStatus &, std::size_t i) { return cell(left[i], [](double s) { return duration(s); }); });
    if (std::any_of(statuses.begin(), statuses.end(), [](const RunStatus &s) { return !s.claimant.empty(); }))
      add({.heading = "trained by"}, [](const RunStatus &s, std::size_t) { return words(s.claimant); });
  } else {
    add(number_column("seconds"), [](const RunStatus &s, std::size_t) { return real(s.seconds); });
    add(number_column("seconds_left"), [&](const RunStatus &, std::size_t i) { return real(left[i]); });
    add({.heading = "trained_by"}, [](const RunStatus &s, std::size_t) { return words(s.claimant); });
    add({.heading = "reason"}, [](const RunStatus &s, std::size_t) { return words(s.reason); });
  }
  for (std::size_t i = 0; i < statuses.size(); ++i)
    if (const RunStatus &s = statuses[i]; !s.reason.empty() && s.state != RunState::kDone && s.state != RunState::kWaiting)
      table.notes.push_back(
          fmt::format("{}: {}: {}", schedule.experiments[i].name, name_of(train::kRunStates, s.state), s.reason));
  const double all = std::accumulate(left.begin(), left.end(), 0.0,
                                     [](double sum, const std::optional<double> &one) { return sum + one.value_or(0); });
  if (all > 0) table.notes.push_back(fmt::format("{} of training left, one after the other", duration(all)));
  if (untold > 0) table.notes.push_back(fmt::format("how long {} of them will take cannot be told yet", untold));
  print(write({&table, 1}, format));
  return kDone;
}

} // namespace

const Command &command_status() {
  static const Command command{
      .name = "status",
      .summary = "Say how far the runs of a schedule are",
      .description =
          "Reads the folders of runs alone, whoever trains in them: what is done, running, unfinished, waiting for its "
          "teacher, diverged or failed and why, with the error of the last epoch and the time that is left.",
      .options =
          {{.name = "SCHEDULE", .description = "A pare.schedule/1 file; - is stdin", .values = Values::kFile, .required = true},
           {.name = "--runs",
            .value = "DIR",
            .description = "The folder of all runs",
            .values = Values::kFile,
            .otherwise = "runs"},
           format_option({"text", "json", "csv"})},
      .examples = {{"pare status schedule.json", "A table"},
                   {"pare status schedule.json --runs /net/runs --format csv", "Of runs elsewhere, for a program"}},
      .run = do_status};
  return command;
}

} // namespace pare::cli

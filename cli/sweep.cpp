#include "cli/sweep.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "cli/fits.hpp"
#include "cli/options.hpp"
#include "command/interrupt.hpp"
#include "command/output.hpp"
#include "command/progress.hpp"
#include "reports/sweep.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <deque>

namespace pare::cli {

namespace {

constexpr std::string_view kEvery = "all"; ///< of --points

SweepRequest read_sweep_request(const Arguments &arguments, const std::vector<Convention> &conventions) {
  SweepRequest out{.substitution = {}, .conventions = conventions, .where_refused = read_where_refused(arguments)};
  if (arguments.get("--points") == kEvery)
    out.most = SweepRequest::kAll;
  else if (const auto points = read_points(arguments, kEvery))
    out.most = out.points = *points;
  return out;
}

/// How far it is, on stderr; not where plans on the same terminal show it.
class SweepProgress {
public:
  SweepProgress(const Arguments &arguments, Format format)
      : shown_((format == Format::kCsv || format == Format::kJson) && is_stdout(arguments.get("--output")) &&
               ::isatty(STDOUT_FILENO) == 1) {}

  void begin(const Sweep &sweep) {
    sweep_ = &sweep;
    done_ = 0;
    start_ = Clock::now();
  }
  void add(const SweptPlan &plan) {
    ++done_;
    const auto total = static_cast<double>(sweep_->count().value_or(0));
    const double seconds = std::chrono::duration<double>(Clock::now() - start_).count();
    shown_.show({.what = sweep_->substitution(),
                 .done = done_,
                 .total = static_cast<std::int64_t>(total),
                 .seconds_left = seconds * std::max(0.0, total / static_cast<double>(done_) - 1),
                 .figures = fmt::format("{} {}", sweep_->knob(), shortest(plan.setting.knob)),
                 .unit = "plan"});
  }

private:
  using Clock = std::chrono::steady_clock;
  Progress shown_;
  const Sweep *sweep_ = nullptr;
  std::int64_t done_ = 0;
  Clock::time_point start_;
};

} // namespace

OptionInfo sweep_option() {
  return {.name = "--sweep",
          .value = "FAMILY",
          .description = "Every distinct plan of a family, its setting left free (Generic, tensor_train:dimensions=4, width), "
                         "with the settings that give it; a list or `all` gives those of each",
          .values = Values::kFamily,
          .repeats = true};
}

OptionInfo sweep_points_option() {
  return {.name = "--points",
          .value = "N",
          .description = "Of a family of --sweep that has more plans: so many, in geometric steps of its setting, from 2 to "
                         "10000; all: every plan, however many",
          .otherwise = "1000 where there are more than 10000"};
}

int cost_sweep(const Arguments &arguments) {
  for (const std::string_view option : {"--substitute", "--layers", "--group-by", "--tensor-costs", "--auxiliary"})
    if (arguments.has(option))
      throw Error(ErrorCode::kUsage, std::string(option), "it is of one plan; --sweep without it would be accepted");
  const Format format = read_format(arguments);
  const Design design = read_design(arguments);
  if (design.is_solved)
    throw Error(ErrorCode::kUsage, "NETWORK", fmt::format("{} {}", arguments.get("NETWORK"), what_is_settled(design)));
  SweepRequest request = read_sweep_request(arguments, read_conventions(arguments));
  catch_interrupts();
  // All that is refused is so before anything is written.
  std::deque<Sweep> sweeps;
  const std::vector<std::string> families =
      with_evaluation(arguments, meant_families(arguments.items("--sweep"), design.network));
  request.max_width = read_max_width(arguments, families);
  for (const std::string &family : families) {
    request.substitution = family;
    sweeps.emplace_back(design.network, request);
  }
  Delivery delivery(arguments.get("--output"));
  const auto writer = make_sweep_writer(format, design.network, [&](std::string_view text) { delivery.write(text); });
  SweepProgress progress(arguments, format);
  for (Sweep &sweep : sweeps) {
    writer->begin(sweep);
    progress.begin(sweep);
    if (format == Format::kCsv)
      for (const std::string &note : sweep.notes()) talk(one_line(fmt::format("pare: {}: {}", sweep.substitution(), note)));
    sweep.run([&](const SweptPlan &plan) {
      writer->add(plan);
      progress.add(plan);
      return interrupted() == 0;
    });
    if (interrupted() != 0) break;
  }
  writer->end(interrupted() != 0);
  delivery.commit();
  if (interrupted() == 0) return kDone;
  talk("pare: interrupted: these are the plans up to then");
  return 128 + interrupted();
}

} // namespace pare::cli

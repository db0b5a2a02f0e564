#include "cli/per_layer.hpp"

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/names.hpp"
#include "base/text.hpp"
#include "base/values.hpp"
#include "cli/options.hpp"
#include "command/interrupt.hpp"
#include "command/output.hpp"
#include "solver/candidate_file.hpp"
#include "solver/mixed/mixed_solver.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <system_error>

namespace pare::cli {

using namespace command;

namespace {

constexpr std::string_view kAllCandidates = "all";
constexpr std::string_view kMps = ".mps";
constexpr std::string_view kOpb = ".opb";

std::int64_t whole_or(const Arguments &arguments, std::string_view name, std::int64_t least, std::int64_t otherwise) {
  const auto text = arguments.find(name);
  if (!text) return otherwise;
  const auto value = parse_whole(*text);
  if (!value || *value < least)
    throw Error(ErrorCode::kUsage, std::string(name), fmt::format("{} must be a whole number from {} up", shown(*text), least));
  return *value;
}

std::optional<double> read_real(const Arguments &arguments, std::string_view name) {
  const auto text = arguments.find(name);
  if (!text) return std::nullopt;
  const auto value = parse_real(*text);
  if (!value || !(*value >= 0) || std::isinf(*value))
    throw Error(ErrorCode::kUsage, std::string(name), fmt::format("{} must be a number from 0 up", shown(*text)));
  return value;
}

/// A file of groups of layers: a line for each, names with commas between them; # begins a comment.
std::vector<std::vector<std::string>> read_groups(const std::string &path) {
  const std::string text = read_text(path, file_name(path));
  std::vector<std::vector<std::string>> out;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    std::string_view line = std::string_view(text).substr(begin, end - begin);
    begin = end + 1;
    line = line.substr(0, line.find('#'));
    std::vector<std::string> group;
    while (!line.empty()) {
      const std::size_t comma = std::min(line.find(','), line.size());
      std::string_view name = line.substr(0, comma);
      line.remove_prefix(std::min(comma + 1, line.size()));
      constexpr std::string_view kBlank = " \t\r";
      name.remove_prefix(std::min(name.find_first_not_of(kBlank), name.size()));
      name = name.substr(0, name.find_last_not_of(kBlank) + 1);
      if (!name.empty()) group.emplace_back(name);
    }
    if (!group.empty()) out.push_back(std::move(group));
  }
  if (out.empty())
    throw Error(ErrorCode::kInvalidFile, file_name(path),
                "no group of layers; a line of names with commas between them would "
                "be accepted");
  return out;
}

void read_score(const Arguments &arguments, MixedRequest &request) {
  const auto said = arguments.find("--score");
  if (!said) {
    if (request.objective == Objective::kBalanced) request.score = kBalancedScore;
    return;
  }
  const std::size_t colon = said->find(':');
  request.score = find_score(said->substr(0, colon)).info().name;
  if (colon == std::string::npos) return;
  const std::string path = said->substr(colon + 1);
  if (path.empty()) throw Error(ErrorCode::kUsage, "--score", fmt::format("{} names no file", shown(*said)));
  if (!find_score(request.score).info().needs_file())
    throw Error(ErrorCode::kUsage, "--score", fmt::format("{} takes no file", request.score));
  read_score_file(path, request);
}

std::string next_of(const std::string &path) { return path + ".next"; }

/// "12.3456789": as many digits as tell values apart.
std::string value_text(const Count &value) {
  return fmt::format("{:.9f}", value.to_double() / static_cast<double>(kScoreUnit));
}

} // namespace

OptionInfo time_limit_option() {
  return {.name = "--time-limit", .value = "SECONDS", .description = "Stop there with what is certain by then"};
}

OptionInfo memory_option() {
  return {
      .name = "--memory", .value = "BYTES", .description = "Of partial plans that are kept, about", .otherwise = "1073741824"};
}

std::vector<OptionInfo> per_layer_options() {
  return {
      {.name = "--per-layer",
       .description = "Choose a family and a setting for each layer: the best sum of scores within the budgets, with a "
                      "certificate that `verify` checks"},
      {.name = "--families",
       .value = "LIST",
       .description =
           "What --per-layer chooses from, a list: families in Pare's own names, as the 2019 system has them, or all "
           "(those of the 2019 system whose mult-adds can be fewer, and cp; others by name)",
       .values = Values::kFamily,
       .otherwise = kAllFamilies,
       .repeats = true},
      {.name = "--score",
       .value = "SCORE",
       .description =
           "What a plan is the best in, as pare list scores describes it: capacity (sum of ln of degrees of freedom), "
           "parameters, table:FILE (CSV: layer,candidate,score), or spectral:FILE (weights of the network before anything is "
           "substituted: the share of their energy that the layers' projections keep)",
       .otherwise = kDefaultScore},
      {.name = "--objective",
       .value = "OBJECTIVE",
       .description = "sum: of the scores; balanced: the least share of degrees of freedom that a layer keeps, as high as it "
                      "goes, then parameters",
       .choices = names_of(kObjectives),
       .otherwise = name_of(kObjectives, Objective::kSum)},
      {.name = "--tie",
       .value = "WHAT",
       .description = "Layers that share family, keys and setting: stage (of one output size), block, shape, or a FILE with "
                      "a line of layers for each group",
       .values = Values::kFile},
      {.name = "--candidates",
       .value = "N",
       .description = "All structures of a family up to N on a layer, else so many in geometric steps; or all",
       .otherwise = "1000"},
      {.name = "--multiple-of",
       .value = "N",
       .description = "Ranks, and channels of groups, that are multiples of N only, but those of a family's uniform answer",
       .otherwise = "1"},
      {.name = "--exclude",
       .value = "LAYERS",
       .description = "Layers that stay as they are, a list; * stands for any letters",
       .repeats = true},
      {.name = "--fix",
       .value = "LAYER=SUBSTITUTE",
       .description = "A layer's substitute that is settled: conv1=generic:rank=8",
       .repeats = true},
      time_limit_option(),
      {.name = "--gap",
       .value = "G",
       .description = "Stop once the relative gap to the bound is at most this",
       .otherwise = "0"},
      memory_option(),
      {.name = "--export-candidates",
       .value = "FILE",
       .description = "Write all candidates and the certificate (pare.candidates/1), for other checkers; of balanced also "
                      "FILE.next",
       .values = Values::kFile},
      {.name = "--export-model",
       .value = "FILE",
       .description = "Write the problem for outside solvers: FILE.mps or FILE.opb",
       .values = Values::kFile}};
}

void refuse_per_layer_options(const Arguments &arguments) {
  for (const OptionInfo &option : per_layer_options())
    if (arguments.has(option.name))
      throw Error(ErrorCode::kUsage, std::string(option.name), "it is for --per-layer, which is not given");
}

MixedRequest read_mixed_request(const Arguments &arguments) {
  MixedRequest out;
  if (arguments.has("--families")) out.families = arguments.items("--families");
  if (arguments.has("--evaluation")) {
    std::vector<std::string> families;
    for (const Substitute &family : read_families(out.families)) families.push_back(family.text());
    out.families = with_evaluation(arguments, families);
  }
  if (const auto said = arguments.find("--objective")) {
    const auto objective = find_value(kObjectives, *said);
    if (!objective)
      throw Error(ErrorCode::kUsage, "--objective",
                  fmt::format("{} must be {}", shown(*said), fmt::join(names_of(kObjectives), " or ")));
    out.objective = *objective;
  }
  read_score(arguments, out);
  if (const auto tie = arguments.find("--tie")) {
    const auto known = find_value(kTies, *tie);
    out.tie = known && *known != Tie::kGroups ? *known : Tie::kGroups;
    if (out.tie == Tie::kGroups) {
      std::error_code ignored;
      if (*tie != "-" && !std::filesystem::exists(*tie, ignored))
        throw Error(
            ErrorCode::kUsage, "--tie",
            fmt::format("{} must be none, stage, block, shape, or a file with a line of layers for each group, and there "
                        "is no such file",
                        shown(*tie)));
      out.groups = read_groups(*tie);
    }
  }
  constexpr std::array kWords = {kAllCandidates};
  if (const auto most = arguments.find("--candidates"); most && find_name(*most, kWords))
    out.rule.most = CandidateRule::kAll;
  else
    out.rule.most =
        static_cast<std::size_t>(whole_or(arguments, "--candidates", 1, static_cast<std::int64_t>(CandidateRule{}.most)));
  out.rule.multiple_of = whole_or(arguments, "--multiple-of", 1, 1);
  out.excluded = arguments.items("--exclude");
  for (const std::string &fixed : arguments.all("--fix")) {
    const std::size_t equals = fixed.find('=');
    if (equals == std::string::npos)
      throw Error(ErrorCode::kUsage, "--fix", fmt::format("{} must be LAYER=SUBSTITUTE", shown(fixed)));
    out.fixed.emplace_back(fixed.substr(0, equals), fixed.substr(equals + 1));
  }
  if (const auto model = arguments.find("--export-model"); model && !model->ends_with(kMps) && !model->ends_with(kOpb))
    throw Error(ErrorCode::kUsage, "--export-model", fmt::format("{} must end in {} or {}", shown(*model), kMps, kOpb));
  for (const std::string_view option : {"--export-candidates", "--export-model"})
    if (const auto path = arguments.find(option); path && *path == "-")
      throw Error(ErrorCode::kUsage, std::string(option), "stdout is where the result goes; a file would be accepted");
  out.method = find_mixed_solver(arguments.get("--method", out.method)).info().name;
  return out;
}

Control read_control(const Arguments &arguments) {
  Control out;
  out.time_limit_seconds = read_real(arguments, "--time-limit");
  out.relative_gap = read_real(arguments, "--gap").value_or(0);
  out.memory_bytes = static_cast<std::size_t>(whole_or(arguments, "--memory", 1, static_cast<std::int64_t>(out.memory_bytes)));
  catch_interrupts();
  out.interrupted = [] { return interrupted() != 0; };
  // Of what is over at once nobody waits for news.
  constexpr double kSoon = 0.3;
  out.progress = [](const SearchProgress &now) {
    if (now.seconds < kSoon) return;
    std::string line = fmt::format("pare: {:.1f} s", now.seconds);
    if (now.best) line += fmt::format(", best {}", value_text(*now.best));
    if (now.bound) line += fmt::format(", bound {}", value_text(*now.bound));
    if (now.best && now.bound) line += fmt::format(", gap {}", value_text(*now.bound - *now.best));
    talk(line);
  };
  return out;
}

MixedProblem::Scored scored_progress() {
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds kBetween{1};
  return [last = Clock::now()](std::size_t done, std::size_t all) mutable {
    if (Clock::now() - last < kBetween) return;
    last = Clock::now();
    talk(fmt::format("pare: {} of {} layers scored", done, all));
  };
}

std::vector<std::string> export_paths(const Arguments &arguments) {
  std::vector<std::string> out;
  const auto candidates = arguments.find("--export-candidates");
  if (candidates) out.push_back(*candidates);
  if (candidates && arguments.get("--objective") == name_of(kObjectives, Objective::kBalanced))
    out.push_back(next_of(*candidates));
  if (const auto model = arguments.find("--export-model")) out.push_back(*model);
  return out;
}

std::vector<Export> exports(const Arguments &arguments, const MixedProblem &problem, const Solution &solution) {
  std::vector<Export> out;
  const MixedAnswer &answer = *solution.mixed;
  using From = MixedProblem::From;
  const From from = answer.level ? From::kAtLevel : From::kAll;
  const Level level = answer.level.value_or(Level{0, 1});
  const auto candidates = arguments.find("--export-candidates");
  if (candidates && solution.termination.reason == Reason::kUnknown) {
    // A certificate without a value would claim that nothing meets the budgets.
    talk(one_line(fmt::format("pare: {} was not written: nothing is claimed of the candidates", *candidates)));
  } else if (candidates) {
    const std::string &path = *candidates;
    if (solution.termination.reason == Reason::kFeasible)
      talk(one_line(fmt::format("pare: the value in {} is that of the best plan so far, which may not be the best", path)));
    out.push_back({path, write_candidates(*problem.table(true, from, level), answer.certificate)});
    if (answer.level) {
      const std::string beside = next_of(path);
      const auto next = answer.next_certificate ? problem.table(true, From::kAboveLevel, level) : std::nullopt;
      if (next)
        out.push_back({beside, write_candidates(*next, *answer.next_certificate)});
      else
        talk(one_line(fmt::format("pare: {} was not written{}: {}", beside,
                                  std::filesystem::exists(beside) ? ", and what stands there is another run's" : "",
                                  answer.next_certificate || !answer.next_level
                                      ? "some layer has no candidate above that level"
                                      : "it is not known that no plan is above that level")));
    }
  }
  if (const auto path = arguments.find("--export-model")) {
    const CandidateTable table = *problem.table(true, from, level);
    out.push_back({*path, path->ends_with(kMps) ? write_mps(table) : write_opb(table)});
  }
  return out;
}

} // namespace pare::cli

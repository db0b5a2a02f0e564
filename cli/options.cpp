#include "cli/options.hpp"

#include "base/enums.hpp"
#include "base/error.hpp"
#include "base/files.hpp"
#include "base/names.hpp"
#include "base/text.hpp"
#include "base/values.hpp"
#include "command/output.hpp"
#include "models/width.hpp"
#include "reports/numbers.hpp"
#include "solver/solver.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

namespace pare::cli {

namespace {

constexpr std::string_view kAll = "all";

std::vector<std::string_view> default_conventions() {
  std::vector<std::string_view> out;
  for (const Convention &convention : conventions())
    if (convention.shown) out.push_back(convention.name);
  return out;
}

} // namespace

OptionInfo convention_option() {
  static const std::string description = [] {
    std::vector<std::string_view> names;
    for (const Convention &convention : conventions()) names.push_back(convention.name);
    return fmt::format("How to count, one or a list: {}, {}, or a pare.convention/1 file", fmt::join(names, ", "), kAll);
  }();
  static const std::string otherwise = fmt::format("{}", fmt::join(default_conventions(), " and "));
  return {.name = "--convention",
          .value = "NAME",
          .description = description,
          .values = Values::kConvention,
          .otherwise = otherwise,
          .repeats = true};
}

namespace {

constexpr std::string_view kDefaultEvaluation = "default"; ///< each family's own way

std::vector<std::string_view> evaluation_names() {
  std::vector<std::string_view> out{kDefaultEvaluation};
  for (const std::string_view name : names_of(kEvaluations)) out.push_back(name);
  return out;
}

} // namespace

OptionInfo evaluation_option(std::string_view description) {
  return {.name = "--evaluation",
          .value = "E",
          .description = description,
          .choices = evaluation_names(),
          .otherwise = kDefaultEvaluation};
}

OptionInfo auxiliary_option() {
  return {.name = "--auxiliary", .description = "Count the network's auxiliary head too, which only training has"};
}

Design read_design(const Arguments &arguments) {
  const std::string network = arguments.get("NETWORK");
  NetworkOptions options;
  if (const auto image = arguments.find("--input")) options.input.image = parse_image_shape("--input", *image);
  if (const auto batch = arguments.find("--batch")) options.input.batch = read_whole("--batch", *batch);
  Design design = load_design(network, options);
  if (arguments.has("--auxiliary")) append_auxiliary_head(design.network);
  return design;
}

namespace {
constexpr std::size_t kMostConventionBytes = std::size_t{16} << 20; // they have a kilobyte or two
}

std::vector<Convention> read_conventions(const Arguments &arguments, std::span<const Convention> own) {
  std::vector<std::string> names = arguments.items("--convention");
  if (names.empty())
    for (const std::string_view name : default_conventions()) names.emplace_back(name);
  std::vector<Convention> out;
  const auto add = [&](const Convention &convention, bool from_file) {
    const auto same = std::find_if(out.begin(), out.end(), [&](const Convention &c) { return c.name == convention.name; });
    if (same == out.end()) {
      out.push_back(convention);
      return;
    }
    // Results are told apart by the name; a known convention may be asked for twice.
    if (from_file)
      throw Error(
          ErrorCode::kUsage, "--convention",
          fmt::format("two conventions are called {}; a file with another name would be accepted", shown(convention.name)));
  };
  const auto known = conventions();
  std::vector<std::string_view> known_names;
  for (const Convention &convention : known) known_names.emplace_back(convention.name);
  std::vector<std::string_view> words = known_names;
  for (const Convention &convention : own) words.emplace_back(convention.name);
  words.push_back(kAll);
  for (const std::string &name : names) {
    const bool is_exact = std::find(words.begin(), words.end(), name) != words.end();
    if (!is_exact && names_file(name)) {
      const std::string file = file_name(name);
      const Convention read = parse_convention(read_text(name, file, kMostConventionBytes), file);
      if (find_name(read.name, known_names)) // in any case of letters: budgets and tables could mean either
        throw Error(ErrorCode::kInvalidFile, file + "/name",
                    fmt::format("{} is a convention that pare has; another name would be accepted", shown(read.name)));
      add(read, true);
    } else if (const auto found = find_name(name, words); found && words[*found] == kAll) {
      for (const Convention &convention : known) add(convention, false);
      for (const Convention &convention : own) add(convention, false);
    } else {
      add(find_convention(name, own), false);
    }
  }
  return out;
}

std::optional<std::string> read_one_substitute(const Arguments &arguments, std::string_view what_takes_several) {
  const std::vector<std::string> items = arguments.items("--substitute");
  if (items.empty()) return std::nullopt;
  if (items.size() > 1)
    throw Error(ErrorCode::kUsage, "--substitute",
                fmt::format("{} are {} substitutions; one would be accepted, {}", shown(arguments.get("--substitute")),
                            items.size(), what_takes_several));
  return with_evaluation(arguments, items).front();
}

Substitute with_evaluation(const Arguments &arguments, Substitute substitute) {
  const auto asked = read_evaluation(arguments);
  if (!asked) return substitute;
  const Evaluation evaluation = *asked;
  if (substitute.evaluation && *substitute.evaluation != evaluation)
    throw Error(ErrorCode::kUsage, "--evaluation",
                fmt::format("{} says another evaluation than {}; one of them would be accepted", substitute.text(),
                            name_of(kEvaluations, evaluation)));
  const auto refused = refused_evaluation(substitute.family->info(), evaluation);
  if (!refused) {
    substitute.evaluation = evaluation;
    return substitute;
  }
  if (read_where_refused(arguments) == WhereRefused::kThrow)
    throw Error(ErrorCode::kNotApplicable, "--evaluation",
                fmt::format("{} (--where-possible leaves it evaluated in its own way)", *refused));
  talk(one_line(fmt::format("pare: {} is evaluated in its own way: {}", substitute.text(), *refused)));
  return substitute;
}

std::vector<std::string> with_evaluation(const Arguments &arguments, const std::vector<std::string> &substitutes) {
  if (!read_evaluation(arguments)) return substitutes;
  constexpr std::array kNoFamily = {kWidth};
  std::vector<std::string> out;
  for (const std::string &text : substitutes)
    if (find_name(text, kNoFamily)) // its layers stay what they are
      out.push_back(text);
    else
      out.push_back(with_evaluation(arguments, parse_substitute(text, FreeKnob::kAllow)).text());
  return out;
}

std::optional<Evaluation> read_evaluation(const Arguments &arguments) {
  const auto text = arguments.find("--evaluation");
  if (!text) return std::nullopt;
  return value_of(kEvaluations, read_choice("--evaluation", *text, evaluation_names()));
}

OptionInfo max_width_option() {
  static const std::string otherwise = shortest(kStandardWidthTimes);
  static const std::string description = fmt::format(
      "Of `width`: try widths up to so many times the network's own, from 1 to {}; nothing is claimed of wider ones",
      shortest(kMostWidthTimes));
  return {.name = "--max-width", .value = "TIMES", .description = description, .otherwise = otherwise};
}

double read_max_width(const Arguments &arguments, std::span<const std::string> families) {
  const auto text = arguments.find("--max-width");
  if (!text) return kStandardWidthTimes;
  if (std::none_of(families.begin(), families.end(), is_width))
    throw Error(ErrorCode::kUsage, "--max-width", fmt::format("it is of the family {}, which is not asked for", kWidth));
  const double times = read_real("--max-width", *text);
  check_width_times(times, "--max-width");
  return times;
}

WhereRefused read_where_refused(const Arguments &arguments) {
  return arguments.has("--where-possible") ? WhereRefused::kLeaveAsItIs : WhereRefused::kThrow;
}

Format read_format(const Arguments &arguments, std::span<const Format> accepted) {
  std::vector<std::string_view> names;
  for (const Format format : accepted) names.push_back(to_string(format));
  return parse_format(command::read_format(arguments, names));
}

void warn_of_growths(const Graph &graph, const Plan &plan) {
  constexpr std::size_t kShown = 5;
  const std::vector<Growth> all = growths(graph, plan);
  for (std::size_t i = 0; i < std::min(all.size(), kShown); ++i) {
    const Growth &g = all[i];
    std::string what;
    if (g.parameters_after > g.parameters_before)
      what += fmt::format("{} parameters instead of {}", g.parameters_after, g.parameters_before);
    if (g.mult_adds_after > g.mult_adds_before)
      what += fmt::format("{}{} mult-adds[macs] instead of {}", what.empty() ? "" : ", ", g.mult_adds_after.to_string(),
                          g.mult_adds_before.to_string());
    talk(one_line(fmt::format("pare: warning: {}: {} costs more than what it replaces: {}", g.layer, g.substitute, what)));
  }
  if (all.size() > kShown) talk(fmt::format("pare: warning: and {} more layers cost more than before", all.size() - kShown));
}

} // namespace pare::cli

#include "cli/options.hpp"

#include "base/enums.hpp"
#include "base/error.hpp"
#include "base/files.hpp"
#include "base/names.hpp"
#include "base/text.hpp"
#include "base/values.hpp"
#include "command/output.hpp"
#include "reports/numbers.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

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

OptionInfo evaluation_option(std::string_view description) {
  return {.name = "--evaluation",
          .value = "E",
          .description = description,
          .choices = names_of(kEvaluations),
          .otherwise = "each family's own"};
}

Design read_design(const Arguments &arguments) {
  const std::string network = arguments.get("NETWORK");
  NetworkOptions options;
  if (const auto image = arguments.find("--input")) options.input.image = parse_image_shape("--input", *image);
  if (const auto batch = arguments.find("--batch")) options.input.batch = read_whole("--batch", *batch);
  return load_design(network, options);
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
  return items.front();
}

std::optional<Evaluation> read_evaluation(const Arguments &arguments) {
  const auto text = arguments.find("--evaluation");
  if (!text) return std::nullopt;
  return value_of(kEvaluations, read_choice("--evaluation", *text, names_of(kEvaluations)));
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

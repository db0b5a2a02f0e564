#include "cli/options.hpp"

#include "analysis/error.hpp"
#include "analysis/text_file.hpp"
#include "command/files.hpp"
#include "command/values.hpp"
#include "reports/numbers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

namespace pare::cli {

OptionInfo convention_option() {
  return {.name = "--convention",
          .value = "NAME",
          .description = "How to count: a name, `all`, or a pare.convention/1 file; standard: macs and reference",
          .values = Values::kConvention,
          .repeats = true};
}

Design read_design(const Arguments &arguments) {
  const std::string network = arguments.get("NETWORK");
  NetworkOptions options;
  if (const auto input = arguments.find("--input")) options.input = read_image_shape("--input", *input);
  const auto written = arguments.find("--batch");
  if (!written) return load_design(network, options);
  const std::int64_t batch = read_whole("--batch", *written);
  // The network's own input is known only once it is there.
  if (!options.input && batch != 1) options.input = load_design(network).network.input;
  if (options.input) options.input->batch = batch;
  return load_design(network, options);
}

std::vector<Convention> read_conventions(const Arguments &arguments) {
  std::vector<std::string> names = arguments.all("--convention");
  if (names.empty()) names = {"macs", "reference"};
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
          fmt::format("two conventions are called \"{}\"; a file with another name would be accepted", convention.name));
  };
  for (const std::string &name : names) {
    const auto known = conventions();
    if (name == "all") {
      for (const Convention &convention : known) add(convention, false);
    } else if (std::any_of(known.begin(), known.end(), [&](const Convention &c) { return c.name == name; })) {
      add(find_convention(name), false);
    } else {
      std::error_code ignored;
      if (!std::filesystem::exists(name, ignored) && !name.ends_with(".json") && name.find('/') == std::string::npos)
        find_convention(name);
      const Convention own = parse_convention(read_text(name, name), name);
      if (std::any_of(known.begin(), known.end(), [&](const Convention &c) { return c.name == own.name; }))
        throw Error(ErrorCode::kInvalidFile, name + "/name",
                    fmt::format("\"{}\" is a convention that pare has; another name would be accepted", own.name));
      add(own, true);
    }
  }
  return out;
}

WhereRefused read_where_refused(const Arguments &arguments) {
  return arguments.has("--where-possible") ? WhereRefused::kLeaveAsItIs : WhereRefused::kThrow;
}

Format read_format(const Arguments &arguments) { return parse_format(arguments.get("--format", "text")); }

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

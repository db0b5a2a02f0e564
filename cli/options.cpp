#include "cli/options.hpp"

#include "analysis/error.hpp"
#include "analysis/text_file.hpp"
#include "cli/files.hpp"
#include "reports/numbers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>

namespace pare::cli {

OptionInfo network_option() {
  return {.name = "NETWORK",
          .description =
              "A short name (wrn-28-10), a spec (wide_resnet:depth=28,width=10), or a file: pare.network/1 or pare.solved/1",
          .values = Values::kNetwork,
          .required = true};
}

OptionInfo input_option() {
  return {.name = "--input",
          .value = "C,H,W",
          .description = "Channels, height and width of an image; standard: the network's own"};
}

OptionInfo convention_option() {
  return {.name = "--convention",
          .value = "NAME",
          .description = "How to count: a name, `all`, or a pare.convention/1 file; standard: macs and reference",
          .values = Values::kConvention,
          .repeats = true};
}

OptionInfo where_possible_option() {
  return {.name = "--where-possible",
          .description =
              "Leave layers as they were where the substitution does not apply, and list them; solve: where it applies at no "
              "setting"};
}

OptionInfo format_option(std::vector<std::string_view> choices) {
  return {.name = "--format", .value = "FORMAT", .description = "How to write the result", .choices = std::move(choices)};
}

OptionInfo output_option(std::string_view description) {
  return {.name = "--output", .letter = "-o", .value = "FILE", .description = description, .values = Values::kFile};
}

namespace {

std::optional<std::int64_t> parse_whole(std::string_view text) {
  std::int64_t value = 0;
  const auto [stop, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (fault != std::errc() || stop != text.data() + text.size() || value < 1) return std::nullopt;
  return value;
}

Shape parse_input(std::string_view text) {
  std::array<std::int64_t, 3> values{};
  std::string_view rest = text;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::size_t comma = i + 1 < values.size() ? rest.find(',') : rest.size();
    const auto value = comma == std::string_view::npos ? std::nullopt : parse_whole(rest.substr(0, comma));
    if (!value)
      throw Error(ErrorCode::kInvalidValue, "--input",
                  fmt::format("input = {} must be C,H,W, three whole numbers from 1 up, such as 3,32,32", text));
    values[i] = *value;
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  return {.batch = 1, .channels = values[0], .height = values[1], .width = values[2]};
}

} // namespace

Design read_design(const Arguments &arguments) {
  const std::string network = arguments.get("NETWORK");
  NetworkOptions options;
  if (const auto input = arguments.find("--input")) options.input = parse_input(*input);
  const auto written = arguments.find("--batch");
  if (!written) return load_design(network, options);
  const auto batch = parse_whole(*written);
  if (!batch)
    throw Error(ErrorCode::kInvalidValue, "--batch", fmt::format("batch = {} must be a whole number from 1 up", *written));
  // The network's own input is known only once it is there.
  if (!options.input && *batch != 1) options.input = load_design(network).network.input;
  if (options.input) options.input->batch = *batch;
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

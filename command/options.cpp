#include "command/options.hpp"

#include "base/error.hpp"
#include "base/names.hpp"
#include "base/text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <utility>

namespace pare::command {

OptionInfo network_option() {
  return {
      .name = "NETWORK",
      .description =
          "A short name (wrn-28-10), a spec (wide_resnet:depth=28,width=10), or a file: pare.network/1, with its width behind "
          "it where it is to have another (net.json:width=0.5), or pare.solved/1",
      .values = Values::kNetwork,
      .required = true};
}

OptionInfo substitute_option() {
  return {.name = "--substitute",
          .value = "S",
          .description = "Replace the network's convolutions: Generic_0.1, Shuffle_4, "
                         "tensor_train:rank_scale=0.8,dimensions=4, generic:rank=7",
          .values = Values::kSubstitution};
}

OptionInfo where_possible_option() {
  return {.name = "--where-possible",
          .description =
              "Leave layers as they were where the substitution does not apply, and list them; solve: where it applies at no "
              "setting"};
}

OptionInfo input_option() {
  return {.name = "--input",
          .value = "C,H,W",
          .description = "Channels, height and width of an image",
          .otherwise = "the network's own"};
}

OptionInfo format_option(std::vector<std::string_view> choices) {
  return {.name = "--format",
          .value = "FORMAT",
          .description = "How to write the result",
          .choices = std::move(choices),
          .otherwise = "text"};
}

OptionInfo output_option(std::string_view description) {
  return {.name = "--output", .letter = "-o", .value = "FILE", .description = description, .values = Values::kFile};
}

std::string read_format(const Arguments &arguments, std::span<const std::string_view> accepted, std::string_view otherwise) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kEndings = {{{".json", "json"},
                                                                                      {".csv", "csv"},
                                                                                      {".md", "markdown"},
                                                                                      {".tex", "latex"},
                                                                                      {".html", "html"},
                                                                                      {".txt", "text"},
                                                                                      {".dot", "dot"}}};
  const auto checked = [&](std::string_view format, const std::string &where, const std::string &what) {
    const auto found = find_name(format, accepted);
    if (!found)
      throw Error(ErrorCode::kUsage, where,
                  fmt::format("{} must be one of {}{}", what, fmt::join(accepted, ", "), did_you_mean(format, accepted)));
    return std::string(accepted[*found]);
  };
  if (const auto given = arguments.find("--format"))
    return checked(*given, "--format", fmt::format("format = {}", shown(*given)));
  const std::string path = arguments.get("--output");
  std::string name = path; // X.JSON is JSON too
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
  for (const auto &[ending, format] : kEndings)
    // Only what draws knows .dot: elsewhere it says nothing, as any other ending.
    if (name.ends_with(ending) && (format != "dot" || std::find(accepted.begin(), accepted.end(), format) != accepted.end()))
      return checked(format, "--output", fmt::format("format = {}, which the ending of {} says,", format, shown(path)));
  return std::string(otherwise);
}

} // namespace pare::command

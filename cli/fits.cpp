#include "cli/fits.hpp"

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/text.hpp"
#include "base/values.hpp"
#include "command/output.hpp"
#include "command/version.hpp"
#include "solver/pareto.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <filesystem>

namespace pare::cli {

std::optional<std::size_t> read_points(const Arguments &arguments, std::string_view also) {
  const auto text = arguments.find("--points");
  if (!text) return std::nullopt;
  const auto value = parse_whole(*text);
  if (!value || *value < static_cast<std::int64_t>(kFewestPoints) || *value > static_cast<std::int64_t>(kMostPoints))
    throw Error(ErrorCode::kUsage, "--points",
                fmt::format("{} must be a whole number from {} to {}{}{}", shown(*text), kFewestPoints, kMostPoints,
                            also.empty() ? "" : ", or ", also));
  return static_cast<std::size_t>(*value);
}

bool same_file(const std::string &a, const std::string &b) {
  std::error_code ignored;
  if (std::filesystem::exists(a, ignored) && !std::filesystem::is_regular_file(a, ignored)) return false;
  const auto whole = [&](const std::string &path) { // which a relative one is only where it exists
    return std::filesystem::weakly_canonical(std::filesystem::absolute(path, ignored), ignored);
  };
  return whole(a) == whole(b);
}

std::string provenance(const Arguments &arguments, std::string_view method, const OptionTexts &options,
                       std::span<const Convention> conventions) {
  using nlohmann::ordered_json;
  ordered_json out;
  out["pare"] = version();
  out["compiler"] = compiler();
  out["libraries"] = ordered_json::object();
  for (const auto &[name, number] : libraries()) out["libraries"][name] = number;
  out["method"] = method;
  ordered_json said = ordered_json::object();
  for (const auto &[name, text] : options) said[name] = ordered_json::parse(text);
  said["budgets"] = arguments.items("--budget");
  said["conventions"] = ordered_json::array();
  for (const Convention &convention : conventions) said["conventions"].push_back(convention.name);
  out["options"] = std::move(said);
  return out.dump();
}

std::string json_text(std::string_view text) { return nlohmann::ordered_json(text).dump(); }

bool is_stdout(const std::string &path) { return path.empty() || path == "-"; }

Outputs read_outputs(const Arguments &arguments, bool solved_is_file) {
  const std::string path = arguments.get("--output");
  const auto solved = arguments.find("--solved");
  Outputs out;
  if (path.empty()) {
    out.push_back({.path = {}, .format = read_format(arguments)});
  } else {
    const bool by_name = arguments.has("--format");
    // A name whose ending says nothing is that of the solved file.
    std::vector<std::string_view> names;
    for (const Format format : kFormats) names.push_back(to_string(format));
    const std::string format = command::read_format(arguments, names, "");
    out.push_back({.path = path, .format = format.empty() ? std::nullopt : std::optional(parse_format(format))});
    if (!by_name && path != "-") out.push_back({.path = {}, .format = Format::kText}); // the table for whoever asked
  }
  if (solved && solved_is_file) out.push_back({.path = *solved, .format = {}});
  for (std::size_t i = 0; i < out.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (out[i].is_stdout() ? out[j].is_stdout() : !out[j].is_stdout() && same_file(out[i].path, out[j].path))
        throw Error(ErrorCode::kUsage, "--solved",
                    fmt::format("{} is where the result goes; another file would be accepted",
                                out[i].is_stdout() ? "stdout" : shown(out[i].path)));
  return out;
}

void write_results(const std::vector<std::pair<std::string, std::string>> &results) {
  std::vector<NamedText> files;
  for (const auto &[path, text] : results)
    if (!is_stdout(path)) files.push_back({.path = path, .text = text});
  write_files(files);
  for (const auto &[path, text] : results)
    if (is_stdout(path)) print(text);
}

std::string written(std::span<const Report> reports, const Report &table, Format format) {
  return format == Format::kCsv ? write({&table, 1}, format) : write(reports, format);
}

} // namespace pare::cli

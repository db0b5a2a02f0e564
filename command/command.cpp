#include "command/command.hpp"

#include "base/values.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <system_error>

namespace pare::command {

std::string describe(const OptionInfo &option) {
  std::string out(option.description);
  if (!option.choices.empty()) out += fmt::format(": {}", fmt::join(option.choices, ", "));
  if (!option.otherwise.empty()) out += fmt::format("; default: {}", option.otherwise);
  if (option.repeats) out += "; repeats";
  return out;
}

std::optional<std::string> Arguments::find(std::string_view name) const {
  for (const auto &[given, value] : given_)
    if (given == name) return value;
  return std::nullopt;
}

std::string Arguments::get(std::string_view name, std::string_view otherwise) const {
  return find(name).value_or(std::string(otherwise));
}

std::vector<std::string> Arguments::all(std::string_view name) const {
  std::vector<std::string> out;
  for (const auto &[given, value] : given_)
    if (given == name) out.push_back(value);
  return out;
}

std::vector<std::string> Arguments::items(std::string_view name) const {
  std::vector<std::string> out;
  for (std::string &value : all(name)) {
    std::error_code ignored;
    if (std::filesystem::is_regular_file(value, ignored))
      out.push_back(std::move(value));
    else
      for (std::string &item : split_list(value)) out.push_back(std::move(item));
  }
  return out;
}

} // namespace pare::command

#include "command/command.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

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

} // namespace pare::command

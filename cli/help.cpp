#include "base/error.hpp"
#include "base/names.hpp"
#include "base/text.hpp"
#include "cli/commands.hpp"
#include "command/output.hpp"
#include "command/parse.hpp"

#include <fmt/format.h>

namespace pare::cli {

namespace {

std::vector<std::string_view> names() {
  std::vector<std::string_view> out;
  for (const CommandEntry &entry : commands()) out.push_back(entry.name);
  return out;
}

int do_help(const Arguments &arguments) {
  const auto name = arguments.find("COMMAND");
  if (!name) {
    print(help(program()));
    return kDone;
  }
  for (const CommandEntry &entry : commands()) {
    if (entry.name != *name) continue;
    const Command &command = entry.command();
    if (command.hand_over != nullptr) return command.hand_over(command, {"--help"});
    print(help(program().name, command));
    return kDone;
  }
  throw Error(
      ErrorCode::kUsage, "help",
      fmt::format("{} is no command; accepted: {}{}", shown(*name), command_names(commands()), did_you_mean(*name, names())));
}

} // namespace

const Command &command_help() {
  static const Command command{.name = "help",
                               .summary = "Print the help of a command",
                               .description =
                                   "Prints what --help behind a command prints; without a command, what pare --help prints.",
                               .options = {{.name = "COMMAND", .description = "One of", .choices = names()}},
                               .examples = {{"pare help cost", "The same as pare cost --help"}},
                               .run = do_help};
  return command;
}

} // namespace pare::cli

#include "command/parse.hpp"

#include "analysis/error.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace pare::cli {

namespace {

std::string footer(const std::vector<Example> &examples) {
  std::string out = "Examples:";
  for (const Example &example : examples) out += fmt::format("\n  {}\n      {}", example.command, example.does);
  return out;
}

constexpr std::size_t kWidth = 100; ///< of the help, in characters
constexpr std::size_t kColumn = 34; ///< where descriptions of options begin

/// Words in lines of at most `width` characters.
std::string wrapped(std::string_view text, std::size_t width) {
  std::string out;
  std::size_t line = 0;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    if (line > 0 && line + 1 + word.size() > width) {
      out += '\n';
      line = 0;
    } else if (line > 0) {
      out += ' ';
      ++line;
    }
    out += word;
    line += word.size();
  }
  return out;
}

/// A command for CLI11, which splits the words and prints the help; what values mean is the command's own business.
struct Parser {
  CLI::App app;
  std::vector<std::pair<const OptionInfo *, CLI::Option *>> options;

  Parser(std::string_view program, const Command &command)
      : app(wrapped(command.description, kWidth), fmt::format("{} {}", program, command.name)) {
    app.set_help_flag("-h,--help", "Print this help and exit");
    app.footer(footer(command.examples));
    app.get_formatter()->column_width(kColumn);
    for (const OptionInfo &info : command.options) {
      const std::string names = info.letter.empty() ? std::string(info.name) : fmt::format("{},{}", info.letter, info.name);
      CLI::Option *option = info.is_flag() ? app.add_flag(names) : app.add_option(names);
      std::string description(info.description);
      if (!info.choices.empty()) description += fmt::format(": {}", fmt::join(info.choices, ", "));
      if (info.repeats) description += " (repeats)";
      option->description(wrapped(description, kWidth - kColumn));
      if (!info.is_flag()) {
        option->type_name(std::string(info.has_place() ? std::string_view() : info.value));
        // One value for each time it is given, so that nothing behind it is swallowed.
        option->expected(1);
        if (info.repeats) option->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
      }
      if (info.is_flag()) option->disable_flag_override(); // no --layers=yes
      option->required(info.required);
      options.emplace_back(&info, option);
    }
  }
};

} // namespace

std::string command_names(std::span<const CommandEntry> commands) {
  std::vector<std::string_view> out;
  for (const CommandEntry &entry : commands) out.push_back(entry.name);
  return fmt::format("{}", fmt::join(out, ", "));
}

std::optional<Arguments> parse(std::string_view program, const Command &command, const std::vector<std::string> &words) {
  Parser parser(program, command);
  try {
    // CLI11 takes the words from the back.
    parser.app.parse(std::vector<std::string>(words.rbegin(), words.rend()));
  } catch (const CLI::CallForHelp &) {
    return std::nullopt;
  } catch (const CLI::ParseError &error) {
    std::string message = error.what();
    if (dynamic_cast<const CLI::ExtrasError *>(&error) != nullptr) {
      std::vector<std::string_view> known;
      for (const OptionInfo &info : command.options) known.push_back(info.name);
      message += fmt::format("; accepted: {}", fmt::join(known, ", "));
    }
    throw Error(ErrorCode::kUsage, parser.app.get_name(), fmt::format("{}; see {} --help", message, parser.app.get_name()));
  }
  Arguments out;
  for (const auto &[info, option] : parser.options) {
    if (option->count() == 0) continue;
    if (info->is_flag())
      out.add(info->name, {});
    else
      for (const std::string &value : option->results()) {
        if (value.empty() && info->values == Values::kFile)
          throw Error(ErrorCode::kUsage, std::string(info->name), "the name of a file must not be empty");
        out.add(info->name, value);
      }
  }
  return out;
}

std::string help(std::string_view program, const Command &command) { return Parser(program, command).app.help(); }

std::string help(const Program &program) {
  const std::string name(program.name);
  CLI::App app(wrapped(program.description, kWidth), name);
  app.set_help_flag("-h,--help", "Print this help and exit; every command has its own");
  app.add_flag("--version")
      ->description(fmt::format("Print the versions of {}, its compiler and its libraries, and exit", name));
  std::vector<Example> examples;
  for (const CommandEntry &entry : program.commands) {
    const Command &command = entry.command();
    app.add_subcommand(std::string(entry.name), std::string(command.summary));
    examples.push_back(command.examples.front());
  }
  app.footer(footer(examples));
  return app.help();
}

} // namespace pare::cli

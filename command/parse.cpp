#include "command/parse.hpp"

#include "base/error.hpp"
#include "base/names.hpp"
#include "base/text.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace pare::command {

namespace {

std::string footer(const std::vector<Example> &examples) {
  std::string out = examples.empty() ? "" : "Examples:"; // a program's own command may have none
  for (const Example &example : examples) out += fmt::format("\n  {}\n      {}", example.command, example.does);
  return out;
}

constexpr std::size_t kColumn = 34; ///< where descriptions of options begin

/// Lines of the help, which CLI11 indents.
std::string paragraph(std::string_view text, std::size_t width = kTextWidth) {
  return fmt::format("{}", fmt::join(wrapped(text, width), "\n"));
}

/// A command for CLI11, which splits the words and prints the help; what values mean is the command's own business.
struct Parser {
  CLI::App app;
  std::vector<std::pair<const OptionInfo *, CLI::Option *>> options;

  Parser(std::string_view program, const Command &command)
      : app(paragraph(command.description), fmt::format("{} {}", program, command.name)) {
    app.set_help_flag("-h,--help", "Print this help and exit");
    app.footer(footer(command.examples));
    app.get_formatter()->column_width(kColumn);
    for (const OptionInfo &info : command.options) {
      const std::string names = info.letter.empty() ? std::string(info.name) : fmt::format("{},{}", info.letter, info.name);
      CLI::Option *option = info.is_flag() ? app.add_flag(names) : app.add_option(names);
      option->description(paragraph(describe(info), kTextWidth - kColumn));
      if (!info.is_flag()) {
        option->type_name(std::string(info.has_place() ? std::string_view() : info.value));
        // One value for each time it is given, so that nothing behind it is swallowed; arguments with a place that repeats go
        // on.
        option->expected(info.has_place() && info.repeats ? -1 : 1);
        if (info.repeats) option->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
      }
      if (info.is_flag()) option->disable_flag_override(); // no --layers=yes
      option->required(info.required);
      options.emplace_back(&info, option);
    }
  }
};

/// The option that a word names: --name, --name=VALUE, -l or -lVALUE.
const OptionInfo *option_of(const Command &command, std::string_view word) {
  for (const OptionInfo &info : command.options) {
    const bool by_name = word == info.name || word.starts_with(std::string(info.name) + "=");
    const bool by_letter = !info.letter.empty() && word.starts_with(info.letter);
    if (!info.has_place() && (by_name || by_letter)) return &info;
  }
  return nullptr;
}

/// CLI11's own words speak of its bookkeeping ("At Most 1 required but received 2"); these of what was given.
std::string what_is_wrong(const Parser &parser, const Command &command, const std::vector<std::string> &words,
                          const CLI::ParseError &error) {
  std::vector<std::string_view> known;
  for (const OptionInfo &info : command.options) known.push_back(info.name);
  if (dynamic_cast<const CLI::ExtrasError *>(&error) != nullptr) {
    const std::vector<std::string> extras = parser.app.remaining();
    std::string text;
    for (const std::string &word : words)
      if (std::find(extras.begin(), extras.end(), word) != extras.end()) text += (text.empty() ? "" : " ") + word;
    return fmt::format("{} was not expected; accepted: {}", shown(text), fmt::join(known, ", "));
  }
  if (dynamic_cast<const CLI::ArgumentMismatch *>(&error) != nullptr) {
    for (const auto &entry : parser.options) {
      const OptionInfo *info = entry.first; // clang 14 captures no structured binding
      const auto times =
          std::count_if(words.begin(), words.end(), [&](const std::string &word) { return option_of(command, word) == info; });
      if (!info->is_flag() && !info->repeats && times > 1)
        return fmt::format("{} is given {} times; once would be accepted", info->name, times);
    }
    for (std::size_t i = 0; i < words.size(); ++i)
      if (const OptionInfo *info = option_of(command, words[i]);
          info != nullptr && !info->is_flag() && words[i].find('=') == std::string::npos &&
          (i + 1 == words.size() || option_of(command, words[i + 1]) != nullptr))
        return fmt::format("{} needs a value: {} {}", info->name, info->name, info->value);
  }
  for (const std::string &word : words)
    if (const OptionInfo *info = option_of(command, word);
        info != nullptr && info->is_flag() && word.find('=') != std::string::npos)
      return fmt::format("{} takes no value", info->name);
  if (dynamic_cast<const CLI::RequiredError *>(&error) != nullptr)
    for (const auto &[info, option] : parser.options)
      if (info->required && option->count() == 0)
        return fmt::format("{} is missing",
                           info->has_place() ? std::string(info->name) : fmt::format("{} {}", info->name, info->value));
  return shortened(error.what(), 200);
}

/// Where a word is no option of this command, the one that it is near to.
std::string meant_option(const Parser &parser, const Command &command) {
  std::vector<std::string_view> known = {"--help"};
  for (const OptionInfo &info : command.options)
    if (!info.has_place()) known.push_back(info.name);
  for (const std::string &word : parser.app.remaining()) {
    if (!word.starts_with("--")) continue;
    const std::string name = word.substr(0, word.find('='));
    for (const auto &[theirs, ours] : command.elsewhere)
      if (name == theirs) return fmt::format("; did you mean {}?", ours);
    return did_you_mean(name, known);
  }
  return {};
}

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
    throw Error(ErrorCode::kUsage, parser.app.get_name(),
                fmt::format("{}; see {} --help{}", what_is_wrong(parser, command, words, error), parser.app.get_name(),
                            meant_option(parser, command)));
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
        const auto choice = find_name(value, info->choices); // what is none of them is the command's to refuse
        out.add(info->name, choice ? std::string(info->choices[*choice]) : value);
      }
  }
  return out;
}

std::string help(std::string_view program, const Command &command) { return Parser(program, command).app.help(); }

std::string help(const Program &program) {
  const std::string name(program.name);
  CLI::App app(paragraph(program.description), name);
  app.set_help_flag("-h,--help", "Print this help and exit; every command has its own");
  app.add_flag("--version")
      ->description(fmt::format("Print the versions of {}, its compiler and its libraries, and exit", name));
  std::vector<Example> examples;
  for (const CommandEntry &entry : program.commands) {
    const Command &command = entry.command();
    app.add_subcommand(std::string(entry.name), std::string(command.summary));
    if (!command.examples.empty()) examples.push_back(command.examples.front());
  }
  app.footer(footer(examples));
  return app.help();
}

} // namespace pare::command

#include "analysis/convention.hpp"
#include "cli/commands.hpp"
#include "cli/options.hpp"
#include "command/output.hpp"
#include "command/version.hpp"

#include <fmt/format.h>

#include <csignal>

namespace pare::cli {

namespace {

/// Text for roff: backslashes and hyphens are literal, and no line starts with a control character.
std::string roff(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\')
      out += "\\e";
    else if (c == '-')
      out += "\\-";
    else if (c == '\'')
      out += "\\(aq";
    else if (c == '`')
      out += "\\(ga";
    else
      out += c;
  }
  return out.starts_with('.') ? "\\&" + out : out;
}

std::string page() {
  std::string out =
      fmt::format(".TH PARE 1 \"\" \"pare {}\" \"User Commands\"\n.nh\n", roff(version())); // addresses stay whole
  out += ".SH NAME\npare \\- pares a network down to a budget\n.SH SYNOPSIS\n";
  for (const CommandEntry &entry : commands()) {
    out += fmt::format(".B pare {}\n", entry.name);
    for (const OptionInfo &option : entry.command().options)
      if (option.has_place())
        out += option.required ? fmt::format(".I {}\n", option.name) : fmt::format(".RI [ {} ]\n", option.name);
    out += "[options]\n.br\n";
  }
  out += ".B pare \\-\\-help\n.br\n.B pare \\-\\-version\n";
  out += ".SH DESCRIPTION\n" +
         roff("Pare counts networks under substitutions of their convolutions, exactly, and fits a setting to a budget, with "
              "proof, and trains the networks that it fitted. The "
              "result goes to stdout, talk and faults go to stderr.") +
         "\n.SH COMMANDS\n";
  for (const CommandEntry &entry : commands()) {
    const Command &command = entry.command();
    out += fmt::format(".SS {}\n{}\n", roff(command.name), roff(command.description));
    for (const OptionInfo &option : command.options) {
      std::string head =
          option.has_place() ? fmt::format("\\fI{}\\fR", roff(option.name)) : fmt::format("\\fB{}\\fR", roff(option.name));
      if (!option.letter.empty()) head = fmt::format("\\fB{}\\fR, {}", roff(option.letter), head);
      if (!option.has_place() && !option.is_flag()) head += fmt::format(" \\fI{}\\fR", roff(option.value));
      out += fmt::format(".TP\n{}\n{}.\n", head, roff(describe(option)));
    }
  }
  out += ".SH CONVENTIONS\n";
  for (const Convention &convention : conventions())
    out += fmt::format(".TP\n.B {}\n{}.\n", roff(convention.name), roff(convention.source));
  out += ".SH EXIT STATUS\n";
  for (const auto &[code, meaning] :
       {std::pair{kDone, "done"}, std::pair{kFault, "a fault: a file, a network or a substitution that does not fit"},
        std::pair{kUsageFault, "usage: options, names or values that cannot be read"},
        std::pair{kNothingFits, "infeasible: no setting meets the budgets"},
        std::pair{128 + SIGINT, "train was interrupted; its state is saved"},
        std::pair{kReaderGone, "whoever read the output went away, as head does"},
        std::pair{128 + SIGTERM, "train was terminated; its state is saved"}})
    out += fmt::format(".TP\n.B {}\n{}.\n", code, roff(meaning));
  out += ".SH EXAMPLES\n";
  for (const CommandEntry &entry : commands())
    for (const Example &example : entry.command().examples)
      out += fmt::format(".TP\n{}\n{}.\n", roff(example.command), roff(example.does));
  return out;
}

int do_man(const Arguments &arguments) {
  deliver(arguments.get("--output"), page());
  return kDone;
}

} // namespace

const Command &command_man() {
  static const Command command{.name = "man",
                               .summary = "Print the man page",
                               .description = "Prints the man page, made from the same descriptions as the help.",
                               .options = {output_option("Write to FILE instead of stdout, whole or not at all")},
                               .examples = {{"pare man | man -l -", "To read it"}},
                               .run = do_man};
  return command;
}

} // namespace pare::cli

#include "base/error.hpp"
#include "base/names.hpp"
#include "base/text.hpp"
#include "cli/candidates.hpp"
#include "cli/commands.hpp"
#include "cli/options.hpp"
#include "command/output.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <utility>

namespace pare::cli {

namespace {

/// 'text', for all three shells.
std::string quoted_for_shell(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::vector<std::string_view> option_names(const Command &command) {
  std::vector<std::string_view> out;
  for (const OptionInfo &option : command.options) {
    if (option.has_place()) continue;
    if (!option.letter.empty()) out.push_back(option.letter);
    out.push_back(option.name);
  }
  out.push_back("--help");
  return out;
}

std::string words_of(const std::vector<std::string> &words) {
  return quoted_for_shell(fmt::format("{}", fmt::join(words, " ")));
}

std::string bash() {
  std::vector<std::string> first;
  for (const CommandEntry &entry : commands()) first.emplace_back(entry.name);
  first.insert(first.end(), {"--help", "--version"});
  std::string out =
      "# bash completion for pare: source it, or put it into ~/.local/share/bash-completion/completions/pare\n"
      "# How many arguments that are no options, nor values of these options, stand before the word: in $place.\n"
      "_pare_place() {\n"
      "  local i now last\n"
      "  place=0\n"
      "  for ((i = 2; i < COMP_CWORD; i++)); do\n"
      "    now=${COMP_WORDS[i]} last=${COMP_WORDS[i-1]}\n"
      "    [[ $now == -?* || $now == [=:] || $last == [=:] || \" $* \" == *\" $last \"* ]] || ((place += 1))\n"
      "  done\n"
      "}\n"
      "\n"
      "_pare() {\n"
      "  local place=0 word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} start='' words='' files='' reply\n"
      "  COMPREPLY=()\n"
      "  # --format=js is three words where = separates them, else one.\n"
      "  if [[ $word == = ]]; then\n"
      "    word=''\n"
      "  elif [[ $before == = ]]; then\n"
      "    before=${COMP_WORDS[COMP_CWORD-2]}\n"
      "    [[ $before == -* ]] || return 0 # the values of weight_decay=... are not known here\n"
      "  elif [[ $word == --*=* ]]; then\n"
      "    before=${word%%=*} start=${word%%=*}= word=${word#*=}\n"
      "  elif [[ $word == : || $before == : ]]; then\n"
      "    return 0 # the keys of tensor_train:... are not known here\n"
      "  fi\n"
      "  if ((COMP_CWORD == 1)); then\n";
  out += fmt::format("    words={}\n  else\n    case ${{COMP_WORDS[1]}} in\n", words_of(first));
  for (const CommandEntry &entry : commands()) {
    const Command &command = entry.command();
    out += fmt::format("    {})\n      case $before in\n", entry.name);
    // What is offered at each place, and the options whose values are at none.
    std::vector<std::string> places;
    std::vector<std::string> valued;
    for (const OptionInfo &option : command.options) {
      if (option.has_place())
        places.push_back(fmt::format("          {}) words={} files={} ;;\n", places.size(), words_of(candidates(option)),
                                     may_be_file(option) ? "yes" : "''"));
      if (option.has_place() || option.is_flag()) continue;
      valued.emplace_back(option.name);
      if (!option.letter.empty()) valued.emplace_back(option.letter);
      const std::string labels =
          option.letter.empty() ? std::string(option.name) : fmt::format("{}|{}", option.letter, option.name);
      out += fmt::format("      {}) words={} files={} ;;\n", labels, words_of(candidates(option)),
                         may_be_file(option) ? "yes" : "''");
    }
    out += fmt::format("      *)\n        if [[ $word == -* ]]; then\n          words={}\n",
                       quoted_for_shell(fmt::format("{}", fmt::join(option_names(command), " "))));
    if (!places.empty())
      out += fmt::format(
          "        elif [[ -z $start ]]; then\n          _pare_place {}\n          case $place in\n{}          esac\n",
          fmt::join(valued, " "), fmt::join(places, ""));
    out += "        fi ;;\n      esac ;;\n";
  }
  out += "    esac\n"
         "  fi\n"
         "  while IFS= read -r reply; do COMPREPLY+=(\"$start$reply\"); done < <(compgen -W \"$words\" -- \"$word\")\n"
         "  if [[ -n $files ]]; then\n"
         "    while IFS= read -r reply; do COMPREPLY+=(\"$start$reply\"); done < <(compgen -f -- \"$word\")\n"
         "    compopt -o filenames 2>/dev/null\n"
         "  fi\n"
         "  # A name that a setting follows (wrn-, Generic_, generic:) is not finished.\n"
         "  if ((${#COMPREPLY[@]} == 1)) && [[ ${COMPREPLY[0]} == *[-_:=] ]]; then compopt -o nospace 2>/dev/null; fi\n"
         "  return 0\n"
         "}\n"
         "complete -F _pare pare\n";
  return out;
}

/// A part of an _arguments specification: brackets and colons have a meaning there.
std::string zsh_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string zsh_action(const OptionInfo &option) {
  const std::vector<std::string> words = candidates(option);
  if (words.empty()) return may_be_file(option) ? "_files" : " ";
  const std::string offer = zsh_text(fmt::format("_pare_offer {}", fmt::join(words, " ")));
  return may_be_file(option) ? fmt::format("{{ {}; _files }}", offer) : fmt::format("{{ {} }}", offer);
}

std::string zsh() {
  std::string out = "#compdef pare\n"
                    "# zsh completion for pare: source it, or put it as _pare into a folder of $fpath\n"
                    "\n"
                    "# What a setting follows (wrn-, Generic_, generic:) is not finished: no blank stands behind it.\n"
                    "_pare_offer() {\n"
                    "  local none=1\n"
                    "  compadd -S '' -- \"${(@M)@:#*[-_:=]}\" && none=0\n"
                    "  compadd -- \"${(@)@:#*[-_:=]}\" && none=0\n"
                    "  return none\n"
                    "}\n"
                    "\n"
                    "_pare() {\n"
                    "  if ((CURRENT == 2)); then\n    local -a names=(";
  for (const CommandEntry &entry : commands())
    out += fmt::format("\n      {}", quoted_for_shell(fmt::format("{}:{}", entry.name, entry.command().summary)));
  out += ")\n    _describe command names\n    _arguments '--help[Print help]' '--version[Print versions]'\n    return\n  fi\n"
         "  local command=$words[2]\n  shift words\n  ((CURRENT--))\n  case $command in\n";
  for (const CommandEntry &entry : commands()) {
    out += fmt::format("  {})\n    _arguments '--help[Print help]'", entry.name);
    int place = 0;
    for (const OptionInfo &option : entry.command().options) {
      std::string text;
      if (option.has_place()) {
        text = fmt::format("{}{}:{}:{}", ++place, option.required ? "" : ":", zsh_text(option.name), zsh_action(option));
        out += " \\\n      " + quoted_for_shell(text);
        continue;
      }
      // -oFILE and --output=FILE are understood as well.
      const auto add = [&](std::string_view name, std::string_view sign) {
        text = fmt::format("{}{}{}[{}]", option.repeats ? "*" : "", name, option.is_flag() ? "" : sign,
                           zsh_text(option.description));
        if (!option.is_flag()) text += fmt::format(":{}:{}", zsh_text(option.value), zsh_action(option));
        out += " \\\n      " + quoted_for_shell(text);
      };
      if (!option.letter.empty()) add(option.letter, "+");
      add(option.name, "=");
    }
    out += " ;;\n";
  }
  out += "  esac\n"
         "}\n"
         "\n"
         "# A file of $fpath is the body of _pare when it is called first; sourced, it only says what completes pare.\n"
         "if [[ $funcstack[1] == _pare ]]; then\n"
         "  _pare \"$@\"\n"
         "else\n"
         "  (( $+functions[compdef] )) || { autoload -Uz compinit && compinit -i }\n"
         "  compdef _pare pare\n"
         "fi\n";
  return out;
}

std::string fish() {
  std::string out = "# fish completion for pare: put it into ~/.config/fish/completions/pare.fish\n"
                    "complete -c pare -n __fish_use_subcommand -f -l help -d 'Print help'\n"
                    "complete -c pare -n __fish_use_subcommand -f -l version -d 'Print versions'\n";
  for (const CommandEntry &entry : commands()) {
    const Command &command = entry.command();
    out += fmt::format("complete -c pare -n __fish_use_subcommand -f -a {} -d {}\n", entry.name,
                       quoted_for_shell(command.summary));
    const std::string inside = quoted_for_shell(fmt::format("__fish_seen_subcommand_from {}", entry.name));
    for (const OptionInfo &option : command.options) {
      out += fmt::format("complete -c pare -n {}", inside);
      if (!may_be_file(option)) out += " -f";
      if (!option.has_place()) out += fmt::format(" -l {}", option.name.substr(2));
      if (!option.letter.empty()) out += fmt::format(" -s {}", option.letter.substr(1));
      if (!option.has_place() && !option.is_flag()) out += " -r";
      std::vector<std::string> words;
      for (const std::string &word : candidates(option)) {
        words.push_back(word);
        // What ends in _ gets a blank where it is the only one; a second, which says that a setting follows, prevents that.
        if (word.ends_with('_')) words.push_back(word + "S");
      }
      if (!words.empty()) out += fmt::format(" -a {}", words_of(words));
      out += fmt::format(" -d {}\n", quoted_for_shell(option.has_place() ? option.name : option.description));
    }
  }
  return out;
}

constexpr std::array<std::pair<std::string_view, std::string (*)()>, 3> kShells = {
    {{"bash", bash}, {"zsh", zsh}, {"fish", fish}}};

std::vector<std::string_view> shells() {
  std::vector<std::string_view> out;
  for (const auto &[name, ignored] : kShells) out.push_back(name);
  return out;
}

int do_completion(const Arguments &arguments) {
  const std::string shell = arguments.get("SHELL");
  const auto found = std::find_if(kShells.begin(), kShells.end(), [&](const auto &entry) { return entry.first == shell; });
  if (found == kShells.end())
    throw Error(ErrorCode::kUsage, "completion",
                fmt::format("{} must be one of {}{}", shown(shell), fmt::join(shells(), ", "), did_you_mean(shell, shells())));
  deliver(arguments.get("--output"), found->second());
  return kDone;
}

} // namespace

const Command &command_completion() {
  static const Command command{.name = "completion",
                               .summary = "Print a completion script for a shell",
                               .description = "Prints a script that completes commands, options and the names that pare knows.",
                               .options = {{.name = "SHELL", .description = "One of", .choices = shells(), .required = true},
                                           output_option("Write to FILE instead of stdout, whole or not at all")},
                               .examples = {{"source <(pare completion bash)", "In this shell; zsh likewise"},
                                            {"pare completion fish -o ~/.config/fish/completions/pare.fish", "From now on"}},
                               .run = do_completion};
  return command;
}

} // namespace pare::cli

#include "tests/run.hpp"

#include <algorithm>
#include <cstdlib>

namespace pare::test {

namespace {

class Help : public Cli {};

const std::vector<std::string> kCommands = {"cost",    "solve",  "table",   "show",       "list", "formulas",
                                            "explain", "train",  "resume",  "evaluate",   "data", "schedule",
                                            "run",     "status", "collate", "completion", "man",  "help"};

/// The command lines of a help's examples.
std::vector<std::string> examples(const std::string &help) {
  std::vector<std::string> out;
  bool inside = false;
  for (const std::string &line : lines(help)) {
    if (inside && line.starts_with("  ") && line[2] != ' ') out.push_back(line.substr(2));
    inside = inside || line == "Examples:";
  }
  return out;
}

/// The long options that a help lists.
std::vector<std::string> options(const std::string &help) {
  std::vector<std::string> out;
  for (const std::string &line : lines(help)) {
    const auto dashes = line.find("--");
    if (!line.starts_with("  -") || dashes == std::string::npos) continue;
    out.push_back(line.substr(dashes, line.find_first_of(" ", dashes) - dashes));
  }
  return out;
}

TEST_F(Help, EveryCommandHasOne) {
  const std::string all = output({"--help"});
  EXPECT_EQ(output({"-h"}), all);
  EXPECT_EQ(output({"help"}), all);
  for (const std::string &command : kCommands) {
    EXPECT_NE(all.find("\n  " + command + " "), std::string::npos) << command;
    const std::string help = output({command, "--help"});
    EXPECT_NE(help.find("Usage: pare " + command), std::string::npos) << help;
    EXPECT_FALSE(examples(help).empty()) << command;
    EXPECT_EQ(output({"help", command}), help);
    for (const std::string &line : lines(help)) EXPECT_LE(line.size(), 100U) << line;
  }
  for (const std::string &line : lines(all)) EXPECT_LE(line.size(), 100U) << line;
}

// From the registries: a solver or a convention that is added is listed.
TEST_F(Help, ListsValuesAndDefaults) {
  const auto expect = [](const std::vector<std::string> &words, const std::string &part) {
    std::string flat; // help is wrapped, in columns
    for (const char c : output(words))
      if (const bool blank = c == ' ' || c == '\n'; !blank || !flat.ends_with(' ')) flat += blank ? ' ' : c;
    EXPECT_NE(flat.find(part), std::string::npos) << part << "\nin: " << flat;
  };
  for (const std::string command : {"cost", "solve"}) {
    expect({"help", command},
           "--convention NAME How to count, one or a list: macs, reference, all, or a pare.convention/1 file; default: macs "
           "and reference; repeats");
    expect({"help", command}, "--format FORMAT How to write the result: text, json, csv, markdown, latex, html; default: text");
  }
  expect({"help", "solve"}, "--method METHOD How to search; pare list solvers describes them: exact, nlopt; default: exact");
  expect({"help", "show"}, "How to write the result: text, json, dot; default: text");
  expect({"help", "cost"}, "--batch N Images that are counted together; default: 1");
  expect({"help", "cost"},
         "Activation elements are those of all tensors that ops make in one pass over the batch; views and dropout are "
         "not counted.");
  expect({"help", "train"}, "--precision P Of convolutions and matrix products: fp32, tf32, bf16; default: fp32");
  for (const std::string &command : kCommands)
    EXPECT_EQ(output({"help", command}).find("standard"), std::string::npos) << command;
  for (const std::string what : {"networks", "substitutions", "conventions", "solvers", "scores", "protocols"})
    EXPECT_EQ(output({"list", what}).find("standard"), std::string::npos) << what;
  expect({"list", "networks"}, "expansion a whole number from 1 to 1048576; default: 1 for basic blocks, 4 for bottlenecks");
}

TEST_F(Help, OfNoCommand) {
  const std::string accepted =
      "accepted: cost, solve, verify, table, show, list, formulas, explain, train, resume, evaluate, data, schedule, "
      "run, status, collate, completion, man, help";
  const auto expect = [](const std::vector<std::string> &words, const std::string &line) {
    const Result result = run(words);
    EXPECT_EQ(result.code, 2);
    EXPECT_EQ(result.out, "");
    EXPECT_EQ(result.err, line + "\n");
  };
  expect({"help", "cots"}, "pare: [usage] help: \"cots\" is no command; " + accepted + "; did you mean cost?");
  expect({"help", "me"}, "pare: [usage] help: \"me\" is no command; " + accepted);
  expect({"slove"}, "pare: [usage] pare: \"slove\" is no command; " + accepted +
                        ", --help, --version; see pare --help; did you mean solve?");
  expect({"--hepl"}, "pare: [usage] pare: \"--hepl\" is no command; " + accepted +
                         ", --help, --version; see pare --help; did you mean --help?");
}

// The 2019 system, by its repository, wherever its counter is explained.
TEST_F(Help, The2019SystemIsNamed) {
  const std::string repository = "https://github.com/BayesWatch/deficient-efficient";
  for (const std::vector<std::string> &words :
       std::vector<std::vector<std::string>>{{"list", "conventions"},
                                             {"list", "substitutions"},
                                             {"cost", "wrn-10-1"},
                                             {"cost", "wrn-10-1", "--format", "markdown"}})
    EXPECT_NE(output(words).find(repository), std::string::npos) << words[0] << " " << words[1];
  std::string man = output({"man"});
  for (std::size_t at = 0; (at = man.find("\\-", at)) != std::string::npos;) man.erase(at, 1);
  EXPECT_NE(man.find(repository), std::string::npos);
}

// What the help shows works: in the order in which commands hand files to each other.
TEST_F(Help, ItsExamplesRun) {
  const std::string path = std::filesystem::path(PARE_BINARY).parent_path().string();
  std::size_t ran = 0;
  for (const std::string command :
       {"solve", "cost", "table", "show", "list", "formulas", "explain", "completion", "man", "help"})
    for (const std::string &example : examples(output({command, "--help"}))) {
      // Those need other programs, or write into the home folder.
      if (example.find('|') != std::string::npos || example.find('~') < example.find("'") || !example.starts_with("pare "))
        continue;
      const Result result = run_program({"sh", "-c", "PATH='" + path + "':$PATH; " + example});
      EXPECT_EQ(result.code, 0) << example << "\n" << result.err;
      ++ran;
    }
  EXPECT_GE(ran, 12U);
}

TEST_F(Help, CompletionInBash) {
  write("pare.bash", output({"completion", "bash"}));
  write("other.txt", "");
  // Prints what is offered behind these words, one to a line.
  const auto offered = [&](const std::string &words) {
    const Result result =
        run_program({"bash", "--norc", "-c",
                     "source ./pare.bash; COMP_WORDS=(" + words +
                         "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _pare; printf '%s\\n' \"${COMPREPLY[@]}\""});
    EXPECT_EQ(result.code, 0) << result.err;
    EXPECT_EQ(result.err, "");
    return lines(result.out);
  };
  const auto has = [](const std::vector<std::string> &list, const std::string &word) {
    return std::find(list.begin(), list.end(), word) != list.end();
  };
  for (const std::string &command : kCommands) EXPECT_TRUE(has(offered("pare ''"), command)) << command;
  EXPECT_EQ(offered("pare so"), (std::vector<std::string>{"solve"}));
  EXPECT_EQ(offered("pare cost wrn-28-10 --format js"), (std::vector<std::string>{"json"}));
  EXPECT_EQ(offered("pare cost wrn-28-10 --group-by ''"), (std::vector<std::string>{"stage", "kernel", "kind"}));
  EXPECT_EQ(offered("pare cost mob"),
            (std::vector<std::string>{"mobilenet-v2", "mobilenet_v2", "mobilenet-v2-cifar", "mobilenet_v2_cifar"}));
  EXPECT_EQ(offered("pare cost wrn-28-10 -o oth"), (std::vector<std::string>{"other.txt"}));
  EXPECT_EQ(offered("pare solve x --method ''"), (std::vector<std::string>{"exact", "nlopt"}));
  EXPECT_TRUE(has(offered("pare solve x --substitute ''"), "Generic"));
  EXPECT_FALSE(has(offered("pare solve x --substitute ''"), "Sep")); // nothing to solve for
  EXPECT_TRUE(has(offered("pare cost x --substitute ''"), "Generic_"));
  EXPECT_TRUE(has(offered("pare cost x --substitute ''"), "generic:"));
  EXPECT_TRUE(has(offered("pare cost x --substitute ''"), "sep"));
  EXPECT_EQ(offered("pare help form"), (std::vector<std::string>{"formulas"}));
  // bash makes three words of --format=js, and one where = is taken out of COMP_WORDBREAKS.
  EXPECT_EQ(offered("pare cost wrn-28-10 --format = js"), (std::vector<std::string>{"json"}));
  EXPECT_EQ(offered("pare cost wrn-28-10 --format ="),
            (std::vector<std::string>{"text", "json", "csv", "markdown", "latex", "html"}));
  EXPECT_EQ(offered("pare cost wrn-28-10 --format=js"), (std::vector<std::string>{"--format=json"}));
  EXPECT_EQ(offered("pare solve x --method=").size(), 2U);
  EXPECT_EQ(offered("pare cost --group-by = st"), (std::vector<std::string>{"stage"}));
  EXPECT_EQ(offered("pare cost x -o = oth"), (std::vector<std::string>{"other.txt"}));
  EXPECT_EQ(offered("pare cost x --output = oth"), (std::vector<std::string>{"other.txt"}));
  EXPECT_EQ(offered("pare cost x --substitute tensor_train : dim"), (std::vector<std::string>{""})) << "keys are not known";
  EXPECT_TRUE(has(offered("pare cost x --convention ''"), "reference"));
  EXPECT_TRUE(has(offered("pare train x --protocol ''"), "cifar10-wrn"));
  EXPECT_TRUE(has(offered("pare train ''"), "wrn-"));
  EXPECT_EQ(offered("pare data syn"), (std::vector<std::string>{"synthesize"}));
  EXPECT_EQ(offered("pare data ''"), (std::vector<std::string>{"synthesize"})) << "no files: an action stands first";
  EXPECT_EQ(offered("pare data --seed 3 ''"), (std::vector<std::string>{"synthesize"}));
  EXPECT_EQ(offered("pare data --like = cifar10 --seed = 3 synthesize oth"), (std::vector<std::string>{"other.txt"}));
  EXPECT_EQ(offered("pare train x --set weight_d"), (std::vector<std::string>{"weight_decay="}));
  EXPECT_EQ(offered("pare train x --set = schedule.k"), (std::vector<std::string>{"schedule.kind="}));
  EXPECT_TRUE(has(offered("pare train x --set ''"), "decay_scaling.generic="));
  EXPECT_EQ(offered("pare train x --set weight_decay = ''"), (std::vector<std::string>{""})) << "values are not known";
  EXPECT_EQ(offered("pare data synthesize oth"), (std::vector<std::string>{"other.txt"}));
  for (const std::string &command : kCommands)
    for (const std::string &option : options(output({command, "--help"})))
      EXPECT_TRUE(has(offered("pare " + command + " --"), option)) << command << " " << option;
}

TEST_F(Help, NoBlankStandsBehindWhatGoesOn) {
  write("pare.bash", output({"completion", "bash"}));
  const auto options = [&](const std::string &words) {
    const Result result = run_program({"bash", "--norc", "-c",
                                       "source ./pare.bash; compopt() { echo \"$@\"; }; COMP_WORDS=(" + words +
                                           "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _pare"});
    EXPECT_EQ(result.err, "");
    return result.out;
  };
  EXPECT_EQ(options("pare cost x --substitute Gen"), "-o nospace\n");
  EXPECT_EQ(options("pare cost x --substitute = Gen"), "-o nospace\n");
  EXPECT_EQ(options("pare cost x --substitute=Gen"), "-o nospace\n");
  EXPECT_EQ(options("pare cost x --substitute gener"), "-o nospace\n");
  EXPECT_EQ(options("pare cost wrn-2"), "-o filenames\n");
  EXPECT_EQ(options("pare cost x --substitute Con"), "");
  EXPECT_EQ(options("pare solve x --substitute Gen"), "") << "nothing has to follow";
}

TEST_F(Help, ShellcheckFindsNothing) {
  if (run_program({"sh", "-c", "command -v shellcheck"}).code != 0) GTEST_SKIP() << "shellcheck is not installed";
  write("pare.bash", output({"completion", "bash"}));
  const std::string scripts = std::string(PARE_SOURCE_DIR) + "/scripts/";
  const Result result = run_program({"sh", "-c",
                                     "shellcheck -s bash pare.bash && cd '" + scripts +
                                         "..' && shellcheck -x -s bash scripts/common.bash scripts/quickstart scripts/test "
                                         "tests/readme/run_commands"});
  EXPECT_EQ(result.code, 0) << result.out << result.err;
}

// In a terminal of its own: what is typed, a tab, and a bar, which shows whether a blank stands in front of it.
TEST_F(Help, CompletionInZshAsItIsTyped) {
  if (run_program({"sh", "-c", "command -v zsh"}).code != 0) GTEST_SKIP() << "zsh is not installed";
  write("pare.zsh", output({"completion", "zsh"}));
  write("drive.zsh", R"(
zmodload zsh/zpty
export TERM=dumb HOME=$PWD
zpty shell zsh -f -i
# Its own prompt says that the line editor reads, and not the terminal, which would echo what is typed.
zpty -w shell 'COLUMNS=200; source ./pare.zsh; PS1="RE""ADY> "'
zpty -r shell out '*READY> *' || exit 1
for typed in 'pare cost x --format=js' 'pare cost x --format js' 'pare cost x --substitute=Gen' 'pare cost wrn-28-10 --group-by st' 'pare data ' 'pare train x --set weight_d' 'pare hel'; do
  zpty -n -w shell $typed$'	|'
  zpty -r shell out '*\|' || exit 1
  print -r -- "${${out//[^[:print:]]/}##*pare }"
  zpty -n -w shell $'\C-u'
done
zpty -d shell
)");
  const Result result = run_program({"timeout", "60", "zsh", "-f", "drive.zsh"});
  EXPECT_EQ(result.code, 0) << result.err;
  std::vector<std::string> typed = lines(result.out);
  EXPECT_EQ(typed, (std::vector<std::string>{"cost x --format=json |", "cost x --format json |",
                                             "cost x --substitute=Generic_|", "cost wrn-28-10 --group-by stage |",
                                             "data synthesize |", "train x --set weight_decay=|", "help |"}));
}

TEST_F(Help, CompletionInFish) {
  if (run_program({"sh", "-c", "command -v fish"}).code != 0) GTEST_SKIP() << "fish is not installed";
  write("pare.fish", output({"completion", "fish"}));
  const auto offered = [](const std::string &words) {
    const Result result =
        run_program({"sh", "-c", "HOME=$PWD fish --no-config -c 'source pare.fish; complete -C \"" + words + "\"'"});
    EXPECT_EQ(result.err, "");
    std::vector<std::string> out;
    for (const std::string &line : lines(result.out)) out.push_back(line.substr(0, line.find('\t')));
    return out;
  };
  EXPECT_EQ(offered("pare cost x --format=js"), (std::vector<std::string>{"--format=json"}));
  EXPECT_EQ(offered("pare cost x --format js"), (std::vector<std::string>{"json"}));
  EXPECT_EQ(offered("pare help form"), (std::vector<std::string>{"formulas"}));
  // One alone would get a blank behind it.
  EXPECT_EQ(offered("pare cost x --substitute Generi"), (std::vector<std::string>{"Generic_", "Generic_S"}));
}

TEST_F(Help, CompletionInOtherShellsNamesEveryOption) {
  const std::string zsh = output({"completion", "zsh"});
  const std::string fish = output({"completion", "fish"});
  EXPECT_TRUE(zsh.starts_with("#compdef pare\n"));
  EXPECT_NE(zsh.find("'1:ACTION:"), std::string::npos);
  EXPECT_NE(zsh.find("'2:DIR:"), std::string::npos);
  for (const std::string &command : kCommands) {
    EXPECT_NE(zsh.find("\n  " + command + ")\n"), std::string::npos) << command;
    EXPECT_NE(fish.find("-n __fish_use_subcommand -f -a " + command + " "), std::string::npos) << command;
    for (const std::string &option : options(output({command, "--help"}))) {
      EXPECT_TRUE(zsh.find(option + "[") != std::string::npos || zsh.find(option + "=[") != std::string::npos) << option;
      EXPECT_NE(fish.find(" -l " + option.substr(2)), std::string::npos) << option;
    }
  }
  for (std::string line : lines(fish)) {
    // A quote inside a quoted text is written '\''.
    for (std::size_t at = 0; (at = line.find("'\\''")) != std::string::npos;) line.erase(at, 4);
    EXPECT_EQ(std::count(line.begin(), line.end(), '\'') % 2, 0) << line;
  }
}

TEST_F(Help, ManPageFromTheSameDescriptions) {
  const std::string man = output({"man"});
  EXPECT_TRUE(man.starts_with(".TH PARE 1 "));
  for (const std::string section : {"NAME", "SYNOPSIS", "DESCRIPTION", "COMMANDS", "CONVENTIONS", "EXIT STATUS", "EXAMPLES"})
    EXPECT_NE(man.find("\n.SH " + section + "\n"), std::string::npos) << section;
  std::string plain;
  for (std::size_t i = 0; i < man.size(); ++i)
    if (man[i] != '\\' || man[i + 1] != '-') plain += man[i];
  for (const std::string &command : kCommands) {
    EXPECT_NE(man.find("\n.SS " + command + "\n"), std::string::npos) << command;
    for (const std::string &option : options(output({command, "--help"})))
      EXPECT_TRUE(option == "--help" || plain.find("\\fB" + option + "\\fR") != std::string::npos) << option;
  }
  // Every control line is a macro of man(7).
  for (const std::string &line : lines(man)) {
    const std::string macro = line.substr(0, line.find(' '));
    const std::vector<std::string> known = {".TH", ".nh", ".SH", ".SS", ".TP", ".br", ".B", ".I", ".RI"};
    EXPECT_TRUE(!line.starts_with('.') || std::find(known.begin(), known.end(), macro) != known.end()) << line;
  }
}

} // namespace

} // namespace pare::test

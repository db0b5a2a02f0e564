#include "tests/run.hpp"

#include <algorithm>
#include <cstdlib>

namespace pare::test {

namespace {

class Help : public Cli {};

const std::vector<std::string> kCommands = {"cost",  "solve",    "show", "list",       "formulas",
                                            "train", "evaluate", "data", "completion", "man"};

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
  for (const std::string &command : kCommands) {
    EXPECT_NE(all.find("\n  " + command + " "), std::string::npos) << command;
    const std::string help = output({command, "--help"});
    EXPECT_NE(help.find("Usage: pare " + command), std::string::npos) << help;
    EXPECT_FALSE(examples(help).empty()) << command;
    // One hundred characters, but for examples and CLI11's own first lines.
    for (const std::string &line : lines(help)) EXPECT_TRUE(line.size() <= 100 || line.starts_with("  pare ")) << line;
  }
}

// What the help shows works: in the order in which commands hand files to each other.
TEST_F(Help, ItsExamplesRun) {
  const std::string path = std::filesystem::path(PARE_BINARY).parent_path().string();
  std::size_t ran = 0;
  for (const std::string command : {"solve", "cost", "show", "list", "formulas", "completion", "man"})
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
  EXPECT_EQ(offered("pare cost mob"), (std::vector<std::string>{"mobilenet-v2", "mobilenet_v2"}));
  EXPECT_EQ(offered("pare cost wrn-28-10 -o oth"), (std::vector<std::string>{"other.txt"}));
  EXPECT_EQ(offered("pare solve x --method ''"), (std::vector<std::string>{"exact", "nlopt"}));
  EXPECT_TRUE(has(offered("pare solve x --substitute ''"), "Generic"));
  EXPECT_FALSE(has(offered("pare solve x --substitute ''"), "Sep")); // nothing to solve for
  EXPECT_TRUE(has(offered("pare cost x --substitute ''"), "Generic_"));
  EXPECT_TRUE(has(offered("pare cost x --convention ''"), "reference"));
  EXPECT_TRUE(has(offered("pare train x --protocol ''"), "cifar10-wrn"));
  EXPECT_TRUE(has(offered("pare train ''"), "wrn-"));
  EXPECT_EQ(offered("pare data syn"), (std::vector<std::string>{"synthesize"}));
  EXPECT_EQ(offered("pare data synthesize oth"), (std::vector<std::string>{"other.txt"}));
  for (const std::string &command : kCommands)
    for (const std::string &option : options(output({command, "--help"})))
      EXPECT_TRUE(has(offered("pare " + command + " --"), option)) << command << " " << option;
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
      EXPECT_NE(zsh.find(option + "["), std::string::npos) << option;
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
  for (const std::string section : {"NAME", "SYNOPSIS", "DESCRIPTION", "COMMANDS", "EXIT STATUS", "EXAMPLES"})
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
    const std::vector<std::string> known = {".TH", ".SH", ".SS", ".TP", ".br", ".B", ".I", ".RI"};
    EXPECT_TRUE(!line.starts_with('.') || std::find(known.begin(), known.end(), macro) != known.end()) << line;
  }
}

} // namespace

} // namespace pare::test

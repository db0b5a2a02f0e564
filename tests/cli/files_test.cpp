#include "tests/cli/networks.hpp"
#include "tests/run.hpp"

#include <sys/resource.h>
#include <sys/stat.h>

namespace pare::test {

namespace {

namespace fs = std::filesystem;

class Files : public Cli {};

mode_t mode_of(const std::string &path) {
  struct stat status {};
  EXPECT_EQ(::stat(path.c_str(), &status), 0);
  return status.st_mode & 07777;
}

TEST_F(Files, OutputGoesToTheFileOnly) {
  const std::string expected = output({"cost", "wrn-10-1"});
  const Result result = run({"cost", "wrn-10-1", "-o", "out.txt"});
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(result.out, "");
  EXPECT_EQ(read("out.txt"), expected);
  EXPECT_EQ(files(), (std::vector<std::string>{"out.txt"})); // no temporary left
}

TEST_F(Files, AFileKeepsItsModeAndALinkStaysALink) {
  write("old.txt", "old");
  ::chmod("old.txt", 0640);
  fs::create_symlink("old.txt", "link.txt");
  EXPECT_EQ(run({"list", "solvers", "-o", "link.txt"}).code, 0);
  EXPECT_TRUE(fs::is_symlink("link.txt"));
  EXPECT_EQ(read("old.txt"), output({"list", "solvers"}));
  EXPECT_EQ(mode_of("old.txt"), 0640U);
}

TEST_F(Files, ADeviceIsWrittenAsItIs) {
  EXPECT_EQ(run({"cost", "wrn-10-1", "-o", "/dev/null"}).code, 0);
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
  expect_fault(run({"cost", "wrn-10-1", "-o", "/dev/full"}), 1, "io", {"/dev/full", "No space left"});
  EXPECT_TRUE(fs::is_character_file("/dev/full"));
}

TEST_F(Files, UnwritablePlacesAreFaults) {
  write("file", "kept");
  fs::create_directory("folder");
  expect_fault(run({"cost", "wrn-10-1", "-o", "missing/out.txt"}), 1, "io", {"missing/out.txt", "No such file or directory"});
  expect_fault(run({"cost", "wrn-10-1", "-o", "file/out.txt"}), 1, "io", {"Not a directory"});
  expect_fault(run({"cost", "wrn-10-1", "-o", "folder"}), 1, "io", {"folder", "Is a directory"});
  const Result solved =
      run({"solve", "wrn-10-1", "--substitute", "Generic", "--budget", "parameters<=30K", "-o", "missing/s.json"});
  expect_fault(solved, 1, "io", {"missing/s.json"});
  EXPECT_EQ(files(), (std::vector<std::string>{"file", "folder"}));
  EXPECT_EQ(read("file"), "kept");
}

TEST_F(Files, AFileThatCannotBeFinishedIsNotStarted) {
  write("out.txt", "what was there");
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit small = before;
  small.rlim_cur = 1000; // bytes: less than the table has
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const Result result = run({"cost", "wrn-28-10", "--layers", "-o", "out.txt"});
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  expect_fault(result, 1, "io", {"out.txt", "File too large"});
  EXPECT_EQ(files(), (std::vector<std::string>{"out.txt"}));
  EXPECT_EQ(read("out.txt"), "what was there");
}

TEST_F(Files, AnOutputThatCannotBeWrittenIsAFault) {
  for (const std::vector<std::string> &words : std::vector<std::vector<std::string>>{{"cost", "wrn-10-1"},
                                                                                     {"list", "networks"},
                                                                                     {"--help"},
                                                                                     {"cost", "--help"},
                                                                                     {"--version"},
                                                                                     {"man"},
                                                                                     {"completion", "zsh"},
                                                                                     {"formulas"}}) {
    expect_fault(run(words, Stdout::kFull), 1, "io", {"stdout", "No space left"});
    // A reader that has seen enough, as of `| head -1`: not a word, and the status of who is ended by SIGPIPE.
    const Result gone = run(words, Stdout::kReaderGone);
    EXPECT_EQ(gone.code, 141);
    EXPECT_EQ(gone.err, "");
    expect_fault(run(words, Stdout::kClosed), 1, "io", {"stdout", "Bad file descriptor"});
  }
}

TEST_F(Files, AHyphenIsStdinAndStdout) {
  write("hand.json", kByHand);
  const auto piped = [](const std::string &arguments) {
    return run_program({"sh", "-c", std::string("'") + PARE_BINARY + "' " + arguments}).out;
  };
  const std::string expected = output({"cost", "hand.json", "--format", "csv"});
  EXPECT_EQ(piped("cost - --format csv < hand.json"), expected);
  EXPECT_EQ(piped("cost - --batch 1 --format csv -o - < hand.json"), expected);
  EXPECT_EQ(piped("cost - --batch 2 --format csv < hand.json"),
            output({"cost", "hand.json", "--batch", "2", "--format", "csv"}));
  EXPECT_EQ(piped("show - --format json < hand.json | '" PARE_BINARY "' show - --format json"), read("hand.json"));
  write("mine.json", R"({"schema": "pare.convention/1", "name": "mine", "source": "a test", "weights": {"conv.mac": 2}})");
  EXPECT_EQ(piped("cost wrn-10-1 --convention - < mine.json"), output({"cost", "wrn-10-1", "--convention", "mine.json"}));
  EXPECT_EQ(
      piped("solve wrn-10-1 --substitute Generic --budget 'parameters<=30K' -o - | '" PARE_BINARY "' cost - --format csv"),
      piped("solve wrn-10-1 --substitute Generic --budget 'parameters<=30K' --format json | '" PARE_BINARY
            "' cost - --format csv"));
  // What is empty or none is a fault of stdin.
  EXPECT_EQ(run_program({"sh", "-c", std::string("'") + PARE_BINARY + "' cost - < /dev/null"}).err,
            "pare: [invalid_file] stdin: parse error at line 1, column 1: syntax error while parsing value - unexpected end of "
            "input; expected '[', '{', or a literal\n");
  EXPECT_EQ(files(), (std::vector<std::string>{"hand.json", "mine.json"}));
}

TEST_F(Files, TheEndingOfTheOutputSaysItsFormat) {
  const std::vector<std::string> cost{"cost", "wrn-10-1"};
  for (const auto &[ending, format] : std::vector<std::pair<std::string, std::string>>{{".json", "json"},
                                                                                       {".JSON", "json"},
                                                                                       {".csv", "csv"},
                                                                                       {".md", "markdown"},
                                                                                       {".tex", "latex"},
                                                                                       {".html", "html"},
                                                                                       {".txt", "text"},
                                                                                       {".out", "text"},
                                                                                       {"", "text"}}) {
    EXPECT_EQ(output({"cost", "wrn-10-1", "-o", "a" + ending}), "");
    EXPECT_EQ(read("a" + ending), output({"cost", "wrn-10-1", "--format", format})) << ending;
    // What is asked for goes before it.
    EXPECT_EQ(output({"cost", "wrn-10-1", "-o", "b" + ending, "--format", "csv"}), "");
    EXPECT_EQ(read("b" + ending), output({"cost", "wrn-10-1", "--format", "csv"}));
  }
  EXPECT_EQ(output({"show", "wrn-10-1", "-o", "g.dot"}), "");
  EXPECT_EQ(read("g.dot"), output({"show", "wrn-10-1", "--format", "dot"}));
  EXPECT_EQ(run({"show", "wrn-10-1", "-o", "g.csv"}).err,
            "pare: [usage] --output: format = csv, which the ending of \"g.csv\" says, must be one of text, json, dot\n");
  EXPECT_FALSE(fs::exists("g.csv"));
}

TEST_F(Files, ALinkToNothingKeepsLeading) {
  fs::create_symlink("target.txt", "link.txt");
  EXPECT_EQ(run({"list", "solvers", "-o", "link.txt"}).code, 0);
  EXPECT_TRUE(fs::is_symlink("link.txt"));
  EXPECT_EQ(read("target.txt"), output({"list", "solvers"}));
}

TEST_F(Files, AClosedStdoutIsNotMistakenForTheFile) {
  write("hand.json", kByHand);
  const Result result = run({"cost", "hand.json", "-o", "out.txt"}, Stdout::kClosed);
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(read("out.txt"), output({"cost", "hand.json"}));
}

} // namespace

} // namespace pare::test

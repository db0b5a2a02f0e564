#include "tests/run.hpp"

namespace pare::test {

namespace {

namespace fs = std::filesystem;

/// pare alone in a folder, with nothing else in PATH than what a test puts into `path`.
class Trainer : public Cli {
protected:
  void SetUp() override {
    Cli::SetUp();
    fs::create_directory("bin");
    fs::create_directory("path");
    fs::copy_file(PARE_BINARY, "bin/pare");
  }
  /// A pare-train that says who it is and what it was given, and ends with 7.
  void put_trainer(const std::string &place) const {
    write(place, "#!/bin/sh\necho " + place + "\nfor word; do echo \"<$word>\"; done\nexit 7\n");
    fs::permissions(folder() / place, fs::perms::owner_all);
  }
  Result pare(std::vector<std::string> words, const std::string &path = "") const {
    const std::string search = path.empty() ? (folder() / "path").string() : path;
    words.insert(words.begin(), {"env", "PATH=" + search, (folder() / "bin/pare").string()});
    return run_program(words);
  }
};

TEST_F(Trainer, WhereItIsMissingIsSaidHowToGetIt) {
  for (const std::string command : {"train", "resume", "evaluate", "data"}) {
    expect_fault(pare({command}), 1, "io", {"pare-train", "PARE_TRAIN=ON", "PARE_TORCH_PYTHON", "torch==2.11.0"});
    expect_fault(pare({command, "--nonsense", "wrn-28-10"}), 1, "io", {"pare-train"});
    // The help is there all the same.
    const Result help = pare({command, "--help"});
    EXPECT_EQ(help.code, 0) << help.err;
    EXPECT_NE(help.out.find("Usage: pare " + command), std::string::npos) << help.out;
    EXPECT_EQ(pare({command, "x", "-h"}).out, help.out);
  }
  EXPECT_EQ(pare({"list", "solvers"}).code, 0);
}

TEST_F(Trainer, GetsTheWordsAsTheyAre) {
  put_trainer("bin/pare-train");
  Result result = pare({"train", "my net.json", "--set", "a=b c", "--help", ""});
  EXPECT_EQ(result.code, 7);
  EXPECT_EQ(lines(result.out),
            (std::vector<std::string>{"bin/pare-train", "<train>", "<my net.json>", "<--set>", "<a=b c>", "<--help>", "<>"}));
  EXPECT_EQ(result.err, "");
  result = pare({"data", "synthesize"});
  EXPECT_EQ(lines(result.out), (std::vector<std::string>{"bin/pare-train", "<data>", "<synthesize>"}));
}

TEST_F(Trainer, IsLookedForBesideThenInTheBuildTreeThenInLibexecThenInPath) {
  const auto found = [&] { return lines(pare({"evaluate"}).out).at(0); };
  put_trainer("path/pare-train");
  EXPECT_EQ(found(), "path/pare-train");
  fs::create_directories("libexec/pare");
  put_trainer("libexec/pare/pare-train");
  EXPECT_EQ(found(), "libexec/pare/pare-train");
  fs::create_directory("train");
  put_trainer("train/pare-train");
  EXPECT_EQ(found(), "train/pare-train");
  put_trainer("bin/pare-train");
  EXPECT_EQ(found(), "bin/pare-train");
  // A link to pare leads to where pare is.
  fs::create_symlink(folder() / "bin/pare", "path/pare");
  EXPECT_EQ(lines(run_program({(folder() / "path/pare").string(), "evaluate"}).out).at(0), "bin/pare-train");
}

TEST_F(Trainer, IsNotTakenFromWhereOneHappensToBe) {
  put_trainer("pare-train");
  expect_fault(pare({"train"}, ":.:"), 1, "io", {"pare-train"});
}

TEST_F(Trainer, ThatCannotBeRunIsAFault) {
  write("bin/pare-train", "neither a program nor a script\n");
  expect_fault(pare({"train"}), 1, "io", {"PARE_TRAIN=ON"}); // not executable: not a trainer
  fs::permissions("bin/pare-train", fs::perms::owner_all);
  expect_fault(pare({"train"}), 1, "io", {"bin/pare-train", "Exec format error"});
}

} // namespace

} // namespace pare::test

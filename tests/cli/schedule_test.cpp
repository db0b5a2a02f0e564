#include "tests/run.hpp"

namespace pare::test {

namespace {

namespace fs = std::filesystem;

const std::string kFingerprint(64, 'a');

class Experiments : public Cli {
protected:
  void SetUp() override {
    Cli::SetUp();
    write("e.json", R"({"schema": "pare.experiments/1", "name": "small", "data": "fashion-mnist:nowhere",
      "set": {"epochs": 2}, "teachers": {"t": {"network": "wrn-10-1"}},
      "experiments": [{"network": "wrn-10-1", "substitute": "Generic", "budgets": "parameters<=30%", "teacher": "t"}]})");
  }
  /// `pare schedule`, of data that are not here.
  static Result schedule(std::vector<std::string> words) {
    words.insert(words.begin(), {"schedule", "e.json", "--data-fingerprint", kFingerprint});
    return run(words);
  }
  /// A rsync that copies from folders of this machine, whatever the host, and takes down what it was asked.
  void put_rsync(const std::string &script) const {
    fs::create_directory("bin");
    write("bin/rsync", "#!/bin/sh\n" + script);
    fs::permissions(folder() / "bin/rsync", fs::perms::owner_all);
  }
  Result collate(std::vector<std::string> words) const {
    words.insert(words.begin(),
                 {"env", "PATH=" + (folder() / "bin").string() + ":/usr/bin:/bin", PARE_BINARY, "collate", "s.json"});
    return run_program(words);
  }
};

TEST_F(Experiments, AreShownBeforeAnythingStarts) {
  const Result result = schedule({"-o", "s.json"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.out, "small\n"
                        "\n"
                        "experiment                     setting       parameters  of the original  epochs  teacher\n"
                        "-----------------------------------------------------------------------------------------\n"
                        "t                                                77,850         100.00 %       2\n"
                        "wrn_10_1.generic_0.93.student  Generic_0.93      23,066          29.63 %       2  t\n"
                        "\n"
                        "2 experiments, 4 epochs in all\n");
  EXPECT_EQ(lines(result.err), std::vector<std::string>{"wrn-10-1, Generic: fitting to parameters<=30%"});
  const std::string text = read("s.json");
  EXPECT_EQ(schedule({"-o", "-", "--quiet"}).out, text);
  EXPECT_EQ(schedule({"--quiet", "-o", "again.json"}).err, "");
  EXPECT_EQ(read("again.json"), text);
  EXPECT_EQ(files(), (std::vector<std::string>{"again.json", "e.json", "s.json"}));
}

TEST_F(Experiments, AreCheckedForSlips) {
  Result result = schedule({"--check", "--quiet"});
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(result.err, "pare: nothing looks wrong\n");
  write("e.json", R"({"schema": "pare.experiments/1", "name": "small", "data": "fashion-mnist:nowhere",
      "experiments": [{"network": "wrn-10-1", "substitute": "Shuffle", "budgets": "parameters<=30%"}]})");
  result = schedule({"--check", "--quiet"});
  EXPECT_EQ(result.code, 1);
  EXPECT_EQ(result.err, "pare: looks wrong: wrn_10_1.shuffle_1: Shuffle_1 has parameters 9362, 59.9 % away from "
                        "parameters<=30%\n");
}

TEST_F(Experiments, SayWhatIsMissing) {
  expect_fault(run({"schedule", "e.json", "--quiet"}), 1, "io", {"nowhere"});
  expect_fault(run({"schedule", "e.json", "--quiet", "--data-fingerprint", "abc"}), 2, "usage", {"64 hexadecimal digits"});
  expect_fault(schedule({"--quiet", "-o", "e.json"}), 2, "usage", {"is what this command reads"});
  expect_fault(run({"schedule", "none.json"}), 1, "io", {"none.json"});
  expect_fault(run({"collate", "e.json", "."}), 1, "invalid_file", {"must be \"pare.schedule/1\""});
}

TEST_F(Experiments, AreCollatedFromFoldersAndHosts) {
  ASSERT_EQ(schedule({"-o", "s.json"}).code, 0);
  fs::create_directory("runs");
  // Its last words are SOURCE/ and the folder that the copies go to.
  put_rsync("echo \"$@\" > asked\nfor word; do from=$to; to=$word; done\ncp -r \"${from#*:}.\" \"$to\"\n");
  Result result = collate({"runs", "hosta:runs", "-o", "r.json"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(lines(result.err).at(0), "2 experiments: 2 missing");
  const std::string asked = read("asked");
  EXPECT_TRUE(asked.starts_with("-a --timeout=60 --include=/*/ --include=/*/run.json ")) << asked;
  EXPECT_NE(asked.find(" --exclude=* -- hosta:runs/ /"), std::string::npos) << asked;
  const Json rows = Json::parse(read("r.json"));
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[1]["name"], "wrn_10_1.generic_0.93.student");
  EXPECT_EQ(rows[1]["state"], "missing");
  EXPECT_EQ(rows[1]["parameters"], 23066);
  EXPECT_EQ(rows[1]["top1_error_percent"], nullptr);
  EXPECT_EQ(parse_csv(read("r.csv")).size(), 3U);

  // Files that vanish while they are copied are those of runs that go on.
  put_rsync("for word; do from=$to; to=$word; done\ncp -r \"${from#*:}.\" \"$to\"\nexit 24\n");
  EXPECT_EQ(collate({"hosta:runs"}).code, 0);

  // Only for copies a temporary folder is needed.
  const auto without_one = [](const std::string &source) {
    return run_program({"env", "TMPDIR=/nope", PARE_BINARY, "collate", "s.json", source});
  };
  EXPECT_EQ(without_one("runs").code, 0);
  EXPECT_EQ(without_one("hosta:runs").err,
            "pare: [io] TMPDIR: names no folder for copies: No such file or directory; one that can be "
            "written in would be accepted\n");

  // A host that does not answer loses nothing of what was there.
  const std::string before = read("r.json");
  put_rsync("exit 255\n");
  expect_fault(collate({"runs", "hosta:runs", "-o", "r.json"}), 1, "io", {"hosta:runs", "status 255", "nothing is written"});
  EXPECT_EQ(read("r.json"), before);
  expect_fault(collate({"nowhere"}), 1, "io", {"nowhere"});
  expect_fault(run_program({"env", "PATH=/nowhere", PARE_BINARY, "collate", "s.json", "hosta:runs"}), 1, "io",
               {"rsync", "the package rsync"});
}

} // namespace

} // namespace pare::test

#include "tests/run.hpp"

#include <chrono>
#include <csignal>
#include <thread>

namespace pare::test {

namespace {

namespace fs = std::filesystem;

/// pare beside a pare-train that is a script: a teacher and two students, of which one may fail or wait to be told to end.
class Run : public Cli {
protected:
  void SetUp() override {
    Cli::SetUp();
    fs::create_directory("bin");
    fs::create_directory("path");
    fs::copy_file(PARE_BINARY, "bin/pare");
    write("bin/pare-train", R"(#!/bin/sh
case $2 in
*generic*) [ -e broken ] && { echo "no luck today"; exit 1; } ;;
*shuffle*) [ -e slow ] && { trap 'exit 143' TERM; touch there; while :; do /bin/sleep 0.01; done; } ;;
esac
printf '\002\000\000\000\000\000\000\000{}' > "$2/weights.safetensors"
printf '{"schema":"pare.result/1","ending":"done","reason":null,"step":60,"steps":60,"epoch":200,"epochs":200,"seconds":90,"last":null}' \
  > "$2/result.json"
)");
    fs::permissions(folder() / "bin/pare-train", fs::perms::owner_all);
    write("e.json", R"({"schema": "pare.experiments/1", "name": "small", "data": "cifar10:data",
      "teachers": {"teacher": {"network": "wrn-10-1"}},
      "experiments": [{"network": "wrn-10-1", "substitute": ["Generic_0.5", "Shuffle_2"], "teacher": "teacher"}]})");
    output({"schedule", "e.json", "-o", "s.json", "--quiet", "--data-fingerprint", std::string(64, 'f')});
  }
  std::vector<std::string> words(const std::vector<std::string> &more) const {
    std::vector<std::string> out = {"env", "PATH=" + (folder() / "path").string() + ":/usr/bin:/bin",
                                    (folder() / "bin/pare").string()};
    out.insert(out.end(), more.begin(), more.end());
    return out;
  }
  Result pare(const std::vector<std::string> &more) const { return run_program(words(more)); }
};

TEST_F(Run, RefusesAScheduleThatWasChangedByHand) {
  std::string text = read("s.json");
  text.replace(text.find("\"seed\":0"), 8, "\"seed\":1");
  write("s.json", text);
  for (const char *command : {"run", "status"}) {
    const Result result = pare({command, "s.json"});
    EXPECT_EQ(result.code, 1);
    EXPECT_EQ(result.err,
              "pare: [invalid_file] s.json: was changed since it was made: its digest is another; a schedule made anew "
              "would be accepted\n");
  }
}

TEST_F(Run, OfAScheduleEndsWithWhatCameOfIt) {
  EXPECT_EQ(lines(pare({"status", "s.json"}).out)[0], "small: 2 waiting, 1 missing");
  write("broken", "");
  const Result first = pare({"run", "s.json", "--retries", "1"});
  EXPECT_EQ(first.code, 1);
  EXPECT_EQ(first.out, "small: 2 done, 1 failed\n"
                       "wrn_10_1.generic_0.5.student: failed: exit status 1 after 2 attempts: no luck today\n");
  EXPECT_EQ(first.err, "0/3 done  teacher: started\n"
                       "1/3 done  teacher: done\n"
                       "1/3 done  wrn_10_1.generic_0.5.student: started\n"
                       "1/3 done  wrn_10_1.generic_0.5.student: exit status 1; it goes on (1 of 1 retries)\n"
                       "1/3 done  wrn_10_1.generic_0.5.student: started\n"
                       "1/3 done  wrn_10_1.generic_0.5.student: failed: exit status 1 after 2 attempts: no luck today\n"
                       "1/3 done  wrn_10_1.shuffle_2.student: started\n"
                       "2/3 done  wrn_10_1.shuffle_2.student: done\n");
  const std::string status = pare({"status", "s.json"}).out;
  EXPECT_EQ(lines(status)[0], "small: 2 done, 1 failed");
  EXPECT_NE(status.find("\nwrn_10_1.generic_0.5.student: failed: exit status 1 after 2 attempts: no luck today\n"),
            std::string::npos)
      << status;
  EXPECT_EQ(lines(pare({"status", "s.json", "--format", "csv"}).out)[1], "teacher,done,200,200,60,60,,90,,,");
  fs::remove("broken");
  const Result second = pare({"run", "s.json", "--quiet"});
  EXPECT_EQ(second.code, 0);
  EXPECT_EQ(second.out, "small: 3 done\n");
  EXPECT_EQ(second.err, "");
}

TEST_F(Run, EndsAtASignalWhenAllHaveSaved) {
  write("slow", "");
  for (const int number : {SIGINT, SIGTERM}) {
    fs::remove("there");
    Process process(words({"run", "s.json", "--jobs", "2"}));
    while (process.is_running() && !fs::exists("there")) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    process.signal(number);
    const Result result = process.wait();
    EXPECT_EQ(result.code, 128 + number) << result.err;
    EXPECT_EQ(lines(result.out).at(0), "small: 2 done, 1 unfinished");
    EXPECT_EQ(lines(result.err).back(), "interrupted; the same command goes on");
  }
  fs::remove("slow");
  EXPECT_EQ(pare({"run", "s.json"}).out, "small: 3 done\n");
}

// As a program that ignores its children's ends leaves it to those that it starts.
TEST_F(Run, EndsWhoeverStartedIt) {
  const auto before = std::signal(SIGCHLD, SIG_IGN);
  Process process(words({"run", "s.json", "--quiet"}));
  std::signal(SIGCHLD, before);
  EXPECT_EQ(process.wait().out, "small: 3 done\n");
}

TEST_F(Run, WrongWordsAndFilesAreRefused) {
  const auto refused = [&](const std::vector<std::string> &more, int code, const std::string &line) {
    const Result result = pare(more);
    EXPECT_EQ(result.code, code);
    EXPECT_EQ(result.err, "pare: " + line + "\n");
    EXPECT_FALSE(fs::exists("runs"));
  };
  refused({"run", "s.json", "--jobs", "0"}, 2, "[invalid_value] --jobs: jobs = 0 must be a whole number from 1 to 1024");
  refused({"run", "s.json", "--devices", "cuda:0,gpu"}, 2,
          "[invalid_value] --devices: device = gpu must be cpu, cuda or cuda:N");
  refused({"run", "s.json", "--lease", "1e9"}, 2,
          "[invalid_value] --lease: lease = 1e9 must be a number of seconds from 0.5 to 86400");
  refused({"run", "none.json"}, 1,
          "[io] none.json: cannot read \"none.json\": No such file or directory; a file that can be read would be accepted");
  fs::rename("bin/pare-train", "away");
  const Result result = pare({"run", "s.json"});
  expect_fault(result, 1, "io", {"pare run: pare-train is not here"});
}

} // namespace

} // namespace pare::test

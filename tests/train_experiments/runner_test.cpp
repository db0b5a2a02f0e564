// Runners, with a stand-in for the trainer: a script that ends as the experiment's name says.

#include "base/digest.hpp"
#include "tests/train_experiments/runs.hpp"
#include "train/experiments/runner.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <functional>
#include <thread>

namespace pare::train {
namespace {

using std::chrono::milliseconds;
using test::expect_message;
using test::read_text;
using Lines = std::vector<std::string>;

class Listener final : public RunnerListener {
public:
  void line(std::string_view text) override {
    lines.emplace_back(text);
    if (on_line) on_line();
  }
  void show(std::size_t /*ended*/, std::size_t /*total*/, std::span<const Row> rows) override {
    ++shown;
    if (on_show) on_show(rows);
  }
  int signal() override { return ends ? ends() : 0; }

  Lines lines;
  int shown = 0;
  std::function<void()> on_line;
  std::function<void(std::span<const Row>)> on_show;
  std::function<int()> ends;
};

class Runners : public Runs {
protected:
  void SetUp() override {
    // $2 is the folder; what it was called with is one line of "calls".
    write("trainer", R"(#!/bin/sh
folder=$2
echo "$@" >> calls
result() {
  reason=null
  [ "$1" = done ] || reason="\"because\""
  printf '{"schema":"pare.result/1","ending":"%s","reason":%s,"step":60,"steps":60,"epoch":3,"epochs":3,"seconds":1.5,"last":null}' \
    "$1" "$reason" > "$folder/result.json"
}
tries=$(cat "$folder/tries" 2> /dev/null || echo 0)
tries=$((tries + 1))
echo "$tries" > "$folder/tries"
case $folder in
*diverges*) result diverged; echo "it diverged"; exit 1 ;;
*too_large*) result out_of_memory; echo "too large"; exit 1 ;;
*breaks*) echo; echo "try $tries"; echo "it broke" >&2; exit 1 ;;
*misused*) exit 2 ;;
*is_killed_once*) [ "$tries" = 1 ] && kill -9 $$ ;;
*hangs*) echo $$ > "$folder/pid"; trap 'result interrupted; exit 143' TERM; while :; do sleep 0.01; done ;;
*stays*) echo $$ > "$folder/pid"; exec sleep 1000 ;;
esac
printf '\002\000\000\000\000\000\000\000{}' > "$folder/weights.safetensors"
result done
)");
    fs::permissions("trainer", fs::perms::owner_all);
    options_.trainer = (fs::current_path() / "trainer").string();
  }

  std::vector<RunStatus> run(const Schedule &s) { return run_schedule(s, options_, listener_); }
  static Lines calls() {
    Lines out;
    std::ifstream in("calls");
    for (std::string line; std::getline(in, line);) out.push_back(line);
    return out;
  }
  static std::string tries(const Schedule &s, std::size_t i) { return read_text(folder(s, i) + "/tries"); }
  static Lines states(const std::vector<RunStatus> &statuses) {
    Lines out;
    for (const RunStatus &status : statuses) out.emplace_back(name_of(kRunStates, status.state));
    return out;
  }

  RunnerOptions options_;
  Listener listener_;
};

TEST_F(Runners, KnowRunsByWhatTheyAreAndNotByTheirNames) {
  const Schedule before = schedule({{"teacher", 0}, {"student", 0}});
  EXPECT_EQ(states(run(before)), (Lines{"done", "done"}));
  Schedule grown = before;
  grown.experiments[1].name = "student.seed_1";
  listener_.lines.clear();
  EXPECT_EQ(states(run(grown)), (Lines{"done", "done"}));
  EXPECT_EQ(listener_.lines, Lines{}) << "nothing is run again";
  EXPECT_EQ(schedule_status(grown, "runs")[1].state, RunState::kDone);
}

TEST_F(Runners, TakeNoHalfOfAFileForATeacher) {
  const Schedule s = schedule({{"teacher", 0}, {"student", 0}});
  put_done(s, 0);
  const std::string weights = folder(s, 0) + "/weights.safetensors";
  const std::string whole = read_text(weights);
  write(weights, whole.substr(0, 9));
  EXPECT_EQ(states(run(s)), (Lines{"done", "failed"}));
  EXPECT_FALSE(fs::exists(folder(s, 1) + "/run.json")) << "which would have its digest for good";
  write(weights, whole);
  EXPECT_EQ(states(run(s)), (Lines{"done", "done"}));
}

TEST_F(Runners, TrainTeachersBeforeTheirStudentsByWhatTheScheduleSays) {
  const Schedule s = schedule({{"teacher", 0}, {"student", 0}});
  options_.claim = {.lease_seconds = 7.5, .host = "here"};
  options_.data = {"CIFAR10:elsewhere"};
  EXPECT_EQ(states(run(s)), (Lines{"done", "done"}));
  const std::string end = " --lease 7.5 --quiet --device cpu --data cifar10:elsewhere --host here";
  EXPECT_EQ(calls(), (Lines{"resume " + folder(s, 0) + end, "resume " + folder(s, 1) + end}));
  EXPECT_EQ(listener_.lines, (Lines{"0/2 done  teacher: started", "1/2 done  teacher: done", "1/2 done  student: started",
                                    "2/2 done  student: done"}));
  const std::string path = folder(s, 1) + "/run.json";
  const RunFile file = read_run(read_text(path), path);
  EXPECT_EQ(file.config.data, "cifar10:elsewhere");
  EXPECT_EQ(file.config.threads, std::max(1U, std::thread::hardware_concurrency()));
  EXPECT_EQ(file.config.teacher.value().file, "../" + s.experiments[0].folder() + "/weights.safetensors");
  EXPECT_EQ(file.config.teacher->checksum, digest(std::string_view("\x02\0\0\0\0\0\0\0{}", 10)));
  const auto recorded = recorded_experiment(file, path).value();
  EXPECT_EQ(recorded.name, "student");
  EXPECT_EQ(recorded.identity, s.experiments[1].identity);
  EXPECT_EQ(recorded.teacher, s.experiments[0].identity);
  // The data must be those that the schedule was made for.
  EXPECT_NE(file.record.find("\"data_fingerprint\":\"" + std::string(64, 'f') + "\""), std::string::npos) << file.record;
  // Again: nothing is touched.
  const auto date = fs::last_write_time(path);
  EXPECT_EQ(states(run(s)), (Lines{"done", "done"}));
  EXPECT_EQ(calls().size(), 2U);
  EXPECT_EQ(fs::last_write_time(path), date);
}

TEST_F(Runners, DivideTheCoresAndTakeTheDevicesInTurn) {
  options_.jobs = 2;
  options_.devices = {"cuda:0", "cuda:1"};
  const Schedule s = schedule({{"a", 0}, {"b", 1}});
  run(s);
  Lines devices;
  for (std::size_t i = 0; i < 2; ++i) {
    const std::string path = folder(s, i) + "/run.json";
    const RunConfig config = read_run(read_text(path), path).config;
    EXPECT_EQ(config.threads, std::max(1U, std::thread::hardware_concurrency() / 2));
    devices.push_back(config.device);
  }
  EXPECT_EQ(devices, (Lines{"cuda:0", "cuda:1"}));
}

// Another kind of device would change its last bits; another GPU, or another place of the images would not.
TEST_F(Runners, GoOnOnTheKindOfDeviceThatARunWasStartedOn) {
  const Schedule s = schedule({{"on_cpu", 0}, {"on_gpu", 1}});
  const auto run_on = [&](const std::string &device) {
    for (const char *name : {"weights.safetensors", "result.json"})
      for (std::size_t i = 0; i < 2; ++i) fs::remove(folder(s, i) + "/" + name);
    fs::remove("calls");
    options_.devices = {device};
    EXPECT_EQ(states(run(s)), (Lines{"done", "done"}));
  };
  for (std::size_t i = 0; i < 2; ++i) {
    RunFile file{.config = run_config_of(s, s.experiments[i]), .record = with_experiment("{}", s.experiments[i])};
    file.config.device = i == 0 ? "cpu" : "cuda:0";
    file.config.data = "cifar10:of_before";
    write(folder(s, i) + "/run.json", write_run(file));
  }
  const std::string end = " --lease 60 --quiet";
  run_on("cuda:1");
  EXPECT_EQ(calls(), (Lines{"resume " + folder(s, 0) + end, "resume " + folder(s, 1) + end + " --device cuda:1"}));
  options_.data = {s.data[0].spec}; // where the schedule says, and not where the run began
  run_on("cpu");
  const std::string data = " --data cifar10:data";
  EXPECT_EQ(calls(), (Lines{"resume " + folder(s, 0) + end + " --device cpu" + data, "resume " + folder(s, 1) + end + data}));
}

TEST_F(Runners, GoOnThoughOneFails) {
  const Schedule s = schedule({{"breaks", 0},
                               {"of_breaks", 0},
                               {"diverges", 2},
                               {"of_diverges", 2},
                               {"too_large", 4},
                               {"misused", 5},
                               {"is_killed_once", 6},
                               {"good", 7}});
  const auto statuses = run(s);
  EXPECT_EQ(states(statuses), (Lines{"failed", "waiting", "diverged", "waiting", "out_of_memory", "failed", "done", "done"}));
  EXPECT_EQ(tries(s, 0), "3\n") << "and two retries";
  EXPECT_EQ(tries(s, 2), "1\n") << "a result";
  EXPECT_EQ(tries(s, 4), "1\n") << "it would not fit again";
  EXPECT_EQ(tries(s, 5), "1\n") << "the same words would be refused again";
  EXPECT_EQ(tries(s, 6), "2\n");
  EXPECT_EQ(statuses[0].reason, "exit status 1 after 3 attempts: it broke");
  EXPECT_EQ(statuses[1].reason, "its teacher breaks is not done");
  EXPECT_EQ(statuses[2].reason, "because");
  const std::string failure_file = folder(s, 0) + "/failure.json";
  const RunFailure failure = read_failure(read_text(failure_file), failure_file);
  EXPECT_EQ(failure.attempts, 3);
  EXPECT_EQ(failure.ended, "exit status 1");
  EXPECT_EQ(failure.lines, (Lines{"it broke", "try 2", "it broke", "try 3", "it broke"}));
  const auto said = [&](const std::string &line) {
    return std::find(listener_.lines.begin(), listener_.lines.end(), line) != listener_.lines.end();
  };
  EXPECT_TRUE(said("0/8 done  breaks: exit status 1; it goes on (1 of 2 retries)"));
  EXPECT_TRUE(said("0/8 done  breaks: failed: exit status 1 after 3 attempts: it broke"));
  EXPECT_TRUE(said("0/8 done  of_breaks: cannot be run: its teacher breaks is not done"));
  EXPECT_TRUE(said("0/8 done  diverges: diverged: because"));
  EXPECT_TRUE(said("0/8 done  too_large: out of memory: because"));
  EXPECT_TRUE(said("0/8 done  is_killed_once: signal 9 (Killed); it goes on (1 of 2 retries)"));

  // The next time what failed is tried anew; what diverged is not.
  options_.retries = 0;
  EXPECT_EQ(states(run(s)), states(statuses));
  EXPECT_EQ(tries(s, 0), "4\n");
  EXPECT_EQ(tries(s, 2), "1\n");
  EXPECT_EQ(tries(s, 4), "2\n");
  EXPECT_EQ(tries(s, 7), "1\n");
}

// What is left in it of an attempt of before is not taken for how the last one ended.
TEST_F(Runners, DoNotTakeAnOldResultForANewOne) {
  const Schedule s = schedule({{"breaks", 0}});
  write(folder(s, 0) + "/run.json",
        write_run({.config = run_config_of(s, s.experiments[0]), .record = with_experiment("{}", s.experiments[0])}));
  write(folder(s, 0) + "/result.json", write_result(result(Ending::kOutOfMemory, "of before")));
  options_.retries = 1;
  EXPECT_EQ(run(s)[0].reason, "exit status 1 after 2 attempts: it broke");
}

// Who gets further each time is not given up: a node that is lost now and then is no fault of the run's.
TEST_F(Runners, CountAttemptsFromWhereARunGotFurther) {
  const Schedule s = schedule({{"gets_on", 0}});
  write("trainer", R"(#!/bin/sh
echo try >> "$2/tries"
step=$(wc -l < "$2/tries")
[ "$step" -gt 4 ] && step=4
printf '{"step":%d,"seconds":1,"steps":60,"seconds_left":1,"saved_step":0,"saved_seconds":0}' "$step" > "$2/heartbeat.json"
exit 1
)");
  options_.retries = 1;
  EXPECT_EQ(run(s)[0].reason, "exit status 1 after 2 attempts");
  EXPECT_EQ(tries(s, 0), "try\ntry\ntry\ntry\ntry\n") << "four that got further, and one";
}

TEST_F(Runners, EndThoughWhoStartedThemIgnoresItsChildren) {
  std::signal(SIGCHLD, SIG_IGN);
  EXPECT_EQ(states(run(schedule({{"a", 0}, {"breaks", 1}}))), (Lines{"done", "failed"}));
}

// A signal that comes while a trainer is about to be one ends it, though the runner has a handler for its own.
TEST_F(Runners, StartTrainersThatASignalEndsFromTheBeginning) {
  const Schedule s = schedule({{"stays", 0}});
  options_.retries = 0;
  const auto before = std::signal(SIGTERM, [](int) {});
  const auto latest = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  listener_.on_line = [&] {
    pid_t child = 0;
    if (std::ifstream("/proc/thread-self/children") >> child) ::kill(child, SIGTERM);
  };
  listener_.ends = [&] { return std::chrono::steady_clock::now() < latest ? 0 : SIGTERM; };
  for (int i = 0; i < 20; ++i) {
    const RunStatus ended = run(s)[0];
    ASSERT_EQ(ended.state, RunState::kFailed);
    EXPECT_EQ(ended.reason, "signal 15 (Terminated)");
  }
  std::signal(SIGTERM, before);
}

TEST_F(Runners, LetAllSaveAtASignal) {
  options_.jobs = 2;
  const Schedule s = schedule({{"hangs", 0}, {"hangs_too", 1}, {"not_begun", 2}});
  listener_.ends = [&] { return fs::exists(folder(s, 0) + "/pid") && fs::exists(folder(s, 1) + "/pid") ? SIGINT : 0; };
  EXPECT_EQ(states(run(s)), (Lines{"unfinished", "unfinished", "missing"}));
  const std::string path = folder(s, 1) + "/result.json";
  EXPECT_EQ(read_result(read_text(path), path).ending, Ending::kInterrupted);
  EXPECT_FALSE(fs::exists(folder(s, 0) + "/failure.json"));
}

TEST_F(Runners, LeaveNoTrainerBehindWhenTheyAreKilled) {
  const Schedule s = schedule({{"stays", 0}});
  const std::string file = folder(s, 0) + "/pid";
  const pid_t runner = ::fork();
  if (runner == 0) {
    try {
      run(s);
    } catch (...) {
    }
    ::_exit(0);
  }
  const auto is_there = [&] { return fs::exists(file) && !read_text(file).empty(); };
  for (int i = 0; i < 60'000 && !is_there(); ++i) std::this_thread::sleep_for(milliseconds(1));
  if (!is_there()) ::kill(runner, SIGKILL);
  ASSERT_TRUE(is_there());
  const pid_t trainer = std::stoi(read_text(file));
  ASSERT_EQ(::kill(trainer, 0), 0);
  ::kill(runner, SIGKILL);
  ::waitpid(runner, nullptr, 0);
  // Gone, or dead and not asked for by whoever has it now.
  const auto is_gone = [&] {
    std::ifstream in(fmt::format("/proc/{}/stat", trainer));
    std::string line;
    return !std::getline(in, line) || line.find(") Z ") != std::string::npos;
  };
  for (int i = 0; i < 2000 && !is_gone(); ++i) std::this_thread::sleep_for(milliseconds(1));
  EXPECT_TRUE(is_gone());
}

// Another's run is waited for, and gone on with where it expired.
TEST_F(Runners, WaitForWhatOthersTrain) {
  const Schedule s = schedule({{"theirs", 0}, {"student", 0}, {"mine", 2}, {"of_the_dead", 3}});
  const auto put_run = [&](std::size_t i) {
    write(folder(s, i) + "/run.json",
          write_run({.config = run_config_of(s, s.experiments[i]), .record = with_experiment("{}", s.experiments[i])}));
  };
  put_run(0);
  put_claim(folder(s, 0), {.token = "t", .host = "b", .pid = 12});
  put_run(3);
  put_claim(folder(s, 3), {.token = "t", .host = "b", .pid = 13, .lease_seconds = 30}, 29);
  listener_.on_show = [&](std::span<const RunnerListener::Row> rows) {
    if (listener_.shown < 3) return;
    EXPECT_TRUE(std::any_of(rows.begin(), rows.end(),
                            [](const auto &row) { return row.name == "theirs" && row.status->claimant == "process 12 on b"; }));
    listener_.on_show = {};
    put_done(s, 0);
    ClaimFile released{.token = "t", .host = "b", .pid = 12};
    released.released = true;
    put_claim(folder(s, 0), released);
  };
  EXPECT_EQ(states(run(s)), (Lines{"done", "done", "done", "done"}));
  Lines who;
  for (const std::string &call : calls()) who.push_back(call.substr(12, call.find('-') - 12));
  EXPECT_EQ(who, (Lines{"mine", "of_the_dead", "student"})) << "theirs was not touched";
  EXPECT_EQ(listener_.lines[0], "0/4 done  theirs: is trained by process 12 on b");
}

TEST_F(Runners, RefuseTheFolderOfAnotherRun) {
  Schedule s = schedule({{"a", 0}, {"b", 1}});
  const std::string path = folder(s, 1) + "/run.json";
  write(path, write_run({.config = run_config_of(s, s.experiments[0]), .record = with_experiment("{}", s.experiments[0])}));
  const std::string start = "[invalid_config] " + folder(s, 1) + ": holds ";
  const std::string end = ", and in the schedule it is that of b (" + s.experiments[1].identity +
                          "); another folder for the runs, or the schedule that it was begun with would be accepted";
  expect_message([&] { run(s); }, start + "the run of a (" + s.experiments[0].identity + ")" + end);
  write(path, write_run({.config = run_config_of(s, s.experiments[0]), .record = "{}"}));
  expect_message([&] { run(s); }, start + "a run that was started by hand" + end);
  EXPECT_TRUE(calls().empty()) << "before anything is begun";
  options_.data = {"mnist:x"};
  expect_message([&] { run(s); },
                 "[usage] --data: \"mnist:x\" is of a kind that no experiment is trained on; that of one, or no "
                 "--data would be accepted");
  options_.data = {"cifar10:x", "cifar10:y"};
  expect_message([&] { run(s); }, "[usage] --data: cifar10 is given twice");
}

// Its result would be refused; so it is not trained, and the others are.
TEST_F(Runners, DoNotGoOnWithARunThatWasChanged) {
  const Schedule s = schedule({{"teacher", 0}, {"student", 0}, {"good", 2}, {"by_another", 0}, {"other_data", 4}});
  const auto put_run = [&](std::size_t i, std::int64_t batch, const std::string &record, Experiment says) {
    RunFile file{.config = run_config_of(s, s.experiments[i]), .record = with_experiment(record, says)};
    file.config.protocol.batch = batch;
    if (file.config.teacher) {
      file.config.teacher->file = "weights";
      file.config.teacher->checksum = std::string(64, 'c');
    }
    write(folder(s, i) + "/run.json", write_run(file));
  };
  const std::int64_t batch = s.protocols[0].batch;
  put_run(1, 7, "{}", s.experiments[1]);
  Experiment by_another = s.experiments[3];
  by_another.teacher = s.experiments[2].identity;
  put_run(3, batch, "{}", by_another);
  put_run(4, batch, R"({"data_fingerprint": "ab"})", s.experiments[4]);
  const auto statuses = run(s);
  EXPECT_EQ(states(statuses), (Lines{"done", "failed", "done", "failed", "failed"}));
  const auto said = [&](std::size_t i, const std::string &difference) {
    return "[invalid_config] " + folder(s, i) + ": says that it is " + s.experiments[i].name +
           ", and is configured otherwise: " + difference +
           "; the run.json that it was started with, or this folder moved elsewhere would be accepted";
  };
  EXPECT_EQ(statuses[1].reason, said(1, "protocol.batch = 128, but the run was started with 7"));
  EXPECT_EQ(statuses[3].reason, said(3, "its teacher is another run"));
  EXPECT_EQ(statuses[4].reason, said(4, "its data have another fingerprint"));
  EXPECT_EQ(calls().size(), 2U);
}

TEST_F(Runners, FailAloneWhereAFolderIsHalfCopied) {
  const Schedule s = schedule({{"half", 0}, {"of_half", 0}, {"good", 2}});
  write(folder(s, 0) + "/metrics.jsonl", "of before");
  const auto statuses = run(s);
  EXPECT_EQ(states(statuses), (Lines{"failed", "waiting", "done"}));
  EXPECT_EQ(statuses[0].reason,
            "[io] " + folder(s, 0) + ": holds files, and no run.json; an empty folder, or that of a run would be accepted");
  EXPECT_EQ(read_text(folder(s, 0) + "/metrics.jsonl"), "of before");
  EXPECT_FALSE(fs::exists(folder(s, 0) + "/run.json"));
}

// So is a run.json that was cut, and nothing is written over it.
TEST_F(Runners, FailAloneWhereRunJsonIsCut) {
  const Schedule s = schedule({{"cut", 0}, {"good", 1}});
  write(folder(s, 0) + "/run.json", "{\"schema\": \"pare.ru");
  const auto statuses = run(s);
  EXPECT_EQ(states(statuses), (Lines{"failed", "done"}));
  EXPECT_TRUE(statuses[0].reason.starts_with("[invalid_file] " + folder(s, 0) + "/run.json: ")) << statuses[0].reason;
  EXPECT_EQ(read_text(folder(s, 0) + "/run.json"), "{\"schema\": \"pare.ru");
}

// Under a name of its own a host judges claims by their age alone, that of its own dead trainer too, and counts attempts all
// the same.
TEST_F(Runners, WaitForTheClaimOfTheirOwnDeadTrainer) {
  const Schedule s = schedule({{"claims_and_breaks", 0}});
  write("trainer", R"(#!/bin/sh
echo try >> "$2/tries"
printf '{"token":"t","host":"me","pid":%d,"machine":"","started":0,"lease_seconds":0.5,"released":false}' $$ > "$2/claim-7.json"
exit 1
)");
  options_.claim = {.lease_seconds = 0.5, .host = "me"};
  options_.retries = 1;
  EXPECT_EQ(states(run(s)), Lines{"failed"});
  EXPECT_EQ(tries(s, 0), "try\ntry\n");
}

TEST_F(Runners, FailWhereTheTrainerCannotBeRun) {
  options_.trainer = "/nothing";
  const auto statuses = run(schedule({{"a", 0}}));
  EXPECT_EQ(statuses[0].reason, "exit status 127: the trainer cannot be run");
}

TEST_F(Runners, OfThousandsOfExperimentsAreQuick) {
  // In memory where that can be had: to make so many files on a disk takes a minute.
  std::string memory = "/dev/shm/pare-runs-XXXXXX";
  const bool in_memory = ::mkdtemp(memory.data()) != nullptr;
  if (in_memory) fs::create_directory_symlink(memory, "runs");
  std::vector<std::pair<std::string, std::size_t>> list;
  const int all = test::trials(10'000);
  for (int i = 0; i < all; ++i) list.emplace_back(fmt::format("e{}", i), 0);
  const Schedule s = schedule(list);
  put_done(s, 0);
  const std::string text = write_run({.config = run_config_of(s, s.experiments[0]), .record = "{}"});
  const std::string done = write_result(result(Ending::kDone));
  for (std::size_t i = 1; i + 1 < list.size(); ++i) {
    const std::string path = folder(s, i);
    fs::create_directories(path);
    std::ofstream(path + "/run.json") << text << "\"identity\": \"" << s.experiments[i].identity << '"';
    std::ofstream(path + "/result.json") << done;
    std::ofstream(path + "/weights.safetensors") << "";
  }
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_EQ(count_text(schedule_status(s, "runs")), fmt::format("{} done, 1 missing", all - 1));
  const std::chrono::duration<double> looked = std::chrono::steady_clock::now() - begun;
  EXPECT_EQ(count_text(run(s)), fmt::format("{} done", all));
  const std::chrono::duration<double> ran = std::chrono::steady_clock::now() - begun - looked;
  EXPECT_EQ(calls().size(), 1U);
  RecordProperty("seconds", fmt::format("{} to look, {} to run", looked.count(), ran.count()));
  // A second or less on an idle core; under sanitizers beside other work far more.
  EXPECT_LT(looked.count(), 20);
  EXPECT_LT(ran.count(), 20);
  if (in_memory) fs::remove_all(memory);
}

} // namespace
} // namespace pare::train

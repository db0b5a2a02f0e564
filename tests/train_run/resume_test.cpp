#include "tests/train_run/run_test.hpp"

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <thread>

// A run that was stopped, however that happened, and gone on with ends as if it had not been: bit for bit.

namespace pare::test {

namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

class Resume : public TrainRun {
protected:
  /// How many steps the run has written down up to now.
  std::int64_t steps_written(const std::string &name) const {
    std::ifstream in(folder() / name / "metrics.jsonl");
    std::int64_t last = 0;
    for (std::string line; std::getline(in, line);) {
      const Json document = Json::parse(line, nullptr, false); // the last line may be half written
      if (!document.is_discarded()) last = document.at("step");
    }
    return last;
  }
  /// Starts it and waits until it has written so many steps, or has ended.
  std::unique_ptr<Process> start(const Words &words, const std::string &name, std::int64_t step) const {
    auto process = std::make_unique<Process>(join({PARE_BINARY, "train"}, words));
    while (process->is_running() && steps_written(name) < step) std::this_thread::sleep_for(milliseconds(1));
    return process;
  }
};

TEST_F(Resume, KilledAtTenRandomMoments) {
  const auto words = [](const std::string &name) { return join(small(name), {"--checkpoint-every", "3"}); };
  trained(words("whole"));
  // Seven times at or a little behind steps that ascend, three times so early that it may not have begun.
  std::mt19937 random(20191115);
  int killed = 0;
  for (int i = 0; i < 10; ++i) {
    const std::int64_t step = i % 3 == 2 ? 0 : kSteps * i / 11 + static_cast<std::int64_t>(random() % 5);
    const milliseconds pause(step == 0 ? random() % 500 : random() % 12);
    const auto process = start(words("killed"), "killed", step);
    std::this_thread::sleep_for(pause);
    process->signal(SIGKILL);
    killed += process->wait().code == 128 + SIGKILL ? 1 : 0;
  }
  EXPECT_EQ(killed, 10) << "some had ended before";
  EXPECT_FALSE(fs::exists("killed/weights.safetensors"));
  const Result result = trained(words("killed"));
  EXPECT_NE(result.err.find("going on at step"), std::string::npos) << result.err;
  expect_same_runs("whole", "killed");
}

TEST_F(Resume, StoppedAtAnyStep) {
  uninterrupted("whole");
  // The first step, within an epoch, the last of one, the first of one, the last but one.
  for (const std::string step : {"1", "13", "20", "21", "59"}) {
    const Result result = trained(join(small("stopped"), {"--max-steps", step}));
    EXPECT_NE(result.err.find("stopped at step " + step + " of 60"), std::string::npos) << result.err;
    EXPECT_EQ(result.out, "") << "a result, before it is done";
    EXPECT_FALSE(fs::exists("stopped/weights.safetensors"));
    EXPECT_EQ(run_json("stopped").at("max_steps"), std::stoi(step));
  }
  trained(small("stopped"));
  expect_same_runs("whole", "stopped");
}

TEST_F(Resume, SignalsEndItBehindTheStepAndItGoesOn) {
  uninterrupted("whole");
  std::int64_t before = 0;
  for (const int number : {SIGINT, SIGTERM}) {
    const auto process = start(small("stopped"), "stopped", before + 7);
    process->signal(number);
    const Result result = process->wait();
    EXPECT_EQ(result.code, 128 + number) << result.err; // 130 and 143
    EXPECT_NE(result.err.find("interrupted at step"), std::string::npos) << result.err;
    EXPECT_NE(result.err.find("the same command goes on"), std::string::npos) << result.err;
    before = steps_written("stopped");
    EXPECT_GE(before, 7);
    EXPECT_LT(before, kSteps);
  }
  trained(small("stopped"));
  expect_same_runs("whole", "stopped");
}

TEST_F(Resume, DamagedCheckpointsArePassedOver) {
  const Words words = join(small("damaged"), {"--checkpoint-every", "4"});
  trained(join(small("whole"), {"--checkpoint-every", "4"}));
  const auto stop = [&](const std::string &step) { return trained(join(words, {"--max-steps", step})); };
  stop("11");
  ASSERT_EQ(checkpoints("damaged"), (Words{"checkpoint-000000000008.safetensors", "checkpoint-000000000011.safetensors"}));
  // One bit in the middle.
  std::string bytes = read("damaged/checkpoint-000000000011.safetensors");
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 4);
  write("damaged/checkpoint-000000000011.safetensors", bytes);
  Result result = stop("9");
  EXPECT_NE(result.err.find("a damaged checkpoint is passed over: [invalid_file] damaged/checkpoint-000000000011.safetensors"),
            std::string::npos)
      << result.err;
  EXPECT_NE(result.err.find("going on at step 8"), std::string::npos) << result.err;
  EXPECT_NE(read("damaged/log").find("a damaged checkpoint is passed over"), std::string::npos);
  // The damaged one does not take the place of one that is whole.
  EXPECT_EQ(checkpoints("damaged"), (Words{"checkpoint-000000000008.safetensors", "checkpoint-000000000009.safetensors"}));
  // Cut off.
  write("damaged/checkpoint-000000000009.safetensors", read("damaged/checkpoint-000000000009.safetensors").substr(0, 1000));
  result = stop("10");
  EXPECT_NE(result.err.find("going on at step 8"), std::string::npos) << result.err;
  trained(words);
  expect_same_runs("whole", "damaged");
}

TEST_F(Resume, WithoutAnyWholeCheckpointItIsRefused) {
  trained(join(small("run"), {"--max-steps", "5"}));
  ASSERT_EQ(checkpoints("run").size(), 1U);
  const std::string file = "run/" + checkpoints("run")[0];
  write(file, "");
  expect_fault_in(train(join(small("run"), {"--quiet"})), 1, "invalid_file", {"run", "none of its 1 checkpoints is whole"});
  EXPECT_TRUE(fs::exists(file));
}

TEST_F(Resume, WhatWasWrittenBehindTheCheckpointIsCutOff) {
  uninterrupted("whole");
  trained(join(small("stopped"), {"--max-steps", "13"}));
  const std::string metrics_before = read("stopped/metrics.jsonl");
  write("stopped/metrics.jsonl", metrics_before + "{\"step\":14,\"epoch\":0,\"loss\":99.0}\n{\"step\":15,\"ep");
  write("stopped/events.out.tfevents.pare", read("stopped/events.out.tfevents.pare") + "half a record");
  trained(small("stopped"));
  expect_same_runs("whole", "stopped");
}

TEST_F(Resume, MetricsThatWereShortenedAreRefused) {
  trained(join(small("run"), {"--max-steps", "5"}));
  write("run/metrics.jsonl", "");
  expect_fault_in(train(join(small("run"), {"--quiet"})), 1, "io", {"run/metrics.jsonl", "has 0 bytes"});
}

TEST_F(Resume, AFullDiskLeavesTheLastCheckpointWhole) {
  uninterrupted("whole");
  trained(join(small("full"), {"--max-steps", "20"}));
  const std::string checkpoint = "full/checkpoint-000000000020.safetensors";
  const std::string before = read(checkpoint);
  // Room for run.json, and half of a checkpoint.
  const auto limited = [](std::size_t bytes) {
    return run_program(join({"prlimit", "--fsize=" + std::to_string(bytes), PARE_BINARY, "train"},
                            join(small("full"), {"--max-steps", "33"})));
  };
  Result result = limited(before.size() / 2);
  EXPECT_EQ(result.code, 1) << result.err;
  EXPECT_NE(result.err.find("pare: [io] full/checkpoint-000000000033.safetensors: cannot be written: File too large"),
            std::string::npos)
      << result.err;
  EXPECT_TRUE(read(checkpoint) == before);
  EXPECT_EQ(checkpoints("full"), Words{"checkpoint-000000000020.safetensors"}); // and no rest of the other
  // Room for one line more of metrics.
  const auto limit = fs::file_size("full/events.out.tfevents.pare") + 1;
  result = limited(std::max<std::size_t>(limit, fs::file_size("full/run.json")));
  EXPECT_EQ(result.code, 1) << result.err;
  EXPECT_NE(result.err.find("[io]"), std::string::npos) << result.err;
  EXPECT_TRUE(read(checkpoint) == before);
  trained(small("full"));
  expect_same_runs("whole", "full");
}

TEST_F(Resume, AFinishedRunIsLeftAsItIs) {
  const Result first = trained(small("run"));
  const auto before = fs::last_write_time("run/weights.safetensors");
  const std::string run = read("run/run.json");
  const Result second = trained(with(small("run"), "--threads", "2"));
  EXPECT_EQ(second.out, first.out);
  EXPECT_NE(second.err.find("the run is complete"), std::string::npos) << second.err;
  EXPECT_EQ(fs::last_write_time("run/weights.safetensors"), before);
  EXPECT_EQ(read("run/run.json"), run);
  // Without its last file it is made again, from the checkpoint.
  const std::string weights = read("run/weights.safetensors");
  fs::remove("run/weights.safetensors");
  trained(small("run"));
  EXPECT_TRUE(read("run/weights.safetensors") == weights);
}

TEST_F(Resume, OtherThreadsAreSaidAndWrittenDown) {
  trained(join(small("run"), {"--max-steps", "5"}));
  const Result result = trained(join(with(small("run"), "--threads", "2"), {"--max-steps", "6"}));
  EXPECT_NE(result.err.find("threads = 2, but the run was started with 1"), std::string::npos) << result.err;
  const Json changes = run_json("run").at("record").at("changes");
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].get<std::string>().find("step 5: threads = 2"), 0U) << changes;
}

TEST_F(Resume, ASecondProcessIsRefused) {
  const auto process = start(with(small("run"), "--epochs", "2000"), "run", 1); // stays for a while
  ASSERT_TRUE(process->is_running()) << process->err();
  expect_fault_in(train(small("run")), 1, "io", {"run", "another process is training in this folder"});
  EXPECT_TRUE(process->is_running());
  process->signal(SIGKILL);
  process->wait();
  // A claim of a process that is dead is none.
  trained(join(with(small("run"), "--epochs", "2000"), {"--max-steps", "3"}));
}

TEST_F(Resume, OneThatWakesUpLateWritesNothing) {
  trained(join(with(small("run"), "--epochs", "2000"), {"--max-steps", "1"}));
  Process process({PARE_BINARY, "resume", "run", "--lease", "0.5"});
  while (process.is_running() && steps_written("run") < 30) std::this_thread::sleep_for(milliseconds(1));
  process.signal(SIGSTOP);
  const auto everything = [&] {
    std::map<std::string, std::string> out;
    for (const auto &entry : fs::directory_iterator("run")) out[entry.path().filename()] = read(entry.path().string());
    return out;
  };
  std::this_thread::sleep_for(milliseconds(600));
  const Result other = run({"resume", "run", "--host", "elsewhere", "--data", "cifar10:nowhere"});
  EXPECT_EQ(other.code, 1) << "it takes the folder over, and finds no data";
  auto before = everything();
  EXPECT_TRUE(before.contains("claim-3.json"));
  process.signal(SIGCONT);
  expect_fault_in(process.wait(), 1, "io", {"run: was taken over by process", "on elsewhere"});
  auto after = everything();
  // What it may have been writing when it was stopped has another name.
  std::erase_if(after, [](const auto &file) { return file.first.ends_with(".tmp"); });
  std::erase_if(before, [](const auto &file) { return file.first.ends_with(".tmp"); });
  EXPECT_TRUE(before == after);
}

TEST_F(Resume, GoesOnWithARunByItsFolderAlone) {
  uninterrupted("whole");
  trained(join(small("stopped"), {"--max-steps", "13"}));
  fs::rename("stopped", "moved");
  fs::rename("data", "elsewhere");
  expect_fault_in(run({"resume", "moved"}), 1, "io", {"data"});
  const Result result = run({"resume", "moved", "--data", "cifar10:elsewhere"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_NE(result.err.find("going on at step 13 of 60"), std::string::npos) << result.err;
  EXPECT_TRUE(result.out.ends_with("moved/weights.safetensors\n")) << result.out;
  expect_same_results("whole", "moved");
  // Once more says so, wherever the data are.
  const Result again = run({"resume", "moved"});
  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_EQ(again.err, "the run is complete\n");
  EXPECT_EQ(again.out, result.out);
}

// As a scheduled run begins: nothing but its run.json, whose record says which experiment it is.
TEST_F(Resume, StartsARunOfWhichOnlyRunJsonIsThere) {
  uninterrupted("whole");
  Json run_file = run_json("whole");
  run_file["record"] = Json{{"experiment", {{"name", "first"}}}};
  fs::create_directory("scheduled");
  write("scheduled/run.json", run_file.dump());
  const Result result = run({"resume", "scheduled", "--quiet"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.err, "");
  expect_same_results("whole", "scheduled");
  EXPECT_EQ(run_json("scheduled").at("record").at("experiment").at("name"), "first");
  const Json heartbeat = Json::parse(read("scheduled/heartbeat.json"));
  EXPECT_EQ(heartbeat.at("step"), kSteps);
  EXPECT_EQ(heartbeat.at("steps"), kSteps);
  EXPECT_EQ(heartbeat.at("seconds_left"), 0);
  EXPECT_EQ(heartbeat.at("saved_step"), kSteps);
}

// Its teacher is found in the folder beside it, from wherever it is gone on with.
TEST_F(Resume, FindsTheTeacherBesideTheRun) {
  fs::create_directory("runs");
  trained(small("runs/teacher"));
  trained(join(small("runs/student"), {"--teacher", "runs/teacher/weights.safetensors", "--max-steps", "1"}));
  Json run_file = run_json("runs/student");
  run_file["teacher"]["file"] = "../teacher/weights.safetensors";
  write("runs/student/run.json", run_file.dump());
  const Result result = run({"resume", "runs/student", "--quiet"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(run_json("runs/student").at("teacher").at("file"), "../teacher/weights.safetensors");
  // It must be the one of before.
  write("other.safetensors", read("runs/student/weights.safetensors"));
  expect_fault_in(run({"resume", "runs/student", "--teacher", "other.safetensors"}), 1, "invalid_config",
                  {"other.safetensors: is not the teacher that the run in runs/student was started with: its digest is "});
  fs::rename("runs/teacher", "away");
  expect_fault_in(run({"resume", "runs/student"}), 1, "io", {"../teacher/weights.safetensors"});
  EXPECT_EQ(run({"resume", "runs/student", "--teacher", "away/weights.safetensors", "--quiet"}).code, 0);
}

// A run that goes on has what it was trained to. A rank of half the larger number of channels is no restriction where the
// smaller one is no more than that: three of these layers.
TEST_F(Resume, BeginsAtAProjectionOnce) {
  trained(join(small("teacher"), {"--max-steps", "60"}));
  const Words start = {"--substitute", "Generic_0.5", "--start", "teacher/weights.safetensors"};
  const Result whole = trained(join(small("whole"), start));
  for (const std::string part :
       {"begins at teacher/weights.safetensors: 6 layers projected, 3 of them to the nearest", "% of their energy kept"})
    EXPECT_NE(whole.err.find(part), std::string::npos) << whole.err;
  EXPECT_EQ(whole.err.find("begins as usual"), std::string::npos) << whole.err;
  const Json run = run_json("whole");
  EXPECT_EQ(run.at("start").at("file"), "teacher/weights.safetensors");
  const Json &projected = run.at("record").at("start").at("projected");
  EXPECT_EQ(projected.size(), 6U);
  for (const auto &[layer, entry] : projected.items()) {
    EXPECT_GT(entry.at("energy_kept").get<double>(), 0.1) << layer;
    EXPECT_LT(entry.at("energy_kept").get<double>(), 1) << layer;
  }
  EXPECT_TRUE(run.at("record").at("start").at("drawn").empty());

  trained(join(join(small("stopped"), start), {"--max-steps", "7"}));
  const Result rest = trained(join(small("stopped"), start));
  EXPECT_EQ(rest.err.find("begins at"), std::string::npos) << rest.err;
  expect_same_runs("whole", "stopped");
  // A start of its own, and no other.
  expect_fault_in(train(join(small("whole"), {"--substitute", "Generic_0.5"})), 1, "invalid_config", {"start = none"});
  fs::copy("whole/weights.safetensors", "other.safetensors");
  expect_fault_in(test::run({"resume", "whole", "--start", "other.safetensors"}), 1, "invalid_config",
                  {"is not the start that the run in whole was started with"});
  // Weights of another network are refused, and what has no projection is named.
  expect_fault_in(train(join(small("refused"), {"--substitute", "Generic_0.5", "--start", "other.safetensors"})), 1,
                  "invalid_config", {"other.safetensors", "of the network's", "missing"});
  const Result acdc =
      trained(join(small("acdc"), {"--substitute", "Shuffle_2", "--start", "teacher/weights.safetensors", "--max-steps", "1"}));
  EXPECT_NE(acdc.err.find("begins at teacher/weights.safetensors: no layer is projected"), std::string::npos) << acdc.err;
  EXPECT_NE(acdc.err.find("begins as usual: block1.0.layer.0.conv1, "), std::string::npos) << acdc.err;
}

TEST_F(Resume, WhatIsNoRunIsRefused) {
  const auto refused = [](const Words &words, int code, const std::string &line) {
    const Result result = run(join({"resume"}, words));
    EXPECT_EQ(result.code, code);
    EXPECT_EQ(result.err, "pare: " + line + "\n");
  };
  refused({"nothing"}, 1, "[io] nothing: has no run.json; the folder of a run would be accepted");
  EXPECT_FALSE(fs::exists("nothing"));
  refused({"data"}, 1, "[io] data: has no run.json; the folder of a run would be accepted");
  refused({"data", "--lease", "0.1"}, 2, "[invalid_value] --lease: lease = 0.1 must be a number of seconds from 0.5 to 86400");
  refused({"data", "--host", ""}, 2, "[invalid_value] --host: host = \"\" must be a name");
  trained(join(small("run"), {"--max-steps", "1"}));
  refused({"run", "--teacher", "run/run.json"}, 2,
          "[usage] --teacher: the run in run has no teacher; without it would be accepted");
  refused({"run", "--data", "cifar100:data"}, 1,
          "[invalid_config] run: data = cifar100, but the run was started with cifar10; the same command, or another folder "
          "would be accepted");
}

// What has been trained is not begun anew where the checkpoints were left behind.
TEST_F(Resume, HalfOfARunIsRefused) {
  trained(join(small("run"), {"--max-steps", "25"}));
  for (const std::string &name : checkpoints("run")) fs::remove("run/" + name);
  const std::string metrics_before = read("run/metrics.jsonl");
  expect_fault_in(
      run({"resume", "run", "--quiet"}), 1, "invalid_file",
      {"run: has saved at step 25, and no checkpoint; the whole folder of the run, or another folder would be accepted"});
  EXPECT_EQ(read("run/metrics.jsonl"), metrics_before);
  uninterrupted("done");
  for (const std::string &name : checkpoints("done")) fs::remove("done/" + name);
  EXPECT_EQ(run({"resume", "done"}).err, "the run is complete\n");
  fs::remove("done/result.json");
  expect_fault_in(run({"resume", "done", "--quiet"}), 1, "invalid_file",
                  {"done: has weights.safetensors, and no checkpoint; "});
  EXPECT_TRUE(fs::exists("done/weights.safetensors"));
}

TEST_F(Resume, WhatCannotBeChangedIsNamed) {
  const Words words = small("run");
  trained(join(words, {"--max-steps", "2"}));
  const std::string before = read("run/run.json");
  const auto refused = [&](const Words &changed, const std::string &difference) {
    expect_fault_in(train(changed), 1, "invalid_config", {"run", difference});
  };
  refused(with(words, "--batch", "20"), "protocol.batch = 20, but the run was started with 10");
  refused(with(words, "--epochs", "4"), "protocol.epochs = 4, but the run was started with 3");
  refused(with(words, "--learning-rate", "0.1"), "learning_rate");
  refused(with(words, "--set", "schedule.milestones=2"), "milestones");
  refused(with(words, "--seed", "1"), "seed = 1, but the run was started with 0");
  refused(with(words, "--micro-batch", "5"), "micro");
  refused(with(words, "--precision", "bf16"), "precision");
  refused(with(words, "--substitute", "Shuffle_2"), "substitute = Shuffle_2, but the run was started with none");
  Words other = words;
  other[0] = "wide_resnet:depth=10,width=0.5";
  refused(other, "network");
  // Other images, at the same path.
  fs::rename("data", "data_before");
  output({"data", "synthesize", "--like", "cifar10", "--classes", "10", "--images", "200", "--seed", "1", "data"});
  refused(words, "fingerprint");
  fs::remove_all("data");
  // The same ones at another: accepted.
  fs::rename("data_before", "elsewhere");
  EXPECT_EQ(read("run/run.json"), before);
  trained(with(with(words, "--data", "cifar10:elsewhere"), "--max-steps", "3"));
}

TEST_F(Resume, DartsWithAuxiliaryHeadAndDropPath) {
  const auto words = [](const std::string &name) -> Words {
    return {"darts:channels=4,layers=4",
            "--data",
            "cifar10:data",
            "--epochs",
            "2",
            "--batch",
            "40",
            "--set",
            "drop_path=0.4",
            "--threads",
            "1",
            "--checkpoint-every",
            "1",
            "-o",
            name};
  };
  trained(words("whole"));
  const Json protocol = run_json("whole").at("protocol");
  EXPECT_EQ(protocol.at("auxiliary_head"), true); // the protocol's own
  EXPECT_EQ(protocol.at("drop_path"), 0.4);
  // The head is trained and saved with the rest, but is no part of the network.
  const auto count = [&](const Tensors &file) {
    return std::count_if(file.tensors.begin(), file.tensors.end(),
                         [](const auto &entry) { return entry.first.find("auxiliary") != std::string::npos; });
  };
  EXPECT_GT(count(read_tensors("whole/" + checkpoints("whole").back())), 0);
  EXPECT_EQ(count(read_tensors("whole/weights.safetensors")), 0);
  for (const std::int64_t step : {2, 6}) {
    const auto process = start(words("killed"), "killed", step); // 5 steps an epoch; paths are dropped in the second
    process->signal(SIGKILL);
    EXPECT_EQ(process->wait().code, 128 + SIGKILL);
  }
  trained(words("killed"));
  expect_same_runs("whole", "killed");
  // Dropped paths make a difference, or the above would say nothing about them.
  Words without = words("without");
  *(std::find(without.begin(), without.end(), "drop_path=0.4")) = "drop_path=0";
  trained(without);
  EXPECT_NE(read("without/metrics.jsonl"), read("whole/metrics.jsonl"));
}

} // namespace

} // namespace pare::test

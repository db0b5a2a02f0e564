#include "tests/train_run/run_test.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <thread>

// Schedules that are run by pare run and pare-train: killed at any moment, by one runner or several, they come to the same
// bits.

namespace pare::test {

namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

class Schedules : public TrainRun {
protected:
  void SetUp() override {
    TrainRun::SetUp();
    write("experiments.json", R"({
      "schema": "pare.experiments/1", "name": "small", "data": "cifar10:data",
      "set": {"epochs": 3, "batch": 10, "learning_rate": 0.05, "schedule.milestones": "1,2"},
      "teachers": {"teacher": {"network": "wide_resnet:depth=10,width=0.25"}},
      "experiments": [{"network": "wide_resnet:depth=10,width=0.25", "substitute": ["Generic_0.5", "Shuffle_2"],
                       "teacher": "teacher"}]})");
    output({"schedule", "experiments.json", "-o", "schedule.json"});
  }
  static Words words(const std::string &runs) { return {"run", "schedule.json", "--jobs", "2", "--runs", runs}; }
  /// Names of the run folders.
  std::vector<std::string> folders(const std::string &runs) const {
    std::vector<std::string> out;
    for (const auto &entry : fs::directory_iterator(folder() / runs)) out.push_back(entry.path().filename());
    std::sort(out.begin(), out.end());
    return out;
  }
  void expect_same(const std::string &one, const std::string &other) const {
    ASSERT_EQ(folders(one).size(), 3U);
    EXPECT_EQ(folders(one), folders(other));
    for (const std::string &run : folders(one)) {
      EXPECT_TRUE(read(one + "/" + run + "/weights.safetensors") == read(other + "/" + run + "/weights.safetensors")) << run;
      EXPECT_EQ(read(one + "/" + run + "/metrics.jsonl"), read(other + "/" + run + "/metrics.jsonl"));
    }
  }
  /// The process of a run that has a claim which is not released; 0: none.
  static pid_t trainer(const std::string &run) {
    std::error_code gone;
    for (const auto &entry : fs::directory_iterator(run, gone))
      if (const std::string name = entry.path().filename(); name.starts_with("claim-")) {
        std::ifstream in(entry.path());
        std::stringstream text;
        text << in.rdbuf();
        const Json claim = Json::parse(text.str(), nullptr, false);
        if (!claim.is_discarded() && !claim.at("released").get<bool>()) return claim.at("pid");
      }
    return 0;
  }
};

TEST_F(Schedules, KilledAtRandomMomentsComeToTheSame) {
  const Result whole = run(words("whole"));
  EXPECT_EQ(whole.code, 0) << whole.err;
  EXPECT_EQ(whole.out, "small: 3 done\n");
  std::mt19937 random(20191229);
  for (int i = 0; i < 10; ++i) {
    Process runner(join({PARE_BINARY}, words("killed")));
    std::this_thread::sleep_for(milliseconds(100 + random() % 900));
    if (i % 3 != 2) {
      runner.signal(SIGKILL);
      runner.wait();
      continue;
    }
    // A trainer: the runner goes on with it by itself. Then the runner is asked to end.
    for (const std::string &name : folders("killed"))
      if (const pid_t pid = trainer("killed/" + name); pid > 0) ::kill(pid, SIGKILL);
    std::this_thread::sleep_for(milliseconds(random() % 500));
    runner.signal(SIGTERM);
    const Result ended = runner.wait();
    EXPECT_TRUE(ended.code == 0 || ended.code == 128 + SIGTERM) << ended.code << ended.err;
  }
  const Result last = run(words("killed"));
  EXPECT_EQ(last.code, 0) << last.err;
  EXPECT_EQ(last.out, "small: 3 done\n");
  expect_same("whole", "killed");
  EXPECT_EQ(output({"status", "schedule.json", "--runs", "killed"}).substr(0, 14), "small: 3 done\n");
  EXPECT_EQ(json({"status", "schedule.json", "--runs", "killed", "--format", "json"}).at(0).at("state"), "done");

  // The same by two hosts that share the folder, of which one dies: what it trained is taken over when its lease is over.
  const Words shared = join(words("shared"), {"--lease", "0.5"});
  Process dies(join({PARE_BINARY}, join(shared, {"--host", "one"})));
  while (!fs::exists("shared") || folders("shared").empty() || trainer("shared/" + folders("shared")[0]) == 0)
    std::this_thread::sleep_for(milliseconds(1));
  Process lives(join({PARE_BINARY}, join(shared, {"--host", "two"})));
  while (dies.is_running() && lives.err().find("is trained by process") == std::string::npos)
    std::this_thread::sleep_for(milliseconds(1));
  dies.signal(SIGKILL);
  EXPECT_EQ(dies.wait().code, 128 + SIGKILL);
  const Result lived = lives.wait();
  EXPECT_EQ(lived.code, 0) << lived.err;
  EXPECT_EQ(lived.out, "small: 3 done\n");
  expect_same("whole", "shared");

  // The images must be those that the schedule was made for.
  fs::rename("data", "data_before");
  output({"data", "synthesize", "--like", "cifar10", "--classes", "10", "--images", "200", "--seed", "1", "data"});
  const Result other = run({"run", "schedule.json", "--runs", "other", "--retries", "0"});
  EXPECT_EQ(other.code, 1);
  EXPECT_NE(other.out.find("teacher: failed: exit status 1: pare: [invalid_config] --data: cifar10:data is not what the run "
                           "was started with: its fingerprint was "),
            std::string::npos)
      << other.out;
}

// What is trained has the parameters, and the bytes, that were solved for.
TEST_F(Schedules, OfPlansThatAreChosenLayerByLayer) {
  write("layers.json", R"({
    "schema": "pare.experiments/1", "name": "layers", "data": "cifar10:data",
    "set": {"epochs": 2, "batch": 50, "learning_rate": 0.05, "schedule.milestones": "1"},
    "experiments": [{"network": "wrn-10-1", "per_layer": true, "families": [["Generic", "Shuffle"]], "tie": ["none", "stage"],
                     "budgets": [["parameters<=20%", "mult-adds<=60%"]]}]})");
  output({"schedule", "layers.json", "-o", "layers_schedule.json"});
  const Result result = run({"run", "layers_schedule.json", "--jobs", "2", "--runs", "layers"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.out, "layers: 2 done\n");
  const Json schedule = Json::parse(read("layers_schedule.json"));
  ASSERT_EQ(schedule.at("experiments").size(), 2U);
  for (const Json &e : schedule.at("experiments")) {
    const Json &solved = schedule.at("designs").at(e.at("design").get<std::size_t>()).at("network");
    EXPECT_EQ(solved.at("schema"), "pare.solved/1");
    EXPECT_EQ(solved.at("termination").at("reason"), "optimal");
    const std::string name = e.at("name").get<std::string>() + "-" + e.at("identity").get<std::string>().substr(0, 12);
    const Json record = run_json("layers/" + name).at("record");
    EXPECT_EQ(record.at("parameters"), solved.at("achieved").at("parameters")) << name;
    std::size_t bytes = 0;
    std::size_t parameters = 0;
    for (const auto &[tensor, value] : read_tensors("layers/" + name + "/weights.safetensors").tensors) {
      const std::size_t own = value.size() - value.find(']') - 1; // behind type and shape
      bytes += own;
      if (value.starts_with("\"F32\"") && tensor.find(".running_") == std::string::npos) parameters += own / sizeof(float);
    }
    EXPECT_EQ(bytes, solved.at("achieved").at("stored_bytes").get<std::size_t>()) << name;
    EXPECT_EQ(parameters, solved.at("achieved").at("parameters").get<std::size_t>()) << name;
  }
  output({"collate", "layers_schedule.json", "layers", "-o", "layers_results.json"});
  const auto table = parse_csv(
      output({"table", "layers_results.json", "--columns", "setting,families,score,tie,objective", "--format", "csv"}));
  ASSERT_EQ(table.size(), 3U);
  EXPECT_EQ(Words(table[1].begin(), table[1].begin() + 5),
            (Words{"per layer (capacity)", "Generic, Shuffle", "capacity", "none", "sum"}));
  EXPECT_EQ(table[2][3], "stage");
}

} // namespace

} // namespace pare::test

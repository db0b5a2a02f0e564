#pragma once

// What the tests of whole runs share: small sets of images, small networks, and readers of what a run leaves behind that share
// no code with what wrote it.

#include "tests/run.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace pare::test {

using Words = std::vector<std::string>;

/// All words in one list.
Words join(Words first, const Words &second);

/// The words with an option's value set or replaced.
Words with(Words words, const std::string &option, const std::string &value);

/// A safetensors file: its metadata, and per tensor its type, shape and bytes.
struct Tensors {
  std::map<std::string, std::string> metadata;
  std::map<std::string, std::string> tensors;
};
Tensors read_tensors(const std::string &path);

/// The steps of the events in a TensorBoard file, in their order. Checks the frame of each record.
std::vector<std::int64_t> event_steps(const std::string &path);

/// A test in a folder of its own, with "data": 200 images to train on, in CIFAR-10's format.
class TrainRun : public Cli {
protected:
  void SetUp() override;

  /// A short run on it of 3 epochs of 20 steps of 10 images, as words behind "train".
  static Words small(const std::string &folder) {
    return {"wide_resnet:depth=10,width=0.25",
            "--data",
            "cifar10:data",
            "--epochs",
            "3",
            "--batch",
            "10",
            "--learning-rate",
            "0.05",
            "--set",
            "schedule.milestones=1,2",
            "--threads",
            "1",
            "-o",
            folder};
  }
  static constexpr std::int64_t kSteps = 60;
  static constexpr std::int64_t kEpochSteps = 20;

  static Result train(const Words &words) { return run(join({"train"}, words)); }
  /// Expects success.
  static Result trained(const Words &words);
  /// Runs `small` in the folder without a stop.
  static void uninterrupted(const std::string &folder) { trained(small(folder)); }

  /// The lines of its metrics.jsonl.
  std::vector<Json> metrics(const std::string &folder) const;
  Json run_json(const std::string &folder) const { return Json::parse(read(folder + "/run.json")); }
  /// Names of its checkpoints, oldest first.
  std::vector<std::string> checkpoints(const std::string &folder) const;

  /// All that two runs of the same command leave is the same: weights, metrics, last checkpoint and run.json byte for byte, and
  /// the steps of the events.
  void expect_same_runs(const std::string &one, const std::string &other) const;
  /// Their weights and metrics are, whatever they were asked for.
  void expect_same_results(const std::string &one, const std::string &other) const;
};

/// A fault as the last line of stderr, behind what was said before.
void expect_fault_in(Result result, int code, std::string_view tag, const std::vector<std::string> &parts);

} // namespace pare::test

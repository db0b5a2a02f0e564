// The trainer alone: what it tells a reporter, and how a run ends, as values.

#include "train/trainer.hpp"

#include "base/files.hpp"
#include "tests/support.hpp"
#include "train/data/synthesize.hpp"

#include <filesystem>

#include <unistd.h>

namespace pare::train {
namespace {

namespace fs = std::filesystem;

/// Hears everything, and ends the run after so many steps.
class Listener final : public Reporter {
public:
  explicit Listener(std::int64_t steps = INT64_MAX) : steps_(steps) {}
  void line(std::string_view text) override { lines.emplace_back(text); }
  void show(const command::Progress::State &state) override {
    if (state.what.find("validation") == std::string_view::npos) ++shown;
  }
  bool ends() override { return shown >= steps_; }

  std::vector<std::string> lines;
  std::int64_t shown = 0;

private:
  std::int64_t steps_;
};

class TrainerAlone : public testing::Test {
protected:
  static constexpr std::int64_t kImages = 30;
  static constexpr std::int64_t kBatch = 10;

  TrainerAlone() {
    std::string name = (fs::temp_directory_path() / "pare-trainer-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    root_ = name;
    synthesize({.kind = "cifar10", .classes = 3, .images = kImages}, path("data"));
  }
  ~TrainerAlone() override { fs::remove_all(root_); }

  std::string path(const std::string &name) const { return root_ / name; }
  RunConfig config() const {
    RunConfig out;
    out.model.network.spec = "wide_resnet:depth=10,width=0.5,classes=3";
    out.model.input = {.batch = 1, .channels = 3, .height = 32, .width = 32};
    out.data = "cifar10:" + path("data");
    out.protocol = find_protocol("cifar10-wrn");
    out.protocol.name = "tiny";
    out.protocol.batch = kBatch;
    out.protocol.epochs = 2;
    out.protocol.schedule.milestones.clear();
    out.threads = 1;
    return out;
  }
  RunResult of_file() const {
    const std::string file = path("run/result.json");
    return read_result(read_text(file, file), file);
  }

private:
  fs::path root_;
};

TEST_F(TrainerAlone, GivesItsResultAndTellsHowItGoes) {
  Listener listener;
  const RunResult result = train(config(), path("run"), listener);
  EXPECT_EQ(result.ending, Ending::kDone);
  EXPECT_EQ(result.step, 2 * kImages / kBatch);
  EXPECT_EQ(result.steps, result.step);
  EXPECT_EQ(result.epoch, 2);
  EXPECT_GT(result.seconds, 0);
  ASSERT_TRUE(result.last);
  EXPECT_EQ(result.last->epoch, 1);
  EXPECT_TRUE(result.last->synthetic);
  EXPECT_EQ(listener.shown, result.steps);
  EXPECT_FALSE(listener.lines.empty());
  EXPECT_EQ(write_result(of_file()), write_result(result));
  // It is done, and asking again changes nothing.
  Listener again;
  EXPECT_EQ(write_result(train(config(), path("run"), again)), write_result(result));
  EXPECT_EQ(again.shown, 0);
  // A run of before has no result.json, and gets it, with what is known; so does one whose file is damaged or changed.
  for (const char *text :
       {"", "{", R"({"schema": "pare.result/1"})",
        R"({"schema": "pare.result/1", "ending": "diverged", "reason": null, "step": 0, "steps": 0, "epoch": 0,
                               "epochs": 0, "seconds": null, "last": null})"}) {
    fs::remove(path("run/result.json"));
    if (*text != '\0') write_file(path("run/result.json"), text);
    const RunResult known = train(config(), path("run"), again);
    EXPECT_EQ(known.ending, Ending::kDone);
    EXPECT_EQ(known.step, result.step);
    EXPECT_FALSE(known.seconds) << "nobody knows";
    EXPECT_EQ(write_record(known.last.value()), write_record(*result.last));
    EXPECT_EQ(write_result(of_file()), write_result(known));
  }
}

TEST_F(TrainerAlone, EndsWhereItIsAskedToAndGoesOn) {
  Listener whole;
  const RunResult once = train(config(), path("whole"), whole);
  // The second ends in an epoch's validation, which is begun anew.
  for (const std::int64_t steps : {1, 1, 100}) {
    Listener listener(steps);
    const RunResult result = train(config(), path("run"), listener);
    if (steps < 100) {
      EXPECT_EQ(result.ending, Ending::kInterrupted);
      EXPECT_EQ(result.last.has_value(), result.epoch > 0);
    } else {
      EXPECT_EQ(result.ending, Ending::kDone);
      EXPECT_EQ(write_record(result.last.value()), write_record(once.last.value()));
    }
    EXPECT_EQ(write_result(of_file()), write_result(result));
    EXPECT_TRUE(result.seconds);
  }
  // Without a heartbeat nobody knows how long it had taken.
  Listener first(1);
  train(config(), path("old"), first);
  fs::remove(path("old/heartbeat.json"));
  Listener second;
  EXPECT_FALSE(train(config(), path("old"), second).seconds);
  RunConfig shorter = config();
  shorter.max_steps = 2;
  Listener listener;
  const RunResult stopped = train(shorter, path("stopped"), listener);
  EXPECT_EQ(stopped.ending, Ending::kStopped);
  EXPECT_EQ(stopped.step, 2);
  EXPECT_EQ(stopped.reason, "--max-steps 2");
}

TEST_F(TrainerAlone, DivergingIsAResult) {
  RunConfig steep = config();
  steep.protocol.learning_rate = 1e30;
  Listener listener;
  const RunResult result = train(steep, path("run"), listener);
  EXPECT_EQ(result.ending, Ending::kDiverged);
  EXPECT_NE(result.reason.find("not finite"), std::string::npos) << result.reason;
  EXPECT_TRUE(fs::exists(path("run/diverged.safetensors")));
  EXPECT_EQ(of_file().ending, Ending::kDiverged);
  EXPECT_EQ(of_file().reason, result.reason);
}

// Before anything is begun a fault is a fault, and leaves no result.
TEST_F(TrainerAlone, WhatCannotBeginIsAnError) {
  RunConfig wrong = config();
  wrong.model.network.spec = "wide_resnet:depth=10,width=0.5,classes=7";
  Listener listener;
  test::expect_error([&] { train(wrong, path("run"), listener); }, ErrorCode::kInvalidConfig, "--data", "3 classes");
  EXPECT_FALSE(fs::exists(path("run")));
}

} // namespace
} // namespace pare::train

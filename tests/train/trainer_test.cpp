// The trainer alone: what it tells a reporter, and how a run ends, as values.

#include "train/trainer.hpp"

#include "base/digest.hpp"
#include "base/files.hpp"
#include "formats/tensor_file.hpp"
#include "tests/support.hpp"
#include "train/data/synthesize.hpp"
#include "train/plan/checkpoint.hpp"
#include "train/plan/records.hpp"
#include "train/weights.hpp"

#include <algorithm>
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

/// The bytes of a file's tensors by name.
std::map<std::string, std::string> tensors_of(const std::string &file) {
  std::map<std::string, std::string> out;
  for (const auto &[name, tensor] : formats::read_tensor_file(file).tensors) out[name] = tensor.bytes;
  return out;
}

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

/// average = decay average + (1 - decay) weights after each step, and what is best: the same however often it was stopped.
TEST_F(TrainerAlone, AveragesAndKeepsTheBest) {
  RunConfig averaged = config();
  averaged.protocol.ema_decay = 0.75;
  averaged.protocol.epochs = 3;
  averaged.checkpoint_every = 1;
  Listener whole;
  const RunResult once = train(averaged, path("whole"), whole);
  ASSERT_TRUE(once.last.value().validation.ema_top1_error_percent);
  EXPECT_NE(once.last->validation.ema_loss, once.last->validation.loss);
  for (const std::int64_t steps : {2, 3, 100}) {
    Listener listener(steps);
    train(averaged, path("run"), listener);
    if (steps > 3) continue;
    // The last two checkpoints are of neighbouring steps.
    std::vector<std::pair<std::int64_t, formats::TensorFile>> kept;
    for (const auto &entry : fs::directory_iterator(path("run")))
      if (const std::string name = entry.path().filename(); name.starts_with("checkpoint-"))
        kept.emplace_back(std::stoll(name.substr(11)), formats::read_tensor_file(entry.path()));
    std::sort(kept.begin(), kept.end(), [](const auto &a, const auto &b) { return a.first < b.first; });
    ASSERT_EQ(kept.size(), 2U);
    ASSERT_EQ(kept[1].first, kept[0].first + 1);
    for (const char *name : {"conv1.weight", "bn1.running_mean", "bn1.running_var", "fc.bias"}) {
      const auto of = [&](std::size_t i, const std::string &prefix) {
        return tensor_of(kept[i].second.tensors.at(prefix + name));
      };
      const torch::Tensor expected = 0.75 * of(0, "ema.") + 0.25 * of(1, "model.");
      EXPECT_LE((of(1, "ema.") - expected).abs().max().item<double>(), 1e-6) << name;
      EXPECT_FALSE(torch::equal(of(1, "ema."), of(1, "model."))) << name;
    }
  }
  for (const char *file : {"weights.safetensors", "ema.safetensors", "best.safetensors"})
    EXPECT_EQ(tensors_of(path(std::string("run/") + file)), tensors_of(path(std::string("whole/") + file))) << file;
  EXPECT_EQ(read_text(path("run/metrics.jsonl"), ""), read_text(path("whole/metrics.jsonl"), ""));
  // The average that is saved is the last checkpoint's, and the weights are not it.
  const auto last = tensors_of(path("whole/" + checkpoint_file(once.step)));
  for (const char *name : {"conv1.weight", "bn1.running_var"}) {
    EXPECT_EQ(tensors_of(path("whole/ema.safetensors")).at(name), last.at(std::string("ema.") + name)) << name;
    EXPECT_EQ(tensors_of(path("whole/weights.safetensors")).at(name), last.at(std::string("model.") + name)) << name;
  }

  // The first of the epochs with the fewest errors.
  const std::string metrics = path("whole/metrics.jsonl");
  const auto epochs = read_epochs(read_text(metrics, metrics), metrics);
  const auto best = std::min_element(epochs.begin(), epochs.end(), [](const EpochRecord &a, const EpochRecord &b) {
    return a.validation.top1_error_percent < b.validation.top1_error_percent;
  });
  EXPECT_EQ(formats::read_tensor_file(path("whole/best.safetensors")).metadata.at("epoch"), std::to_string(best->epoch));
  // The average is no part of the training.
  RunConfig plain = averaged;
  plain.protocol.ema_decay.reset();
  Listener other;
  train(plain, path("plain"), other);
  EXPECT_EQ(tensors_of(path("plain/weights.safetensors")), tensors_of(path("whole/weights.safetensors")));
  EXPECT_FALSE(fs::exists(path("plain/ema.safetensors")));
}

/// Logits alone are compared where attention has no weight: networks need not have as many taps then, or maps of one size.
TEST_F(TrainerAlone, LearnsFromTheLogitsOfAnotherKindOfNetwork) {
  Listener listener;
  RunConfig teacher = config();
  teacher.model.network.spec = "resnet_cifar:depth=20,width=0.25,classes=3";
  teacher.protocol.epochs = 1;
  train(teacher, path("teacher"), listener);
  RunConfig student = config();
  student.model.network.spec = "mobilenet_v2_cifar:width=0.1,classes=3";
  student.protocol.epochs = 1;
  student.teacher = TeacherConfig{.file = path("teacher/weights.safetensors"),
                                  .checksum = digest_of_file(path("teacher/weights.safetensors")),
                                  .network = teacher.model.network};
  const std::string refused = test::message_of([&] { train(student, path("refused"), listener); });
  EXPECT_NE(refused.find("beta = 0"), std::string::npos) << refused;
  student.protocol.beta = 0;
  student.protocol.distillation = DistillationForm::kHinton;
  student.protocol.distillation_weight = 0.9;
  student.protocol.cross_entropy_weight = 0.1;
  student.protocol.distillation_ramp_epochs = 2;
  const RunResult result = train(student, path("student"), listener);
  ASSERT_EQ(result.ending, Ending::kDone);
  const EpochRecord::Training &losses = result.last.value().train;
  EXPECT_FALSE(losses.attention);
  EXPECT_NEAR(losses.loss, 0.1 * losses.cross_entropy + 0.9 / 2 * losses.kd.value(), 1e-5 * losses.loss);
  const auto epoch = std::find_if(listener.lines.begin(), listener.lines.end(), [](const std::string &line) {
    return line.find("(cross-entropy ") != std::string::npos && line.find("%, distillation ") != std::string::npos;
  });
  EXPECT_NE(epoch, listener.lines.end());
}

/// A short run in which attention is most of what is learned is told so, once.
TEST_F(TrainerAlone, SaysWhereAttentionIsMostOfTheLoss) {
  Listener listener;
  train(config(), path("teacher"), listener);
  const auto said = [&](double beta, const std::string &folder) {
    RunConfig student = config();
    student.teacher = TeacherConfig{.file = path("teacher/weights.safetensors"),
                                    .checksum = digest_of_file(path("teacher/weights.safetensors")),
                                    .network = student.model.network};
    student.protocol.beta = beta;
    student.seed = 1;
    Listener own;
    train(student, path(folder), own);
    return std::count_if(own.lines.begin(), own.lines.end(),
                         [](const std::string &line) { return line.find("a smaller beta than") != std::string::npos; });
  };
  EXPECT_EQ(said(1e6, "much"), 1);
  EXPECT_EQ(said(1e-3, "little"), 0);
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

#include "train/experiments/collate.hpp"

#include "base/files.hpp"
#include "tests/support.hpp"
#include "tests/train_experiments/schedules.hpp"
#include "train/experiments/state.hpp"
#include "train/plan/checkpoint.hpp"
#include "train/plan/run_folder.hpp"
#include "train/plan/run_result.hpp"

#include <filesystem>

namespace pare::train {
namespace {

namespace fs = std::filesystem;
using test::expect_message;

class Collate : public ::testing::Test {
protected:
  Collate()
      : schedule(test::make(test::file(R"("set": {"epochs": 3}, "teachers": {"t": {"network": "wrn-10-1"}},
          "experiments": [{"network": "wrn-10-1", "substitute": ["Generic_0.5", "Shuffle_1"], "teacher": "t"}])"))),
        root(fs::path(testing::TempDir()) / test::test_name(testing::UnitTest::GetInstance()->current_test_info()->name())) {
    fs::remove_all(root);
    fs::create_directories(root / "a");
    fs::create_directories(root / "b");
  }

  static EpochRecord record(std::int64_t epoch, double error) {
    EpochRecord out;
    out.epoch = epoch;
    out.step = 100 * (epoch + 1);
    out.validation.top1_error_percent = error;
    out.validation.top5_error_percent = error / 10;
    out.train.top1_error_percent = error / 2;
    return out;
  }

  /// A run of experiment `index` in folder `where`, as the trainer leaves it after these epochs.
  fs::path run(const char *where, std::size_t index, const std::vector<double> &errors, bool done, std::int64_t saved = -1) {
    const Experiment &e = schedule.experiments[index];
    const fs::path path = root / where / e.folder();
    const RunFolder folder(path.string());
    RunFile file;
    file.config = run_config_of(schedule, e);
    file.record = with_experiment(R"({"device": "cpu", "data_fingerprint": ")" + test::kFingerprint + R"("})", e);
    write_file((path / "run.json").string(), write_run(file));
    std::string metrics;
    for (std::size_t i = 0; i < errors.size(); ++i)
      metrics += write_record(record(static_cast<std::int64_t>(i), errors[i])) + "\n";
    write_file((path / "metrics.jsonl").string(), metrics);
    const auto epochs = static_cast<std::int64_t>(errors.size());
    const std::int64_t step = saved >= 0 ? saved : 100 * epochs;
    write_file((path / "heartbeat.json").string(), write_heartbeat({.step = step + 7, // it went on, and did not save since
                                                                    .seconds = 6,
                                                                    .saved_step = step,
                                                                    .saved_seconds = 5.5}));
    if (done) {
      RunResult result;
      result.step = result.steps = step;
      result.epoch = result.epochs = epochs;
      result.seconds = 7.5;
      result.last = record(epochs - 1, errors.back());
      write_file((path / "result.json").string(), write_result(result));
      write_file((path / "weights.safetensors").string(), "weights");
    } else {
      write_checkpoint(folder, {.position = {.step = step, .epoch = epochs, .batch = 0, .lengths = {}}, .tensors = {}});
    }
    return path;
  }

  Collation collated(const std::vector<const char *> &folders) {
    std::vector<RunsFolder> out;
    for (const char *folder : folders) out.push_back({.path = (root / folder).string(), .name = folder});
    return collate(schedule, out);
  }

  Schedule schedule;
  fs::path root;
};

TEST_F(Collate, TakesTheFurthestOfEach) {
  run("a", 0, {50, 40, 30}, true);
  run("a", 1, {60, 55}, false);
  run("b", 1, {61}, false);
  run("b", 0, {51, 41}, false);
  const Collation found = collated({"b", "a"});
  ASSERT_EQ(found.rows.size(), 3U);
  EXPECT_EQ(found.remarks, std::vector<std::string>{});
  const ResultRow &teacher = found.rows[0];
  EXPECT_EQ(teacher.state, "done");
  EXPECT_EQ(teacher.top1_error_percent, 30);
  EXPECT_EQ(teacher.seconds, 7.5);
  EXPECT_EQ(teacher.source, "a/" + schedule.experiments[0].folder());
  const ResultRow &generic = found.rows[1];
  EXPECT_EQ(generic.state, "unfinished");
  EXPECT_EQ(generic.epoch, 2);
  EXPECT_EQ(generic.epochs, 3);
  EXPECT_EQ(generic.top1_error_percent, 55);
  EXPECT_EQ(generic.train_top1_error_percent, 27.5);
  EXPECT_EQ(generic.teacher, "t");
  EXPECT_EQ(generic.family, "generic");
  EXPECT_EQ(generic.setting, "Generic_0.5");
  EXPECT_EQ(generic.parameters, Count(15178)); // pare cost wrn-10-1 --substitute Generic_0.5
  EXPECT_EQ(generic.original_parameters, Count(77850));
  EXPECT_EQ(found.rows[2].state, "missing");
  EXPECT_FALSE(found.rows[2].top1_error_percent);
}

TEST_F(Collate, CountsOnlyWhatAWholeCheckpointHas) {
  // Three epochs are in the records, and the newest checkpoint is damaged: the run goes on from the one before.
  const fs::path path = run("a", 1, {60, 55, 50}, false, 200);
  EXPECT_EQ(collated({"a"}).rows[1].epoch, 2);
  EXPECT_EQ(collated({"a"}).rows[1].top1_error_percent, 55);
  std::ofstream(path / "checkpoint-300.safetensors") << "cut short";
  const Collation found = collated({"a"});
  EXPECT_EQ(found.rows[1].epoch, 2);
  ASSERT_EQ(found.remarks.size(), 1U);
  EXPECT_TRUE(found.remarks[0].starts_with("a damaged checkpoint is passed over: ")) << found.remarks[0];
  // A copy without checkpoints has what was saved.
  EXPECT_EQ(collate(schedule, {{.path = (root / "a").string(), .name = "host:/a", .is_whole = false}}).rows[1].epoch, 2);
}

TEST_F(Collate, LosesNothingWhereAFolderIsCopiedByHalf) {
  run("a", 0, {50, 40, 30}, true);
  const fs::path half = run("b", 0, {50, 40, 30}, true);
  fs::remove(half / "weights.safetensors");
  EXPECT_EQ(collated({"b"}).rows[0].state, "unfinished");
  EXPECT_EQ(collated({"b"}).rows[0].note, "it is done, and its weights.safetensors is not there");
  EXPECT_EQ(collated({"b", "a"}).rows[0].state, "done");
  write_file((half / "run.json").string(), "{\"schema\": \"pare.r");
  const Collation found = collated({"b", "a"});
  EXPECT_EQ(found.rows[0].state, "done");
  ASSERT_EQ(found.remarks.size(), 1U);
  EXPECT_TRUE(found.remarks[0].starts_with("passed over: b/")) << found.remarks[0];
}

TEST_F(Collate, SaysWhyRunsAreNotDone) {
  RunResult result;
  result.ending = Ending::kDiverged;
  result.reason = "step 7 of epoch 2: the loss is not finite";
  write_file((run("a", 0, {50}, false) / "result.json").string(), write_result(result));
  write_file((run("a", 1, {60}, false) / kFailureFile).string(),
             write_failure({.attempts = 3, .ended = "exit status 1", .lines = {"pare: [io] full"}}));
  result.ending = Ending::kOutOfMemory;
  result.reason = "a step needs more memory than there is";
  write_file((run("a", 2, {}, false) / "result.json").string(), write_result(result));
  const Collation found = collated({"a"});
  EXPECT_EQ(found.rows[0].state, "diverged");
  EXPECT_EQ(found.rows[0].note, "step 7 of epoch 2: the loss is not finite");
  EXPECT_EQ(found.rows[0].top1_error_percent, 50);
  EXPECT_EQ(found.rows[1].state, "failed");
  EXPECT_EQ(found.rows[1].note, "exit status 1 after 3 attempts: pare: [io] full");
  EXPECT_EQ(found.rows[2].state, "failed");
  EXPECT_FALSE(found.rows[2].top1_error_percent);
}

TEST_F(Collate, RefusesRunsThatAreConfiguredOtherwise) {
  const fs::path path = run("a", 1, {60}, false); // of a student, whose teacher is in the schedule by its identity alone
  const std::string file = (path / "run.json").string();
  RunFile changed = read_run(test::read_text(file), file);
  changed.config.teacher->file = "../t/weights.safetensors";
  changed.config.teacher->checksum = std::string(64, 'c');
  write_file(file, write_run(changed));
  EXPECT_EQ(collated({"a"}).rows[1].state, "unfinished");
  changed.config.protocol.batch = 7;
  write_file(file, write_run(changed));
  expect_message([&] { collated({"a"}); },
                 "[invalid_config] a/" + schedule.experiments[1].folder() +
                     ": says that it is wrn_10_1.generic_0.5.student, and is configured otherwise: protocol.batch = 128, but "
                     "the run was started "
                     "with 7; the run.json that it was started with, or this folder moved elsewhere would be accepted");
}

// What is there besides counts.
TEST_F(Collate, RemarksFilesThatCannotBeRead) {
  const fs::path path = run("a", 1, {60, 55}, false);
  write_file((path / "result.json").string(), "{\"schema\": \"pare.r");
  write_file((path / kFailureFile).string(), "{}");
  const Collation found = collated({"a"});
  EXPECT_EQ(found.rows[1].state, "unfinished");
  EXPECT_EQ(found.rows[1].epoch, 2);
  EXPECT_EQ(found.rows[1].top1_error_percent, 55);
  ASSERT_EQ(found.remarks.size(), 2U);
  const std::string shown = "passed over: a/" + schedule.experiments[1].folder();
  EXPECT_TRUE(found.remarks[0].starts_with(shown + "/result.json: ")) << found.remarks[0];
  EXPECT_EQ(found.remarks[1], shown + "/failure.json/schema: \"schema\": \"pare.failure/1\" is expected, and there is none");
}

TEST_F(Collate, PassesOverWhatTheScheduleHasNot) {
  run("a", 0, {50, 40, 30}, true);
  run("a", 1, {60}, false);
  schedule.experiments.pop_back();
  schedule.experiments.pop_back();
  const Collation found = collated({"a"});
  ASSERT_EQ(found.rows.size(), 1U);
  EXPECT_EQ(found.remarks, std::vector<std::string>{"1 run passed over that the schedule does not have"});
}

TEST_F(Collate, SaysThatARunIsDoneTwice) {
  run("a", 0, {50, 40, 30}, true);
  run("b", 0, {50, 40, 31}, true);
  const Collation found = collated({"a", "b"});
  EXPECT_EQ(found.rows[0].top1_error_percent, 30);
  ASSERT_EQ(found.remarks.size(), 1U);
  const std::string folder = schedule.experiments[0].folder();
  EXPECT_EQ(found.remarks[0], "t is done twice: 30 % in a/" + folder + ", and 31 % in b/" + folder + "; the first is taken");
  expect_message([&] { collated({"nowhere"}); },
                 "[io] nowhere: cannot be read: No such file or directory; a folder of runs would be accepted");
}

} // namespace
} // namespace pare::train

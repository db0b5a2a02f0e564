// What run folders say, made by hand.

#include "tests/train_experiments/runs.hpp"
#include "train/plan/records.hpp"

namespace pare::train {
namespace {

using test::expect_message;

class States : public Runs {
protected:
  static constexpr const char *kRun = "runs/a";
  static RunStatus status() { return run_status(kRun, file_system_seconds("runs")); }
  static void put(const std::string &name, std::string_view text) { write(std::string(kRun) + "/" + name, text); }
  static EpochRecord epoch(std::int64_t number) {
    EpochRecord out;
    out.epoch = number;
    out.step = (number + 1) * 20;
    out.validation.top1_error_percent = 50.5 - static_cast<double>(number);
    return out;
  }
};

TEST_F(States, OfAFolderThatIsNotThereOrHoldsOnlyClaims) {
  EXPECT_EQ(status().state, RunState::kMissing);
  put_claim(kRun, {.token = "t", .host = "b", .pid = 1}); // of one who is about to begin
  EXPECT_EQ(status().state, RunState::kMissing);
}

TEST_F(States, OfHalfOfACopiedFolder) {
  put("weights.safetensors", "");
  const RunStatus half = status();
  EXPECT_EQ(half.state, RunState::kFailed);
  EXPECT_EQ(half.reason, "holds files, and no run.json; an empty folder, or that of a run would be accepted");
}

TEST_F(States, OfOneThatTrains) {
  put("run.json", "{}");
  put_claim(kRun, {.token = "t", .host = "b", .pid = 12}, 59);
  put("heartbeat.json",
      write_heartbeat({.step = 47, .seconds = 4.5, .steps = 60, .seconds_left = 1.25, .saved_step = 40, .saved_seconds = 4}));
  std::string metrics;
  for (int i = 0; i < 2000; ++i)
    metrics +=
        write_record(StepRecord{.step = i, .epoch = 0, .loss = 1, .cross_entropy = {}, .kd = {}, .attention = {}}) + "\n";
  put("metrics.jsonl", metrics + write_record(epoch(0)) + "\n" + write_record(epoch(1)) + "\n{\"step\":41,\"ep");
  const RunStatus running = status();
  EXPECT_EQ(running.state, RunState::kRunning);
  EXPECT_EQ(running.claimant, "process 12 on b");
  EXPECT_EQ(running.step, 47);
  EXPECT_EQ(running.steps, 60);
  EXPECT_EQ(running.seconds, 4.5);
  EXPECT_EQ(running.seconds_left, 1.25);
  EXPECT_EQ(running.epoch, 2);
  EXPECT_EQ(running.top1_error_percent, 49.5);
  // Its host has died: how far it came is known still.
  put_claim(kRun, {.token = "t", .host = "b", .pid = 12}, 61);
  const RunStatus left = status();
  EXPECT_EQ(left.state, RunState::kUnfinished);
  EXPECT_EQ(left.claimant, "");
  EXPECT_EQ(left.step, 47);
}

TEST_F(States, ByHowTheyEnded) {
  put("run.json", "{}");
  EXPECT_EQ(status().state, RunState::kUnfinished);
  const auto with = [&](Ending ending, const std::string &reason) {
    put("result.json", write_result(result(ending, reason)));
    return status();
  };
  EXPECT_EQ(with(Ending::kInterrupted, "it was asked to").state, RunState::kUnfinished);
  EXPECT_EQ(with(Ending::kStopped, "--max-steps").state, RunState::kUnfinished);
  EXPECT_EQ(with(Ending::kDone, "").state, RunState::kUnfinished) << "its weights are not there";
  put("weights.safetensors", "");
  const RunStatus done = with(Ending::kDone, "");
  EXPECT_EQ(done.state, RunState::kDone);
  EXPECT_EQ(done.seconds, 5.5);
  EXPECT_EQ(done.epoch, 2);
  const RunStatus diverged = with(Ending::kDiverged, "step 3: the loss is not finite");
  EXPECT_EQ(diverged.state, RunState::kDiverged);
  EXPECT_EQ(diverged.reason, "step 3: the loss is not finite");
  EXPECT_EQ(with(Ending::kOutOfMemory, "a step").state, RunState::kOutOfMemory);
  // A file that was cut says nothing: it is asked again when the run goes on.
  put("result.json", "{\"schema\": \"pare.res");
  EXPECT_EQ(status().state, RunState::kUnfinished);
}

TEST_F(States, OfThoseThatWereGivenUp) {
  const RunFailure failure{.attempts = 3, .ended = "signal 9 (Killed)", .lines = {"first", "out \xff of luck"}};
  put("run.json", "{}");
  put("failure.json", write_failure(failure));
  const RunStatus failed = status();
  EXPECT_EQ(failed.state, RunState::kFailed);
  EXPECT_EQ(failed.reason, "signal 9 (Killed) after 3 attempts: out \xef\xbf\xbd of luck");
  EXPECT_EQ(failure_text({.attempts = 1, .ended = "exit status 2", .lines = {}}), "exit status 2");
  const std::string text = write_failure({.attempts = 1, .ended = "exit status 1", .lines = {"a"}});
  EXPECT_EQ(write_failure(read_failure(text, "f")), text);
  expect_message([] { read_failure("{}", "f"); },
                 R"([invalid_file] f/schema: "schema": "pare.failure/1" is expected, and there is none)");
  expect_message([] { read_failure(R"({"schema":"pare.failure/1","attempts":1,"ended":"x","lines":[1]})", "f"); },
                 "[invalid_file] f/lines[0]: lines = 1 must be an array of texts");
}

TEST_F(States, OfAScheduleSayWhoWaits) {
  const Schedule s = schedule({{"teacher", 0}, {"student", 0}, {"steep", 2}, {"orphan", 2}, {"alone", 4}});
  put_done(s, 4);
  write(folder(s, 2) + "/run.json", "{}");
  write(folder(s, 2) + "/result.json", write_result(result(Ending::kDiverged, "at once")));
  const auto states = schedule_status(s, "runs");
  ASSERT_EQ(states.size(), 5U);
  EXPECT_EQ(states[0].state, RunState::kMissing);
  EXPECT_EQ(states[1].state, RunState::kWaiting);
  EXPECT_EQ(states[1].reason, "for its teacher teacher");
  EXPECT_EQ(states[3].reason, "for its teacher steep, which ended otherwise than done: diverged");
  EXPECT_EQ(states[4].state, RunState::kDone);
  EXPECT_EQ(count_text(states), "1 done, 1 diverged, 2 waiting, 1 missing");
  EXPECT_EQ(count_text({}), "no experiments");
}

} // namespace
} // namespace pare::train

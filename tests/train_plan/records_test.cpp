// What a run writes down, and how it ended: written and read from one list of fields, and files of before still read.

#include "train/plan/checkpoint.hpp"
#include "train/plan/records.hpp"
#include "train/plan/run_result.hpp"

#include "tests/support.hpp"

#include <fmt/format.h>

namespace pare::train {
namespace {

using test::expect_message;

// Lines as they were written before there was a list of fields.
constexpr std::string_view kStep = R"({"step":3,"epoch":0,"loss":2.25,"cross_entropy":1.5,"attention":0.75})";
constexpr std::string_view kEpoch =
    R"({"epoch":1,"step":20,"learning_rate":0.1,"train":{"loss":1.5,"cross_entropy":1.25,"attention":0.5,)"
    R"("top1_error_percent":40.0,"top5_error_percent":5.5},"validation":{"loss":1.75,"top1_error_percent":42.5,)"
    R"("top5_error_percent":6.0},"synthetic":true})";

TEST(Records, AreWrittenAsBefore) {
  EXPECT_EQ(write_record(StepRecord{.step = 3, .epoch = 0, .loss = 2.25, .cross_entropy = 1.5, .kd = {}, .attention = 0.75}),
            kStep);
  const EpochRecord epoch{
      .epoch = 1,
      .step = 20,
      .learning_rate = 0.1,
      .train =
          {.loss = 1.5, .cross_entropy = 1.25, .kd = {}, .attention = 0.5, .top1_error_percent = 40, .top5_error_percent = 5.5},
      .validation = {.loss = 1.75, .top1_error_percent = 42.5, .top5_error_percent = 6},
      .synthetic = true};
  EXPECT_EQ(write_record(epoch), kEpoch);
  using Scalars = std::vector<std::pair<std::string, float>>;
  EXPECT_EQ(scalars(epoch), (Scalars{{"epoch/learning_rate", 0.1F},
                                     {"epoch/train_loss", 1.5F},
                                     {"epoch/train_top1_error", 40},
                                     {"epoch/validation_loss", 1.75F},
                                     {"epoch/validation_top1_error", 42.5F},
                                     {"epoch/validation_top5_error", 6}}));
  EXPECT_EQ(scalars(StepRecord{.step = 1, .epoch = 0, .loss = 2, .cross_entropy = {}, .kd = 3.0, .attention = {}}),
            (Scalars{{"step/loss", 2}, {"step/kd", 3}}));
}

TEST(Records, EpochsAreReadAmongSteps) {
  const std::string text = fmt::format("{}\n{}\n{}\n", kStep, kEpoch, kStep);
  const auto epochs = read_epochs(text, "metrics.jsonl");
  ASSERT_EQ(epochs.size(), 1u);
  EXPECT_EQ(write_record(epochs[0]), kEpoch);
  // A run may be killed at any byte.
  for (std::size_t length = 0; length < text.size(); ++length)
    EXPECT_EQ(read_epochs(text.substr(0, length), "metrics.jsonl").size(), length > kStep.size() + kEpoch.size() + 1 ? 1 : 0);
  expect_message([] { read_epochs("{\"validation\": 1}\n", "m"); }, R"([invalid_file] m/train (line 1): "train" is missing)");
  expect_message([] { read_epochs("{}\nx\n", "m"); }, "[invalid_file] m (line 2): parse error at line 1, column 1: syntax "
                                                      "error while parsing value - invalid literal; last read: 'x'");
  std::string text_loss(kEpoch);
  text_loss.replace(text_loss.find("1.75"), 4, "\"no\"");
  expect_message([&] { read_epochs(text_loss + "\n", "m"); },
                 R"([invalid_file] m/validation.loss (line 1): loss = "no" must be a number)");
}

TEST(Results, AreReadAsWritten) {
  RunResult result{.ending = Ending::kDiverged,
                   .reason = "step 3 of epoch 1: the loss is not finite",
                   .step = 3,
                   .steps = 40,
                   .epoch = 0,
                   .epochs = 2,
                   .seconds = 1.5,
                   .last = {}};
  for (const bool is_done : {false, true}) {
    if (is_done) {
      result.ending = Ending::kDone;
      result.reason.clear();
      result.last = read_epochs(std::string(kEpoch) + "\n", "m").front();
    }
    const std::string text = write_result(result);
    const RunResult read = read_result(text, "result.json");
    EXPECT_EQ(write_result(read), text);
    EXPECT_EQ(read.ending, result.ending);
    EXPECT_EQ(read.reason, result.reason);
    EXPECT_EQ(read.steps, 40);
    EXPECT_EQ(read.seconds, 1.5);
    EXPECT_EQ(read.last.has_value(), is_done);
  }
  const std::string text = write_result(result);
  const auto changed = [&](std::string_view what, std::string_view with) {
    std::string out = text;
    out.replace(out.find(what), what.size(), with);
    return out;
  };
  expect_message(
      [&] { read_result(changed("\"done\"", "\"over\""), "r"); },
      R"([invalid_file] r/ending: ending = "over" must be one of done, stopped, interrupted, diverged, out_of_memory)");
  expect_message([&] { read_result(changed("\"steps\": 40", "\"steps\": -1"), "r"); },
                 "[invalid_file] r/steps: steps = -1 must be a whole number from 0 up");
  expect_message([&] { read_result(changed("pare.result/1", "pare.result/2"), "r"); },
                 R"([invalid_file] r/schema: schema = "pare.result/2" must be "pare.result/1")");
}

TEST(Heartbeats, AreReadWhereTheyCanBe) {
  const auto read = read_heartbeat(write_heartbeat({.step = 3, .seconds = 1.5}));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->step, 3);
  EXPECT_EQ(read->seconds, 1.5);
  EXPECT_FALSE(read_heartbeat(write_heartbeat({.step = 3}))->seconds) << "not known";
  for (const char *text : {"", "{}", "{\"step\": 3", "[]"}) EXPECT_FALSE(read_heartbeat(text)) << text;
  const Heartbeat whole{.step = 7, .seconds = 2.5, .steps = 20, .seconds_left = 4.5, .saved_step = 5, .saved_seconds = 1.75};
  const std::string text = R"({"step":7,"seconds":2.5,"steps":20,"seconds_left":4.5,"saved_step":5,"saved_seconds":1.75})";
  EXPECT_EQ(write_heartbeat(whole), text + "\n");
  EXPECT_EQ(write_heartbeat(read_heartbeat(text).value()), text + "\n");
  // Those of before were written when a run saved.
  const auto before = read_heartbeat(R"({"step":3,"seconds":1.5})");
  ASSERT_TRUE(before);
  EXPECT_EQ(before->saved_step, 3);
  EXPECT_EQ(before->saved_seconds, 1.5);
  EXPECT_FALSE(before->steps);
}

TEST(Positions, AreReadAsWritten) {
  const Position position{.step = 7, .epoch = 1, .batch = 2, .lengths = {.metrics = 100, .events = 200}};
  EXPECT_EQ(write_position(position), R"({"step":7,"epoch":1,"batch":2,"metrics_bytes":100,"events_bytes":200})");
  EXPECT_EQ(write_position(read_position(write_position(position), "p")), write_position(position));
  expect_message([] { read_position("{}", "p"); }, R"([invalid_file] p/step: "step" is missing)");
}

} // namespace
} // namespace pare::train

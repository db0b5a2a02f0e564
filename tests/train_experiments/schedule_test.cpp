#include "train/experiments/schedule.hpp"

#include "tests/support.hpp"
#include "tests/train_experiments/schedules.hpp"

#include <nlohmann/json.hpp>

namespace pare::train {
namespace {

using Json = nlohmann::ordered_json;
using test::expect_message;

Schedule sample() {
  return test::make(test::file(R"("teachers": {"t": {"network": "wrn-10-1"}},
    "experiments": [{"network": "wrn-10-1", "substitute": ["Generic_0.5", "ACDC_2"], "teacher": "t"}])"));
}

/// The sample's document with a change.
template <class Change>
std::string changed(const Change &change) {
  Json document = Json::parse(write_schedule(sample()));
  change(document);
  return document.dump();
}

TEST(ScheduleFile, ReadsAsItWasWritten) {
  const std::string text = write_schedule(sample());
  const Schedule again = read_schedule(text, "s.json");
  EXPECT_EQ(write_schedule(again), text);
  check_identities(again, "s.json");
  EXPECT_EQ(write_schedule(sample()), text) << "the same input, the same bytes";
  // The reference's ACDC is a real number where channels are no powers of 2: 4N + 5N log2 N.
  const Schedule real = test::make(test::block(R"("network": "wrn-10-3", "substitute": "ACDC_2")"));
  const Count before = real.designs[0].costs.mult_adds.at("reference");
  ASSERT_FALSE(before.is_whole());
  EXPECT_EQ(read_schedule(write_schedule(real), "s.json").designs[0].costs.mult_adds.at("reference").to_double(),
            before.to_double());
}

TEST(ScheduleFile, SaysWhatIsWrongInIt) {
  const auto refuses = [](const auto &change, std::string_view line) {
    expect_message([&] { read_schedule(changed(change), "s.json"); }, line);
  };
  refuses([](Json &d) { d["schema"] = "pare.schedule/2"; },
          "[invalid_file] s.json/schema: schema = \"pare.schedule/2\" must be \"pare.schedule/1\"");
  refuses(
      [](Json &d) { d["semantics"] = 2; },
      "[invalid_file] s.json/semantics: semantics = 2, and this pare computes by 1: its runs are not those of this file; the "
      "pare that wrote it, or a schedule made anew would be accepted");
  refuses([](Json &d) { d["experiments"][1]["name"] = "t"; },
          "[invalid_file] s.json/experiments[1].name: t is the name of experiments[0] too; another one would be accepted");
  refuses([](Json &d) { d["experiments"][2]["identity"] = d["experiments"][1]["identity"]; },
          "[invalid_file] s.json/experiments[2].identity: wrn_10_1.acdc_2.student is experiments[1] too; each experiment once "
          "would "
          "be accepted");
  refuses(
      [](Json &d) { d["experiments"][1]["teacher"] = std::string(64, '0'); },
      "[invalid_file] s.json/experiments[1].teacher: no experiment has the identity "
      "00000000000000000000000000000...0000000000000000000000000000, of the teacher of wrn_10_1.generic_0.5.student; that of "
      "one in this file would be accepted");
  refuses([](Json &d) { d["experiments"][0]["teacher"] = d["experiments"][1]["identity"]; },
          "[invalid_file] s.json/experiments[0].teacher: teachers in a circle: t needs wrn_10_1.generic_0.5.student needs t; a "
          "first "
          "one without a teacher would be accepted");
  refuses(
      [](Json &d) { std::swap(d["experiments"][0], d["experiments"][1]); },
      "[invalid_file] s.json/experiments[0].teacher: wrn_10_1.generic_0.5.student stands before its teacher t; behind it would "
      "be accepted");
  refuses([](Json &d) { d["experiments"][1]["name"] = "../../etc"; },
          "[invalid_file] s.json/experiments[1].name: name = \"../../etc\" must be letters, digits, . _ - and +, at most 200 "
          "of them, "
          "and neither . nor - first");
  refuses([](Json &d) { d["experiments"][1]["design"] = 3; },
          "[invalid_file] s.json/experiments[1].design: design = 3 must be a whole number from 0 to 2");
  refuses([](Json &d) { d["experiments"][1]["precision"] = "fp8"; },
          "[invalid_file] s.json/experiments[1].precision: precision = \"fp8\" must be one of fp32, tf32, bf16");
  refuses(
      [](Json &d) { d["data"][0]["at"] = "nothing"; },
      "[invalid_file] s.json/data[0].at: data = nothing must be KIND:DIR with KIND one of cifar10, cifar100, fashion-mnist, "
      "mnist, svhn, stl10, tiny-imagenet, imagenet (folder is imagenet)");
}

TEST(ScheduleFile, KnowsThatItWasChanged) {
  std::string text = write_schedule(sample());
  check_identities(read_schedule(text, "s.json"), "s.json");
  // A count that a table would print.
  text.replace(text.find("\"parameters\":77850"), 18, "\"parameters\":77851");
  expect_message(
      [&] { check_identities(read_schedule(text, "s.json"), "s.json"); },
      "[invalid_file] s.json: was changed since it was made: its digest is another; a schedule made anew would be accepted");
  expect_message(
      [&] { check_identities(read_schedule(changed([](Json &) {}), "s.json"), "s.json"); },
      "[invalid_file] s.json: was changed since it was made: its digest is another; a schedule made anew would be accepted");
  // Made by other code, whose identities are others.
  Schedule schedule = sample();
  const std::string own = schedule.experiments[1].identity.substr(0, 12);
  schedule.experiments[1].seed = 5;
  const std::string other = test::message_of([&] { check_identities(schedule, "s.json"); });
  EXPECT_TRUE(other.starts_with("[invalid_file] s.json/experiments[1] (wrn_10_1.generic_0.5.student): it is " + own +
                                ", and what it says comes to "))
      << other;
  schedule.designs[1].model.substitution = "Generic_9";
  expect_message(
      [&] { check_identities(schedule, "s.json"); },
      "[invalid_file] s.json/experiments[1] (wrn_10_1.generic_0.5.student): Generic_9: rank_scale = 9 must be a number in "
      "(0, 1]");
}

TEST(ScheduleFile, RecordsWhatARunIs) {
  const Schedule schedule = sample();
  RunFile run;
  run.record = with_experiment(R"({"parameters": 5})", schedule.experiments[1]);
  const auto recorded = recorded_experiment(run, "run.json");
  ASSERT_TRUE(recorded);
  EXPECT_EQ(recorded->name, "wrn_10_1.generic_0.5.student");
  EXPECT_EQ(recorded->identity, schedule.experiments[1].identity);
  EXPECT_EQ(recorded->teacher, schedule.experiments[0].identity);
  EXPECT_EQ(Json::parse(run.record)["parameters"], 5);
  EXPECT_FALSE(recorded_experiment(RunFile{}, "run.json"));
  run.record = R"({"experiment": {"name": 5}})";
  expect_message([&] { recorded_experiment(run, "run.json"); },
                 "[invalid_file] run.json/record.experiment.name: name = 5 must be text in quotes");
}

} // namespace
} // namespace pare::train

#include "train/experiments/check.hpp"

#include "tests/support.hpp"
#include "tests/train_experiments/schedules.hpp"

namespace pare::train {
namespace {

using test::block;
using test::file;
using test::make;
using Lines = std::vector<std::string>;

Lines of(const std::string &text) { return slips(make(text)); }

TEST(Slips, SettingsCopiedFromAnotherNetwork) {
  // As on 30 January 2019: those of DARTS in the list of WRN-28-10.
  EXPECT_EQ(
      of(file(R"("set": {"auxiliary_head": false}, "protocol": "cifar10-wrn", "experiments": [
      {"network": "wrn-28-10", "data": "cifar10:/nowhere", "substitute": ["Generic_0.03", "Generic_0.06", "Generic_0.12", "Shuffle_1"]},
      {"network": "darts", "data": "cifar10:/nowhere", "substitute": ["Generic_0.03", "Generic_0.06", "Generic_0.12", "Shuffle_2"]}])")),
      Lines{"darts:channels=36,layers=20,classes=10,genotype=darts_v2 and wide_resnet:depth=28,width=10,classes=10 have one "
            "list of settings: Generic_0.03, Generic_0.06, Generic_0.12; was it copied?"});
  EXPECT_EQ(of(block(R"("network": ["wrn-10-1", "wrn-16-1"], "substitute": "Generic", "budgets": "parameters<=20%")")), Lines{})
      << "fitted to budgets";
}

TEST(Slips, TeachersOfOtherData) {
  Schedule schedule = make(file(R"("teachers": {"t": {"network": "wrn-10-1"}},
      "experiments": [{"network": "wrn-10-1", "substitute": "Generic_0.5", "teacher": "t", "seeds": [0, 1]}])"));
  EXPECT_EQ(slips(schedule), Lines{});
  schedule.data.push_back({.spec = "mnist:/m", .max_images = {}, .fingerprint = std::string(64, 'b'), .training_images = {}});
  schedule.experiments[0].data = 1;
  EXPECT_EQ(slips(schedule),
            Lines{"wrn_10_1.generic_0.5.student.seed_0 and 1 more: its teacher t is trained on mnist:/m, and it "
                  "learns fashion-mnist:/nowhere"});
  schedule.experiments[1].teacher.clear();
  schedule.experiments[1].outside_data = "cifar10";
  EXPECT_EQ(slips(schedule)[0],
            "wrn_10_1.generic_0.5.student.seed_0: its teacher was trained on cifar10, and it learns fashion-mnist");
}

TEST(Slips, BudgetsThatAreMissedByFar) {
  EXPECT_EQ(of(block(R"("network": "wrn-10-1", "substitute": "Shuffle", "budgets": "parameters<=30%")")),
            Lines{"wrn_10_1.shuffle_1: Shuffle_1 has parameters 9362, 59.9 % away from parameters<=30%"});
  // Both fits come to the same, which one of them meets well.
  EXPECT_EQ(of(block(R"("network": "wrn-10-1", "substitute": "Shuffle", "budgets": ["parameters<=12.1%", "parameters<=90%"])")),
            Lines{"wrn_10_1.shuffle_1: Shuffle_1 has parameters 9362, 86.6 % away from parameters<=90%"});
  // One of two binds.
  EXPECT_EQ(
      of(block(R"("network": "wrn-10-1", "substitute": "Generic", "budgets": [["parameters<=20%", "mult-adds[macs]<=90%"]])")),
      Lines{});
}

TEST(Slips, WeightDecayOtherThanTheFamilys) {
  // As on 28 January 2019, when it was silently off.
  EXPECT_EQ(
      of(block(R"("network": "wrn-10-1", "substitute": ["Generic_0.5", "SepHashed_0.5"], "set": {"decay_scaling": "off"})")),
      Lines{"decay_scaling of generic is other than the family's own, on, in its one experiment, and is no axis"});
  EXPECT_EQ(of(block(R"("network": "wrn-10-1", "substitute": "Generic_0.5", "set": {"decay_scaling": ["on", "off"]})")),
            Lines{})
      << "an axis";
  EXPECT_EQ(of(block(R"("network": "wrn-10-1", "substitute": "Generic_0.5", "set": {"decay_scaling": ["off", 0.1]})")),
            Lines{});
}

TEST(Slips, ABatchNormOfOneValue) {
  Schedule schedule =
      make(block(R"("network": "resnet-18", "input": [3, 32, 32], "protocol": "fashion-mnist", "set": {"batch": 50})"));
  EXPECT_EQ(slips(schedule), Lines{}) << "nobody knows how many images there are";
  schedule.data[0].training_images = 5000;
  EXPECT_EQ(slips(schedule), Lines{});
  schedule.data[0].training_images = 5001;
  ASSERT_EQ(slips(schedule).size(), 1U);
  EXPECT_TRUE(slips(schedule)[0].starts_with("resnet_18: ")) << slips(schedule)[0];
}

} // namespace
} // namespace pare::train

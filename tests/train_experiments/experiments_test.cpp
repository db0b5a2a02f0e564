#include "train/experiments/experiments.hpp"

#include "analysis/cost_model.hpp"
#include "tests/known_names.hpp"
#include "tests/support.hpp"
#include "tests/train_experiments/schedules.hpp"

namespace pare::train {
namespace {

using test::block;
using test::expect_message;
using test::file;
using test::make;
using test::names;
using Names = std::vector<std::string>;

TEST(Experiments, AreAllCombinationsOfTheirLists) {
  const Schedule schedule = make(file(R"(
    "set": {"epochs": 4},
    "teachers": {"big": {"network": "wrn-10-2"}},
    "experiments": [{"network": "wrn-10-2", "substitute": [null, "Generic_0.5"], "teacher": ["big", null],
                     "set": {"weight_decay": [0.0005, 1e-4]}, "seeds": [0, 7]}])"));
  // big itself is the network as it is, of seed 0 and the standard weight decay, without a teacher.
  EXPECT_EQ(
      names(schedule),
      (Names{"big", "wrn_10_2.student.weight_decay_5e-04.seed_0", "wrn_10_2.student.weight_decay_5e-04.seed_7",
             "wrn_10_2.student.weight_decay_1e-04.seed_0", "wrn_10_2.student.weight_decay_1e-04.seed_7",
             "wrn_10_2.weight_decay_5e-04.seed_7", "wrn_10_2.weight_decay_1e-04.seed_0", "wrn_10_2.weight_decay_1e-04.seed_7",
             "wrn_10_2.generic_0.5.student.weight_decay_5e-04.seed_0", "wrn_10_2.generic_0.5.student.weight_decay_5e-04.seed_7",
             "wrn_10_2.generic_0.5.student.weight_decay_1e-04.seed_0", "wrn_10_2.generic_0.5.student.weight_decay_1e-04.seed_7",
             "wrn_10_2.generic_0.5.weight_decay_5e-04.seed_0", "wrn_10_2.generic_0.5.weight_decay_5e-04.seed_7",
             "wrn_10_2.generic_0.5.weight_decay_1e-04.seed_0", "wrn_10_2.generic_0.5.weight_decay_1e-04.seed_7"}));
  const Experiment &e = schedule.experiments[9];
  EXPECT_EQ(e.teacher, schedule.experiments[0].identity);
  EXPECT_EQ(e.seed, 7U);
  EXPECT_EQ(e.variant, "weight_decay=5e-04");
  EXPECT_EQ(e.setting, "Generic_0.5");
  EXPECT_EQ(e.network, "wide_resnet:depth=10,width=2,classes=10");
  EXPECT_EQ(e.folder(), e.name + "-" + e.identity.substr(0, 12));
  const RunConfig config = run_config_of(schedule, e);
  EXPECT_EQ(config.protocol.epochs, 4);
  EXPECT_EQ(config.protocol.weight_decay, 0.0005);
  EXPECT_EQ(config.model.substitution, "Generic_0.5");
  ASSERT_TRUE(config.teacher);
  EXPECT_EQ(config.teacher->network.spec, "wide_resnet:depth=10,width=2,classes=10");
  check_identities(schedule, "s.json");
}

TEST(Experiments, HaveTheirBudgetsSolved) {
  const Schedule schedule = make(block(
      R"("network": "wrn-28-10", "substitute": ["Generic", "width", "Shuffle_4"], "budgets": ["parameters<=0.8M", ["parameters<=5%", "mult-adds[reference]<=200M"]])"));
  ASSERT_EQ(names(schedule), (Names{"wrn_28_10.generic_0.054", "wrn_28_10.generic_0.124", "wrn_28_10.width_1.47",
                                    "wrn_28_10.width_1.93", "wrn_28_10.shuffle_4"}));
  // README's example, and tests/golden/counts.json.
  const ScheduledDesign &generic = schedule.designs[schedule.experiments[0].design];
  EXPECT_EQ(generic.costs.parameters, 799306);
  EXPECT_EQ(generic.costs.mult_adds.at("reference"), Count(113322250));
  EXPECT_EQ(generic.costs.original_parameters, 36479194);
  EXPECT_EQ(generic.families, Names{"generic"});
  EXPECT_EQ(schedule.experiments[0].budgets, Names{"parameters<=0.8M"});
  EXPECT_EQ(schedule.experiments[1].budgets, Names{"parameters<=5%, mult-adds[reference]<=200M"});
  EXPECT_EQ(schedule.experiments[2].network, "wide_resnet:depth=28,width=10,classes=10");
  EXPECT_EQ(schedule.experiments[4].budgets, Names{});
  EXPECT_EQ(schedule.designs[schedule.experiments[4].design].costs.parameters, 823674);
  for (const Experiment &e : schedule.experiments) {
    const Design design = design_of(run_config_of(schedule, e).model);
    EXPECT_EQ(count(lower(design.network.graph, design.plan).graph).parameters, schedule.designs[e.design].costs.parameters);
  }
}

// A width may be above the network's own, as far as is asked for.
TEST(Experiments, SayHowWideIsTried) {
  const std::string asked = R"("network": "wrn-10-1", "substitute": "width", "budgets": ["parameters<=1G"])";
  EXPECT_EQ(names(make(block(asked))), Names{"wrn_10_1.width_4"});
  EXPECT_EQ(names(make(block(asked + R"(, "max_width": 2.5)"))), Names{"wrn_10_1.width_2.5"});
  expect_message([&] { make(block(asked + R"(, "max_width": 0.5)")); },
                 "[invalid_file] e.json/experiments[0].max_width: max_width = 0.5 must be a "
                 "number from 1 to 1024: times the network's own width");
  expect_message([&] { make(block(R"("network": "wrn-10-1", "substitute": "Generic_0.1", "max_width": 2)")); },
                 "[invalid_file] e.json/experiments[0].max_width: it is of the substitute \"width\", which is not asked for");
}

TEST(Experiments, RunEqualOnesOnce) {
  // beta changes nothing without a teacher, and Shuffle_2 and Shuffle_3 are one structure in wrn-28-10.
  EXPECT_EQ(names(make(block(R"("network": "wrn-28-10", "substitute": ["Shuffle_2", "Shuffle_3"])"))),
            Names{"wrn_28_10.shuffle_2"});
  EXPECT_EQ(
      names(make(file(R"("teachers": {"t": {"network": "wrn-10-1"}},
      "experiments": [{"network": "wrn-10-1", "substitute": "Generic_0.5", "teacher": ["t", null], "set": {"beta": [1, 10]}}])"))),
      (Names{"t", "wrn_10_1.generic_0.5.student.beta_1", "wrn_10_1.generic_0.5.student.beta_10", "wrn_10_1.generic_0.5"}));
  // Weight decay of families that are not there.
  EXPECT_EQ(names(make(block(
                R"("network": "wrn-10-1", "substitute": ["Generic_0.5", null], "set": {"decay_scaling": ["on", "off"]})"))),
            (Names{"wrn_10_1.generic_0.5.decay_scaling_on", "wrn_10_1.generic_0.5.decay_scaling_off", "wrn_10_1"}));
}

TEST(Experiments, LeaveOutWhatCannotBeMetWhereTheyAreAskedTo) {

  expect_message(
      [&] { make(block(R"("network": "wrn-28-10", "substitute": "Shuffle", "budgets": "parameters<=0.2M")")); },
      "[invalid_config] e.json: 1 budget cannot be met: wrn_28_10.shuffle, parameters<=0.2M: even the smallest setting "
      "that every one of these layers accepts has parameters 321514 > 200000; other budgets, or \"when_infeasible\": "
      "\"leave_out\" would be accepted");
  const Schedule schedule = make(block(
      R"("network": "wrn-28-10", "substitute": ["Shuffle", "Generic"], "budgets": ["parameters<=0.2M", "parameters<=0.8M"], "when_infeasible": "leave_out")"));
  EXPECT_EQ(names(schedule), (Names{"wrn_28_10.shuffle_5", "wrn_28_10.generic_0.054"}));
  ASSERT_EQ(schedule.left_out.size(), 2U);
  EXPECT_EQ(schedule.left_out[0].name, "wrn_28_10.shuffle, parameters<=0.2M");
}

TEST(Experiments, OfTeachersOfTeachers) {
  const Schedule schedule =
      make(file(R"("teachers": {"small": {"network": "wrn-10-1", "teacher": "big"}, "big": {"network": "wrn-10-2"}},
      "experiments": [{"network": "wrn-10-1", "substitute": "Generic_0.5", "teacher": ["small", "big"]}])"));
  EXPECT_EQ(names(schedule), (Names{"big", "small", "wrn_10_1.generic_0.5.student.small", "wrn_10_1.generic_0.5.student.big"}));
  EXPECT_EQ(schedule.experiments[1].teacher, schedule.experiments[0].identity);
  EXPECT_EQ(schedule.experiments[3].variant, "teacher=big");
}

TEST(Experiments, OfATeacherWithSubstitutes) {
  const Schedule schedule = make(file(R"("teachers": {"t": {"network": "wrn-10-1", "substitute": "Generic_0.5"}},
      "experiments": [{"network": "wrn-10-1", "substitute": "Shuffle_1", "teacher": "t"}])"));
  const RunConfig config = run_config_of(schedule, schedule.experiments[1]);
  const Design teacher = teacher_design_of(config);
  EXPECT_EQ(count(lower(teacher.network.graph, teacher.plan).graph).parameters, 15178); // pare cost
  RunFile file;
  file.config = config;
  EXPECT_EQ(read_run(write_run(file), "run.json").config.teacher->substitution, "Generic_0.5");
}

TEST(Experiments, OfOneConfigurationDifferInTheirSeedsOnly) {
  const auto configurations = [](const std::string &members) {
    std::vector<std::string> out;
    for (const Experiment &e : make(file(members)).experiments) out.push_back(e.configuration);
    return out;
  };
  const auto of = configurations(R"("teachers": {"t": {"network": "wrn-10-1"}, "u": {"network": "wrn-10-1", "seed": 1}},
      "experiments": [{"network": "wrn-10-1", "substitute": "Generic_0.5", "teacher": ["t", "u"], "seeds": [0, 1]},
                      {"network": "wrn-10-1", "substitute": "Generic_0.5", "set": {"batch": 64}}])");
  ASSERT_EQ(of.size(), 7U);
  EXPECT_EQ(of[0], of[1]) << "teachers that differ in their seeds";
  EXPECT_EQ(of[2], of[3]);
  EXPECT_EQ(of[2], of[4]) << "and their students";
  EXPECT_NE(of[0], of[2]);
  EXPECT_NE(of[6], of[2]);
}

TEST(Experiments, MeetTheBudgetsOfAllThatTheyAre) {
  const Schedule schedule =
      make(block(R"("network": "wrn-10-1", "substitute": "Generic", "budgets": ["parameters<=20%", "parameters<=15500"])"));
  ASSERT_EQ(names(schedule), Names{"wrn_10_1.generic_0.52"});
  EXPECT_EQ(schedule.experiments[0].budgets, (Names{"parameters<=20%", "parameters<=15500"}));
}

TEST(Experiments, SayWhatIsWrongInThem) {
  const auto refuses = [](const std::string &text, std::string_view line) { expect_message([&] { make(text); }, line); };
  refuses(R"({"schema": "pare.schedule/1"})",
          "[invalid_file] e.json/schema: schema = \"pare.schedule/1\" must be \"pare.experiments/1\"");
  refuses(file(R"("experiments": [])"), "[invalid_file] e.json: asks for no experiment; \"experiments\": [{\"network\": ...}], "
                                        "or \"teachers\" would be accepted");
  refuses(block(R"("network": "wrn-10-1", "seed": 3)"),
          "[invalid_file] e.json/experiments[0].seed: unknown key \"seed\"; known: data, protocol, precision, set, network, "
          "substitute, budgets, where_possible, max_width, input, per_layer, families, score, tie, objective, candidates, "
          "multiple_of, "
          "exclude, fix, "
          "teacher, seeds, tag, when_infeasible; did you mean seeds?");
  refuses(block(R"("network": "wrn-10-1", "teacher": "nobody")"),
          "[invalid_file] e.json/experiments[0].teacher: teacher = \"nobody\" must be null, as the file has no \"teachers\"");
  refuses(
      file(R"("teachers": {"big": {"network": "wrn-10-1"}}, "experiments": [{"network": "wrn-10-1", "teacher": "bog"}])"),
      "[invalid_file] e.json/experiments[0].teacher: teacher = \"bog\" must be null or one of \"teachers\": big; did you mean "
      "big?");
  refuses(
      file(R"("teachers": {"a": {"network": "wrn-10-1", "teacher": "b"}, "b": {"network": "wrn-10-1", "teacher": "a"}})"),
      "[invalid_file] e.json/teachers.b.teacher: teachers in a circle: a needs b needs a; a first one without a teacher would "
      "be accepted");
  refuses(
      file(R"("teachers": {"a": {"network": "wrn-10-1", "set": {"batch": [1, 2]}}})"),
      "[invalid_file] e.json/teachers.a.set.batch[1]: a teacher is one run; one value, or another teacher for the second would "
      "be accepted");
  refuses(
      file(R"("experiments": [{"network": "wrn-10-1", "set": {"epochs": 3}}, {"network": "wrn-10-1", "set": {"epochs": 4}}])"),
      "[invalid_file] e.json/experiments[1]: wrn_10_1 would be the name of another experiment too, that of "
      "e.json/experiments[0]; \"tag\": a word that is added to the names here would be accepted");
  refuses(block(R"("network": "wrn-10-1", "protocol": "nothing")"),
          "[unknown_name] e.json/experiments[0].protocol: protocol: unknown protocol \"nothing\"; known: cifar10-wrn, "
          "cifar10-darts, cifar100-wrn, cifar100-darts, fashion-mnist, mnist, svhn-wrn, stl10-wrn, tiny-imagenet-wrn, "
          "imagenet-wrn-50-2, "
          "imagenet-mobilenet-v2, or a file (pare.protocol/1)");
  refuses(
      block(R"("network": "wrn-10-1", "set": {"betta": 3})"),
      "[unknown_name] e.json/experiments[0]: protocol/betta: unknown key \"betta\"; known: name, description, data, "
      "for_networks, batch, epochs, learning_rate, warmup_epochs, momentum, nesterov, weight_decay, decay_norms_and_biases, "
      "schedule.kind, schedule.milestones, "
      "schedule.factor, augmentation.kind, augmentation.size, augmentation.pad, augmentation.flip, augmentation.cutout, "
      "augmentation.mean, augmentation.std, augmentation.evaluation, augmentation.evaluation_resize, alpha, beta, temperature, "
      "distillation, distillation_weight, cross_entropy_weight, distillation_ramp_epochs, label_smoothing, attention, "
      "attention_resize, auxiliary_head, drop_path, clip_grad, ema_decay, decay_scaling, recompute; did you mean beta?");
  refuses(block(R"("network": "wrn-10-1", "set": {"beta": 3})"),
          "[invalid_file] e.json/experiments[0].set.beta: beta has no effect without a teacher; a teacher would use it: no "
          "experiment here depends on it");
  refuses(block(R"("network": "wrn-10-1", "substitute": "Generic")"),
          "[invalid_file] e.json/experiments[0].substitute: \"Generic\" leaves its setting open; \"budgets\", or a setting "
          "would be "
          "accepted");
  refuses(
      block(R"("network": "wrn-10-1", "substitute": "Generic_0.5", "budgets": "parameters<=5%")"),
      "[invalid_file] e.json/experiments[0].budgets: every substitute has its setting; a family without one would be fitted to "
      "budgets");
  refuses(block(R"("network": "wrn-10-1", "seeds": [1, 1])"),
          "[invalid_file] e.json/experiments[0].seeds[1]: 1 stands in the list twice; each value once would be accepted");
  refuses(block(R"("network": "wrn-10-1", "seeds": [])"),
          "[invalid_file] e.json/experiments[0].seeds: seeds is an empty list; one value at least would be accepted");
  refuses(block(R"("network": "wrn-10-1", "seeds": [-1])"),
          "[invalid_file] e.json/experiments[0].seeds[0]: seed = -1 must be a whole number from 0 to 9007199254740992");
  refuses(block(R"("network": "wrn-10-l")"),
          "[unknown_name] e.json/experiments[0].network: network: unknown network \"wrn-10-l\"; known: " PARE_KNOWN_NETWORKS
          ", or a file (pare.network/1 or pare.solved/1)");
}

} // namespace
} // namespace pare::train

// Plans that are chosen layer by layer, in experiments files.

#include "train/experiments/per_layer.hpp"

#include "analysis/cost_model.hpp"
#include "base/files.hpp"
#include "solver/mixed/mixed.hpp"
#include "tests/known_names.hpp"
#include "tests/support.hpp"
#include "tests/train_experiments/schedules.hpp"
#include "train/experiments/check.hpp"
#include "train/experiments/collate.hpp"
#include "train/experiments/experiments.hpp"

#include <filesystem>
#include <set>

namespace pare::train {
namespace {

using test::block;
using test::expect_message;
using test::file;
using test::make;
using test::names;
using Words = std::vector<std::string>;

/// An entry of wrn-10-1, chosen layer by layer.
std::string per_layer(const std::string &members) { return block(R"("network": "wrn-10-1", "per_layer": true, )" + members); }

Design design_of_experiment(const Schedule &schedule, std::size_t at) {
  return design_of(run_config_of(schedule, schedule.experiments[at]).model);
}

std::string setting_at(const Design &design, const std::string &layer) { return design.plan.find(layer)->text(); }

TEST(PerLayer, IsSolvedForEachOfItsBudgets) {
  const Schedule schedule = make(per_layer(R"("budgets": ["parameters<=20%", ["parameters>=5%", "mult-adds<=30%"]])"));
  ASSERT_EQ(names(schedule),
            (Words{"wrn_10_1.per_layer_parameters_20pct", "wrn_10_1.per_layer_parameters_min_5pct_mult_adds_30pct"}));
  EXPECT_EQ(schedule.experiments[0].setting, "per layer (capacity)");
  EXPECT_EQ(schedule.experiments[0].network, "wide_resnet:depth=10,width=1,classes=10");
  EXPECT_EQ(schedule.experiments[1].budgets, Words{"parameters>=5%, mult-adds[macs]<=30%"});
  const ExperimentCosts &costs = schedule.designs[schedule.experiments[1].design].costs;
  EXPECT_GE(costs.parameters * 20, costs.original_parameters);
  EXPECT_LE(costs.mult_adds.at("macs").whole() * 10, costs.original_mult_adds.at("macs").whole() * 3);
  // What is trained is what solving the same by itself gives.
  MixedRequest request;
  request.budgets = {parse_budget("parameters<=20%")};
  const Solution solution = solve_mixed(make_network("wrn-10-1"), request);
  const Design design = design_of_experiment(schedule, 0);
  EXPECT_TRUE(design.plan.layers == solution.plan.layers);
  const std::int64_t parameters = count(lower(design.network.graph, design.plan).graph).parameters;
  EXPECT_EQ(Count(parameters), solution.costs->at({}));
  EXPECT_EQ(parameters, schedule.designs[schedule.experiments[0].design].costs.parameters);
  EXPECT_LE(parameters * 5, costs.original_parameters);
  check_identities(schedule, "s.json");
}

TEST(PerLayer, TiesShareTheirSetting) {
  const Schedule schedule = make(per_layer(
      R"("families": "Generic", "budgets": "parameters<=17%", "tie": ["none", "stage", [["block1*", "block3.0.layer.0.conv2"]]])"));
  ASSERT_EQ(schedule.experiments.size(), 3U);
  EXPECT_EQ(schedule.experiments[0].name, "wrn_10_1.per_layer_parameters_17pct.generic");
  EXPECT_EQ(schedule.experiments[1].name, "wrn_10_1.per_layer_parameters_17pct.generic.tie_stage");
  EXPECT_TRUE(schedule.experiments[2].name.starts_with("wrn_10_1.per_layer_parameters_17pct.generic.tie_groups_"));
  const Design stage = design_of_experiment(schedule, 1);
  for (const std::string block : {"block1", "block2", "block3"})
    EXPECT_EQ(setting_at(stage, block + ".0.layer.0.conv1"), setting_at(stage, block + ".0.layer.0.conv2"));
  const Design groups = design_of_experiment(schedule, 2);
  for (const char *layer : {"block1.0.layer.0.conv2", "block3.0.layer.0.conv2"})
    EXPECT_EQ(setting_at(groups, layer), setting_at(groups, "block1.0.layer.0.conv1"));
  const auto tie_of = [&](std::size_t at) { return schedule.designs[schedule.experiments[at].design].per_layer->tie; };
  EXPECT_EQ(tie_of(0), "none");
  EXPECT_EQ(tie_of(1), "stage");
  EXPECT_EQ(tie_of(2), "groups");
  // Groups alone are one value, and no axis.
  EXPECT_EQ(make(per_layer(R"("families": "Generic", "budgets": "parameters<=17%", "tie": [["block1*"], ["block2*"]])"))
                .experiments.size(),
            1U);
}

TEST(PerLayer, NamesTellDesignsApart) {
  const Schedule schedule = make(per_layer(
      R"("families": ["all", ["Generic", "Shuffle"]], "score": "parameters", "objective": ["sum", "balanced"], "budgets": "parameters<=20%")"));
  EXPECT_EQ(names(schedule),
            (Words{"wrn_10_1.per_layer_parameters_20pct.score_parameters", "wrn_10_1.per_layer_parameters_20pct.balanced",
                   "wrn_10_1.per_layer_parameters_20pct.generic+shuffle.score_parameters",
                   "wrn_10_1.per_layer_parameters_20pct.generic+shuffle.balanced"}));
  const auto &texts = schedule.designs[schedule.experiments[3].design].per_layer;
  ASSERT_TRUE(texts);
  EXPECT_EQ(texts->families, "Generic, Shuffle");
  EXPECT_EQ(texts->score, "parameters");
  EXPECT_EQ(texts->objective, "balanced");
  EXPECT_EQ(texts->setting(), "per layer (balanced)");
  EXPECT_EQ(schedule.designs[schedule.experiments[0].design].per_layer->families, "all");
  // A balanced plan fills by parameters where no score is said.
  EXPECT_EQ(names(make(per_layer(R"("objective": "balanced", "budgets": "parameters<=20%")"))),
            Words{"wrn_10_1.per_layer_parameters_20pct.balanced"});
  // What no column says is a variant. A long list of families is cut.
  const Schedule others = make(per_layer(
      R"("families": [["Generic", "Shuffle", "LR", "TensorTrain", "tucker", "tucker:core=train", "cp"]], "candidates": [20, "all"],
         "multiple_of": 4, "exclude": "block1*", "fix": {"block3.0.layer.0.conv2": "Generic_0.25"}, "budgets": "parameters<=20%")"));
  ASSERT_FALSE(others.experiments.empty());
  const Experiment &e = others.experiments[0];
  EXPECT_TRUE(e.name.starts_with("wrn_10_1.per_layer_parameters_20pct.generic_and_6_")) << e.name;
  EXPECT_TRUE(e.name.ends_with(".candidates_20.multiple_of_4.exclude_block1_.fix_block3.0.layer.0.conv2_generic_0.25"))
      << e.name;
  EXPECT_EQ(e.variant, "candidates=20, multiple_of=4, exclude=block1*, fix=block3.0.layer.0.conv2=Generic_0.25");
  const Design design = design_of_experiment(others, 0);
  EXPECT_EQ(setting_at(design, "block3.0.layer.0.conv2"), "Generic_0.25");
  EXPECT_EQ(design.plan.find("block1.0.layer.0.conv1")->family, baseline_substitute().family);
}

TEST(PerLayer, ATableOfScoresIsAFile) {
  const std::string path = (std::filesystem::temp_directory_path() / "pare-per-layer-scores.csv").string();
  std::string csv = "layer,candidate,score\n";
  for (const std::string stage : {"block1", "block2", "block3"})
    for (const std::string conv : {"conv1", "conv2"})
      for (const char *candidate : {"Conv,0", "Shuffle_1,2"}) csv += stage + ".0.layer.0." + conv + "," + candidate + "\n";
  write_file(path, csv);
  const Schedule schedule =
      make(per_layer(R"("families": "Shuffle_1", "score": "table:)" + path + R"(", "budgets": "parameters<=100%")"));
  std::filesystem::remove(path);
  ASSERT_EQ(schedule.experiments.size(), 1U);
  EXPECT_TRUE(schedule.experiments[0].name.starts_with("wrn_10_1.per_layer_parameters_100pct.shuffle_1.score_table_"));
  EXPECT_EQ(schedule.experiments[0].setting, "per layer (table)");
  EXPECT_EQ(schedule.designs[0].per_layer->score, "table:" + path);
  EXPECT_EQ(setting_at(design_of_experiment(schedule, 0), "block2.0.layer.0.conv1"), "Shuffle_1");
}

TEST(PerLayer, EqualPlansAreOneRun) {
  // Ranks int(0.5 max(c_i, c_o)): 8, 16, 32; as numbers of each layer, and as one setting.
  const Schedule schedule = make(file(R"("experiments": [
    {"network": "wrn-10-1", "substitute": "Generic_0.5"},
    {"network": "wrn-10-1", "per_layer": true, "families": "generic", "budgets": "parameters<=100%",
     "fix": {"block1*": "generic:rank=8", "block2*": "generic:rank=16", "block3*": "Generic_0.5"}},
    {"network": "wrn-10-1", "per_layer": true, "families": "Shuffle", "budgets": "parameters<=90%", "fix": {"*": "Generic_0.5"}},
    {"network": "wrn-10-1", "per_layer": true, "families": "Generic", "budgets": "parameters<=17%"},
    {"network": "wrn-10-1", "per_layer": true, "families": ["Generic"], "budgets": "parameters<=17%", "seeds": [0, 1]},
    {"network": "wrn-10-1", "per_layer": true, "families": "Generic", "budgets": "parameters<=90%", "exclude": "block3*"}])"));
  ASSERT_EQ(names(schedule), (Words{"wrn_10_1.generic_0.5", "wrn_10_1.per_layer_parameters_17pct.generic",
                                    "wrn_10_1.per_layer_parameters_17pct.generic.seed_1",
                                    "wrn_10_1.per_layer_parameters_90pct.generic.exclude_block3_"}));
  EXPECT_EQ(schedule.experiments[0].budgets, (Words{"parameters<=100%", "parameters<=90%"}));
  EXPECT_EQ(schedule.experiments[1].configuration, schedule.experiments[2].configuration);
  EXPECT_NE(schedule.experiments[0].configuration, schedule.experiments[1].configuration);
}

TEST(PerLayer, WhatCannotBeMetIsNamed) {
  expect_message(
      [&] { make(per_layer(R"("families": "Shuffle", "tie": "stage", "exclude": "block3*", "budgets": "parameters<=10%")")); },
      "[invalid_config] e.json: 1 budget cannot be met: wrn_10_1.per_layer.shuffle.tie_stage, "
      "parameters<=10%: no plan meets the budgets among 9 candidates for 2 ties (every structure of a "
      "family that has up to 1000 on a layer, else that many in geometric steps, and each family's uniform answer); "
      "parameters "
      "come to 59810 "
      "at least; other budgets, or \"when_infeasible\": \"leave_out\" would be accepted");
  const Schedule schedule = make(per_layer(
      R"("families": "Shuffle", "budgets": [["parameters>=50%", "mult-adds<=20%"], "parameters<=20%"], "when_infeasible": "leave_out")"));
  EXPECT_EQ(names(schedule), Words{"wrn_10_1.per_layer_parameters_20pct.shuffle"});
  ASSERT_EQ(schedule.left_out.size(), 1U);
  EXPECT_EQ(schedule.left_out[0].name, "wrn_10_1.per_layer.shuffle, parameters>=50%, mult-adds<=20%");
  EXPECT_EQ(schedule.left_out[0].reason,
            "no plan meets the budgets among 30 candidates for 6 layers (every structure of a family that has up "
            "to 1000 on a layer, else that many in geometric steps, and each family's uniform answer); parameters >= 25794 "
            "could be met with the "
            "others; mult-adds[macs] <= 3303040 could be met with the others");
}

TEST(PerLayer, TeachersAreChosenToo) {
  const Schedule schedule = make(file(R"("teachers": {"t": {"network": "wrn-10-1", "per_layer": true, "families": ["Generic"],
      "budgets": ["parameters<=30%", "mult-adds<=50%"]}}, "experiments": [{"network": "wrn-10-1", "substitute": "Shuffle_1", "teacher": "t"}])"));
  EXPECT_EQ(names(schedule), (Words{"t", "wrn_10_1.shuffle_1.student"}));
  EXPECT_EQ(schedule.experiments[0].setting, "per layer (capacity)");
  expect_message(
      [&] {
        make(file(R"("teachers": {"t": {"network": "wrn-10-1", "per_layer": true, "score": ["capacity", "parameters"],
               "budgets": "parameters<=30%"}})"));
      },
      "[invalid_file] e.json/teachers.t.score[1]: a teacher is one run; one value, or another teacher for the second would be "
      "accepted");
}

TEST(PerLayer, ASolvedFileIsOne) {
  const std::string path = (std::filesystem::temp_directory_path() / "pare-per-layer-solved.json").string();
  const Schedule fitted =
      make(per_layer(R"("families": [["Generic", "Shuffle"]], "objective": "balanced", "budgets": "parameters<=20%")"));
  write_file(path, fitted.designs[0].model.network.document);
  const Schedule schedule = make(block(R"("network": ")" + path + "\""));
  const std::string refused =
      test::message_of([&] { make(block(R"("per_layer": true, "budgets": "parameters<=10%", "network": ")" + path + "\"")); });
  std::filesystem::remove(path);
  ASSERT_EQ(names(schedule), Words{"pare_per_layer_solved.per_layer"});
  EXPECT_EQ(schedule.experiments[0].identity, fitted.experiments[0].identity);
  EXPECT_EQ(schedule.experiments[0].setting, "per layer (balanced)");
  EXPECT_EQ(schedule.designs[0].per_layer->families, "Generic, Shuffle");
  EXPECT_EQ(refused, "[invalid_file] e.json/experiments[0].per_layer: " + path +
                         " has substitutes of its own; a network without would be accepted");
}

TEST(PerLayer, AreReadAgainAndCollated) {
  const Schedule schedule = make(file(R"("experiments": [
    {"network": "wrn-10-1", "per_layer": true, "families": "Generic", "tie": "stage", "budgets": "parameters<=17%"},
    {"network": "wrn-10-1", "substitute": "Generic_0.5"}])"));
  EXPECT_EQ(slips(schedule), Words{});
  const std::string text = write_schedule(schedule);
  const Schedule again = read_schedule(text, "s.json");
  EXPECT_EQ(write_schedule(again), text);
  check_identities(again, "s.json");
  const Collation collation = collate(again, {});
  ASSERT_EQ(collation.rows.size(), 2U);
  const ResultRow &row = collation.rows[0];
  EXPECT_EQ(row.setting, "per layer (capacity)");
  EXPECT_EQ(row.family, "generic");
  EXPECT_EQ(row.families, "Generic");
  EXPECT_EQ(row.score, "capacity");
  EXPECT_EQ(row.tie, "stage");
  EXPECT_EQ(row.objective, "sum");
  EXPECT_EQ(row.budgets, "parameters<=17%");
  EXPECT_EQ(collation.rows[1].families, "");
  EXPECT_EQ(collation.rows[1].tie, "");
}

TEST(PerLayer, ASlipIsABudgetThatIsMissedByFar) {
  EXPECT_EQ(slips(make(per_layer(R"("families": "Shuffle_1", "budgets": "parameters<=90%")"))),
            Words{"wrn_10_1.per_layer_parameters_90pct.shuffle_1: per layer (capacity) has parameters 61098, 12.8 % away from "
                  "parameters<=90%"});
}

TEST(PerLayer, SayWhatIsWrongInThem) {
  const auto refuses = [](const std::string &members, std::string_view line) {
    expect_message([&] { make(per_layer(members)); }, line);
  };
  const std::string budget = R"("budgets": "parameters<=20%")";
  refuses(R"("seeds": 1)", "[invalid_file] e.json/experiments[0].per_layer: leaves all settings open; \"budgets\", such as "
                           "\"parameters<=20%\", would be accepted");
  refuses(R"("substitute": "Generic", )" + budget,
          "[invalid_file] e.json/experiments[0].substitute: \"per_layer\" chooses what each layer is replaced "
          "by; \"families\" to choose from instead, or another entry for one substitute of all would be accepted");
  refuses(R"("where_possible": true, )" + budget,
          "[invalid_file] e.json/experiments[0].where_possible: \"per_layer\" takes each family where it is "
          "possible; one of the two would be accepted");
  expect_message([&] { make(block(R"("network": "wrn-10-1", "tie": "stage")")); },
                 "[invalid_file] e.json/experiments[0].tie: tie is of plans that are chosen layer by layer; "
                 "\"per_layer\": true would be accepted");
  refuses(R"("tie": "stages", )" + budget,
          "[invalid_file] e.json/experiments[0].tie: tie = \"stages\" must be none, stage, block, shape, or "
          "groups of layers: [[\"conv1\", \"conv2\"], ...]");
  refuses(R"("tie": [["block1*"], "block2*"], )" + budget,
          "[invalid_file] e.json/experiments[0].tie[1]: a group = \"block2*\" must be a list of layers, by name");
  refuses(R"("tie": [["block9*"]], )" + budget,
          "[unknown_name] e.json/experiments[0].tie: no layer that is chosen for is called \"block9*\"; there "
          "are 6, such as block1.0.layer.0.conv1");
  refuses(R"("families": ["all", "Generik"], )" + budget,
          "[unknown_name] e.json/experiments[0].families[1]: substitution: unknown substitution \"Generik\"; "
          "known: " PARE_KNOWN_SUBSTITUTIONS " (S is a setting); did you mean Generic?");
  refuses(R"("families": [["Generic", "Generic"]], )" + budget,
          "[invalid_file] e.json/experiments[0].families[0][1]: \"Generic\" stands in the list twice; once would "
          "be accepted");
  refuses(R"("families": [[]], )" + budget,
          "[invalid_file] e.json/experiments[0].families[0]: an empty list; one at least would be accepted");
  refuses(R"("score": "size", )" + budget,
          "[unknown_name] e.json/experiments[0].score: score: unknown score \"size\"; known: capacity, "
          "parameters, table, spectral");
  refuses(R"("score": "capacity:scores.csv", )" + budget,
          "[invalid_file] e.json/experiments[0].score: capacity takes no file; capacity alone would be accepted");
  refuses(R"("score": "table", )" + budget,
          "[usage] e.json/experiments[0].score: table needs a file; table:FILE would be accepted");
  refuses(R"("score": "capacity", "objective": "balanced", )" + budget,
          "[usage] e.json/experiments[0].score: the objective balanced fills by parameters; that score, or the "
          "objective sum, would be accepted");
  refuses(R"("objective": "most", )" + budget,
          "[invalid_file] e.json/experiments[0].objective: objective = \"most\" must be sum or balanced");
  refuses(R"("candidates": 0, )" + budget,
          "[invalid_file] e.json/experiments[0].candidates: candidates = 0 must be a whole number from 1 up, "
          "or all");
  refuses(R"("multiple_of": "all", )" + budget,
          "[invalid_file] e.json/experiments[0].multiple_of: multiple_of = \"all\" must be a whole number from 1 "
          "up");
  refuses(R"("exclude": "block4*", )" + budget,
          "[unknown_name] e.json/experiments[0].exclude: no replaceable layer of "
          "wide_resnet:depth=10,width=1,classes=10 is called \"block4*\"; there are 6, such as "
          "block1.0.layer.0.conv1");
  refuses(R"("exclude": ["block1*", "block1*"], )" + budget,
          "[invalid_file] e.json/experiments[0].exclude[1]: \"block1*\" stands in the list twice; once would be "
          "accepted");
  refuses(R"("fix": {"block1*": "Generic"}, )" + budget,
          "[invalid_value] e.json/experiments[0].fix[\"block1*\"]: Generic: Generic needs a setting, as in "
          "Generic_S: S must be a number in (0, 1]");
  refuses(R"("fix": "block1*", )" + budget, "[invalid_file] e.json/experiments[0].fix: \"block1*\" must be an object");
  refuses(R"("budgets": "parameters~20%")",
          "[usage] e.json/experiments[0].budgets: wrn-10-1, per layer/budget parameters~20%: ~ (nearest) is "
          "for one setting of the whole network; per layer, a window of >= and <= would be accepted");
  refuses(R"("budgets": [["parameters<=20%", "parameters<=30%"]])",
          "[usage] e.json/experiments[0].budgets[0]: wrn-10-1, per layer/budget parameters<=30%: parameters "
          "has another <=; one of each would be accepted");
  refuses(R"("budgets": [[]])",
          "[invalid_file] e.json/experiments[0].budgets[0]: an empty list; one at least would be accepted");
}

} // namespace
} // namespace pare::train

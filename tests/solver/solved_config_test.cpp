#include "solver/solved_config.hpp"

#include "analysis/cost_model.hpp"
#include "analysis/network_file.hpp"
#include "tests/known_names.hpp"
#include "tests/support.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>

namespace pare {
namespace {

using nlohmann::ordered_json;
using test::expect_error;
using test::expect_message;

Solution solve(const Network &network, const std::string &substitution, const std::string &budget,
               bool where_possible = false) {
  SolveRequest request;
  request.substitution = substitution;
  request.budgets = {parse_budget(budget)};
  request.conventions = {conventions().begin(), conventions().end()};
  request.where_refused = where_possible ? WhereRefused::kLeaveAsItIs : WhereRefused::kThrow;
  return solve_uniform(network, request);
}

TEST(SolvedConfig, KeysAreThoseOfTheSchema) {
  const std::string text = write_solved(solve(make_network("wrn-28-10"), "Generic", "parameters<=0.8M"), R"({"pare": "test"})");
  const ordered_json solved = ordered_json::parse(text);
  std::vector<std::string> keys;
  for (const auto &[key, value] : solved.items()) keys.push_back(key);
  EXPECT_EQ(keys, (std::vector<std::string>{"schema", "network", "substitution", "plan", "same_network_for", "budgets",
                                            "termination", "achieved", "percent_of_original", "attainable", "next_up",
                                            "nearest", "kept", "conventions", "input", "known_by_search_only", "provenance"}));
  EXPECT_EQ(solved["schema"], "pare.solved/1");
  EXPECT_EQ(solved["network"], "wide_resnet:depth=28,width=10,classes=10");
  EXPECT_EQ(solved["substitution"], "Generic_0.054");
  EXPECT_EQ(solved["plan"].size(), 24U);
  EXPECT_EQ(solved["plan"]["block1.0.layer.0.conv1"], "Generic_0.054");
  EXPECT_EQ(solved["same_network_for"], ordered_json::parse("[0.053125, 0.0546875]")); // 34 / 640 and 35 / 640
  EXPECT_EQ(solved["budgets"], ordered_json::parse(R"([{"metric": "parameters", "convention": null, "relation": "<=",
                                                        "written": "parameters<=0.8M", "limit": 800000, "achieved": 799306}])"));
  EXPECT_EQ(solved["termination"]["reason"], "optimal");
  EXPECT_EQ(solved["termination"]["bound"], 799306);
  EXPECT_EQ(solved["termination"]["gap"], 0);
  EXPECT_EQ(solved["achieved"]["parameters"], 799306);
  EXPECT_TRUE(solved["achieved"]["mult_adds"]["macs"].is_number_integer());
  EXPECT_TRUE(solved["achieved"]["mult_adds"]["reference"].is_number_integer());
  EXPECT_DOUBLE_EQ(solved["percent_of_original"]["parameters"].get<double>(), 100 * 799306.0 / 36479194);
  EXPECT_EQ(solved["attainable"]["quantity"], "parameters");
  EXPECT_TRUE(solved["attainable"]["largest"].is_number_integer());
  EXPECT_EQ(solved["next_up"]["same_network_for"][0], 0.0546875);
  EXPECT_GT(solved["next_up"]["parameters"], 800000);
  EXPECT_EQ(solved["next_up"]["reason"],
            "parameters " + std::to_string(solved["next_up"]["parameters"].get<std::int64_t>()) + " > 800000");
  EXPECT_EQ(solved["nearest"], nullptr);
  EXPECT_EQ(solved["kept"], ordered_json::array());
  EXPECT_EQ(solved["conventions"], ordered_json::array());
  EXPECT_EQ(solved["known_by_search_only"],
            (ordered_json{"same_network_for", "termination.reason", "termination.bound", "termination.gap",
                          "termination.detail", "attainable", "next_up", "nearest", "kept[].reason"}));
  EXPECT_EQ(solved["provenance"]["pare"], "test");
}

TEST(SolvedConfig, AnInfeasibleOneHoldsWhatIsNearest) {
  const Solution solution = solve(make_network("wrn-16-2"), "Generic", "parameters<=1K");
  const std::string text = write_solved(solution, "{}");
  const ordered_json solved = ordered_json::parse(text);
  for (const char *key : {"substitution", "same_network_for", "achieved", "percent_of_original", "next_up"})
    EXPECT_EQ(solved[key], nullptr) << key;
  EXPECT_EQ(solved["plan"], ordered_json::object());
  EXPECT_EQ(solved["termination"]["reason"], "infeasible");
  EXPECT_EQ(solved["nearest"]["below"], nullptr);
  EXPECT_EQ(solved["nearest"]["above"]["parameters"], solved["attainable"]["smallest"]);
  expect_message([&] { read_solved(text, "student.json"); },
                 "[invalid_file] student.json/achieved: this file holds no plan; its termination says why");
}

TEST(SolvedConfig, ReadsBackWhatItWrote) {
  for (const auto &[network, substitution] :
       std::vector<std::pair<std::string, std::string>>{{"wrn-16-4", "Generic"},
                                                        {"wrn-16-4", "ACDC"},
                                                        {"darts:channels=8,layers=4", "Tucker"},
                                                        {"wrn-16-4", "width"},
                                                        {"mobilenet-v2", "LR"}}) {
    SCOPED_TRACE(network + " " + substitution);
    const Solution solution = solve(make_network(network), substitution, "parameters<=90%", true);
    const std::string text = write_solved(solution, "{}");
    EXPECT_EQ(text, write_solved(solve(make_network(network), substitution, "parameters<=90%", true), "{}"))
        << "same input, same bytes";
    const Design design = read_solved(text, "student.json");
    EXPECT_EQ(design.network.name, solution.network.name);
    EXPECT_TRUE(design.is_solved) << "also where the plan is empty: width";
    EXPECT_EQ(design.substitution, solution.substitution);
    EXPECT_EQ(count(lower(design.network.graph, design.plan).graph).parameters, solution.uniform->answer->costs.parameters());
    EXPECT_EQ(ordered_json::parse(text).contains("original"), substitution == "width");
  }
}

// A plan may name its settings either way, whatever the whole is called: they are compared by what they mean.
TEST(SolvedConfig, SettingsGoByEitherName) {
  const Solution solution = solve(make_network("wrn-16-4"), "acdc", "parameters<=0.1M");
  const std::string own = solution.uniform->answer->text;
  ASSERT_TRUE(own.starts_with("acdc:layers=")) << own;
  const std::string text = write_solved(solution, "{}");
  EXPECT_EQ(read_solved(text, "student.json").substitution, own);
  ordered_json document = ordered_json::parse(text);
  const std::string reference = "ACDC_" + std::to_string(static_cast<std::int64_t>(solution.uniform->answer->knob) + 1);
  document["substitution"] = reference;
  document["plan"].begin().value() = reference;
  EXPECT_EQ(read_solved(document.dump(), "student.json").substitution, reference);
}

TEST(SolvedConfig, EmbedsANetworkFromAFile) {
  const Network model = make_network("wrn-16-4");
  const Network network = make_network(read_network(write_network(model.graph, "mine"), "mine.json"));
  const Solution solution = solve(network, "Generic", "parameters<=0.2M");
  const std::string text = write_solved(solution, "{}");
  EXPECT_EQ(ordered_json::parse(text)["network"]["schema"], "pare.network/1");
  const Design design = read_solved(text, "student.json");
  EXPECT_TRUE(design.network.from_file());
  EXPECT_EQ(design.network.name, "mine");
  EXPECT_EQ(count(lower(design.network.graph, design.plan).graph).parameters, solution.uniform->answer->costs.parameters());
}

// The layers stand there as they were, and the width beside them.
TEST(SolvedConfig, EmbedsTheWidthOfANetworkFromAFile) {
  const Network model = make_network("wrn-16-4");
  const Network network = make_network(read_network(write_network(model.graph, "mine"), "mine.json"));
  const Solution solution = solve(network, "width", "parameters<=0.2M");
  const std::string text = write_solved(solution, "{}");
  const ordered_json document = ordered_json::parse(text);
  EXPECT_EQ(document["original"], ordered_json({{"width", 1}}));
  EXPECT_EQ(document["max_width"], 4);
  EXPECT_EQ(document["plan"], ordered_json::object());
  EXPECT_EQ(document["network"]["width"], solution.uniform->answer->knob);
  ordered_json layers = document["network"];
  layers.erase("width");
  EXPECT_EQ(layers, ordered_json::parse(write_network(model.graph, "mine")));
  const Design design = read_solved(text, "student.json");
  EXPECT_TRUE(is_of_width(design));
  EXPECT_EQ(design.network.name, "mine:width=" + shortest(solution.uniform->answer->knob));
  EXPECT_EQ(count(design.network.graph).parameters, solution.costs->parameters());
  EXPECT_EQ(count(original_of(design).graph).parameters, count(model.graph).parameters);
  EXPECT_EQ(ordered_json::parse(*original_of_solved(text, "student.json")).erase("width"), 1U);
  for (const auto &[path, value] :
       std::vector<std::pair<std::string, ordered_json>>{{"/network/width", 0.7},
                                                         {"/network/width", -1},
                                                         {"/network/width", "0.5"},
                                                         {"/original/width", 0},
                                                         {"/original", "mine"},
                                                         {"/original", {{"width", 1}, {"depth", 2}}},
                                                         {"/max_width", nullptr},
                                                         {"/max_width", 0.5}}) {
    ordered_json changed = document;
    changed[ordered_json::json_pointer(path)] = value;
    const std::string line = test::message_of([&] { read_solved(changed.dump(), "student.json"); });
    EXPECT_TRUE(line.starts_with("[invalid_file] student.json/")) << path << " " << value << ": " << line;
  }
}

// ------------------------------------------------------------------------------------------------------- trust

const char *const kMine =
    R"({"schema": "pare.convention/1", "name": "mine", "source": "half of every linear layer", "weights": {"conv.mac": 1, "linear.mac": 0.5}})";

/// A solution with two budgets, one of them a percentage by a user's convention.
const std::string &example() {
  static const std::string text = [] {
    const Convention mine = parse_convention(kMine, "mine.json");
    SolveRequest request;
    request.substitution = "Generic";
    request.budgets = {parse_budget("parameters<=0.2M"), parse_budget("mult-adds[mine]<=29%")};
    request.conventions = {find_convention("macs"), find_convention("reference"), mine};
    return write_solved(solve_uniform(make_network("wrn-16-4"), request), R"({"pare": "test"})");
  }();
  return text;
}
/// One whose layers differ.
const std::string &mixed() {
  static const std::string text = write_solved(solve(make_network("mobilenet-v2"), "LR", "parameters<=90%", true), "{}");
  return text;
}
/// One that is narrower than the original.
const std::string &narrow() {
  static const std::string text = write_solved(solve(make_network("wrn-16-4"), "width", "parameters<=50%"), "{}");
  return text;
}

using Pointer = ordered_json::json_pointer;

std::string edited(const std::string &text, const std::string &pointer, const ordered_json &value) {
  ordered_json document = ordered_json::parse(text);
  document.at(Pointer(pointer)) = value;
  return document.dump();
}
std::string added(const std::string &text, const std::string &pointer, const ordered_json &value) {
  ordered_json document = ordered_json::parse(text);
  document[Pointer(pointer)] = value;
  return document.dump();
}
std::string without(const std::string &text, const std::string &pointer) {
  ordered_json document = ordered_json::parse(text);
  const Pointer at(pointer);
  document.at(at.parent_pointer()).erase(at.back());
  return document.dump();
}

void bad_solved(const std::string &text, std::string_view line, const char *file = __builtin_FILE(),
                int at = __builtin_LINE()) {
  expect_message([&] { read_solved(text, "student.json"); }, line, file, at);
}

TEST(SolvedConfig, APlanThatWasChangedByHandIsNotTrusted) {
  EXPECT_NO_THROW(read_solved(example(), "student.json"));
  bad_solved(edited(example(), "/schema", "pare.solved/9"),
             R"([invalid_file] student.json/schema: schema = "pare.solved/9" must be "pare.solved/1")");
  bad_solved(edited(example(), "/network", "wrn-17-4"),
             "[invalid_file] student.json/network: depth = 17 must be 6n + 4, such as 10, 16, 22, 28 or 40");
  bad_solved(edited(example(), "/network", "wrn-16-2"),
             "[invalid_file] student.json/achieved.parameters: parameters = 198202, but the plan has 54954");
  for (const char *file : {"ok.json", "./net", "-"})
    bad_solved(
        edited(example(), "/network", file),
        fmt::format("[invalid_file] student.json/network: network = \"{}\" must be a spec, or a whole pare.network/1 object: a "
                    "solved file reads no other file",
                    file));
  bad_solved(edited(example(), "/network", "no-such"),
             R"([invalid_file] student.json/network: unknown network "no-such"; known: )" PARE_KNOWN_NETWORKS
             R"(, or a file (pare.network/1 or pare.solved/1))");
  bad_solved(edited(example(), "/network", 7),
             "[invalid_file] student.json/network: network = 7 must be a spec, or a pare.network/1 object");
  bad_solved(edited(example(), "/network", ordered_json::object()),
             R"([invalid_file] student.json/network.schema: "schema": "pare.network/1" is expected, and there is none)");
  bad_solved(without(example(), "/network"), R"([invalid_file] student.json/network: "network" is missing)");
  bad_solved(edited(example(), "/plan", 3), "[invalid_file] student.json/plan: 3 must be an object");
  bad_solved(without(example(), "/plan"), R"([invalid_file] student.json/plan: "plan" is missing)");
  bad_solved(edited(example(), "/plan/block1.0.layer.0.conv1", "Generic_0.9"),
             "[invalid_file] student.json/achieved.parameters: parameters = 198202, but the plan has 201722");
  bad_solved(
      edited(example(), "/plan/block1.0.layer.0.conv1", "Generics_0.9"),
      R"([invalid_file] student.json/plan["block1.0.layer.0.conv1"]: unknown substitution "Generics_0.9"; known: )" PARE_KNOWN_SUBSTITUTIONS
      R"( (S is a setting); did you mean Generic_0.9?)");
  bad_solved(
      edited(example(), "/plan/block1.0.layer.0.conv1", "Generic"),
      R"([invalid_file] student.json/plan["block1.0.layer.0.conv1"]: Generic needs a setting, as in Generic_S: S must be a number in (0, 1])");
  bad_solved(
      edited(example(), "/plan/block1.0.layer.0.conv1", "Generic_0.0001"),
      "[invalid_file] student.json/block1.0.layer.0.conv1/rank_scale: Generic_1e-04 does not apply: rank = int(1e-04 x 64) = 0 "
      "must be at least 1; a rank_scale from 0.015625 up would be accepted");
  bad_solved(
      edited(example(), "/plan/block1.0.layer.0.conv1", 3),
      R"([invalid_file] student.json/plan["block1.0.layer.0.conv1"]: substitution = 3 must be text in quotes, such as "Generic_0.1", or an object with setting and evaluation)");
  // Each family's own way of evaluating need not be said, but may be.
  const auto entry = [](const char *evaluation) {
    return edited(example(), "/plan/block1.0.layer.0.conv1", {{"setting", "Generic_0.211"}, {"evaluation", evaluation}});
  };
  EXPECT_NO_THROW(read_solved(entry("factored"), "student.json"));
  for (const char *other : {"dense", "magic"})
    bad_solved(
        entry(other),
        fmt::format("[invalid_file] student.json/plan[\"block1.0.layer.0.conv1\"].evaluation: evaluation = \"{}\" must be "
                    "factored for generic",
                    other));
  bad_solved(edited(example(), "/plan/block1.0.layer.0.conv1", {{"setting", "Generic_0.211"}}),
             "[invalid_file] student.json/plan[\"block1.0.layer.0.conv1\"].evaluation: \"evaluation\" is missing");
  bad_solved(
      added(example(), "/plan/block9", "Generic_0.9"),
      R"([invalid_file] student.json/plan.block9: the network has no replaceable layer "block9"; it has 12, such as block1.0.layer.0.conv1)");
  bad_solved(without(example(), "/plan/block1.0.layer.0.conv1"),
             "[invalid_file] student.json/achieved.parameters: parameters = 198202, but the plan has 206234");
  EXPECT_NO_THROW(read_solved(added(example(), "/evaluation", "dense"), "student.json")) << "files of before say it";
  bad_solved(added(example(), "/evaluation", "magic"),
             R"([invalid_file] student.json/evaluation: evaluation = "magic" must be one of dense)");
  bad_solved(added(example(), "/evaluation", 3),
             "[invalid_file] student.json/evaluation: evaluation = 3 must be text in quotes");
  bad_solved(
      edited(example(), "/input", ordered_json::array({3, 0, 32})),
      "[invalid_file] student.json/input: input = [3,0,32] must be [channels, height, width], three whole numbers from 1 up");
  bad_solved(edited(example(), "/input", ordered_json::array({3, 64, 64})),
             "[invalid_file] student.json/achieved.mult_adds.macs: mult-adds[macs] = 28600832, but the plan has 114395648");
  bad_solved(
      added(example(), "/inputt", 3),
      R"([invalid_file] student.json/inputt: unknown key "inputt"; known: schema, input, network, evaluation, plan, achieved, conventions, original, max_width, percent_of_original, budgets, termination, substitution, kept, known_by_search_only, provenance, per_layer, same_network_for, next_up, attainable, nearest; did you mean input?)");
  std::string twice = example();
  twice.insert(twice.find("\"plan\": {") + 9, "\"block1.0.layer.0.conv1\": \"Generic_0.9\", ");
  bad_solved(
      twice,
      R"([invalid_file] student.json/plan["block1.0.layer.0.conv1"]: key "block1.0.layer.0.conv1" is given twice in one object)");
}

TEST(SolvedConfig, NumbersThatWereChangedByHandAreNotTrusted) {
  bad_solved(
      edited(example(), "/substitution", "Shuffle_4"),
      R"([invalid_file] student.json/substitution: substitution = "Shuffle_4", but the plan has Generic_0.211 at every layer)");
  bad_solved(edited(example(), "/substitution", nullptr),
             "[invalid_file] student.json/substitution: substitution = null, but the plan has Generic_0.211 at every layer");
  bad_solved(edited(example(), "/substitution", 4),
             "[invalid_file] student.json/substitution: substitution = 4 must be text in quotes");
  bad_solved(
      edited(mixed(), "/substitution", "LR_0.5"),
      R"([invalid_file] student.json/substitution: substitution = "LR_0.5", but the plan has no setting that is the same at every layer)");
  bad_solved(
      edited(narrow(), "/substitution", "Generic_0.5"),
      R"([invalid_file] student.json/substitution: substitution = "Generic_0.5", but the plan has no setting that is the same at every layer)");
  bad_solved(edited(example(), "/achieved", nullptr),
             "[invalid_file] student.json/achieved: this file holds no plan; its termination says why");
  bad_solved(edited(example(), "/achieved", 3), "[invalid_file] student.json/achieved: 3 must be an object");
  bad_solved(edited(example(), "/achieved/parameters", 1),
             "[invalid_file] student.json/achieved.parameters: parameters = 1, but the plan has 198202");
  bad_solved(edited(example(), "/achieved/parameters", "many"),
             R"([invalid_file] student.json/achieved.parameters: parameters = "many", but the plan has 198202)");
  bad_solved(without(example(), "/achieved/parameters"),
             R"([invalid_file] student.json/achieved.parameters: "parameters" is missing)");
  bad_solved(
      added(example(), "/achieved/bytes", 1),
      R"([invalid_file] student.json/achieved.bytes: unknown key "bytes"; known: parameters, mult_adds, activations, stored_bytes)");
  bad_solved(edited(example(), "/achieved/mult_adds/macs", 1),
             "[invalid_file] student.json/achieved.mult_adds.macs: mult-adds[macs] = 1, but the plan has 28600832");
  bad_solved(edited(example(), "/achieved/mult_adds/mine", 1),
             "[invalid_file] student.json/achieved.mult_adds.mine: mult-adds[mine] = 1, but the plan has 28599552");
  bad_solved(
      added(example(), "/achieved/mult_adds/others", 1),
      R"([invalid_file] student.json/achieved.mult_adds.others: unknown convention "others"; known, with those of the file: macs, mine, reference)");
  bad_solved(
      edited(example(), "/percent_of_original/parameters", 5),
      "[invalid_file] student.json/percent_of_original.parameters: parameters = 5 percent, but the plan has 7.210255775967754");
  bad_solved(
      edited(example(), "/percent_of_original/mult_adds/reference", 5),
      "[invalid_file] student.json/percent_of_original.mult_adds.reference: mult-adds[reference] = 5 percent, but the plan has "
      "7.3968208472506545");
  bad_solved(
      edited(example(), "/percent_of_original/mult_adds/reference", nullptr),
      "[invalid_file] student.json/percent_of_original.mult_adds.reference: mult-adds[reference] = null percent, but the plan "
      "has 7.3968208472506545");
  bad_solved(edited(narrow(), "/percent_of_original/parameters", 100),
             "[invalid_file] student.json/percent_of_original.parameters: "
             "parameters = 100 percent, but the plan has 49.95958368650619");
  bad_solved(edited(narrow(), "/original", "wrn-16-5"),
             "[invalid_file] student.json/percent_of_original.parameters: parameters = "
             "49.95958368650619 percent, but the plan has 32.01428333652699");
  bad_solved(edited(narrow(), "/original", "wrn-17-5"),
             "[invalid_file] student.json/original: depth = 17 must be 6n + 4, such as 10, 16, 22, 28 or 40");
  bad_solved(edited(example(), "/conventions/0/weights/linear.mac", 1),
             "[invalid_file] student.json/achieved.mult_adds.mine: mult-adds[mine] = 28599552, but the plan has 28600832");
  bad_solved(
      edited(example(), "/conventions/0/weights/linear.mac", -1),
      R"([invalid_file] student.json/conventions[0].weights["linear.mac"]: linear.mac = -1 must be a number from 0 to 1000000000)");
  bad_solved(edited(example(), "/conventions/0/name", "macs"),
             R"([invalid_file] student.json/conventions[0].name: "macs" is another convention's name too)");
  bad_solved(
      edited(example(), "/conventions/0/name", "yours"),
      R"([invalid_file] student.json/achieved.mult_adds.mine: unknown convention "mine"; known, with those of the file: macs, reference, yours)");
  bad_solved(edited(example(), "/conventions", 3),
             "[invalid_file] student.json/conventions: conventions = 3 must be an array of at most 64 pare.convention/1");
}

TEST(SolvedConfig, BudgetsThatWereChangedByHandAreNotTrusted) {
  bad_solved(edited(example(), "/budgets", 3), "[invalid_file] student.json/budgets: budgets = 3 must be an array of objects");
  bad_solved(edited(example(), "/budgets/0", 3), "[invalid_file] student.json/budgets[0]: 3 must be an object");
  bad_solved(edited(example(), "/budgets/0/metric", "mult-adds"),
             "[invalid_file] student.json/budgets[0].convention: convention = null must be text in quotes");
  bad_solved(
      edited(example(), "/budgets/0/metric", "bytes"),
      R"([invalid_file] student.json/budgets[0].metric: metric = "bytes" must be one of parameters, mult-adds, activations, stored-bytes)");
  bad_solved(
      edited(example(), "/budgets/1/convention", "macs"),
      R"([invalid_file] student.json/budgets[1].written: written = "mult-adds[mine]<=29%" is not mult-adds[macs] <= 113857210.88)");
  bad_solved(
      edited(example(), "/budgets/1/convention", "yours"),
      R"([invalid_file] student.json/budgets[1].convention: unknown convention "yours"; known, with those of the file: macs, mine, reference)");
  bad_solved(edited(example(), "/budgets/1/convention", nullptr),
             "[invalid_file] student.json/budgets[1].convention: convention = null must be text in quotes");
  bad_solved(edited(example(), "/budgets/0/convention", "macs"),
             R"([invalid_file] student.json/budgets[0].convention: convention = "macs" must be null: parameters have none)");
  bad_solved(edited(example(), "/budgets/0/relation", "~"),
             R"([invalid_file] student.json/budgets[0].written: written = "parameters<=0.2M" is not parameters ~ 200000)");
  bad_solved(edited(example(), "/budgets/0/relation", ">="),
             R"([invalid_file] student.json/budgets[0].written: written = "parameters<=0.2M" is not parameters >= 200000)");
  bad_solved(edited(example(), "/budgets/0/written", "parameters<=0.3M"),
             R"([invalid_file] student.json/budgets[0].written: written = "parameters<=0.3M" is not parameters <= 200000)");
  bad_solved(edited(example(), "/budgets/0/written", "parameters<=50%"),
             R"([invalid_file] student.json/budgets[0].written: written = "parameters<=50%" is not parameters <= 200000)");
  bad_solved(
      edited(example(), "/budgets/0/written", "parameters"),
      "[invalid_file] student.json/budgets[0].written: there is no <=, >= or ~ in it; accepted: parameters<=0.8M, "
      "mult-adds<=1.2e8, mult-adds[reference]<=100M, activations<=1M, stored-bytes>=4M, parameters~0.8M, parameters<=5%");
  bad_solved(edited(example(), "/budgets/0/limit", 300000),
             R"([invalid_file] student.json/budgets[0].written: written = "parameters<=0.2M" is not parameters <= 300000)");
  bad_solved(edited(example(), "/budgets/0/limit", "0.2M"),
             R"([invalid_file] student.json/budgets[0].limit: limit = "0.2M" must be a number)");
  bad_solved(
      edited(example(), "/budgets/1/written", "mult-adds[mine]<=30%"),
      R"([invalid_file] student.json/budgets[1].written: written = "mult-adds[mine]<=30%" is not mult-adds[mine] <= 113857210.88)");
  bad_solved(
      edited(example(), "/budgets/1/limit", 100000),
      R"([invalid_file] student.json/budgets[1].written: written = "mult-adds[mine]<=29%" is not mult-adds[mine] <= 100000)");
  bad_solved(edited(example(), "/budgets/0/achieved", 100),
             "[invalid_file] student.json/budgets[0].achieved: parameters = 100, but the plan has 198202");
  bad_solved(edited(example(), "/budgets/0/achieved", nullptr),
             "[invalid_file] student.json/budgets[0].achieved: parameters = null, but the plan has 198202");
  bad_solved(edited(example(), "/budgets/1/achieved", 100),
             "[invalid_file] student.json/budgets[1].achieved: mult-adds[mine] = 100, but the plan has 28599552");
  bad_solved(
      added(example(), "/budgets/0/more", 1),
      R"([invalid_file] student.json/budgets[0].more: unknown key "more"; known: metric, convention, relation, limit, achieved, written)");
  // A limit that the plan is over, said in the same way everywhere.
  ordered_json low = ordered_json::parse(example());
  low["budgets"][0]["written"] = "parameters<=100K";
  low["budgets"][0]["limit"] = 100000;
  bad_solved(low.dump(), "[invalid_file] student.json/budgets[0].achieved: parameters 198202 is over the limit, 100000");
  bad_solved(edited(example(), "/termination/reason", "infeasible"),
             R"([invalid_file] student.json/termination.reason: reason = "infeasible" must be one of optimal, feasible)");
  bad_solved(edited(example(), "/termination/reason", "guessed"),
             R"([invalid_file] student.json/termination.reason: reason = "guessed" must be one of optimal, feasible)");
  bad_solved(edited(example(), "/termination/bound", "none"),
             R"([invalid_file] student.json/termination.bound: bound = "none" must be a number)");
  bad_solved(edited(example(), "/termination", nullptr), "[invalid_file] student.json/termination: null must be an object");
  bad_solved(edited(mixed(), "/kept/0/layer", "features.18.0"),
             R"([invalid_file] student.json/kept[0].layer: "features.18.0" stays as it was, but the plan has LR_0.1321)");
  bad_solved(edited(mixed(), "/kept/0/layer", "features.99"),
             R"([invalid_file] student.json/kept[0].layer: "features.99" stays as it was, but the plan has no such layer)");
  bad_solved(edited(mixed(), "/kept/0/layer", 5),
             "[invalid_file] student.json/kept[0].layer: layer = 5 must be text in quotes");
  bad_solved(edited(mixed(), "/kept", 5), "[invalid_file] student.json/kept: kept = 5 must be an array of objects");
  bad_solved(edited(mixed(), "/kept", ordered_json::array()),
             R"([invalid_file] student.json/kept: the plan leaves "classifier_conv" as it was, and it is not listed)");
  bad_solved(edited(mixed(), "/kept/0", 3), "[invalid_file] student.json/kept[0]: 3 must be an object");
}

/// Every value that is neither an object nor an array, by its pointer.
void visit_leaves(const ordered_json &value, const std::string &path, const std::function<void(const std::string &)> &visit) {
  if (!value.is_structured()) return visit(path);
  for (const auto &[key, member] : value.items()) {
    std::string step = key;
    for (std::size_t at = 0; (at = step.find('/', at)) != std::string::npos; at += 2) step.replace(at, 1, "~1");
    visit_leaves(member, path + "/" + step, visit);
  }
}

// Whatever a recount can tell is checked; the file says itself what only a search knows.
TEST(SolvedConfig, EveryValueIsCheckedOrMarked) {
  for (const std::string &text : {example(), mixed(), narrow()}) {
    const ordered_json document = ordered_json::parse(text);
    const auto marked = [&](std::string path) {
      std::string dotted; // "/kept/0/reason" is "kept[].reason"
      for (std::size_t at = 1; at < path.size();) {
        const std::string step = path.substr(at, path.find('/', at) - at);
        dotted += step.find_first_not_of("0123456789") == std::string::npos ? "[]" : (dotted.empty() ? "" : ".") + step;
        at += step.size() + 1;
      }
      for (const auto &known : document["known_by_search_only"]) {
        const auto name = known.get<std::string>();
        if (dotted == name || dotted.starts_with(name + ".") || dotted.starts_with(name + "[")) return true;
      }
      // What is no statement about the plan: who made it, what a convention is after, and the list of the marked itself.
      return dotted.starts_with("provenance") || dotted.starts_with("known_by_search_only") || dotted == "conventions[].source";
    };
    std::size_t checked = 0;
    visit_leaves(document, "", [&](const std::string &path) {
      if (marked(path)) return;
      ordered_json changed = document;
      ordered_json &value = changed.at(Pointer(path));
      if (value.is_number_integer())
        value = value.get<std::int64_t>() + 1;
      else if (value.is_number())
        value = value.get<double>() * (1 + 1e-3);
      else if (value.is_string())
        value = value.get<std::string>() + "x";
      else
        value = "x";
      const std::string line = test::message_of([&] { read_solved(changed.dump(), "student.json"); });
      EXPECT_TRUE(line.starts_with("[invalid_file] student.json/")) << path << " = " << value << ": " << line;
      ++checked;
    });
    EXPECT_GT(checked, 15U);
  }
}

// What only a search knows must still be of its kind, and what every file has must be there.
TEST(SolvedConfig, WhatOnlyASearchKnowsIsOfItsKind) {
  for (const auto &[path, value, line] : std::vector<std::tuple<std::string, ordered_json, std::string>>{
           {"/same_network_for", 3,
            "same_network_for: same_network_for = 3 must be null, or two numbers, the first below the second"},
           {"/same_network_for",
            {0.2, 0.2},
            "same_network_for: same_network_for = [0.2,0.2] must be null, or two numbers, the first below the second"},
           {"/next_up", 3, "next_up: 3 must be an object"},
           {"/next_up/parameters", "x", "next_up.parameters: parameters = \"x\" must be a whole number from 0 up"},
           {"/next_up/setting", 1, "next_up.setting: setting = 1 must be text in quotes"},
           {"/attainable", nullptr, "attainable: null must be an object"},
           {"/attainable/quantity", "parameter",
            "attainable.quantity: quantity = \"parameter\" must be the first budget's, parameters"},
           {"/attainable/largest", 1, "attainable.largest: largest = 1 must be null, or from the smallest up"},
           {"/nearest", {{"below", nullptr}}, "nearest: nearest = {\"below\":null} must be null: the budgets are met"},
           {"/termination/gap", 1, "termination.gap: gap = 1 must be 0, since the reason is optimal"},
           {"/termination/detail", nullptr, "termination.detail: detail = null must be text in quotes"}})
    bad_solved(edited(example(), path, value), "[invalid_file] student.json/" + line);
  // Whole counts have one form, so that what looks the same is the same.
  for (const auto &[path, value, line] : std::vector<std::tuple<std::string, ordered_json, std::string>>{
           {"/budgets/0/limit", 200000.0, "budgets[0].limit: limit = 200000.0 must be a whole number, written in digits"},
           {"/budgets/0/achieved", 198202.0,
            "budgets[0].achieved: parameters = 198202.0, but the plan has 198202, written in digits"},
           {"/achieved/parameters", 198202.0,
            "achieved.parameters: parameters = 198202.0, but the plan has 198202, written in digits"},
           {"/termination/bound", 198202.0, "termination.bound: bound = 198202.0 must be a whole number, written in digits"},
           {"/attainable/smallest", 1.0,
            "attainable.smallest: smallest = 1.0 must be a whole number from 0 up, written in digits"},
           {"/next_up/parameters", 201562.0,
            "next_up.parameters: parameters = 201562.0 must be a whole number from 0 up, written in digits"}})
    bad_solved(edited(example(), path, value), "[invalid_file] student.json/" + line);
  for (const char *key : {"budgets", "termination"}) {
    ordered_json document = ordered_json::parse(example());
    document.erase(key);
    bad_solved(document.dump(), fmt::format("[invalid_file] student.json/{0}: \"{0}\" is missing", key));
  }
}

// At another size of image mult-adds are others; parameters and the plan still are what they are.
TEST(SolvedConfig, AtAnotherSizeParametersAreStillChecked) {
  const NetworkOptions options{.input = Shape{.batch = 2, .channels = 3, .height = 64, .width = 64}};
  EXPECT_NO_THROW(read_solved(example(), "student.json", options));
  expect_message([&] { read_solved(edited(example(), "/achieved/parameters", 1), "student.json", options); },
                 "[invalid_file] student.json/achieved.parameters: parameters = 1, but the plan has 198202");
  expect_message(
      [&] { read_solved(edited(example(), "/substitution", "Shuffle_4"), "student.json", options); },
      R"([invalid_file] student.json/substitution: substitution = "Shuffle_4", but the plan has Generic_0.211 at every layer)");
}

TEST(SolvedConfig, DamageIsAnErrorOrADesign) {
  const std::string text = write_solved(solve(make_network("wrn-10-1"), "Generic", "parameters<=20K"), "{}");
  for (std::size_t length = 0; length + 2 < text.size(); length += 7)
    expect_error([&] { read_solved(text.substr(0, length), "student.json"); }, ErrorCode::kInvalidFile, "student.json",
                 "parse error at line ");
  for (std::size_t at = 0; at < text.size(); at += 5)
    for (const char byte : {'"', '[', '}', '9', '-', '\xff'}) {
      std::string damaged = text;
      damaged[at] = byte;
      const std::string line = test::message_of([&] { read_solved(damaged, "student.json"); });
      EXPECT_TRUE(line == "no error" || line.starts_with("[invalid_file] student.json")) << line;
    }
}

TEST(SolvedConfig, NestingIsBounded) {
  constexpr std::size_t kDeep = 60'000;
  const std::string open(kDeep, '[');
  const std::string closed = open + std::string(kDeep, ']');
  bad_solved(R"({"schema": "pare.solved/1", "network": )" + open,
             "[invalid_file] student.json: nested deeper than 64 levels, which nothing that is read here needs");
  bad_solved(R"({"schema": "pare.solved/1", "network": )" + closed + "}",
             "[invalid_file] student.json: nested deeper than 64 levels, which nothing that is read here needs");
  // A spec inside it.
  bad_solved(
      edited(example(), "/network", "wide_resnet:depth=" + open),
      R"([invalid_file] student.json/network: in "depth=[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[...[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[" a bracket is not closed; a value that has a [, { or ( must have its partner)");
  const std::string cut = "depth = " + std::string(29, '[') + "..." + std::string(28, ']');
  bad_solved(edited(example(), "/network", "wide_resnet:depth=" + closed),
             "[invalid_file] student.json/network: " + cut + " must be a whole number from 10 to 60004");
  bad_solved(edited(example(), "/network", "darts:genotype=" + closed),
             "[invalid_file] student.json/network: line 1, column 18: nested deeper than 16 levels, which nothing that is read "
             "here needs");
  bad_solved(edited(narrow(), "/original", "wide_resnet:depth=" + closed),
             "[invalid_file] student.json/original: " + cut + " must be a whole number from 10 to 60004");
  bad_solved(
      edited(example(), "/plan/block1.0.layer.0.conv1", "Generic_" + closed),
      R"([invalid_file] student.json/plan["block1.0.layer.0.conv1"]: rank_scale = [[[[[[[[[[[[[[[[[[[[[[[[[[[[[...]]]]]]]]]]]]]]]]]]]]]]]]]]]] must be a number in (0, 1])");
}

// What only a search knows is taken as it is, but not where the rest of the file says otherwise.
TEST(SolvedConfig, WhatOnlyASearchKnowsDoesNotContradictTheRest) {
  const ordered_json document = ordered_json::parse(example());
  const double begin = document["same_network_for"][0];
  const double end = document["same_network_for"][1];
  const std::int64_t next = document["next_up"]["parameters"];
  ASSERT_GT(next, 200000);
  using Rows = std::vector<std::tuple<std::string, ordered_json, std::string>>;
  for (const auto &[path, value, line] :
       Rows{{"/same_network_for",
             {0.25, 0.3},
             "same_network_for: same_network_for = [0.25,0.3] must be from the first number to below the second, with the "
             "setting, 0.211, in it"},
            {"/same_network_for",
             {0.2, 0.211},
             "same_network_for: same_network_for = [0.2,0.211] must be from the first number to below the second, with the "
             "setting, 0.211, in it"},
            {"/termination/bound", 5,
             "termination.bound: bound = 5 must be 198202, the answer's parameters, since the reason is optimal"},
            {"/termination/bound", 198203,
             "termination.bound: bound = 198203 must be 198202, the answer's parameters, since the reason is optimal"},
            {"/next_up/parameters", 7, "next_up.parameters: parameters = 7 must be at least the answer's, 198202"},
            {"/next_up/parameters", 199000,
             "next_up: parameters of 199000 meets the budgets and is better than the answer, though the reason is optimal"},
            {"/next_up/setting", "Generic_0.211",
             "next_up.setting: setting = \"Generic_0.211\" must be another setting of what was solved for than the answer's, "
             "Generic_0.211"},
            {"/next_up/setting", "LR_0.3",
             "next_up.setting: setting = \"LR_0.3\" must be another setting of what was solved for than the answer's, "
             "Generic_0.211"},
            {"/next_up/setting", "more",
             "next_up.setting: setting = \"more\" must be another setting of what was solved for than the answer's, "
             "Generic_0.211"},
            {"/next_up/same_network_for",
             {0.9, 1},
             fmt::format(
                 "next_up.same_network_for: same_network_for = [0.9,1] must be from the first number to below the second, "
                 "with the setting, {}, in it",
                 document["next_up"]["setting"].get<std::string>().substr(8))},
            {"/next_up/same_network_for",
             {0.211, 0.5},
             fmt::format("next_up.same_network_for: same_network_for = [0.211,0.5] must have no setting in it that is in the "
                         "answer's, [{},{}]",
                         begin, end)},
            {"/attainable/smallest", 198203, "attainable.smallest: smallest = 198203 must be at most the answer's, 198202"},
            {"/attainable/largest", 198201,
             "attainable.largest: largest = 198201 must be null, or at least the answer's, 198202"},
            {"/attainable/largest", next - 1,
             fmt::format("attainable.largest: largest = {} must be null, or at least the next one up's, {}", next - 1, next)}})
    bad_solved(edited(example(), path, value), "[invalid_file] student.json/" + line);
  // Nothing is next up, and yet there is more.
  bad_solved(
      edited(example(), "/next_up", nullptr),
      "[invalid_file] student.json/next_up: next_up = null must be an object, since the answer is not the largest network");
  const std::string largest = document["attainable"]["largest"].dump();
  // A width.
  const ordered_json less = ordered_json::parse(narrow());
  const std::string width = make_network(less["network"].get<std::string>()).values.at("width");
  EXPECT_NO_THROW(read_solved(narrow(), "student.json"));
  bad_solved(
      edited(narrow(), "/same_network_for", {0.5, 0.6}),
      fmt::format("[invalid_file] student.json/same_network_for: same_network_for = [0.5,0.6] must be from the first number to "
                  "below the second, with the setting, {}, in it",
                  width));
  bad_solved(
      edited(narrow(), "/next_up/setting", "height=3"),
      fmt::format("[invalid_file] student.json/next_up.setting: setting = \"height=3\" must be another setting of what was "
                  "solved for than the answer's, width={}",
                  width));

  // One that is only feasible has a gap, and one that is nearest to something a distance.
  ordered_json feasible = document;
  feasible["termination"]["reason"] = "feasible";
  feasible["termination"]["bound"] = 200000;
  feasible["termination"]["gap"] = 1798;
  EXPECT_NO_THROW(read_solved(feasible.dump(), "student.json"));
  bad_solved(edited(feasible.dump(), "/termination/gap", 1797),
             "[invalid_file] student.json/termination.gap: gap = 1797 must be 1798, from the answer's parameters to the bound");
  bad_solved(
      edited(feasible.dump(), "/termination/bound", 198201),
      "[invalid_file] student.json/termination.bound: bound = 198201 must be at least 198202, the answer's parameters: nothing "
      "does better than the bound");
  const std::string nearest = write_solved(solve(make_network("wrn-16-4"), "Generic", "parameters~198500"), "{}");
  EXPECT_EQ(ordered_json::parse(nearest)["termination"]["bound"], 198500 - 198202);
  EXPECT_NO_THROW(read_solved(nearest, "student.json"));
  bad_solved(
      edited(nearest, "/termination/bound", 198202),
      "[invalid_file] student.json/termination.bound: bound = 198202 must be 298, the answer's distance to the budget, since "
      "the reason is optimal");
  bad_solved(
      edited(nearest, "/next_up/parameters", 198501),
      "[invalid_file] student.json/next_up: parameters of 198501 meets the budgets and is better than the answer, though the "
      "reason is optimal");
}

/// A file of this, each of whose values is replaced by others that are as likely, and none of which may be read.
void expect_each_refused(const std::string &text, const std::vector<std::pair<std::string, std::vector<ordered_json>>> &edits) {
  EXPECT_EQ(test::message_of([&] { read_solved(text, "student.json"); }), "no error");
  for (const auto &[path, values] : edits)
    for (const ordered_json &value : values) {
      const std::string changed = edited(text, path, value);
      const std::string line = test::message_of([&] { read_solved(changed, "student.json"); });
      const std::string key = path.substr(1, path.find('/', 1) - 1);
      EXPECT_TRUE(line.starts_with("[invalid_file] student.json/" + key)) << path << " = " << value << ": " << line;
    }
}

// What speaks of other settings is counted at these: the next one up, the ends of the range, and both ends of intervals.
TEST(SolvedConfig, OtherSettingsAreCountedToo) {
  for (const auto &[network, substitution, budget, where_possible] :
       std::vector<std::tuple<const char *, const char *, const char *, bool>>{
           {"wrn-10-1", "Generic", "parameters<=25%", false},
           {"mobilenet-v2", "LR", "parameters<=90%", true},
           {"wrn-10-1", "Generic", "mult-adds[reference]~30%", false},
           {"wrn-10-1", "Tucker", "parameters~10%", false},
           {"wrn-10-1", "tensor_train:rank_of=channels", "parameters<=15%", false},
           {"wrn-10-1", "width", "parameters<=50%", false}}) {
    SCOPED_TRACE(std::string(network) + " " + substitution + " " + budget);
    const std::string text = write_solved(solve(make_network(network), substitution, budget, where_possible), "{}");
    const ordered_json document = ordered_json::parse(text);
    const bool is_width = std::string(substitution) == "width";
    const double begin = document["same_network_for"][0];
    const double end = document["same_network_for"][1];
    const double next_begin = document["next_up"]["same_network_for"][0];
    const double next_end = document["next_up"]["same_network_for"][1];
    const std::int64_t parameters = document["next_up"]["parameters"];
    const std::int64_t macs = document["next_up"]["mult_adds"]["macs"];
    const bool of_parameters = document["attainable"]["quantity"] == "parameters";
    expect_each_refused(
        text,
        {{"/same_network_for/0", {-0.83, 0, std::nextafter(begin, 0), std::nextafter(begin, 1), begin / 2, (begin + end) / 2}},
         {"/same_network_for/1", {1.2, 1e300, std::nextafter(end, 0), std::nextafter(end, 1), next_end}},
         {"/same_network_for", {nullptr}},
         {"/next_up/same_network_for/0",
          {-0.83, 0, begin, std::nextafter(next_begin, 0), std::nextafter(next_begin, 1), (next_begin + next_end) / 2}},
         {"/next_up/same_network_for/1", {1.2, 1e300, std::nextafter(next_end, 0), std::nextafter(next_end, 1)}},
         {"/next_up/same_network_for", {nullptr}},
         {"/next_up/mult_adds/macs", {-1092240, 0, 1e300, macs + 1, macs - 1, macs + 0.5}},
         {"/next_up/parameters", {0, parameters + 1, parameters - 1, 1e300}},
         {"/next_up", {nullptr}},
         {"/attainable/smallest", {-6538}}});
    const auto off = [&](const char *key) { return document["attainable"][key].get<std::int64_t>() + 1; };
    if (of_parameters)
      expect_each_refused(text, {{"/attainable/smallest", {6603.38}}, {"/attainable/largest", {1e300, -1, 0.5}}});
    if (!is_width)
      expect_each_refused(text, {{"/attainable/smallest", {0, off("smallest"), off("smallest") - 2}},
                                 {"/attainable/largest", {1e300, off("largest"), off("largest") - 2, nullptr}}});
    else // the original is one of its widths
      expect_each_refused(text, {{"/attainable/smallest", {0}},
                                 {"/attainable/largest", {77849, nullptr}},
                                 {"/max_width", {0.5, 0, -4, 1025, 1e300, "4", 0.69}},
                                 {"/next_up/setting", {"width=1", "width=1.5", "width=0"}}});
  }
}

// How far was searched is in the file; files of before went to the original's own width.
TEST(SolvedConfig, SaysHowWideWasSearched) {
  const std::string text = write_solved(solve(make_network("wrn-10-1"), "width", "parameters<=150%"), "{}");
  ordered_json document = ordered_json::parse(text);
  EXPECT_EQ(document["max_width"], 4);
  ordered_json changed = document;
  changed["max_width"] = 8; // of which the largest would have more
  EXPECT_TRUE(
      test::message_of([&] { read_solved(changed.dump(), "s.json"); }).starts_with("[invalid_file] s.json/attainable.largest"));
  for (const ordered_json &less : {ordered_json(1), ordered_json(nullptr)}) {
    changed["max_width"] = less;
    EXPECT_TRUE(test::message_of([&] {
                  read_solved(changed.dump(), "s.json");
                }).starts_with("[invalid_file] s.json/max_width: width=1."));
  }
  ordered_json substituted = ordered_json::parse(example());
  substituted["max_width"] = 4;
  bad_solved(substituted.dump(),
             "[invalid_file] student.json/max_width: max_width = 4 must be of a file whose width was solved for");
  ordered_json other = document;
  other["original"] = "wide_resnet:depth=10,width=1,classes=11";
  EXPECT_NE(test::message_of([&] { read_solved(other.dump(), "s.json"); }), "no error");
}

// A setting that is a whole number has no interval; that of ACDC has no end, and those of Shuffle go up and down.
TEST(SolvedConfig, OtherWholeSettingsAreCountedToo) {
  const std::string acdc = write_solved(solve(make_network("wrn-10-1"), "ACDC", "parameters<=25%"), "{}");
  const ordered_json document = ordered_json::parse(acdc);
  const std::string own = document["substitution"];
  ASSERT_TRUE(own.starts_with("ACDC_"));
  const std::int64_t layers = std::stoll(own.substr(5));
  const std::int64_t smallest = document["attainable"]["smallest"];
  expect_each_refused(acdc, {{"/same_network_for", {{1, 2}}},
                             {"/next_up/same_network_for", {{1, 2}}},
                             {"/next_up/setting", {"ACDC_" + std::to_string(layers + 2), "ACDC_" + std::to_string(layers - 1)}},
                             {"/next_up", {nullptr}},
                             {"/next_up/mult_adds/reference", {-1, 0, 1e300}},
                             {"/attainable/smallest", {0, smallest - 1, smallest + 1, -6538, 6603.38}},
                             {"/attainable/largest", {1000000, 1e300}}});
  const std::string shuffle = write_solved(solve(make_network("wrn-10-1"), "Shuffle", "parameters<=10%"), "{}");
  const ordered_json less = ordered_json::parse(shuffle);
  ASSERT_FALSE(less["next_up"].is_null());
  expect_each_refused(shuffle, {{"/same_network_for", {{1, 2}}},
                                {"/next_up/setting", {"Shuffle_2", "Shuffle_3", "Shuffle_4", "Shuffle_1000"}},
                                {"/next_up/parameters", {less["next_up"]["parameters"].get<std::int64_t>() + 1}},
                                {"/next_up", {nullptr}},
                                {"/attainable/smallest", {0}},
                                {"/attainable/largest", {1000000, nullptr}}});
}

TEST(SolvedConfig, ALayerIsKeptOnce) {
  ordered_json document = ordered_json::parse(mixed());
  document["kept"].push_back(document["kept"][0]);
  bad_solved(document.dump(),
             fmt::format("[invalid_file] student.json/kept[{}].layer: {} is listed twice; once would be accepted",
                         document["kept"].size() - 1, document["kept"][0]["layer"].dump()));
}

// In words.
TEST(SolvedConfig, SaysWhatIsWrongWithOtherSettings) {
  const ordered_json document = ordered_json::parse(example());
  const std::string setting = document["next_up"]["setting"];
  const std::int64_t parameters = document["next_up"]["parameters"];
  const double end = document["same_network_for"][1];
  bad_solved(
      edited(example(), "/same_network_for/0", -0.83),
      fmt::format("[invalid_file] student.json/same_network_for: same_network_for = [-0.83,{}] must be all settings of one "
                  "network, and -0.83 is none of them",
                  end));
  bad_solved(
      edited(example(), "/same_network_for/0", 0.211),
      fmt::format("[invalid_file] student.json/same_network_for: same_network_for = [0.211,{}] must be all settings of one "
                  "network, and 0.21099999999999997 is one of them",
                  end));
  bad_solved(edited(example(), "/next_up/parameters", parameters + 1),
             fmt::format("[invalid_file] student.json/next_up.parameters: parameters = {}, but {} has {}", parameters + 1,
                         setting, parameters));
  bad_solved(edited(example(), "/attainable/smallest", 0),
             fmt::format("[invalid_file] student.json/attainable.smallest: smallest = 0, but the smallest network has {}",
                         document["attainable"]["smallest"].get<std::int64_t>()));
}

// What is solved is read again: real counts, both relations, the ends of the range.
TEST(SolvedConfig, WhatIsSolvedContradictsNothing) {
  for (const auto &[substitution, budget] :
       std::vector<std::pair<std::string, std::string>>{{"ACDC", "mult-adds[reference]<=50%"},
                                                        {"ACDC", "mult-adds[reference]~50%"},
                                                        {"Generic", "parameters<=1G"},
                                                        {"Shuffle", "parameters~30%"},
                                                        {"Shuffle", "mult-adds<=60%"},
                                                        {"Tucker", "mult-adds[reference]~123456789"},
                                                        {"TensorTrain", "mult-adds<=40%"},
                                                        {"width", "mult-adds[reference]~33%"},
                                                        {"width", "parameters<=1G"}}) {
    const Solution solution = solve(make_network("wrn-10-2"), substitution, budget);
    ASSERT_TRUE(solution.uniform->answer) << substitution << " " << budget;
    EXPECT_EQ(test::message_of([&] { read_solved(write_solved(solution, "{}"), "s.json"); }), "no error")
        << substitution << " " << budget;
  }
}

// A schema that is none is told both that are read; a design, what it settles and the conventions that it holds.
TEST(SolvedConfig, WhatADesignSays) {
  expect_message([] { read_design(R"({"schema": "pare.sloved/1"})", "x.json"); },
                 R"([invalid_file] x.json/schema: schema = "pare.sloved/1" must be "pare.network/1" or "pare.solved/1")");
  expect_message(
      [] { read_design("{}", "x.json"); },
      R"([invalid_file] x.json/schema: "schema": "pare.network/1" or "pare.solved/1" is expected, and there is none)");
  const Design design = read_design(example(), "student.json");
  ASSERT_EQ(design.conventions.size(), 1U);
  EXPECT_EQ(design.conventions.front().name, "mine");
  EXPECT_EQ(what_is_settled(design), "has substitutes of its own; a network without would be accepted");
  EXPECT_EQ(what_is_settled(read_design(narrow(), "student.json")),
            "was solved for its width, as which it is settled; a network that is not solved would be accepted");
}

// ------------------------------------------------------------------------------------------------------- before

// What pare solve wrote at commit 5573bee: less than now, and the last digits of real figures in another order of summation.
TEST(SolvedConfig, FilesOf5573beeStillRead) {
  const std::string folder = PARE_GOLDEN_DIR "/solved_5573bee";
  std::size_t read = 0;
  for (const auto &entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".json") continue;
    SCOPED_TRACE(entry.path().filename());
    const std::string text = test::read_text(entry.path());
    const ordered_json document = ordered_json::parse(text);
    const Design design = read_design(text, "before.json");
    EXPECT_TRUE(design.is_solved);
    EXPECT_EQ(design.plan.layers.size(), document["plan"].size());
    EXPECT_EQ(design.substitution.has_value(), !document["substitution"].is_null());
    const Costs costs = costs_of(design.network.graph, design.plan, conventions());
    EXPECT_EQ(costs.parameters(), document["achieved"]["parameters"]);
    for (const auto &[name, value] : document["achieved"]["mult_adds"].items()) {
      if (name != "mine") {
        EXPECT_DOUBLE_EQ(costs.mult_adds(name).to_double(), value.get<double>()) << name;
      }
    }
    EXPECT_TRUE(original_of_solved(text, "before.json").has_value());
    // And they are checked as far as they go.
    bad_solved(edited(text, "/achieved/parameters", 1),
               "[invalid_file] student.json/achieved.parameters: parameters = 1, but the plan has " +
                   std::to_string(costs.parameters()));
    EXPECT_TRUE(
        test::message_of([&] {
          read_solved(edited(text, "/substitution", "Generic_0.123"), "student.json");
        }).starts_with("[invalid_file] student.json/substitution: substitution = \"Generic_0.123\", but the plan has "));
    ++read;
  }
  EXPECT_EQ(read, 11U);
}

TEST(SolvedConfig, TellsItsOriginal) {
  EXPECT_EQ(original_of_solved(example(), "s.json"), "wide_resnet:depth=16,width=4,classes=10");
  EXPECT_EQ(original_of_solved(narrow(), "s.json"), "wide_resnet:depth=16,width=4,classes=10");
  EXPECT_EQ(original_of_solved("{}", "s.json"), std::nullopt);
  expect_message([] { original_of_solved(R"({"schema": "pare.solved/1"})", "s.json"); },
                 R"([invalid_file] s.json/network: "network" is missing)");
  expect_message([] { original_of_solved("{", "s.json"); },
                 "[invalid_file] s.json: parse error at line 1, column 2: syntax error while parsing object key - unexpected "
                 "end of input; expected string literal");
}

TEST(LoadDesign, NamesBeforeFiles) {
  EXPECT_EQ(load_design("wrn-28-10").network.name, "wide_resnet:depth=28,width=10,classes=10");
  expect_message([] { load_design("wrn-28-x"); },
                 R"([unknown_name] network: unknown network "wrn-28-x"; known: )" PARE_KNOWN_NETWORKS
                 R"(, or a file (pare.network/1 or pare.solved/1))");
  expect_message(
      [] { load_design("no/such/file.json"); },
      R"([io] no/such/file.json: cannot read "no/such/file.json": No such file or directory; a file that can be read would be accepted)");
  expect_message([] { load_design("/"); },
                 R"([io] /: cannot read "/": Is a directory; a file that can be read would be accepted)");
  // A file whose name begins as a network's is a file, whether it is there or not.
  const std::string path = "wrn-10-1.json";
  expect_message(
      [&] { load_design(path); },
      R"([io] wrn-10-1.json: cannot read "wrn-10-1.json": No such file or directory; a file that can be read would be accepted)");
  std::ofstream(path) << write_network(make_network("resnet-18").graph, "mine");
  EXPECT_EQ(load_design(path).network.name, "mine");
  std::remove(path.c_str());
  expect_message([] { load_design("wrn-27-10"); },
                 "[invalid_value] wide_resnet/depth: depth = 27 must be 6n + 4, such as 10, 16, 22, 28 or 40");
}

TEST(LoadDesign, ADeviceWithoutEndIsRefused) {
  expect_message([] { load_design("/dev/zero"); },
                 R"([limit] /dev/zero: has more than 536870912 bytes, which is all that is read)");
}

} // namespace
} // namespace pare

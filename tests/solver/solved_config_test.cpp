#include "solver/solved_config.hpp"

#include "analysis/cost_model.hpp"
#include "analysis/network_file.hpp"
#include "tests/support.hpp"

#include <gtest/gtest.h>

#include <functional>

namespace pare {
namespace {

using nlohmann::ordered_json;
using test::expect_error;

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
  EXPECT_EQ(keys, (std::vector<std::string>{"schema", "network", "substitution", "plan", "evaluation", "budgets", "termination",
                                            "achieved", "attainable", "input", "provenance"}));
  EXPECT_EQ(solved["schema"], "pare.solved/1");
  EXPECT_EQ(solved["network"], "wide_resnet:depth=28,width=10,classes=10");
  EXPECT_EQ(solved["substitution"], "Generic_0.054");
  EXPECT_EQ(solved["plan"].size(), 24U);
  EXPECT_EQ(solved["plan"]["block1.0.layer.0.conv1"], "Generic_0.054");
  EXPECT_EQ(solved["evaluation"], "dense");
  EXPECT_EQ(solved["budgets"], ordered_json::parse(R"([{"metric": "parameters", "convention": null, "relation": "<=",
                                                        "limit": 800000, "achieved": 799306}])"));
  EXPECT_EQ(solved["termination"]["reason"], "optimal");
  EXPECT_EQ(solved["termination"]["bound"], 799306);
  EXPECT_EQ(solved["termination"]["gap"], 0);
  EXPECT_EQ(solved["achieved"]["parameters"], 799306);
  EXPECT_TRUE(solved["achieved"]["mult_adds"]["macs"].is_number_integer());
  EXPECT_TRUE(solved["achieved"]["mult_adds"]["reference"].is_number_integer());
  EXPECT_TRUE(solved["attainable"]["largest"].is_number_integer());
  EXPECT_EQ(solved["provenance"]["pare"], "test");
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
    EXPECT_EQ(count(lower(design.network.graph, design.plan).graph).parameters, solution.result.answer->parameters);
    EXPECT_EQ(ordered_json::parse(text).contains("original"), substitution == "width");
  }
}

TEST(SolvedConfig, EmbedsANetworkFromAFile) {
  const Network model = make_network("wrn-16-4");
  NetworkFile file = read_network(write_network(model.graph, "mine"), "mine.json");
  Network network;
  network.name = file.name;
  network.graph = std::move(file.graph);
  network.input = network.graph.input_shape();
  const Solution solution = solve(network, "Generic", "parameters<=0.2M");
  const std::string text = write_solved(solution, "{}");
  EXPECT_EQ(ordered_json::parse(text)["network"]["schema"], "pare.network/1");
  const Design design = read_solved(text, "student.json");
  EXPECT_TRUE(design.network.from_file());
  EXPECT_EQ(design.network.name, "mine");
  EXPECT_EQ(count(lower(design.network.graph, design.plan).graph).parameters, solution.result.answer->parameters);
  expect_error([&] { solve(network, "width", "parameters<=0.2M"); }, ErrorCode::kInvalidConfig, "width");
}

TEST(SolvedConfig, AFileThatWasChangedByHandIsNotTrusted) {
  const std::string text = write_solved(solve(make_network("wrn-16-4"), "Generic", "parameters<=0.2M"), "{}");
  const auto change = [&](const std::function<void(ordered_json &)> &edit, std::string_view where,
                          std::string_view message = "") {
    ordered_json document = ordered_json::parse(text);
    edit(document);
    expect_error([&] { read_solved(document.dump(), "student.json"); }, ErrorCode::kInvalidFile, where, message);
  };
  change([](auto &d) { d["achieved"]["parameters"] = 1; }, "achieved/parameters", "but the plan has");
  change([](auto &d) { d["achieved"]["mult_adds"]["macs"] = 1; }, "achieved/mult_adds/macs");
  change([](auto &d) { d["plan"]["block1.0.layer.0.conv1"] = "Generic_0.9"; }, "achieved/parameters");
  change([](auto &d) { d["plan"]["block9"] = "Generic_0.9"; }, "plan/block9");
  change([](auto &d) { d["plan"]["block1.0.layer.0.conv1"] = "Generics_0.9"; }, "plan/block1.0.layer.0.conv1");
  change([](auto &d) { d["plan"]["block1.0.layer.0.conv1"] = 3; }, "plan/block1.0.layer.0.conv1");
  change([](auto &d) { d["plan"] = 3; }, "plan");
  change([](auto &d) { d["evaluation"] = "magic"; }, "evaluation");
  change([](auto &d) { d["network"] = "wrn-17-4"; }, "network");
  change([](auto &d) { d["network"] = 7; }, "network");
  change([](auto &d) { d["input"] = ordered_json::array({3, 0, 32}); }, "input");
  change([](auto &d) { d["schema"] = "pare.solved/9"; }, "schema");
  change([](auto &d) { d.erase("plan"); }, "plan");
  change([](auto &d) { d["achieved"] = nullptr; }, "achieved");
  change([](auto &d) { d["inputt"] = d["input"]; }, "inputt", "unknown key");
  std::string twice = text;
  twice.insert(twice.find("\"plan\": {") + 9, "\"block1.0.layer.0.conv1\": \"Generic_0.9\", ");
  expect_error([&] { read_solved(twice, "student.json"); }, ErrorCode::kInvalidFile, "student.json", "given twice");
  for (std::size_t length = 0; length < text.size(); length += 97)
    expect_error([&] { read_solved(text.substr(0, length), "student.json"); }, ErrorCode::kInvalidFile, "student.json");
  const std::string deep = R"({"schema": "pare.solved/1", "network": )" + std::string(200000, '[');
  expect_error([&] { read_solved(deep, "student.json"); }, ErrorCode::kInvalidFile, "student.json");
}

TEST(LoadDesign, NamesBeforeFiles) {
  EXPECT_EQ(load_design("wrn-28-10").network.name, "wide_resnet:depth=28,width=10,classes=10");
  expect_error([] { load_design("wrn-28-x"); }, ErrorCode::kUnknownName, "network", "known: wrn-D-K");
  expect_error([] { load_design("no/such/file.json"); }, ErrorCode::kIo, "no/such/file.json");
  expect_error([] { load_design("/"); }, ErrorCode::kIo, "/");
  expect_error([] { load_design("wrn-27-10"); }, ErrorCode::kInvalidValue, "wide_resnet/depth", "6n + 4");
}

} // namespace
} // namespace pare

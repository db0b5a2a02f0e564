#include "tests/cli/networks.hpp"
#include "tests/run.hpp"

namespace pare::test {

namespace {

class Solve : public Cli {};

// The issue: WRN-28-10 Generic within 0.8 M parameters is 799306, at every setting in [34/640, 35/640).
TEST_F(Solve, TheMainJob) {
  const Result result =
      run({"solve", "wrn-28-10", "--substitute", "Generic", "--budget", "parameters<=0.8M", "-o", "student.json"});
  EXPECT_EQ(result.code, 0) << result.err;
  for (const std::string part : {"799,306", "[0.053125, 0.0546875)", "optimal", "Generic_0.05"})
    EXPECT_NE(result.out.find(part), std::string::npos) << part;
  EXPECT_EQ(files(), (std::vector<std::string>{"student.json"}));

  const Json solved = Json::parse(read("student.json"));
  EXPECT_EQ(keys(solved).at(0), "schema");
  EXPECT_EQ(solved.at("schema"), "pare.solved/1");
  EXPECT_EQ(solved.at("achieved").at("parameters"), 799306);
  EXPECT_EQ(solved.at("termination").at("reason"), "optimal");
  EXPECT_EQ(solved.at("termination").at("gap"), 0);
  EXPECT_EQ(solved.at("budgets").at(0).at("limit"), 800000);
  EXPECT_EQ(solved.at("plan").size(), 24U);
  const std::vector<std::string> provenance = keys(solved.at("provenance"));
  EXPECT_EQ(provenance, (std::vector<std::string>{"pare", "compiler", "libraries", "method", "options"}));

  // What was solved is what is counted.
  const Json cost = json({"cost", "student.json", "--format", "json"});
  EXPECT_EQ(cost.at("parameters"), 799306);
  EXPECT_EQ(cost.at("substitution"), solved.at("substitution"));
  EXPECT_EQ(cost.at("mult_adds").at("macs"), solved.at("achieved").at("mult_adds").at("macs"));
  const std::string table = output({"cost", "student.json", "--layers", "--format", "markdown"});
  EXPECT_NE(table.find("block1.0.layer.0.conv1.lowrank_contract"), std::string::npos);
}

TEST_F(Solve, JsonOnStdoutIsTheFile) {
  const std::string out = output(
      {"solve", "wrn-16-4", "--substitute", "Shuffle", "--budget", "parameters<=50%", "--format", "json", "-o", "s.json"});
  EXPECT_EQ(out, read("s.json"));
  EXPECT_EQ(out, output({"solve", "wrn-16-4", "--substitute", "Shuffle", "--budget", "parameters<=50%", "--format", "json"}));
}

TEST_F(Solve, BothMethodsAgree) {
  const auto achieved = [&](const std::string &method) {
    return json({"solve", "wrn-16-4", "--substitute", "Generic", "--budget", "parameters<=0.3M", "--method", method, "--format",
                 "json"})
        .at("achieved");
  };
  EXPECT_EQ(achieved("exact"), achieved("nlopt"));
}

TEST_F(Solve, SeveralBudgetsMustAllHold) {
  const Json solved = json({"solve", "wrn-28-10", "--substitute", "Generic", "--budget", "parameters<=0.8M", "--budget",
                            "mult-adds[reference]<=0.1G", "--format", "json"});
  ASSERT_EQ(solved.at("budgets").size(), 2U);
  EXPECT_LE(solved.at("achieved").at("parameters").get<std::int64_t>(), 800000);
  EXPECT_LE(solved.at("achieved").at("mult_adds").at("reference").get<std::int64_t>(), 100000000);
  EXPECT_EQ(solved.at("budgets").at(1).at("limit"), 100000000);
  EXPECT_EQ(solved.at("budgets").at(1).at("convention"), "reference");
}

TEST_F(Solve, EveryFormat) {
  const std::vector<std::string> words{"solve",    "wrn-28-10",        "--substitute", "Generic",
                                       "--budget", "parameters<=0.8M", "--format"};
  const auto in = [&](const std::string &format) {
    std::vector<std::string> all = words;
    all.push_back(format);
    return output(all);
  };
  const auto rows = parse_csv(in("csv"));
  EXPECT_EQ(rows.at(0), (std::vector<std::string>{"quantity", "answer", "of the original [%]", "next up"}));
  bool seen = false;
  for (const auto &row : rows) {
    ASSERT_EQ(row.size(), 4U);
    if (row[0] != "parameters") continue;
    seen = true;
    EXPECT_EQ(row[1], "799306");
    EXPECT_NEAR(std::stod(row[2]), 100.0 * 799306 / 36479194, 1e-12); // the original: counts.json, WRN-28-10 Conv
  }
  EXPECT_TRUE(seen);
  EXPECT_NE(in("markdown").find("| parameters | 799306 | 2.19 % |"), std::string::npos);
  EXPECT_NE(in("latex").find("parameters & 799306 & 2.19 &"), std::string::npos);
}

TEST_F(Solve, WidthKeepsTheOriginal) {
  const Json solved =
      json({"solve", "wrn-16-4", "--substitute", "width", "--budget", "parameters<=1M", "--format", "json", "-o", "w.json"});
  EXPECT_EQ(solved.at("original"), "wide_resnet:depth=16,width=4,classes=10");
  EXPECT_TRUE(solved.at("substitution").is_null());
  EXPECT_LE(solved.at("achieved").at("parameters").get<std::int64_t>(), 1000000);
  EXPECT_EQ(json({"cost", "w.json", "--format", "json"}).at("parameters"), solved.at("achieved").at("parameters"));
}

TEST_F(Solve, InfeasibleIsExitThreeAndWritesNothing) {
  const Result result = run({"solve", "wrn-28-10", "--substitute", "Generic", "--budget", "parameters<=1", "-o", "none.json"});
  EXPECT_EQ(result.code, 3);
  EXPECT_NE(result.out.find("infeasible"), std::string::npos);
  EXPECT_NE(result.out.find("attainable: parameters from"), std::string::npos);
  EXPECT_NE(result.out.find("nearest above"), std::string::npos);
  ASSERT_EQ(lines(result.err).size(), 1U) << result.err;
  EXPECT_NE(result.err.find("none.json was not written"), std::string::npos);
  EXPECT_TRUE(files().empty());

  const Result document =
      run({"solve", "wrn-28-10", "--substitute", "Generic", "--budget", "parameters<=1", "--format", "json"});
  EXPECT_EQ(document.code, 3);
  const Json solved = Json::parse(document.out);
  EXPECT_EQ(solved.at("termination").at("reason"), "infeasible");
  EXPECT_GT(solved.at("attainable").at("smallest").get<std::int64_t>(), 1);
}

TEST_F(Solve, ANetworkFromAFile) {
  write("hand.json", kByHand);
  // The one replaceable layer, 2 -> 4 channels, 3 x 3: depthwise 18, rank int(4 s) in 1..4 gives 6 each; the rest has 191 - 72
  // = 119.
  const Json solved = json(
      {"solve", "hand.json", "--substitute", "Generic", "--budget", "parameters<=150", "--format", "json", "-o", "s.json"});
  EXPECT_EQ(solved.at("achieved").at("parameters"), 119 + 18 + 2 * 6);
  EXPECT_TRUE(solved.at("network").is_object());
  EXPECT_EQ(json({"cost", "s.json", "--format", "json"}).at("parameters"), 149);
  EXPECT_EQ(run({"solve", "hand.json", "--substitute", "Generic", "--budget", "parameters<=142"}).code,
            3); // 119 + 18 + 6 = 143
  expect_fault(run({"solve", "hand.json", "--substitute", "width", "--budget", "parameters<=150"}), 1, "invalid_config",
               {"width"});
}

TEST_F(Solve, WarnsAndKeepsWherePossible) {
  write("net.json", R"({"schema": "pare.network/1", "name": "n", "input": [2, 4, 4], "layers": [
    {"id": "up", "op": "conv", "inputs": ["input"], "out_channels": 6, "kernel": 1, "replaceable": "Conv"},
    {"id": "down", "op": "conv", "inputs": ["up"], "out_channels": 4, "kernel": 1, "replaceable": "Conv"}],
    "attention_taps": [], "output": "down"})");
  // up has 2 x 6 = 12 parameters; at rank 6 LR has 36. down cannot be replaced: 24.
  const Result result =
      run({"solve", "net.json", "--substitute", "LR", "--where-possible", "--budget", "parameters<=60", "-o", "s.json"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_NE(result.err.find("pare: warning: up: LR_"), std::string::npos) << result.err;
  EXPECT_NE(result.err.find("36 parameters instead of 12"), std::string::npos) << result.err;
  EXPECT_NE(result.out.find("left as they were"), std::string::npos);
  const Json solved = Json::parse(read("s.json"));
  EXPECT_EQ(solved.at("achieved").at("parameters"), 60);
  EXPECT_TRUE(solved.at("substitution").is_null());
  EXPECT_NE(output({"cost", "s.json"}).find("substitution: mixed"), std::string::npos);
}

} // namespace

} // namespace pare::test

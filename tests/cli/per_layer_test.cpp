#include "tests/run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

namespace pare::test {

namespace {

class PerLayer : public Cli {
protected:
  static std::vector<std::string> solve(const std::string &network, const std::string &budget,
                                        const std::vector<std::string> &more = {}) {
    std::vector<std::string> out{"solve", network, "--per-layer", "--budget", budget};
    out.insert(out.end(), more.begin(), more.end());
    return out;
  }
  static Result check(std::vector<std::string> files) {
    std::vector<std::string> words{"python3", PARE_SOURCE_DIR "/tests/solver/check_candidates.py"};
    words.insert(words.end(), files.begin(), files.end());
    return run_program(words);
  }
};

// What was solved goes back into the other commands, which count the same.
TEST_F(PerLayer, ThePlanIsReadBack) {
  const std::string text =
      output(solve("wrn-10-2", "parameters<=30%,mult-adds<=60%", {"--families", "generic,tucker", "-o", "s.json"}));
  for (const std::string part : {"per layer, method exact: optimal", "proven apart from the search"})
    EXPECT_NE(text.find(part), std::string::npos) << part;
  const Json solved = Json::parse(read("s.json"));
  EXPECT_EQ(solved.at("schema"), "pare.solved/1");
  EXPECT_EQ(keys(solved.at("per_layer")),
            (std::vector<std::string>{"method", "families", "score", "score_table", "objective", "candidates", "tie",
                                      "excluded", "fixed", "rounded", "value", "certificate"}));
  EXPECT_EQ(solved.at("plan").size(), 6U);
  const Json cost = json({"cost", "s.json", "--format", "json"});
  EXPECT_EQ(cost.at("parameters"), solved.at("achieved").at("parameters"));
  EXPECT_EQ(cost.at("mult_adds").at("macs"), solved.at("achieved").at("mult_adds").at("macs"));
  const std::string parameters = solved.at("achieved").at("parameters").dump();
  EXPECT_NE(output({"table", "s.json", "wrn-10-2", "--format", "csv"}).find(parameters), std::string::npos);
  EXPECT_GT(output({"show", "s.json"}).size(), 1000U);
  EXPECT_EQ(output({"verify", "s.json"}).substr(0, 7), "s.json:");
  expect_fault(run({"solve", "s.json", "--per-layer", "--budget", "parameters<=10%"}), 2, "usage",
               {"has substitutes of its own"});
  // The same words, the same bytes.
  EXPECT_EQ(output(solve("wrn-10-2", "parameters<=30%,mult-adds<=60%", {"--families", "generic,tucker", "--format", "json"})),
            read("s.json"));
}

// A budget that the network itself meets: all layers are alike, and stay as they are.
TEST_F(PerLayer, APlanThatLeavesAllAsItIsIsReadBack) {
  output(solve("wrn-10-1", "parameters<=100%", {"--families", "generic", "-o", "s.json"}));
  EXPECT_EQ(Json::parse(read("s.json")).at("substitution"), "Conv");
  EXPECT_EQ(json({"cost", "s.json", "--format", "json"}).at("parameters"), 77850);
  EXPECT_NE(output({"verify", "s.json"}).find("proven: optimal"), std::string::npos);
}

TEST_F(PerLayer, ALooseBudgetIsNoFault) {
  for (const std::string budget : {"mult-adds<=1e15", "parameters<=9e18", "activations<=1e12", "stored-bytes>=1"})
    EXPECT_EQ(run(solve("wrn-10-1", budget)).code, 0) << budget;
}

TEST_F(PerLayer, WhatCannotBeMetIsExplained) {
  const std::vector<std::string> families{"--families", "generic"};
  const Result one = run(solve("wrn-10-1", "parameters<=5%", families));
  EXPECT_EQ(one.code, 3);
  // Rank 1 everywhere, and what is not replaceable: 4122 + 704 + 384 + 352 + 192 + 2 x 176 = 6106.
  for (const std::string part : {"infeasible", "6,106", "in place of one budget would do: parameters<=6106",
                                 "all that is not chosen for", "generic:rank=1"})
    EXPECT_NE(one.out.find(part), std::string::npos) << part << one.out;
  EXPECT_EQ(run(solve("wrn-10-1", "parameters<=6106", families)).code, 0);
  EXPECT_EQ(run(solve("wrn-10-1", "parameters<=6105", families)).code, 3);

  // Two budgets that exclude each other; each limit that is said to do does.
  const Result two = run(solve("wrn-10-1", "parameters<=20000,mult-adds>=11M", {"--families", "generic", "--format", "json"}));
  EXPECT_EQ(two.code, 3);
  const Json per_layer = Json::parse(two.out).at("per_layer");
  ASSERT_EQ(per_layer.at("relaxations").size(), 2U);
  const std::string parameters = per_layer.at("relaxations").at(0).at("with_others").dump();
  const std::string mult_adds = per_layer.at("relaxations").at(1).at("with_others").dump();
  EXPECT_EQ(run(solve("wrn-10-1", "parameters<=" + parameters + ",mult-adds>=11M", families)).code, 0);
  EXPECT_EQ(run(solve("wrn-10-1", "parameters<=20000,mult-adds>=" + mult_adds, families)).code, 0);
}

TEST_F(PerLayer, LimitsEndIt) {
  const Result none =
      run(solve("wrn-10-1", "parameters<=30%",
                {"--time-limit", "0", "--export-candidates", "c.json", "-o", "s.json", "--families", "generic"}));
  EXPECT_EQ(none.code, 1);
  EXPECT_NE(none.out.find("unknown (limit: time)"), std::string::npos) << none.out;
  EXPECT_EQ(none.out.find("would do"), std::string::npos) << none.out;
  EXPECT_NE(none.err.find("pare: c.json was not written: nothing is claimed of the candidates"), std::string::npos) << none.err;
  EXPECT_TRUE(files().empty());
  EXPECT_EQ(run(solve("wrn-10-1", "parameters<=30%", {"--gap", "0.5", "-o", "s.json"})).code, 0);
  EXPECT_EQ(run({"verify", "s.json"}).code, 0);
}

// Ctrl-C ends it with the best so far, and says how far that is from the bound. (Two budgets of darts take minutes.)
TEST_F(PerLayer, AnInterruptPrintsTheBestSoFar) {
  std::vector<std::string> words = solve("darts", "parameters<=10%,mult-adds<=20%", {"-o", "s.json"});
  words.insert(words.begin(), PARE_BINARY);
  Process process(words);
  while (process.is_running() && process.err().find("best ") == std::string::npos)
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  process.signal(SIGINT);
  const Result result = process.wait();
  if (result.code == 0) return; // it was over before
  EXPECT_EQ(result.code, 130) << result.err;
  EXPECT_NE(result.out.find("feasible (limit: interrupted)"), std::string::npos);
  EXPECT_NE(result.out.find(", gap "), std::string::npos);
  const Result verified = run({"verify", "s.json"});
  EXPECT_EQ(verified.code, 0);
  EXPECT_NE(verified.out.find("proven: bound"), std::string::npos) << verified.out;
}

TEST_F(PerLayer, OptionsThatMakeNoSenseAreRefused) {
  const auto refused = [&](const std::vector<std::string> &more, int code, const std::string &tag,
                           const std::vector<std::string> &parts) {
    expect_fault(run(solve("wrn-10-1", "parameters<=30%", more)), code, tag, parts);
  };
  refused({"--objective", "nonsense"}, 2, "usage", {"--objective: \"nonsense\" must be sum or balanced"});
  refused({"--tie", "nonsense"}, 2, "usage", {"--tie: \"nonsense\" must be none, stage, block, shape, or a file"});
  refused({"--families", "nonsense"}, 2, "unknown_name", {"\"nonsense\""});
  refused({"--score", "nonsense"}, 2, "unknown_name", {"capacity, parameters, table"});
  refused({"--score", "table"}, 2, "usage", {"table:FILE"});
  refused({"--score", "capacity:x"}, 2, "usage", {"capacity takes no file"});
  refused({"--score", "table:"}, 2, "usage", {"\"table:\" names no file"});
  refused({"--score", "table:gone.csv"}, 1, "io", {"gone.csv"});
  refused({"--score", "capacity", "--objective", "balanced"}, 2, "usage", {"fills by parameters"});
  for (const std::string number : {"0", "-1", "x", "1.5", ""})
    for (const std::string option : {"--candidates", "--multiple-of", "--memory"})
      refused({option, number}, 2, "usage", {option, "must be a whole number from 1 up"});
  for (const std::string number : {"-1", "x", "nan", "inf"})
    for (const std::string option : {"--time-limit", "--gap"})
      refused({option, number}, 2, "usage", {option, "must be a number from 0 up"});
  refused({"--exclude", "nonsense"}, 2, "unknown_name", {"exclude: no replaceable layer", "\"nonsense\""});
  refused({"--fix", "conv1"}, 2, "usage", {"\"conv1\" must be LAYER=SUBSTITUTE"});
  refused({"--fix", "block1.0.layer.0.conv1=generic"}, 2, "invalid_value", {"rank_scale is missing"});
  refused({"--method", "nonsense"}, 2, "unknown_name", {"exact, nlopt"});
  refused({"--export-model", "m.lp"}, 2, "usage", {"must end in .mps or .opb"});
  refused({"--export-candidates", "-"}, 2, "usage", {"a file would be accepted"});
  refused({"--substitute", "generic"}, 2, "usage", {"--per-layer takes --families"});
  refused({"--budget", "parameters~1e4"}, 2, "usage", {"a window of >= and <= would be accepted"});
  refused({"--budget", "parameters<=20%"}, 2, "usage", {"parameters has another <="});
  for (const std::string option : {"--families", "--score", "--tie", "--candidates", "--exclude", "--fix", "--gap"})
    expect_fault(run({"solve", "wrn-10-1", "--substitute", "Generic", "--budget", "parameters<=30%", option, "1"}), 2, "usage",
                 {option, "it is for --per-layer"});
}

// By another name too, and where it does not exist yet.
TEST_F(PerLayer, AFileIsNotWrittenTwice) {
  for (const std::vector<std::string> &more :
       std::vector<std::vector<std::string>>{{"--export-candidates", "same", "-o", "./same"},
                                             {"--solved", "same.mps", "-o", "out.txt", "--export-model",
                                              "../" + std::filesystem::current_path().filename().string() + "/same.mps"},
                                             {"--export-candidates", "same.mps", "--export-model", "same.mps"},
                                             {"--objective", "balanced", "--export-candidates", "same", "-o", "./same.next"}}) {
    expect_fault(run(solve("wrn-10-1", "parameters<=30%", more)), 2, "usage", {"would be written twice"});
    for (const auto &entry : std::filesystem::directory_iterator("."))
      EXPECT_FALSE(entry.path().filename().string().starts_with("same"));
  }
}

TEST_F(PerLayer, GroupsOfLayersAreAFile) {
  write("ties", "# both of the first stage\n block1.0.layer.0.conv1 , block1.0.layer.0.conv2 # here\r\n\nblock3*\n");
  output(solve("wrn-10-1", "parameters<=30%", {"--families", "generic", "--tie", "ties", "-o", "s.json"}));
  const Json solved = Json::parse(read("s.json"));
  EXPECT_EQ(solved.at("per_layer").at("groups"),
            Json::parse(R"([["block1.0.layer.0.conv1", "block1.0.layer.0.conv2"], ["block3*"]])"));
  EXPECT_EQ(solved.at("plan").at("block1.0.layer.0.conv1"), solved.at("plan").at("block1.0.layer.0.conv2"));
  EXPECT_EQ(solved.at("plan").at("block3.0.layer.0.conv1"), solved.at("plan").at("block3.0.layer.0.conv2"));
  EXPECT_EQ(run({"verify", "s.json"}).code, 0);
  const auto refused = [&](const std::string &text, int code, const std::string &tag, const std::vector<std::string> &parts) {
    write("bad", text);
    expect_fault(run(solve("wrn-10-1", "parameters<=30%", {"--tie", "bad"})), code, tag, parts);
  };
  refused("", 1, "invalid_file", {"bad: no group of layers"});
  refused("# nothing\n , ,\n", 1, "invalid_file", {"bad: no group of layers"});
  refused("block9\n", 2, "unknown_name", {"\"block9\""});
  refused("block1*\n*conv1\n", 1, "invalid_config", {"\"block1.0.layer.0.conv1\" is in two groups"});
}

TEST_F(PerLayer, ScoresAreAFile) {
  write("t.csv", "layer,candidate,score\r\nblock3.0.layer.0.conv2,Conv,1\r\nblock3.0.layer.0.conv2,Generic_0.5,\"3\"\r\n"
                 "block3.0.layer.0.conv2,generic:rank_scale=0.25,2\r\n");
  const std::vector<std::string> more{"--families", "Generic_0.5,Generic_0.25", "--score", "table:t.csv",
                                      "--exclude",  "block1*,block2*,*conv1",   "-o",      "s.json"};
  output(solve("wrn-10-1", "parameters<=100%", more));
  const Json solved = Json::parse(read("s.json"));
  EXPECT_EQ(solved.at("plan").at("block3.0.layer.0.conv2"), "Generic_0.5");
  EXPECT_EQ(solved.at("per_layer").at("value"), 3000000000);
  EXPECT_EQ(run({"verify", "s.json"}).code, 0);
}

// All that is exported is proven by a checker that has nothing of Pare, and forged files are refuted.
TEST_F(PerLayer, ExportsAreProvenByOthers) {
  const auto make = [&](const std::string &name, const std::string &network, const std::string &budget,
                        std::vector<std::string> more, int code = 0) {
    more.insert(more.end(), {"--export-candidates", name});
    EXPECT_EQ(run(solve(network, budget, more)).code, code) << name;
  };
  make("one.json", "wrn-10-2", "parameters<=30%", {"--families", "generic,shuffle"});
  make("two.json", "darts:channels=8,layers=3", "parameters<=70%,mult-adds>=50%", {"--families", "generic"});
  make("tied.json", "wrn-16-1", "mult-adds<=40%", {"--families", "generic,tucker", "--tie", "block"});
  make("none.json", "wrn-10-1", "parameters<=5%", {"--families", "generic"}, 3);
  make("level.json", "wrn-10-2", "parameters<=30%", {"--families", "generic,tucker", "--objective", "balanced"});
  const Result proven = check({"one.json", "two.json", "tied.json", "none.json", "level.json", "level.json.next"});
  EXPECT_EQ(proven.code, 0) << proven.out << proven.err;
  EXPECT_EQ(lines(proven.out).size(), 6U) << proven.out;
  const Result levels = check({"--levels", "level.json", "level.json.next"});
  EXPECT_EQ(levels.code, 0) << levels.out << levels.err;

  const Json one = Json::parse(read("one.json"));
  std::vector<std::string> forged;
  const auto forge = [&](Json document) {
    forged.push_back(fmt::format("forged{}.json", forged.size()));
    write(forged.back(), document.dump());
  };
  for (const int by : {-1, 1}) {
    Json other = one;
    Json &value = other["certificate"]["value"];
    value = value.get<std::int64_t>() + by;
    forge(other);
    other = one;
    Json &limit = other["budgets"][0]["limit"];
    limit = limit.get<std::int64_t>() + by * 3000;
    forge(other);
  }
  Json other = one;
  other["certificate"]["multipliers"][0] = -1;
  forge(other);
  other = one;
  for (Json &candidate : other["layers"][0]["candidates"])
    candidate["costs"][0] = candidate["costs"][0].get<std::int64_t>() + 9000;
  forge(other);
  other = one;
  for (Json &layer : other["layers"]) // without what is not the cheapest of a layer
    layer["candidates"] = Json::array({layer["candidates"].back()});
  forge(other);
  const Result refuted = check(forged);
  EXPECT_EQ(refuted.code, 1);
  const std::vector<std::string> said = lines(refuted.out);
  ASSERT_EQ(said.size(), forged.size()) << refuted.out << refuted.err;
  for (const std::string &line : said) EXPECT_NE(line.find(": refuted: "), std::string::npos) << line;
}

TEST_F(PerLayer, ModelsForOtherSolversAreWritten) {
  for (const std::string name : {"m.mps", "m.opb"}) {
    output(solve("wrn-10-1", "parameters<=30%", {"--families", "generic", "--export-model", name}));
    EXPECT_GT(read(name).size(), 1000U);
  }
}

TEST_F(PerLayer, TextForPeopleFitsTheirScreens) {
  for (const std::string network : {"wrn-28-10", "darts", "wrn-50-2", "mobilenet-v2"})
    for (const std::string budget : {"parameters<=10%", "parameters<=10%,mult-adds[reference]<=20%"}) {
      const Result result = run(solve(network, budget, {"--families", "generic,shuffle", "--gap", "0.01"}));
      for (const std::string &line : lines(result.out))
        EXPECT_LE(line.size(), 100U) << network << ' ' << budget << '\n' << line;
      EXPECT_GT(lines(result.out).size(), 20U) << result.err;
    }
}

} // namespace

} // namespace pare::test

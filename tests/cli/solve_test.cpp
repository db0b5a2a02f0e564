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

// -o FILE is the document in --format; without it the ending says which, and stdout still has the table.
TEST_F(Solve, OutputsAreWhatWasAskedFor) {
  const std::vector<std::string> words{"solve", "wrn-16-4", "--substitute", "Shuffle", "--budget", "parameters<=50%"};
  const auto with = [&](const std::vector<std::string> &more) {
    std::vector<std::string> all = words;
    all.insert(all.end(), more.begin(), more.end());
    return all;
  };
  const std::string table = output(words);
  const std::string document = output(with({"--format", "json"}));
  EXPECT_EQ(Json::parse(document).at("schema"), "pare.solved/1");
  for (const std::string format : {"text", "json", "csv", "markdown", "latex", "html"}) {
    const std::string expected = output(with({"--format", format}));
    EXPECT_EQ(output(with({"--format", format, "-o", "a.json"})), "");
    EXPECT_EQ(read("a.json"), expected);
    EXPECT_EQ(output(with({"--format", format, "-o", "-"})), expected);
    // The solved file beside it.
    EXPECT_EQ(output(with({"--format", format, "-o", "a.out", "--solved", "s.json"})), "");
    EXPECT_EQ(read("a.out"), expected);
    EXPECT_EQ(read("s.json"), document);
    EXPECT_EQ(output(with({"--format", format, "--solved", "t.json"})), expected);
    EXPECT_EQ(read("t.json"), document);
  }
  for (const auto &[ending, format] : std::vector<std::pair<std::string, std::string>>{{".json", "json"},
                                                                                       {".csv", "csv"},
                                                                                       {".md", "markdown"},
                                                                                       {".tex", "latex"},
                                                                                       {".html", "html"},
                                                                                       {".txt", "text"},
                                                                                       {".solved", "json"},
                                                                                       {"", "json"}}) {
    EXPECT_EQ(output(with({"-o", "b" + ending})), table);
    EXPECT_EQ(read("b" + ending), output(with({"--format", format}))) << ending;
  }
  EXPECT_EQ(output(with({"-o", "-"})), document);
  EXPECT_EQ(output(with({"-o", "c.csv", "--solved", "-", "--format", "csv"})), document);
  // Two things in one place.
  for (const auto &more : std::vector<std::vector<std::string>>{{"--solved", "-"},
                                                                {"-o", "-", "--solved", "-"},
                                                                {"-o", "d.csv", "--solved", "-"},
                                                                {"-o", "d.json", "--solved", "d.json"}})
    expect_fault(run(with(more)), 2, "usage", {"--solved", "another file would be accepted"});
  EXPECT_FALSE(std::filesystem::exists("d.json"));
  // Infeasible: nothing is written anywhere.
  const Result none = run({"solve", "wrn-16-4", "--substitute", "Shuffle", "--budget", "parameters<=1", "-o", "n.csv",
                           "--solved", "n.json", "--format", "csv"});
  EXPECT_EQ(none.code, 3);
  EXPECT_EQ(none.out, "");
  EXPECT_TRUE(none.err.ends_with("; n.csv was not written; n.json was not written\n")) << none.err;
  EXPECT_FALSE(std::filesystem::exists("n.csv") || std::filesystem::exists("n.json"));
}

// All that the text says is in the file: the step's interval, the next one up, percentages, what is nearest.
TEST_F(Solve, TheFileHasWhatTheTextSays) {
  const Json solved =
      json({"solve", "wrn-28-10", "--substitute", "Generic", "--budget", "parameters<=0.8M", "--format", "json"});
  // Ranks of 640 channels: int(640 s) = 34 for s in [34/640, 35/640), then 35 up to 36/640.
  EXPECT_EQ(solved.at("same_network_for"), Json::array({34.0 / 640, 35.0 / 640}));
  EXPECT_EQ(solved.at("next_up").at("setting"), "Generic_0.055");
  EXPECT_EQ(solved.at("next_up").at("same_network_for").at(0), 35.0 / 640);
  EXPECT_EQ(solved.at("next_up").at("parameters"), 809226); // counted again below
  EXPECT_EQ(json({"cost", "wrn-28-10", "--substitute", "Generic_0.055", "--format", "json"}).at("parameters"), 809226);
  EXPECT_EQ(solved.at("next_up").at("reason"), "parameters 809226 > 800000");
  EXPECT_NEAR(solved.at("percent_of_original").at("parameters").get<double>(), 100.0 * 799306 / 36479194, 1e-12);
  EXPECT_EQ(solved.at("attainable").at("quantity"), "parameters");
  EXPECT_TRUE(solved.at("nearest").is_null());
  EXPECT_EQ(solved.at("budgets").at(0).at("written"), "parameters<=0.8M");
  const Result infeasible =
      run({"solve", "wrn-28-10", "--substitute", "Shuffle", "--budget", "mult-adds<=20M", "--format", "json"});
  EXPECT_EQ(infeasible.code, 3);
  const Json none = Json::parse(infeasible.out);
  EXPECT_TRUE(none.at("nearest").at("below").is_null());
  EXPECT_EQ(none.at("nearest").at("above").at("setting"), "Shuffle_160");
  EXPECT_EQ(none.at("attainable").at("quantity"), "mult-adds[macs]");
  const auto rows =
      parse_csv(run({"solve", "wrn-28-10", "--substitute", "Shuffle", "--budget", "mult-adds<=20M", "--format", "csv"}).out);
  EXPECT_EQ(rows.at(rows.size() - 2).at(0), "smallest attainable mult-adds[macs]");
  EXPECT_EQ(rows.back().at(0), "largest attainable mult-adds[macs]");
}

// Mult-adds without a convention are those of the one that is asked for; every table and file names it.
TEST_F(Solve, ABareBudgetMeansTheConventionThatIsAskedFor) {
  const auto budget = [&](const std::vector<std::string> &more) {
    std::vector<std::string> words{"solve",    "wrn-28-10",       "--substitute", "Generic",
                                   "--budget", "mult-adds<=300M", "--format",     "json"};
    words.insert(words.end(), more.begin(), more.end());
    return json(words).at("budgets").at(0);
  };
  EXPECT_EQ(budget({}).at("convention"), "macs");
  EXPECT_EQ(budget({"--convention", "reference"}).at("convention"), "reference");
  EXPECT_EQ(budget({"--convention", "reference"}).at("written"), "mult-adds[reference]<=300M");
  write("mine.json", R"({"schema": "pare.convention/1", "name": "mine", "source": "a test", "weights": {"conv.mac": 2}})");
  EXPECT_EQ(budget({"--convention", "mine.json"}).at("convention"), "mine");
  for (const std::vector<std::string> &several :
       std::vector<std::vector<std::string>>{{"--convention", "all"}, {"--convention", "macs", "--convention", "reference"}}) {
    std::vector<std::string> words{"solve", "wrn-28-10", "--substitute", "Generic", "--budget", "mult-adds<=100M"};
    words.insert(words.end(), several.begin(), several.end());
    expect_fault(run(words), 2, "usage", {"mult-adds by which convention?"});
  }
  const std::string table = output({"solve", "wrn-28-10", "--substitute", "Generic", "--budget", "mult-adds<=100M"});
  EXPECT_NE(table.find("\nmult-adds[macs]<=100M  100,000,000"), std::string::npos) << table;
}

// A user's convention goes into the file, so that the file can be counted again wherever it is read.
TEST_F(Solve, AConventionOfAUsersIsInTheFile) {
  write("mine.json", R"({"schema": "pare.convention/1", "name": "mine", "source": "a test", "weights": {"conv.mac": 2}})");
  ASSERT_EQ(run({"solve", "wrn-10-1", "--substitute", "Generic", "--budget", "mult-adds<=5M", "--convention", "mine.json", "-o",
                 "s.json"})
                .code,
            0);
  const Json solved = Json::parse(read("s.json"));
  EXPECT_EQ(solved.at("conventions").at(0), Json::parse(read("mine.json")));
  EXPECT_EQ(run({"cost", "s.json"}).code, 0);
  Json changed = solved;
  changed.at("achieved").at("mult_adds").at("mine") = 1;
  write("bad.json", changed.dump());
  const auto macs = solved.at("achieved").at("mult_adds").at("mine").get<std::int64_t>();
  EXPECT_EQ(run({"cost", "bad.json"}).err,
            "pare: [invalid_file] bad.json/achieved.mult_adds.mine: mult-adds[mine] = 1, but the plan has " +
                std::to_string(macs) + "\n");
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
  ASSERT_EQ(run({"solve", "wrn-16-4", "--substitute", "width", "--budget", "parameters<=1M", "-o", "w.json"}).code, 0);
  const Json solved = Json::parse(read("w.json"));
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
  ASSERT_EQ(run({"solve", "hand.json", "--substitute", "Generic", "--budget", "parameters<=150", "-o", "s.json"}).code, 0);
  const Json solved = Json::parse(read("s.json"));
  EXPECT_EQ(solved.at("achieved").at("parameters"), 119 + 18 + 2 * 6);
  EXPECT_TRUE(solved.at("network").is_object());
  EXPECT_EQ(json({"cost", "s.json", "--format", "json"}).at("parameters"), 149);
  EXPECT_EQ(run({"solve", "hand.json", "--substitute", "Generic", "--budget", "parameters<=142"}).code,
            3); // 119 + 18 + 6 = 143
}

TEST_F(Solve, TheWidthOfANetworkFromAFile) {
  ASSERT_EQ(run({"show", "wrn-10-1", "--format", "json", "-o", "net.json"}).code, 0);
  ASSERT_EQ(run({"solve", "net.json", "--substitute", "width", "--budget", "parameters<=150%", "-o", "wide.json"}).code, 0);
  const Json solved = Json::parse(read("wide.json"));
  const Json width = solved.at("network").at("width");
  EXPECT_GT(width, 1);
  EXPECT_EQ(run({"verify", "wide.json"}).code, 0);
  const Json counted = json({"cost", "net.json:width=" + width.dump(), "--format", "json"});
  EXPECT_EQ(counted.at("parameters"), solved.at("achieved").at("parameters"));
  EXPECT_EQ(json({"cost", "wide.json", "--format", "json"}).at("parameters"), counted.at("parameters"));
  // A file is what it is, though its name begins as a network's does.
  ASSERT_EQ(run({"show", "wrn-16-2", "--format", "json", "-o", "wrn-10-1.json"}).code, 0);
  EXPECT_EQ(json({"cost", "wrn-10-1.json:width=1", "--format", "json"}).at("parameters"),
            json({"cost", "wrn-16-2", "--format", "json"}).at("parameters"));
  expect_fault(run({"cost", "net.json:widht=2"}), 2, "unknown_name",
               {"net.json", "widht", "width, round_to", "did you mean width?"});
  expect_fault(run({"cost", "net.json:width=0"}), 1, "invalid_file", {"net.json/width", "above 0"});
  expect_fault(run({"cost", "net.json:width=two"}), 2, "invalid_value", {"net.json/width", "two"});
  expect_fault(run({"cost", "net.json:round_to=0"}), 2, "invalid_value", {"net.json/round_to"});
  expect_fault(run({"cost", "net.json:width=2,width=3"}), 2, "invalid_value", {"net.json/width", "twice"});
  expect_fault(run({"cost", "wide.json:width=2"}), 2, "usage", {"wide.json", "solved file"});
  expect_fault(run({"cost", "missing.json:width=2"}), 1, "io", {"missing.json"});
}

TEST_F(Solve, HowWideIsTried) {
  const Json solved = json(
      {"solve", "wrn-10-1", "--substitute", "width", "--budget", "parameters<=1G", "--max-width", "2.5", "--format", "json"});
  EXPECT_EQ(solved.at("network"), "wide_resnet:depth=10,width=2.5,classes=10");
  EXPECT_EQ(solved.at("max_width"), 2.5);
  for (const std::string times : {"0.5", "0", "-1", "1025", "nan", "wide"})
    expect_fault(run({"solve", "wrn-10-1", "--substitute", "width", "--budget", "parameters<=1M", "--max-width", times}), 2,
                 "invalid_value", {"--max-width"});
  expect_fault(run({"solve", "wrn-10-1", "--substitute", "Generic", "--budget", "parameters<=1M", "--max-width", "2"}), 2,
               "usage", {"--max-width", "width"});
  expect_fault(run({"solve", "wrn-10-1", "--per-layer", "--budget", "parameters<=1M", "--max-width", "2"}), 2, "usage",
               {"--max-width"});
  expect_fault(run({"cost", "wrn-10-1", "--max-width", "2"}), 2, "usage", {"--max-width", "--sweep"});
  const Result swept = run({"cost", "wrn-10-1", "--sweep", "width", "--max-width", "2"});
  EXPECT_EQ(swept.code, 0);
  EXPECT_NE(swept.out.find("the settings up to width=2 (2 times the network's own) are taken"), std::string::npos) << swept.out;
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

TEST_F(Solve, NamesAreReadInAnyCase) {
  EXPECT_EQ(output({"solve", "wrn-10-1", "--substitute", "GENERIC", "--budget", "mult-adds[REFERENCE]<=50 %", "--method",
                    "EXACT", "--convention", "All"}),
            output({"solve", "wrn-10-1", "--substitute", "Generic", "--budget", "mult-adds[reference]<=50%", "--method",
                    "exact", "--convention", "all"}));
}

} // namespace

} // namespace pare::test

#include "tests/run.hpp"

#include <chrono>
#include <csignal>
#include <thread>

namespace pare::test {

namespace {

class SweepCommand : public Cli {};

// 637 plans: tests/solver/sweep_test.cpp derives them.
TEST_F(SweepCommand, RowsAreWhatCostSaysOfTheirSettings) {
  const Result swept = run({"cost", "wrn-28-10", "--sweep", "Generic", "--format", "csv"});
  EXPECT_EQ(swept.code, 0);
  EXPECT_EQ(lines(swept.err), (std::vector<std::string>{"pare: Generic: there is no plan below rank_scale = 0.00625: "
                                                        "block1.0.layer.0.conv1 does not accept it"}));
  const auto rows = parse_csv(swept.out);
  ASSERT_EQ(rows.size(), 638U);
  EXPECT_EQ(rows[0], (std::vector<std::string>{"family", "setting", "knob", "from", "below", "parameters",
                                               "parameters of the original [%]", "mult-adds[macs]",
                                               "mult-adds[macs] of the original [%]", "mult-adds[reference]",
                                               "mult-adds[reference] of the original [%]", "activations", "stored-bytes"}));
  const double original = json({"cost", "wrn-28-10", "--format", "json"}).at("parameters").get<double>();
  for (const std::size_t i : {std::size_t{1}, std::size_t{31}, std::size_t{300}, std::size_t{637}}) {
    const std::vector<std::string> &row = rows[i];
    const Json cost = json({"cost", "wrn-28-10", "--substitute", row[1], "--format", "json"});
    EXPECT_EQ(cost.at("substitution"), row[1]);
    EXPECT_EQ(cost.at("parameters").dump(), row[5]);
    EXPECT_EQ(std::stod(row[6]), 100 * cost.at("parameters").get<double>() / original);
    EXPECT_EQ(cost.at("mult_adds").at("macs").dump(), row[7]);
    EXPECT_EQ(cost.at("mult_adds").at("reference").dump(), row[9]);
    EXPECT_EQ(cost.at("activations").at("elements").dump(), row[11]);
    EXPECT_EQ(cost.at("stored_bytes").dump(), row[12]);
    // Both ends read back as the doubles that they are.
    EXPECT_EQ(json({"cost", "wrn-28-10", "--substitute", "Generic_" + row[3], "--format", "json"}).at("parameters").dump(),
              row[5]);
    EXPECT_LE(std::stod(row[3]), std::stod(row[2]));
    EXPECT_LT(std::stod(row[2]), std::stod(row[4]));
    if (i > 1) {
      EXPECT_EQ(rows[i - 1][4], row[3]);
    }
  }
}

TEST_F(SweepCommand, JsonAndTablesSayTheSameOfSeveralFamilies) {
  const std::vector<std::string> words = {"cost", "wrn-10-1",     "--sweep", "Shuffle,LR", "--sweep",
                                          "acdc", "--convention", "macs",    "--batch",    "2"};
  const auto in = [&](const std::string &format) {
    std::vector<std::string> out = words;
    out.insert(out.end(), {"--format", format});
    return out;
  };
  const auto rows = parse_csv(run(in("csv")).out);
  const Json document = json(in("json"));
  EXPECT_EQ(keys(document),
            (std::vector<std::string>{"schema", "network", "input", "batch", "original", "sweeps", "interrupted"}));
  EXPECT_EQ(document.at("schema"), "pare.sweep/1");
  EXPECT_EQ(document.at("batch"), 2);
  EXPECT_EQ(document.at("interrupted"), false);
  std::size_t at = 1;
  std::vector<std::string> families;
  for (const Json &sweep : document.at("sweeps")) {
    EXPECT_EQ(keys(sweep), (std::vector<std::string>{"family", "knob", "complete", "notes", "kept", "plans"}));
    EXPECT_EQ(sweep.at("complete"), true);
    families.push_back(sweep.at("family"));
    for (const Json &plan : sweep.at("plans")) {
      ASSERT_LT(at, rows.size());
      const std::vector<std::string> &row = rows[at++];
      EXPECT_EQ(row[0], families.back());
      EXPECT_EQ(row[1], plan.at("setting"));
      EXPECT_EQ(std::stod(row[2]), plan.at("knob").get<double>());
      if (families.back() == "LR") {
        EXPECT_EQ(std::stod(row[3]), plan.at("same_network_for").at(0).get<double>());
        EXPECT_EQ(std::stod(row[4]), plan.at("same_network_for").at(1).get<double>());
      } else {
        EXPECT_EQ(row[3] + row[4], "");
        EXPECT_TRUE(plan.at("same_network_for").is_null());
      }
      EXPECT_EQ(row[5], plan.at("parameters").dump());
      EXPECT_EQ(std::stod(row[6]), plan.at("percent_of_original").at("parameters").get<double>());
      EXPECT_EQ(row[7], plan.at("mult_adds").at("macs").dump());
      EXPECT_EQ(row[9], plan.at("activations").dump());
    }
  }
  EXPECT_EQ(at, rows.size());
  EXPECT_EQ(families, (std::vector<std::string>{"Shuffle", "LR", "acdc"}));
  EXPECT_EQ(document.at("sweeps").at(2).at("notes"), Json::array({"layers has no end: its settings up to 128 are taken"}));
  const Json &last = document.at("sweeps").at(1).at("plans").back();
  const std::string text = output(in("text"));
  EXPECT_NE(text.find("every plan of LR"), std::string::npos);
  EXPECT_NE(text.find("LR_1 "), std::string::npos);
  EXPECT_NE(output(in("markdown")).find(last.at("parameters").dump()), std::string::npos);
}

TEST_F(SweepCommand, TooManyPlansAreSpacedAndSaidToBe) {
  const Json hashed = json({"cost", "wrn-28-10", "--sweep", "Hashed", "--format", "json"}).at("sweeps").at(0);
  EXPECT_EQ(hashed.at("complete"), false);
  const std::size_t count = hashed.at("plans").size();
  EXPECT_GT(count, 700U);
  EXPECT_LE(count, 1000U);
  EXPECT_EQ(hashed.at("notes").at(1), "not every plan is listed: there are more than 10000, and these " +
                                          std::to_string(count) + " are at geometric steps of ratio");
  // Of neighbours far enough from the ends the settings have one ratio.
  const auto knob = [&](std::size_t i) { return hashed.at("plans").at(i).at("same_network_for").at(0).get<double>(); };
  EXPECT_NEAR(knob(count - 2) / knob(count - 3), knob(count - 102) / knob(count - 103), 1e-3);

  const Json few = json({"cost", "wrn-28-10", "--sweep", "Generic", "--points", "5", "--format", "json"}).at("sweeps").at(0);
  EXPECT_EQ(few.at("complete"), false);
  EXPECT_LE(few.at("plans").size(), 5U);
  EXPECT_EQ(few.at("plans").back().at("setting"), "Generic_1");
}

TEST_F(SweepCommand, LayersThatRefuseStayWherePossible) {
  expect_fault(run({"cost", "darts", "--sweep", "LR"}), 1, "not_applicable",
               {"LR does not apply: in_channels = ", "--where-possible leaves such layers as they are"});
  const std::vector<std::string> words = {"cost", "darts", "--sweep", "LR", "--where-possible", "--format"};
  const auto with = [&](const std::string &format) {
    std::vector<std::string> out = words;
    out.push_back(format);
    return out;
  };
  const auto rows = parse_csv(output(with("csv")));
  ASSERT_GT(rows.size(), 10U);
  EXPECT_EQ(rows[0][5], "kept layers");
  EXPECT_GT(std::stoll(rows[1][5]), std::stoll(rows.back()[5])) << "small settings are refused by more layers";
  for (const std::size_t i : {std::size_t{1}, rows.size() / 2, rows.size() - 1}) {
    const Json cost = json({"cost", "darts", "--substitute", rows[i][1], "--where-possible", "--format", "json"});
    EXPECT_EQ(std::to_string(cost.at("kept").size()), rows[i][5]);
    EXPECT_EQ(cost.at("parameters").dump(), rows[i][6]);
  }
  const Json sweep = json(with("json")).at("sweeps").at(0);
  EXPECT_EQ(std::to_string(sweep.at("plans").back().at("kept_layers").get<int>()), rows.back()[5]);
  EXPECT_EQ(std::to_string(sweep.at("kept").size()), rows.back()[5]) << "those that accept no setting";
}

TEST_F(SweepCommand, EndsCleanlyWhereItIsInterrupted) {
  for (const std::string &format : std::vector<std::string>{"json", "csv"}) {
    const std::string name = "all." + format;
    Process process({PARE_BINARY, "cost", "wrn-28-10", "--sweep", "Hashed", "--points", "all", "-o", name});
    const auto grows = [&] { // under its temporary name
      for (const std::string &file : files())
        if (file.starts_with(name) && std::filesystem::file_size(file) > 10000) return true;
      return false;
    };
    while (process.is_running() && !grows()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    EXPECT_FALSE(std::filesystem::exists(name));
    process.signal(SIGINT);
    const Result result = process.wait();
    EXPECT_EQ(result.code, 128 + SIGINT);
    EXPECT_NE(result.err.find("pare: interrupted: these are the plans up to then"), std::string::npos) << result.err;
    if (format == "json") {
      const Json document = Json::parse(read(name));
      EXPECT_EQ(document.at("interrupted"), true);
      EXPECT_FALSE(document.at("sweeps").at(0).at("plans").empty());
      continue;
    }
    const auto rows = parse_csv(read(name));
    EXPECT_GT(rows.size(), 50U);
    EXPECT_EQ(rows.back().size(), rows.front().size());
  }
  EXPECT_EQ(files(), (std::vector<std::string>{"all.csv", "all.json"}));
}

TEST_F(SweepCommand, RefusesWhatMakesNoSense) {
  expect_fault(run({"cost", "wrn-10-1", "--sweep", "Generic_0.1"}), 2, "usage",
               {"Generic_0.1 leaves no setting", "a family without its setting, such as Generic, would be accepted"});
  expect_fault(run({"cost", "wrn-10-1", "--sweep", "Generic,Nope"}), 2, "unknown_name", {"\"Nope\""});
  expect_fault(run({"cost", "wrn-10-1", "--sweep", "Generic", "--substitute", "Conv"}), 2, "usage",
               {"--substitute: it is of one plan; --sweep without it would be accepted"});
  expect_fault(run({"cost", "wrn-10-1", "--sweep", "Generic", "--layers"}), 2, "usage", {"--layers: it is of one plan"});
  expect_fault(run({"cost", "wrn-10-1", "--points", "5"}), 2, "usage", {"--points: it is of --sweep, which is not given"});
  expect_fault(run({"cost", "wrn-10-1", "--sweep", "Generic", "--points", "1"}), 2, "usage",
               {"--points: \"1\" must be a whole number from 2 to 10000, or all"});
  output({"solve", "wrn-10-1", "--substitute", "Generic", "--budget", "parameters<=50K", "--solved", "s.json"});
  expect_fault(run({"cost", "s.json", "--sweep", "Generic"}), 2, "usage", {"NETWORK: s.json "});
  expect_fault(run({"cost", "wrn-10-1", "--sweep", "Generic", "-o", "none/s.csv"}), 1, "io", {"none/s.csv: cannot be written"});
}

} // namespace

} // namespace pare::test

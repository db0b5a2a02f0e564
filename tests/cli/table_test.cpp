#include "tests/run.hpp"

#include <array>
#include <cmath>
#include <map>

namespace pare::test {

namespace {

using Rows = std::vector<std::map<std::string, std::string>>;

class Tables : public Cli {
protected:
  /// The rows of `pare table ... --format csv`, by heading.
  static Rows table(std::vector<std::string> words);
};

Rows Tables::table(std::vector<std::string> words) {
  words.insert(words.begin(), "table");
  words.insert(words.end(), {"--format", "csv"});
  const auto lines = parse_csv(output(words));
  Rows out;
  for (std::size_t i = 1; i < lines.size(); ++i)
    for (std::size_t j = 0; j < lines[i].size(); ++j)
      (i > out.size() ? out.emplace_back() : out.back())[lines[0][j]] = lines[i][j];
  return out;
}

// Against the 2019 counter, run for each: tests/golden/counts.json.
TEST_F(Tables, CostsOfAPaper) {
  const Rows rows = table({"wrn-28-10", "darts", "--substitute", "Conv,Generic_0.1", "--substitute", "Shuffle_4,ACDC_12",
                           "--convention", "macs,reference"});
  ASSERT_EQ(rows.size(), 8U);
  const Json golden = test::golden("counts.json").at("rows");
  std::size_t compared = 0;
  for (const auto &row : rows)
    for (const Json &known : golden) {
      const bool is_wrn = known.at("network").at("family") == "wide_resnet" && known.at("network").value("depth", 0) == 28 &&
                          known.at("network").value("width", 0) == 10 && known.at("network").value("classes", 0) == 10;
      const bool is_darts = known.at("network").at("family") == "darts" && known.at("network").size() == 4 &&
                            known.at("network").value("layers", 0) == 20 && known.at("network").value("channels", 0) == 36;
      if (!(row.at("network") == "wrn-28-10" ? is_wrn : is_darts) || known.at("substitution") != row.at("setting")) continue;
      EXPECT_EQ(row.at("parameters"), known.at("parameters").dump()) << known;
      EXPECT_NEAR(std::stod(row.at("mult-adds[reference]")), known.at("mult_adds").get<double>(), 1e-3) << known;
      ++compared;
    }
  EXPECT_EQ(compared, 5U) << "those that the 2019 counter was run for";
  EXPECT_EQ(rows[0].at("parameters of the original [%]"), "100");
  EXPECT_EQ(rows[0].at("state"), "counted");
  // The same as one network and one substitution at a time.
  const Json cost = json({"cost", "darts", "--substitute", "Shuffle_4", "--format", "json"});
  EXPECT_EQ(rows[6].at("setting"), "Shuffle_4");
  EXPECT_EQ(rows[6].at("mult-adds[macs]"), cost.at("mult_adds").at("macs").dump());
  EXPECT_EQ(rows[6].at("activation elements"), cost.at("activations").at("elements").dump());
}

TEST_F(Tables, SolvedFilesStandBesideNetworks) {
  output({"solve", "wrn-16-4", "--substitute", "width", "--budget", "parameters<=50%", "-o", "width.json"});
  output({"solve", "wrn-16-4", "--substitute", "Generic", "--budget", "parameters<=5%", "-o", "generic.json"});
  const Rows rows = table({"width.json", "wrn-16-4", "generic.json", "--substitute", "Conv"});
  ASSERT_EQ(rows.size(), 3U);
  const std::string original = rows[1].at("parameters");
  for (const auto &row : rows) {
    EXPECT_EQ(row.at("network"), "wrn-16-4");
    EXPECT_NEAR(std::stod(row.at("parameters of the original [%]")),
                100 * std::stod(row.at("parameters")) / std::stod(original), 1e-9);
  }
  EXPECT_EQ(rows[0].at("family"), "width");
  EXPECT_EQ(rows[0].at("setting").substr(0, 6), "width=");
  EXPECT_EQ(rows[0].at("parameters"), Json::parse(read("width.json")).at("achieved").at("parameters").dump());
  EXPECT_EQ(rows[1].at("source"), "counted");
  EXPECT_EQ(rows[2].at("family"), "generic");
  EXPECT_EQ(rows[2].at("source"), "counted, generic.json");
  EXPECT_EQ(rows[2].at("parameters"), Json::parse(read("generic.json")).at("achieved").at("parameters").dump());
}

// A solved file whose plan was chosen layer by layer, as a schedule has it.
TEST_F(Tables, PlansThatAreChosenLayerByLayerSayHow) {
  write("e.json", R"({"schema": "pare.experiments/1", "name": "layers", "data": "fashion-mnist:nowhere",
    "experiments": [{"network": "wrn-10-1", "per_layer": true, "families": [["Generic", "Shuffle"]], "tie": "stage",
                     "objective": ["sum", "balanced"], "budgets": "parameters<=20%"}]})");
  const Json schedule = Json::parse(output({"schedule", "e.json", "--data-fingerprint", std::string(64, 'a'), "-o", "-"}));
  write("sum.json", schedule.at("designs").at(0).at("network").dump());
  write("balanced.json", schedule.at("designs").at(1).at("network").dump());
  const Rows rows = table({"sum.json", "balanced.json", "wrn-10-1", "--substitute", "Generic_0.5"});
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[0].at("setting"), "per layer (capacity)");
  EXPECT_EQ(rows[0].at("family"), "generic+shuffle");
  EXPECT_EQ(rows[0].at("families"), "Generic, Shuffle");
  EXPECT_EQ(rows[0].at("score"), "capacity");
  EXPECT_EQ(rows[0].at("tie"), "stage");
  EXPECT_EQ(rows[0].at("objective"), "sum");
  EXPECT_EQ(rows[0].at("budgets"), "parameters<=20%");
  EXPECT_EQ(rows[0].at("source"), "counted, sum.json");
  EXPECT_EQ(rows[0].at("parameters"), Json::parse(read("sum.json")).at("achieved").at("parameters").dump());
  EXPECT_EQ(rows[1].at("setting"), "per layer (balanced)");
  EXPECT_EQ(rows[1].at("score"), "parameters");
  EXPECT_EQ(rows[2].at("setting"), "Generic_0.5");
  EXPECT_EQ(rows[2].at("tie"), "");
  for (const char *format : {"text", "csv", "json", "markdown", "latex", "html"}) {
    const std::string text = output({"table", "sum.json", "wrn-10-1", "--format", format});
    EXPECT_NE(text.find("per layer"), std::string::npos) << format;
  }
}

// The research log, 29th December 2018: groups, parameters, mult-adds, train and test error. Its figures are rounded to the
// digits that it prints, but for 6.07e7, which is cut.
TEST_F(Tables, TheLogsTableIsMadeAgain) {
  struct Logged {
    const char *setting;
    double parameters, parameters_unit, mult_adds, mult_adds_unit;
    const char *train, *test;
  };
  constexpr std::array<Logged, 4> kLog = {{{"Shuffle_4", 8.24e5, 1e3, 1.17e8, 1e6, "2.557", "4.758"},
                                           {"Shuffle_8", 5.64e5, 1e3, 7.7e7, 1e6, "3.742", "5.979"},
                                           {"Shuffle_16", 4.37e5, 1e3, 6.07e7, 1e5, "5.822", "7.7"},
                                           {"Shuffle_32", 3.78e5, 1e3, 5.13e7, 1e5, "10.83", "10.02"}}};
  const std::string file = std::string(PARE_SOURCE_DIR) + "/examples/shuffle_2018.json";
  const Rows made = table({file, "--columns", "setting,parameters,mult-adds,train-top1,top1", "--convention", "reference"});
  const Rows counted = table({"wrn-28-10", "--substitute", "Shuffle_4,Shuffle_8,Shuffle_16,Shuffle_32"});
  const Json rows = Json::parse(test::read_text(file));
  ASSERT_EQ(made.size(), kLog.size());
  for (std::size_t i = 0; i < kLog.size(); ++i) {
    const Logged &log = kLog[i];
    EXPECT_EQ(made[i].at("setting"), log.setting);
    EXPECT_LT(std::fabs(std::stod(made[i].at("parameters")) - log.parameters), log.parameters_unit) << log.setting;
    EXPECT_LT(std::fabs(std::stod(made[i].at("mult-adds[reference]")) - log.mult_adds), log.mult_adds_unit) << log.setting;
    EXPECT_EQ(made[i].at("training error [%]"), log.train);
    EXPECT_EQ(made[i].at("top-1 error [%]"), log.test);
    EXPECT_EQ(made[i].at("state"), "published");
    EXPECT_EQ(made[i].at("source"), "research log, 29 December 2018");
    // What the file says of costs is what is counted today.
    EXPECT_EQ(made[i].at("parameters"), counted[i].at("parameters"));
    EXPECT_EQ(made[i].at("mult-adds[reference]"), counted[i].at("mult-adds[reference]"));
    EXPECT_EQ(rows[i].at("mult_adds_macs").dump(), counted[i].at("mult-adds[macs]"));
    EXPECT_EQ(rows[i].at("original_parameters"), 36479194);
    EXPECT_EQ(rows[i].at("original_mult_adds_reference"), 5245638922);
    EXPECT_EQ(rows[i].at("original_mult_adds_macs"), 5243328768);
  }
}

TEST_F(Tables, EveryFormat) {
  const std::vector<std::string> words{"table",
                                       "wrn-10-1",
                                       "--substitute",
                                       "Conv,Generic_0.5",
                                       "--columns",
                                       "setting,parameters",
                                       "--caption",
                                       "A & B",
                                       "--label",
                                       "tab:a",
                                       "-o"};
  const auto written = [&](const std::string &name) {
    std::vector<std::string> all = words;
    all.push_back(name);
    EXPECT_EQ(output(all), "");
    return read(name);
  };
  EXPECT_EQ(written("a.txt"), "A & B\n\nsetting      parameters\n-----------------------\n"
                              "Conv             77,850\nGeneric_0.5      15,178\n");
  EXPECT_EQ(written("a.md"), "A & B\n\n| setting | parameters |\n| :--- | ---: |\n| Conv | 77850 |\n| Generic_0.5 | 15178 |\n");
  EXPECT_EQ(written("a.csv"), "setting,parameters,state,n,seeds,source\nConv,77850,counted,,,counted\n"
                              "Generic_0.5,15178,counted,,,counted\n");
  EXPECT_EQ(Json::parse(written("a.json")).at(1).dump(),
            R"({"setting":"Generic_0.5","parameters":15178,"state":"counted","n":null,"seeds":null,"source":"counted"})");
  EXPECT_EQ(written("a.tex"),
            "% \\usepackage{booktabs,siunitx}\n\\begin{table}\n\\centering\n\\caption{A \\& B}\n\\medskip\n"
            "\\label{tab:a}\n\\begin{tabular}{l S[table-format=5.0]}\n\\toprule\nsetting & {parameters} \\\\\n"
            "\\midrule\nConv & 77850 \\\\\nGeneric\\_0.5 & 15178 \\\\\n\\bottomrule\n\\end{tabular}\n"
            "\\end{table}\n");
  EXPECT_NE(written("a.html").find("<caption>A &amp; B</caption>"), std::string::npos);
}

TEST_F(Tables, WhatIsWrongIsSaid) {
  const auto message = [](std::vector<std::string> words) {
    words.insert(words.begin(), "table");
    const Result result = run(words);
    EXPECT_EQ(result.out, "");
    return result.err;
  };
  EXPECT_EQ(message({}), "pare: [usage] pare table: INPUT is missing; see pare table --help\n");
  EXPECT_EQ(message({"wrn-10-1", "--substitute", "Conv,Generic_0.001"}),
            "pare: [not_applicable] Generic_0.001 of wrn-10-1/block1.0.layer.0.conv1/rank_scale: Generic_0.001 does not apply: "
            "rank = int(0.001 x 16) = 0 must be at least 1; a rank_scale from 0.0625 up would be accepted\n");
  write("none.json", "[]");
  EXPECT_EQ(message({"none.json"}),
            "pare: [usage] INPUT: \"none.json\" has no rows; a network or results with rows would be accepted\n");
  EXPECT_EQ(
      message({"none.json", "--substitute", "Conv"}),
      "pare: [usage] --substitute: replaces convolutions of networks, and none is given that is not solved; a network would be "
      "accepted\n");
  EXPECT_EQ(message({"wrn-10-1", "--where-possible"}),
            "pare: [usage] --where-possible: is about --substitute, which is not given; both, or neither would be accepted\n");
  EXPECT_EQ(message({"wrn-10-1", "--label", "a b"}),
            "pare: [usage] --label: label = \"a b\" must be letters, digits, and : . _ - / +, such as tab:cost\n");
  write("bad.json", R"([{"schema": "pare.results/1", "name": "a", "state": "over"}])");
  EXPECT_EQ(
      message({"wrn-10-1", "bad.json"}),
      "pare: [invalid_file] bad.json/[0].state: state = \"over\" must be one of done, diverged, failed, unfinished, missing, "
      "published\n");
  // A layer that takes no substitute stays, and is noted.
  const std::string text =
      output({"table", "resnet-18", "--substitute", "ACDC_2", "--where-possible", "--columns", "setting,parameters"});
  EXPECT_NE(text.find("ACDC_2"), std::string::npos);
}

} // namespace

} // namespace pare::test

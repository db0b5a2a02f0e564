#include "tests/run.hpp"

#include <algorithm>

namespace pare::test {

namespace {

class Fronts : public Cli {};

TEST_F(Fronts, PerLayerWithASolvedFileForEachPoint) {
  const Result result = run(
      {"solve", "wrn-10-1", "--per-layer", "--pareto", "parameters", "--points", "5", "--solved", "front", "--format", "csv"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(lines(result.err).size(), 5U) << result.err;
  const auto rows = parse_csv(result.out);
  ASSERT_EQ(rows.size(), 6U);
  EXPECT_EQ(rows[0], (std::vector<std::string>{"limit of parameters", "capacity", "parameters", "mult-adds[macs]",
                                               "mult-adds[reference]", "activations", "stored-bytes", "proof"}));
  for (std::size_t i = 1; i < rows.size(); ++i) {
    EXPECT_EQ(rows[i].back(), "optimal");
    const std::string file = "front/point-0" + std::to_string(i) + ".json";
    EXPECT_EQ(std::to_string(Json::parse(read(file)).at("achieved").at("parameters").get<std::int64_t>()), rows[i][2]);
    const Result verified = run({"verify", file});
    EXPECT_EQ(verified.code, 0) << verified.out << verified.err;
    EXPECT_NE(verified.out.find("proven: optimal"), std::string::npos);
    if (i > 1) {
      EXPECT_GE(std::stod(rows[i][1]), std::stod(rows[i - 1][1]));
    }
  }
  // The same as one document, whose points are such files.
  const Json document =
      json({"solve", "wrn-10-1", "--per-layer", "--pareto", "parameters", "--points", "5", "--format", "json"});
  EXPECT_EQ(keys(document), (std::vector<std::string>{"schema", "network", "quantity", "points"}));
  EXPECT_EQ(document.at("schema"), "pare.pareto/1");
  ASSERT_EQ(document.at("points").size(), 5U);
  EXPECT_EQ(document.at("points").at(2).at("solved"), Json::parse(read("front/point-03.json")));
  expect_fault(run({"solve", "wrn-10-1", "--substitute", "LR", "--pareto", "parameters", "--solved", "front"}), 2, "usage",
               {"--solved: \"front\" has files in it; a new or an empty folder would be accepted"});
}

TEST_F(Fronts, OfOneFamily) {
  const auto rows =
      parse_csv(output({"solve", "wrn-28-10", "--substitute", "Shuffle", "--pareto", "mult-adds", "--format", "csv"}));
  // From 1 to 160 groups: those that change something.
  ASSERT_EQ(rows.size(), 13U);
  EXPECT_EQ(rows[1][0], "Shuffle_160");
  EXPECT_EQ(rows.back()[0], "Shuffle_1");
  output({"solve", "wrn-28-10", "--substitute", "Shuffle", "--pareto", "mult-adds", "--points", "3", "--solved", "new/front",
          "-o", "f.json"});
  for (const std::string &file :
       std::vector<std::string>{"new/front/point-01.json", "new/front/point-02.json", "new/front/point-03.json"})
    EXPECT_EQ(run({"verify", file}).code, 0) << file;
  EXPECT_EQ(Json::parse(read("f.json")).at("points").size(), 3U);
  const Result none = run({"solve", "wrn-28-10", "--substitute", "Shuffle", "--pareto", "mult-adds", "--budget",
                           "parameters<=1K", "-o", "n.json", "--solved", "none"});
  EXPECT_EQ(none.code, 3);
  EXPECT_NE(none.err.find("n.json was not written; nothing was written into none"), std::string::npos) << none.err;
  EXPECT_FALSE(std::filesystem::exists("n.json") || std::filesystem::exists("none"));
}

TEST_F(Fronts, SeveralFamiliesAreFitsOfTheirOwn) {
  const Json all = json({"solve", "wrn-10-1", "--substitute", "all", "--budget", "parameters<=20K", "--format", "json"});
  EXPECT_EQ(all.at("schema"), "pare.fits/1");
  std::vector<std::string> families;
  for (const Json &fit : all.at("fits")) {
    families.push_back(fit.at("family"));
    Json one = json({"solve", "wrn-10-1", "--substitute", families.back(), "--budget", "parameters<=20K", "--format", "json"});
    EXPECT_EQ(fit.at("solved"), one) << families.back();
  }
  for (const std::string &family : std::vector<std::string>{"generic", "hashed", "acdc", "cp", "width"})
    EXPECT_NE(std::find(families.begin(), families.end(), family), families.end()) << family;
  // A list, one of which is infeasible, and one of which applies to no layer: 410,394 is the least of Generic.
  const auto rows = parse_csv(
      output({"solve", "wrn-28-10", "--substitute", "Generic,Shuffle", "--budget", "parameters<=0.4M", "--format", "csv"}));
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[1].front(), "Generic");
  EXPECT_EQ(rows[1].back(), "infeasible: at least 410,394 parameters");
  EXPECT_EQ(rows[2][1], "Shuffle_32");
  EXPECT_EQ(rows[2].back(), "");
  for (const std::string &format : std::vector<std::string>{"text", "markdown", "latex", "html"})
    EXPECT_NE(
        output({"solve", "wrn-10-1", "--substitute", "LR,Tucker", "--budget", "parameters<=20K", "--format", format}).size(),
        0U);
  const Result refused =
      run({"solve", "mobilenet-v2", "--substitute", "lr,shuffle", "--budget", "parameters<=2M", "--format", "csv"});
  EXPECT_EQ(refused.code, 0) << refused.err;
  EXPECT_EQ(parse_csv(refused.out).at(1).back(),
            "features.1.conv.3/out_channels: lr does not apply: in_channels = 32 must divide "
            "out_channels = 16: the input is repeated to reach them");
  EXPECT_EQ(run({"solve", "wrn-28-10", "--substitute", "Generic,LR", "--budget", "parameters<=1K"}).code, 3);
}

TEST_F(Fronts, BadOptions) {
  const auto message = [](std::vector<std::string> more) {
    more.insert(more.begin(), {"solve", "wrn-10-1"});
    const Result result = run(more);
    EXPECT_EQ(result.code, 2);
    EXPECT_EQ(result.out, "");
    return result.err;
  };
  const std::string solved =
      "a solved file is of one plan, and these are the fits of several families; one family, or --format json "
      "for a document of all of them, would be accepted\n";
  EXPECT_EQ(message({"--substitute", "all", "--budget", "parameters<=1M", "-o", "x"}), "pare: [usage] --output: " + solved);
  EXPECT_EQ(message({"--substitute", "all", "--budget", "parameters<=1M", "-o", "x.json"}),
            "pare: [usage] --output: " + solved);
  EXPECT_EQ(message({"--substitute", "all", "--budget", "parameters<=1M", "--solved", "x"}),
            "pare: [usage] --solved: " + solved);
  EXPECT_EQ(message({"--substitute", "LR", "--budget", "parameters<=1M", "--points", "3"}),
            "pare: [usage] --points: it is of --pareto, which is not given\n");
  EXPECT_EQ(message({"--per-layer", "--pareto", "parameters", "--points", "1"}),
            "pare: [usage] --points: \"1\" must be a whole number from 2 to 10000\n");
  EXPECT_EQ(message({"--per-layer", "--pareto", "size"}),
            "pare: [usage] --pareto: \"size\" is not a quantity: parameters, mult-adds, mult-adds[CONVENTION], activations and "
            "stored-bytes are\n");
  EXPECT_EQ(
      message({"--per-layer", "--pareto", "parameters", "--budget", "parameters<=1M"}),
      "pare: [usage] budget parameters<=1M: parameters is what differs from plan to plan; budgets of other quantities would "
      "be accepted\n");
  EXPECT_EQ(message({"--per-layer", "--pareto", "parameters", "--export-model", "x.mps"}),
            "pare: [usage] --export-model: it is of one plan; --pareto without it would be accepted\n");
  EXPECT_EQ(message({"--substitute", "LR,Generic", "--pareto", "parameters"}),
            "pare: [usage] --substitute: \"LR,Generic\" are 2 substitutions; one would be accepted, and a front of its own for "
            "each\n");
  EXPECT_EQ(message({"--substitute", "all", "--pareto", "parameters"}),
            "pare: [usage] --substitute: all are several families; one would be accepted, and a front of its own for each\n");
  EXPECT_EQ(message({"--substitute", "LR"}), "pare: [usage] pare solve: --budget B is missing; see pare solve --help\n");
}

} // namespace

} // namespace pare::test

// How substitutes are evaluated, asked for by a user: counted, solved, recorded, listed.

#include "tests/cli/networks.hpp"
#include "tests/run.hpp"

namespace pare::test {

namespace {

class Evaluated : public Cli {
protected:
  static std::int64_t macs(const Json &cost) { return cost.at("mult_adds").at("macs").get<std::int64_t>(); }
};

TEST_F(Evaluated, CostsWhatItExecutes) {
  const Json dense = json({"cost", "wrn-28-10", "--substitute", "TensorTrain_0.44", "--format", "json"});
  EXPECT_EQ(dense.at("evaluations"), Json::parse(R"({"tensor_train": ["dense"]})"));
  for (const std::string &way : {std::string("contraction"), std::string("cheapest")}) {
    const Json contracted =
        json({"cost", "wrn-28-10", "--substitute", "TensorTrain_0.44", "--evaluation", way, "--format", "json"});
    EXPECT_EQ(macs(contracted), 299686144);
    EXPECT_GT(contracted.at("per_batch").at("macs"), 0);
    EXPECT_EQ(contracted.at("evaluations"), Json::parse(R"({"tensor_train": ["contraction"]})"));
    EXPECT_EQ(contracted.at("substitution"), "TensorTrain_0.44@" + way);
    EXPECT_EQ(contracted.at("parameters"), dense.at("parameters"));
    EXPECT_EQ(contracted.at("mult_adds").at("reference"), dense.at("mult_adds").at("reference")) << "that counter knew one way";
  }
  // By its name alone.
  EXPECT_EQ(macs(json({"cost", "wrn-28-10", "--substitute", "TensorTrain_0.44@contraction", "--format", "json"})), 299686144);
  EXPECT_EQ(output({"cost", "wrn-10-1", "--substitute", "TensorTrain_0.44", "--evaluation", "default"}),
            output({"cost", "wrn-10-1", "--substitute", "TensorTrain_0.44"}));
  const std::string table = output({"cost", "wrn-28-10", "--substitute", "ACDC_12", "--evaluation", "fast"});
  EXPECT_NE(table.find("evaluation: acdc fast"), std::string::npos) << table;
  EXPECT_NE(table.find("as reckoned and not as"), std::string::npos) << table;
  // Two ways in one network, each where it is cheapest: ACDC's weight of few channels is built.
  const Json cheapest = json({"cost", "wrn-28-10", "--substitute", "acdc:layers=9@cheapest", "--format", "json"});
  EXPECT_EQ(cheapest.at("evaluations"), Json::parse(R"({"acdc": ["dense", "fast"]})"));
}

TEST_F(Evaluated, IsRefusedByName) {
  Result result = run({"cost", "wrn-10-1", "--substitute", "Generic_0.5", "--evaluation", "contraction"});
  EXPECT_NE(result.code, 0);
  EXPECT_EQ(result.out, "");
  EXPECT_NE(result.err.find("--evaluation: evaluation = contraction must be factored for generic (--where-possible"),
            std::string::npos)
      << result.err;
  // It keeps its own, and is named.
  result = run({"table", "wrn-10-1", "--substitute", "Generic_0.5,TensorTrain_0.5", "--evaluation", "contraction",
                "--where-possible", "--format", "csv"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_NE(result.err.find("Generic_0.5 is evaluated in its own way: evaluation = contraction must be factored for generic"),
            std::string::npos)
      << result.err;
  EXPECT_NE(result.out.find("TensorTrain_0.5@contraction"), std::string::npos);
  EXPECT_NE(result.out.find("Generic_0.5,"), std::string::npos);
  for (const auto &[words, why] : std::vector<std::pair<std::vector<std::string>, std::string>>{
           {{"cost", "wrn-10-1", "--evaluation", "dense"}, "is about --substitute"},
           {{"cost", "wrn-10-1", "--substitute", "TensorTrain_0.5", "--evaluation", "sparse"}, "contraction"},
           {{"cost", "wrn-10-1", "--substitute", "TensorTrain_0.5@dense", "--evaluation", "contraction", "--format", "json"},
            ""},
           {{"cost", "wrn-10-1", "--substitute", "TensorTrain_0.5@contraction", "--evaluation", "dense"}, "another evaluation"},
           {{"formulas", "tensor_train", "--evaluation", "cheapest"}, "is decided at a layer"},
           {{"solve", "wrn-10-1", "--substitute", "TensorTrain@contraction", "--budget", "activations<=60000"},
            "may fall as rank_scale of TensorTrain@contraction rises"},
           {{"solve", "wrn-10-1", "--substitute", "ACDC@cheapest", "--budget", "parameters<=60000"}, "not affine in layers"}}) {
    const Result bad = run(words);
    EXPECT_NE(bad.code, 0) << words.back();
    EXPECT_NE(bad.err.find(why), std::string::npos) << bad.err;
    EXPECT_EQ(lines(bad.err).size(), 1u) << bad.err;
  }
}

TEST_F(Evaluated, IsSolvedForAndRecorded) {
  for (const std::string &way : {std::string("contraction"), std::string("cheapest")}) {
    SCOPED_TRACE(way);
    const Result result = run({"solve", "wrn-16-2", "--substitute", "TensorTrain", "--evaluation", way, "--budget",
                               "mult-adds<=12%", "-o", "student.json"});
    ASSERT_EQ(result.code, 0) << result.err;
    const Json solved = Json::parse(read("student.json"));
    EXPECT_TRUE(solved.at("substitution").get<std::string>().ends_with("@" + way));
    std::set<std::string> ways;
    for (const auto &[layer, entry] : solved.at("plan").items())
      ways.insert(entry.is_string() ? "dense" : entry.at("evaluation").get<std::string>());
    EXPECT_TRUE(ways.contains("contraction"));
    EXPECT_FALSE(ways.contains("cheapest")) << "the plan says which";
    const Json cost = json({"cost", "student.json", "--format", "json"});
    EXPECT_EQ(cost.at("mult_adds").at("macs"), solved.at("achieved").at("mult_adds").at("macs"));
    const Result verified = run({"verify", "student.json"});
    EXPECT_EQ(verified.code, 0) << verified.err << verified.out;
    // In another way it is the same network at another cost.
    const Json dense = json({"cost", "student.json", "--evaluation", "dense", "--format", "json"});
    EXPECT_EQ(dense.at("parameters"), cost.at("parameters"));
    EXPECT_GT(macs(dense), macs(cost));
    // A plan that is not what its head says is refused.
    std::string text = read("student.json");
    const std::size_t at = text.find("\"contraction\"");
    ASSERT_NE(at, std::string::npos);
    write("edited.json", text.replace(at, 13, "\"dense\""));
    EXPECT_NE(run({"cost", "edited.json"}).code, 0);
  }
}

TEST_F(Evaluated, IsChosenByLayer) {
  const Result result = run({"solve", "wrn-16-2", "--per-layer", "--families", "TensorTrain,TensorTrain@contraction",
                             "--budget", "mult-adds<=12%", "-o", "mixed.json"});
  ASSERT_EQ(result.code, 0) << result.err;
  const Result verified = run({"verify", "mixed.json"});
  EXPECT_EQ(verified.code, 0) << verified.err << verified.out;
  // Built as dense weights they would all be too dear.
  EXPECT_EQ(run({"solve", "wrn-16-2", "--per-layer", "--families", "TensorTrain", "--budget", "mult-adds<=12%"}).code, 3);
  const Json solved = Json::parse(read("mixed.json"));
  EXPECT_NE(solved.dump().find("\"contraction\""), std::string::npos) << "it pays here";
  const Result all = run({"solve", "wrn-16-2", "--per-layer", "--evaluation", "cheapest", "--budget",
                          "parameters<=40%,mult-adds<=35%", "-o", "cheapest.json"});
  ASSERT_EQ(all.code, 0) << all.err;
  EXPECT_EQ(run({"verify", "cheapest.json"}).code, 0);
  // What some families lack is said once for each, however many layers have them.
  ASSERT_EQ(
      run({"solve", "wrn-16-2", "--per-layer", "--families", "Generic", "--budget", "parameters<=10%", "-o", "two.json"}).code,
      0);
  const Result kept = run({"cost", "two.json", "--evaluation", "contraction", "--where-possible"});
  EXPECT_EQ(kept.code, 0) << kept.err;
  std::size_t said = 0;
  for (const std::string &line : lines(kept.err)) said += line.find("is evaluated in its own way") != std::string::npos ? 1 : 0;
  EXPECT_EQ(said, 1u) << kept.err;
  const Result tied = run({"solve", "wrn-16-2", "--per-layer", "--tie", "stage", "--evaluation", "cheapest", "--budget",
                           "parameters<=40%,mult-adds<=35%"});
  EXPECT_NE(tied.code, 0);
  EXPECT_NE(tied.err.find("layers of different shapes are tied"), std::string::npos) << tied.err;
}

TEST_F(Evaluated, TensorCostsAreBesideEachOther) {
  const Json rows = json({"cost", "wrn-16-2", "--substitute", "TensorTrain_0.44", "--tensor-costs", "--format", "json"});
  ASSERT_EQ(rows.size(), 12u + 2);
  const auto number = [](const Json &row, const char *column) { return row.at(column).get<std::int64_t>(); };
  std::map<std::string, std::int64_t> sums;
  for (std::size_t i = 0; i + 1 < rows.size(); ++i)
    for (const char *column : {"floor (estimate)", "lower-bound (estimate)", "novikov (estimate)", "dense", "contraction"})
      sums[column] += number(rows[i], column);
  for (const auto &[column, sum] : sums) EXPECT_EQ(number(rows.back(), column.c_str()), sum) << column;
  for (const Json &row : rows) {
    EXPECT_LE(number(row, "floor (estimate)"), number(row, "contraction"));
    EXPECT_LE(number(row, "contraction"), number(row, "dense"));
  }
  for (const auto &[way, column] : {std::pair{"dense", "dense"}, {"contraction", "contraction"}})
    EXPECT_EQ(number(rows.back(), column),
              macs(json({"cost", "wrn-16-2", "--substitute", "TensorTrain_0.44", "--evaluation", way, "--format", "json"})));
  // Tucker has no upper estimate; nothing is put in its place.
  const Json tucker = json({"cost", "wrn-16-2", "--substitute", "Tucker_0.44", "--tensor-costs", "--format", "json"});
  EXPECT_TRUE(tucker.back().at("novikov (estimate)").is_null());
  EXPECT_FALSE(tucker.back().at("contraction").is_null());
  EXPECT_NE(run({"cost", "wrn-16-2", "--substitute", "Generic_0.4", "--tensor-costs"}).code, 0);
}

// The log of 6 February 2019: twelve factors pay from about 600 channels. As the examples' README has them.
TEST_F(Evaluated, CrossoversAreTables) {
  const std::string files = std::string(PARE_SOURCE_DIR) + "/examples/files/pointwise-";
  const Json rows = json({"table", files + "512.json", files + "576.json", files + "640.json", files + "704.json",
                          "--substitute", "Conv,acdc:layers=12@dense,acdc:layers=12@fast", "--columns",
                          "network,setting,mult-adds,per-batch", "--convention", "macs", "--format", "json"});
  ASSERT_EQ(rows.size(), 12u);
  for (std::size_t i = 0; i < rows.size(); i += 3) {
    const auto macs_of = [&](std::size_t row) { return rows[row].at("mult-adds[macs]").get<std::int64_t>(); };
    EXPECT_EQ(macs_of(i + 1), macs_of(i)) << "dense is the convolution's";
    EXPECT_EQ(macs_of(i + 2) < macs_of(i), i >= 6) << rows[i].dump();
  }
  std::int64_t last = 0;
  for (const char *rank : {"0.1", "0.3", "0.5", "0.7", "0.9", "1"}) {
    const Json cost = json({"cost", files + "640.json", "--substitute", std::string("TensorTrain_") + rank, "--evaluation",
                            "contraction", "--format", "json"});
    EXPECT_GE(macs(cost), last);
    last = macs(cost);
    EXPECT_LE(last, 256 * 640 * 640);
  }
  EXPECT_EQ(last, 256 * 640 * 640) << "nearly full ranks are as well built";
}

} // namespace

} // namespace pare::test

#include "tests/cli/networks.hpp"
#include "tests/run.hpp"

#include <cmath>
#include <map>

namespace pare::test {

namespace {

class Cost : public Cli {};

std::string spec_of(const Json &network) {
  std::string out = network.at("family").get<std::string>() + ":";
  for (const auto &[key, value] : network.items())
    if (key != "family") out += key + "=" + value.dump() + ",";
  out.pop_back();
  return out;
}

/// Sum of a column of layers or groups.
std::int64_t sum(const Json &rows, const std::string &field, const std::string &convention = {}) {
  std::int64_t out = 0;
  for (const Json &row : rows)
    out += convention.empty() ? row.at(field).get<std::int64_t>() : row.at(field).at(convention).get<std::int64_t>();
  return out;
}

// tests/golden/counts.json: the 2019 reference counter, run once for each row.
TEST_F(Cost, EveryReferenceRowThroughTheCommand) {
  const Json rows = golden("counts.json").at("rows");
  ASSERT_EQ(rows.size(), 114U);
  for (const Json &row : rows) {
    const std::string spec = spec_of(row.at("network"));
    const std::string substitution = row.at("substitution");
    SCOPED_TRACE(spec + " " + substitution);
    const Json cost = json({"cost", spec, "--substitute", substitution, "--format", "json"});
    EXPECT_EQ(cost.at("parameters").get<std::int64_t>(), row.at("parameters").get<std::int64_t>());
    const double expected = row.at("mult_adds").get<double>();
    if (substitution.find("ACDC") == std::string::npos)
      EXPECT_EQ(cost.at("mult_adds").at("reference").get<double>(), expected);
    else
      EXPECT_NEAR(cost.at("mult_adds").at("reference").get<double>(), expected, 1e-12 * expected);
    EXPECT_EQ(cost.at("input"), row.at("input"));
  }
}

// The published model code of P-DARTS: 3910224 parameters with its head, 3433798 without. The head reads the 576 channels of
// cell 13 at 8 x 8, pools them to 2 x 2, and has 1 x 1 x 576 x 128 and 2 x 2 x 128 x 768 weights, two norms and a classifier.
TEST_F(Cost, TheAuxiliaryHeadWhereItIsAskedFor) {
  const Json plain = json({"cost", "darts:genotype=p_darts", "--format", "json"});
  EXPECT_EQ(plain.at("parameters"), 3433798);
  EXPECT_EQ(plain.at("mult_adds").at("macs"), 532174464);
  EXPECT_FALSE(plain.contains("auxiliary_head"));
  const Json cost = json({"cost", "darts:genotype=p_darts", "--auxiliary", "--layers", "--format", "json"});
  EXPECT_EQ(cost.at("parameters"), 3910224);
  EXPECT_EQ(cost.at("mult_adds").at("macs"), 532870272);
  EXPECT_EQ(cost.at("auxiliary_head"), true);
  EXPECT_EQ(cost.at("network"), plain.at("network"));
  std::map<std::string, Json> head;
  for (const Json &layer : cost.at("layers"))
    if (const auto name = layer.at("name").get<std::string>(); name.starts_with("auxiliary_head.")) head[name] = layer;
  EXPECT_EQ(head.size(), 9U);
  EXPECT_EQ(head.at("auxiliary_head.features.2").at("parameters"), 576 * 128);
  EXPECT_EQ(head.at("auxiliary_head.features.2").at("mult_adds").at("macs"), 4 * 576 * 128);
  EXPECT_EQ(head.at("auxiliary_head.features.5").at("parameters"), 4 * 128 * 768);
  EXPECT_EQ(head.at("auxiliary_head.classifier").at("parameters"), 768 * 10 + 10);
  EXPECT_EQ(head.at("auxiliary_head.classifier").at("output"), Json({10, 1, 1}));
  EXPECT_NE(run({"cost", "darts", "--auxiliary"}).out.find("batch: 1; with the auxiliary head\n"), std::string::npos);

  EXPECT_EQ(
      run({"cost", "resnet-18", "--auxiliary"}).err,
      "pare: [not_applicable] resnet:depth=18,width=1,classes=1000: the network has no auxiliary head; those of darts and "
      "darts_imagenet have one\n");
  EXPECT_EQ(run({"cost", "darts", "--auxiliary", "--sweep", "Generic"}).err,
            "pare: [usage] --auxiliary: it is of one plan; --sweep without it would be accepted\n");
  EXPECT_EQ(run({"cost", "darts", "--auxiliary", "--tensor-costs"}).err,
            "pare: [usage] --auxiliary: is not for --tensor-costs, which lists tensors by convention macs\n");
}

TEST_F(Cost, KeysInTheirOrder) {
  const std::vector<std::string> fixed = {"schema",     "network",   "substitution", "input",       "batch",
                                          "parameters", "mult_adds", "per_batch",    "activations", "not_counted"};
  std::vector<std::string> found = keys(json({"cost", "wrn-10-1", "--format", "json"}));
  ASSERT_GE(found.size(), fixed.size());
  EXPECT_EQ(std::vector<std::string>(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(fixed.size())), fixed);

  const Json with_layers = json({"cost", "wrn-10-1", "--layers", "--format", "json"});
  found = keys(with_layers);
  EXPECT_EQ(found.at(fixed.size()), "layers");
  EXPECT_EQ(keys(with_layers.at("layers").at(0)),
            (std::vector<std::string>{"name", "op", "substituted", "parameters", "mult_adds", "per_batch", "output"}));
  EXPECT_EQ(keys(with_layers.at("mult_adds")), (std::vector<std::string>{"macs", "reference"}));
  EXPECT_EQ(keys(with_layers.at("not_counted").at(0)),
            (std::vector<std::string>{"convention", "op", "spelling", "event", "amount", "per_batch"}));
}

TEST_F(Cost, JsonOfANetworkByName) {
  const Json cost = json({"cost", "wrn-28-10", "--substitute", "generic:rank_scale=0.1", "--format", "json"});
  EXPECT_EQ(cost.at("schema"), "pare.cost/1");
  EXPECT_EQ(cost.at("network"), "wide_resnet:depth=28,width=10,classes=10");
  EXPECT_EQ(cost.at("substitution"), "generic:rank_scale=0.1");
  EXPECT_EQ(json({"cost", "wrn-28-10", "--substitute", "generic_0.1", "--format", "json"}).at("substitution"), "Generic_0.1");
  EXPECT_EQ(cost.at("input"), Json::parse("[3, 32, 32]"));
  EXPECT_EQ(cost.at("batch"), 1);
  EXPECT_TRUE(json({"cost", "wrn-28-10", "--format", "json"}).at("substitution").is_null());
}

// Derivation: tests/cli/networks.hpp.
TEST_F(Cost, CountedByHand) {
  write("hand.json", kByHand);
  const Json cost = json({"cost", "hand.json", "--layers", "--format", "json"});
  EXPECT_EQ(cost.at("network"), Json::parse(kByHand));
  EXPECT_EQ(cost.at("parameters"), 191);
  EXPECT_EQ(cost.at("mult_adds").at("macs"), 3138);
  EXPECT_EQ(cost.at("mult_adds").at("reference"), 3311);
  // Outputs of all but the view: 144 + 144 + 36 + 24 + 6 + 5.
  EXPECT_EQ(cost.at("activations").at("elements"), 359);
  EXPECT_EQ(cost.at("not_counted"), Json::parse(R"([
    {"convention": "macs", "op": "linear", "spelling": "module", "event": "bias", "amount": 5, "per_batch": false},
    {"convention": "macs", "op": "relu", "spelling": "module", "event": "element", "amount": 144, "per_batch": false},
    {"convention": "macs", "op": "max_pool", "spelling": "module", "event": "window", "amount": 24, "per_batch": false}])"));
  const Json layers = cost.at("layers");
  ASSERT_EQ(layers.size(), 7U);
  EXPECT_EQ(layers.at(2).dump(),
            R"({"name":"c","op":"conv","substituted":false,"parameters":36,)"
            R"("mult_adds":{"macs":324,"reference":324},"per_batch":{"macs":0,"reference":0},"output":[4,3,3]})");
  EXPECT_EQ(sum(layers, "parameters"), 191);
  EXPECT_EQ(sum(layers, "mult_adds", "reference"), 3311);
}

TEST_F(Cost, GroupsAddUpToTheNetwork) {
  write("hand.json", kByHand);
  const auto groups = [&](const std::string &by) {
    const Json cost = json({"cost", "hand.json", "--group-by", by, "--format", "json"});
    EXPECT_EQ(cost.at("group_by"), by);
    EXPECT_EQ(sum(cost.at("groups"), "parameters"), 191);
    EXPECT_EQ(sum(cost.at("groups"), "layers"), 7);
    EXPECT_EQ(sum(cost.at("groups"), "mult_adds", "macs"), 3138);
    EXPECT_EQ(sum(cost.at("groups"), "mult_adds", "reference"), 3311);
    Json out = Json::object();
    for (const Json &group : cost.at("groups")) out[group.at("name").get<std::string>()] = group.at("mult_adds").at("macs");
    return out.dump();
  };
  EXPECT_EQ(groups("kernel"), R"({"3 x 3":2592,"-":30,"3 x 3 depthwise":324,"2 x 2 grouped":192,"2 x 2 pool":0})");
  EXPECT_EQ(groups("stage"), R"({"6 x 6":2592,"3 x 3":324,"2 x 2":192,"1 x 1":30})");
  EXPECT_EQ(groups("kind"), R"({"conv":3108,"relu":0,"max_pool":0,"flatten":0,"linear":30})");
}

// ACDC multiplies its factors out once per batch: the groups have that work as well.
TEST_F(Cost, GroupsOfRealAndPerBatchWorkAddUp) {
  for (const std::string by : {"stage", "kernel", "kind"}) {
    const Json cost = json({"cost", "wrn-10-1", "--substitute", "ACDC_6", "--group-by", by, "--format", "json"});
    ASSERT_GT(cost.at("per_batch").at("macs").get<std::int64_t>(), 0);
    EXPECT_EQ(sum(cost.at("groups"), "per_batch", "macs"), cost.at("per_batch").at("macs").get<std::int64_t>());
    EXPECT_EQ(sum(cost.at("groups"), "parameters"), cost.at("parameters").get<std::int64_t>());
    double reference = 0;
    for (const Json &group : cost.at("groups")) reference += group.at("mult_adds").at("reference").get<double>();
    EXPECT_NEAR(reference, cost.at("mult_adds").at("reference").get<double>(), 1e-6);
  }
}

// 94906267 x 94906267 = 9007199515875289 is beyond 2^53 = 9007199254740992, and odd: no double holds it.
TEST_F(Cost, WholeNumbersBeyondDoublesAreExact) {
  write("big.json", R"({"schema": "pare.network/1", "name": "big", "input": [94906267, 1, 1], "layers": [
    {"id": "a", "op": "conv", "inputs": ["input"], "out_channels": 94906267, "kernel": 1}], "attention_taps": [], "output": "a"})");
  const std::string text = output({"cost", "big.json", "--format", "json"});
  EXPECT_NE(text.find("\"parameters\": 9007199515875289,"), std::string::npos) << text;
  EXPECT_NE(text.find("\"macs\": 9007199515875289,"), std::string::npos) << text;
  EXPECT_NE(output({"cost", "big.json"}).find("9,007,199,515,875,289  9.01 P"), std::string::npos);
  EXPECT_NE(output({"cost", "big.json", "--format", "csv"}).find("parameters,9007199515875289\n"), std::string::npos);
  EXPECT_NE(output({"cost", "big.json", "--format", "latex"}).find("parameters & 9007199515875289 "), std::string::npos);
  EXPECT_NE(output({"cost", "big.json", "--format", "markdown"}).find("| parameters | 9007199515875289 |"), std::string::npos);
}

TEST_F(Cost, InputAndBatch) {
  // All work on activations is once per image; no parameter depends on it.
  const auto macs = [&](std::vector<std::string> more) {
    std::vector<std::string> words{"cost", "wrn-10-1", "--format", "json"};
    words.insert(words.end(), more.begin(), more.end());
    const Json cost = json(words);
    EXPECT_EQ(cost.at("parameters"), json({"cost", "wrn-10-1", "--format", "json"}).at("parameters"));
    return cost.at("mult_adds").at("macs").get<std::int64_t>();
  };
  const std::int64_t one = macs({});
  EXPECT_EQ(macs({"--batch", "7"}), 7 * one);
  EXPECT_EQ(macs({"--input", "3,32,32", "--batch", "3"}), 3 * one);
  const Json cost = json({"cost", "wrn-10-1", "--batch", "7", "--format", "json"});
  EXPECT_EQ(cost.at("batch"), 7);
  EXPECT_EQ(cost.at("input"), Json::parse("[3, 32, 32]"));
  write("hand.json", kByHand);
  EXPECT_EQ(json({"cost", "hand.json", "--batch", "2", "--format", "json"}).at("mult_adds").at("macs"), 2 * 3138);
  // mobilenet-v2 takes any input: 2 x 2 less of everything but the classifier on a 1 x 1 map (1280 x 1000).
  const auto mobile = [&](const std::string &input) {
    return json({"cost", "mobilenet-v2", "--input", input, "--format", "json"}).at("mult_adds").at("macs").get<std::int64_t>() -
           1280000;
  };
  EXPECT_EQ(mobile("3,128,128"), 4 * mobile("3,64,64"));
}

TEST_F(Cost, Conventions) {
  EXPECT_EQ(keys(json({"cost", "wrn-10-1", "--convention", "reference", "--format", "json"}).at("mult_adds")),
            (std::vector<std::string>{"reference"}));
  const std::vector<std::string> all =
      keys(json({"cost", "wrn-10-1", "--convention", "all", "--format", "json"}).at("mult_adds"));
  EXPECT_EQ(std::vector<std::string>(all.begin(), all.begin() + 2), (std::vector<std::string>{"macs", "reference"}));
  EXPECT_EQ(keys(json({"cost", "wrn-10-1", "--convention", "all", "--convention", "macs", "--format", "json"}).at("mult_adds")),
            all);

  // A convention of one's own: half a unit for each multiply-accumulate, one for each bias: 3138 / 2 + 5 = 1574.
  write("hand.json", kByHand);
  write(
      "mine.json",
      R"({"schema": "pare.convention/1", "name": "mine", "source": "a test", "weights": {"conv.mac": 0.5, "linear.mac": 0.5, "linear.bias": 1}})");
  const Json cost = json({"cost", "hand.json", "--convention", "mine.json", "--convention", "macs", "--format", "json"});
  EXPECT_EQ(cost.at("mult_adds").dump(), R"({"mine":1574,"macs":3138})");
}

// A solved file's own convention has its name where the file is counted, and its own file may be given again.
TEST_F(Cost, ConventionsOfASolvedFileHaveNames) {
  write("mine.json",
        R"({"schema": "pare.convention/1", "name": "mine", "source": "a test", "weights": {"conv.mac": 2, "linear.mac": 2}})");
  output({"solve", "wrn-10-1", "--substitute", "Generic", "--convention", "mine.json", "--budget", "mult-adds[MINE]<=50%", "-o",
          "student.json"});
  const Json macs = json({"cost", "student.json", "--convention", "macs", "--format", "json"}).at("mult_adds").at("macs");
  for (const std::string name : {"mine", "Mine", "mine.json"})
    EXPECT_EQ(json({"cost", "student.json", "--convention", name, "--format", "json"}).at("mult_adds").at("mine"),
              2 * macs.get<std::int64_t>());
  EXPECT_EQ(keys(json({"cost", "student.json", "--convention", "ALL", "--format", "json"}).at("mult_adds")),
            (std::vector<std::string>{"macs", "reference", "mine"}));
  expect_fault(run({"cost", "student.json", "--convention", "yours"}), 2, "unknown_name", {"macs, reference, mine"});
  expect_fault(run({"cost", "wrn-10-1", "--convention", "mine"}), 2, "unknown_name", {"macs, reference"});
}

TEST_F(Cost, ChoicesAreReadInAnyCase) {
  EXPECT_EQ(output({"cost", "WRN-10-1", "--group-by", "STAGE", "--convention", "MACS", "--format", "CSV"}),
            output({"cost", "wrn-10-1", "--group-by", "stage", "--convention", "macs", "--format", "csv"}));
  EXPECT_EQ(output({"LIST", "Solvers"}), output({"list", "solvers"}));
}

// A width is settled as substitutes are, and is not called one.
TEST_F(Cost, WhatIsSolvedTakesNoSubstitute) {
  output({"solve", "wrn-10-2", "--substitute", "WIDTH", "--budget", "parameters<=50%", "-o", "narrow.json"});
  output({"solve", "wrn-10-2", "--substitute", "Generic", "--budget", "parameters<=50%", "-o", "student.json"});
  expect_fault(run({"cost", "narrow.json", "--substitute", "Sep", "--where-possible"}), 2, "usage",
               {"narrow.json was solved for its width"});
  expect_fault(run({"cost", "student.json", "--substitute", "Sep"}), 2, "usage", {"student.json has substitutes of its own"});
}

TEST_F(Cost, RealNumbersReadBackAsTheyWere) {
  write("hand.json", kByHand);
  write("tenth.json", R"({"schema": "pare.convention/1", "name": "tenth", "source": "a test", "weights": {"conv.mac": 0.1}})");
  const Json cost = json({"cost", "hand.json", "--convention", "tenth.json", "--format", "json"});
  EXPECT_EQ(cost.at("mult_adds").at("tenth").get<double>(), 3108 * 0.1);
  const auto rows = parse_csv(output({"cost", "hand.json", "--convention", "tenth.json", "--format", "csv"}));
  bool seen = false;
  for (const auto &row : rows) {
    if (row.at(0) != "mult-adds[tenth]") continue;
    EXPECT_EQ(std::stod(row.at(1)), 3108 * 0.1);
    seen = true;
  }
  EXPECT_TRUE(seen);
}

// A result must not take the place of what it was made from.
TEST_F(Cost, WhatIsReadIsNotWrittenOver) {
  output({"show", "wrn-10-1", "--format", "json", "-o", "net.json"});
  output({"solve", "net.json", "--substitute", "Generic", "--budget", "parameters<=60%", "-o", "solved.json"});
  std::filesystem::create_hard_link("net.json", "link.json");
  const std::string convention =
      R"({"schema": "pare.convention/1", "name": "mine", "source": "s", "weights": {"conv.mac": 1}})";
  write("mine.json", convention);
  const std::string before = read("net.json");
  const std::vector<std::pair<std::vector<std::string>, std::string>> refused = {
      {{"cost", "net.json", "-o", "net.json"}, "net.json"},
      {{"cost", "net.json", "-o", "link.json"}, "link.json"},
      {{"cost", "wrn-10-1", "--convention", "mine.json", "-o", "./mine.json"}, "./mine.json"},
      {{"cost", "solved.json", "-o", "solved.json"}, "solved.json"},
      {{"show", "net.json", "-o", "net.json"}, "net.json"},
      {{"solve", "net.json", "--substitute", "Generic", "--budget", "parameters<=50%", "-o", "net.json"}, "net.json"},
      {{"solve", "net.json", "--substitute", "Generic", "--budget", "parameters<=50%", "-o", "a.json", "--solved", "link.json",
        "--format", "csv"},
       "link.json"}};
  for (const auto &[words, path] : refused)
    expect_fault(run(words), 2, "usage", {path + ": is what this command reads; another file would be accepted"});
  EXPECT_EQ(read("net.json"), before);
  EXPECT_EQ(read("mine.json"), convention);
  EXPECT_FALSE(std::filesystem::exists("a.json")) << "neither is written where one cannot be";
  output({"cost", "net.json", "-o", "result.json"});
  output({"cost", "net.json", "-o", "result.json"});
}

TEST_F(Cost, WherePossibleKeepsAndLists) {
  // formulas.md: LR needs c_i to divide c_o. The layer has 6 -> 4 channels.
  write("net.json", R"({"schema": "pare.network/1", "name": "n", "input": [2, 4, 4], "layers": [
    {"id": "up", "op": "conv", "inputs": ["input"], "out_channels": 6, "kernel": 1, "replaceable": "Conv"},
    {"id": "down", "op": "conv", "inputs": ["up"], "out_channels": 4, "kernel": 1, "replaceable": "Conv"}],
    "attention_taps": [], "output": "down"})");
  expect_fault(run({"cost", "net.json", "--substitute", "LR_0.5"}), 1, "not_applicable", {"down", "4", "6"});
  const Json cost = json({"cost", "net.json", "--substitute", "LR_0.5", "--where-possible", "--format", "json"});
  ASSERT_EQ(cost.at("kept").size(), 1U);
  EXPECT_EQ(cost.at("kept").at(0).at("layer"), "down");
  // up: r = int(0.5 * 6) = 3, 3 * 6 = 18 parameters; down stays at 6 * 4 = 24.
  EXPECT_EQ(cost.at("parameters"), 42);
  EXPECT_EQ(cost.at("substituted_parameters"), 18);
  EXPECT_NE(output({"cost", "net.json", "--substitute", "LR_0.5", "--where-possible"}).find("left as they were"),
            std::string::npos);
}

TEST_F(Cost, WarnsOfLayersThatGrow) {
  // Hashed_1 has a value for each weight and a bias for each channel: more parameters in each of the 3 x 4 x 2 layers.
  const Result result = run({"cost", "wrn-28-10", "--substitute", "Hashed_1", "--format", "json"});
  EXPECT_EQ(result.code, 0);
  EXPECT_TRUE(Json::accept(result.out));
  const std::vector<std::string> err = lines(result.err);
  ASSERT_EQ(err.size(), 6U) << result.err;
  for (const std::string &line : err) EXPECT_TRUE(line.starts_with("pare: warning: ")) << line;
  // block1's first: 16 x 160 x 9 = 23040 weights, and 160 biases.
  EXPECT_NE(err[0].find("block1.0.layer.0.conv1: Hashed_1"), std::string::npos) << err[0];
  EXPECT_NE(err[0].find("23200 parameters instead of 23040"), std::string::npos) << err[0];
  EXPECT_NE(err[5].find("19 more"), std::string::npos) << err[5];
  EXPECT_EQ(run({"cost", "wrn-28-10", "--substitute", "Generic_0.1"}).err, "");
}

TEST_F(Cost, SameInputSameBytes) {
  const std::vector<std::string> words{"cost",       "darts", "--substitute", "ACDC_12", "--layers",
                                       "--group-by", "kind",  "--format",     "json"};
  EXPECT_EQ(run(words).out, run(words).out);
}

} // namespace

} // namespace pare::test

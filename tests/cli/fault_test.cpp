#include "tests/cli/networks.hpp"
#include "tests/run.hpp"

namespace pare::test {

namespace {

/// Bad input: one line on stderr, exit 1 or 2, nothing on stdout and nothing written, although an output was asked for.
class Faults : public Cli {
protected:
  void expect(std::vector<std::string> words, int code, std::string_view tag,
              const std::vector<std::string> &parts = {}) const {
    std::string line = "pare";
    for (const std::string &word : words) line += " " + (word.size() > 200 ? word.substr(0, 200) + "..." : word);
    SCOPED_TRACE(line);
    const std::vector<std::string> before = files();
    words.insert(words.end(), {"-o", "out"});
    expect_fault(run(words), code, tag, parts);
    EXPECT_EQ(files(), before);
  }
  /// A network file in place of NETWORK, for each command that takes one.
  void expect_file(const std::string &text, const std::vector<std::string> &parts, std::string_view tag = "invalid_file",
                   int code = 1) const {
    write("bad.json", text);
    SCOPED_TRACE(text.substr(0, 300));
    expect({"cost", "bad.json"}, code, tag, parts);
    expect({"show", "bad.json"}, code, tag, parts);
    expect({"solve", "bad.json", "--substitute", "Generic", "--budget", "parameters<=1M"}, code, tag, parts);
  }
};

std::string replaced(std::string text, const std::string &what, const std::string &with) {
  const auto at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return text.replace(at, what.size(), with);
}

TEST_F(Faults, Networks) {
  expect({"cost", "nope"}, 2, "unknown_name", {"nope", "wrn-D-K", "darts", "mobilenet-v2"});
  expect({"cost", ""}, 2, "unknown_name");
  expect({"cost", "wide_resnet:dept=28"}, 2, "unknown_name", {"dept", "depth, width, classes"});
  expect({"cost", "wide_resnet:depth"}, 2, "invalid_value");
  expect({"cost", "wide_resnet:depth=28,depth=28"}, 2, "invalid_value", {"twice"});
  expect({"cost", "wrn-27-10"}, 2, "invalid_value", {"wide_resnet/depth", "27", "6n + 4"});
  expect({"cost", "wide_resnet:depth=27,width=10"}, 2, "invalid_value", {"27"});
  for (const std::string width : {"0", "-1", "nan", "inf", "ten", ""}) {
    expect({"cost", "wide_resnet:depth=28,width=" + width}, 2, "invalid_value", {"wide_resnet/width"});
    expect({"cost", "mobilenet_v2:width=" + width}, 2, "invalid_value", {"mobilenet_v2/width"});
    expect({"cost", "resnet:depth=18,width=" + width}, 2, "invalid_value", {"resnet/width"});
  }
  // int(16 x 1e9) channels: 1.6e10 squared times 9 does not fit.
  expect({"cost", "wide_resnet:depth=28,width=1e9"}, 1, "overflow", {"64-bit"});
  expect({"cost", "wide_resnet:depth=28,width=1e300"}, 1, "overflow");
  expect({"cost", "wide_resnet:depth=28,width=0.01"}, 1, "invalid_config", {"0 channels"});
  expect({"cost", "wide_resnet:classes=0"}, 2, "invalid_value", {"classes"});
  expect({"cost", "darts:channels=0"}, 2, "invalid_value", {"channels"});
  expect({"cost", "darts:genotype=@missing.json"}, 1, "io", {"missing.json"});
  expect({"cost", "darts:genotype={"}, 2, "invalid_value", {"bracket"});
  expect({"cost", "resnet-19"}, 2, "invalid_value", {"19"});
  expect({"cost", "missing.json"}, 1, "io", {"missing.json"});
  expect({"cost", "./missing"}, 1, "io", {"./missing"});
  expect({"cost", "."}, 1, "io");
  expect({"show", "nope"}, 2, "unknown_name");
  expect({"solve", "nope", "--substitute", "Generic", "--budget", "parameters<=1M"}, 2, "unknown_name");
}

TEST_F(Faults, Substitutions) {
  expect({"cost", "wrn-10-1", "--substitute", "Foo_1"}, 2, "unknown_name", {"Foo", "Generic_S"});
  expect({"cost", "wrn-10-1", "--substitute", "Generic"}, 2, "invalid_value", {"(0, 1]"});
  for (const std::string setting : {"0", "-0.1", "1.5", "nan", "x", ""})
    expect({"cost", "wrn-10-1", "--substitute", "Generic_" + setting}, 2, "invalid_value", {"rank_scale", "(0, 1]"});
  expect({"cost", "wrn-10-1", "--substitute", "ACDC_1"}, 2, "invalid_value", {"from 2 to"});
  expect({"cost", "wrn-10-1", "--substitute", "shuffle:group=4"}, 2, "unknown_name", {"group", "groups"});
  expect({"cost", "wrn-10-1", "--substitute", "tensor_train:rank_scale=0.5,dimensions=1"}, 2, "invalid_value", {"dimensions"});
  // int(0.001 x 64) = 0 ranks
  expect({"cost", "wrn-10-1", "--substitute", "Generic_0.001"}, 1, "not_applicable", {"conv1", "rank"});
  expect({"formulas", "Foo"}, 2, "unknown_name", {"Foo"});
  expect({"solve", "wrn-10-1", "--substitute", "Foo", "--budget", "parameters<=1M"}, 2, "unknown_name", {"Foo"});
  expect({"solve", "wrn-10-1", "--substitute", "Sep", "--budget", "parameters<=1M"}, 2, "usage", {"Sep"});
}

TEST_F(Faults, ListsOfWhatIsOne) {
  const auto message = [](const std::vector<std::string> &words) { return run(words).err; };
  EXPECT_EQ(
      message({"cost", "wrn-10-1", "--substitute", "tensor_train:dimensions=4,rank_scale=0.3,Shuffle_4"}),
      "pare: [usage] --substitute: \"tensor_train:dimensions=4,rank_scale=0.3,Shuffle_4\" are 2 substitutions; one would be "
      "accepted, or several by `pare table`\n");
  expect({"cost", "wrn-10-1", "--convention", "macs,flops"}, 2, "unknown_name", {"flops", "macs, reference"});
  expect({"cost", "wrn-10-1", "--convention", "macs,"}, 2, "unknown_name", {"\"\""});
  expect({"solve", "wrn-10-1", "--substitute", "Generic", "--budget", "parameters<=1M,size<=2"}, 2, "usage", {"size<=2"});
}

// A list is the same as the option given again.
TEST_F(Faults, ListsAreReadAsRepeats) {
  EXPECT_EQ(output({"cost", "wrn-10-1", "--convention", "reference,macs"}),
            output({"cost", "wrn-10-1", "--convention", "reference", "--convention", "macs"}));
  const std::vector<std::string> solve{"solve", "wrn-10-1", "--substitute", "tensor_train:dimensions=4", "--format", "json"};
  std::vector<std::string> list = solve;
  list.insert(list.end(), {"--budget", "parameters<=50%, mult-adds[macs]<=60%"});
  std::vector<std::string> twice = solve;
  twice.insert(twice.end(), {"--budget", "parameters<=50%", "--budget", "mult-adds[macs]<=60%"});
  EXPECT_EQ(output(list), output(twice));
}

TEST_F(Faults, Conventions) {
  expect({"cost", "wrn-10-1", "--convention", "flops"}, 2, "unknown_name", {"flops", "macs, reference"});
  expect({"cost", "wrn-10-1", "--convention", "missing.json"}, 1, "io", {"missing.json"});
  for (const auto &[text, part] : std::vector<std::pair<std::string, std::string>>{
           {"", "parse error"},
           {"{", "parse error"},
           {"[]", "schema"},
           {R"({"schema": "pare.convention/2"})", "schema"},
           {R"({"schema": "pare.convention/1", "name": "x", "source": "y"})", "weights"},
           {R"({"schema": "pare.convention/1", "name": "x", "source": "y", "weights": {"cnv.mac": 1}})", "cnv"},
           {R"({"schema": "pare.convention/1", "name": "x", "source": "y", "weights": {"conv.mack": 1}})", "mack"},
           {R"({"schema": "pare.convention/1", "name": "x", "source": "y", "weights": {"conv.mac": "1"}})", "number"},
           {R"({"schema": "pare.convention/1", "name": "x", "source": "y", "weights": {}})", "counts nothing"},
           {R"({"schema": "pare.convention/1", "name": "x", "source": "y", "weights": {"conv.mac": 1}, "more": 1})", "more"},
           {R"({"schema": "pare.convention/1", "name": "macs", "source": "y", "weights": {"conv.mac": 1}})", "another name"}}) {
    write("bad.json", text);
    expect({"cost", "wrn-10-1", "--convention", "bad.json"}, 1, "invalid_file", {"bad.json", part});
    expect({"solve", "wrn-10-1", "--substitute", "Generic", "--budget", "parameters<=1M", "--convention", "bad.json"}, 1,
           "invalid_file", {part});
  }
  // What does not fit names the convention that makes it so.
  const auto weighing = [](const std::string &weight) {
    return R"({"schema": "pare.convention/1", "name": "huge", "source": "y", "weights": {"conv.mac": )" + weight + "}}";
  };
  for (const std::string weight : {"1e308", "1e19", "1000000001"}) {
    write("huge.json", weighing(weight));
    expect({"cost", "wrn-10-1", "--convention", "huge.json"}, 1, "invalid_file",
           {"huge.json/weights[\"conv.mac\"]", "must be a number from 0 to 1000000000"});
  }
  write("huge.json", weighing("1e9"));
  for (const std::string format : {"text", "json", "csv", "markdown", "latex", "html"})
    expect({"cost", "wrn-10-1", "--convention", "huge.json", "--format", format, "--batch", "100000"}, 1, "overflow",
           {"mult-adds[huge]: "});
}

TEST_F(Faults, Options) {
  expect({"cost"}, 2, "usage", {"NETWORK is missing"});
  expect({"cost", "a", "b", "c"}, 2, "usage", {"\"b c\" was not expected; accepted: NETWORK, --substitute"});
  expect({"cost", "wrn-10-1", "--layer"}, 2, "usage", {"--layer", "--layers"});
  expect({"cost", "wrn-10-1", "--where-possible"}, 2, "usage",
         {"--where-possible: is about --substitute or --sweep, which are not given"});
  expect({"cost", "wrn-10-1", "--substitute", "ACDC_100000"}, 1, "limit", {"layers = 99999 must be at most 65536"});
  expect({"cost", "wrn-10-1", "--layers=no"}, 2, "usage", {"--layers takes no value"});
  expect_fault(run({"cost", "wrn-10-1", "--batch"}), 2, "usage", {"--batch needs a value: --batch N"});
  for (const std::string batch : {"0", "-1", "1.5", "many", "1e3", "9223372036854775808", ""})
    expect({"cost", "wrn-10-1", "--batch", batch}, 2, "invalid_value", {"--batch", "must be a whole number from 1"});
  expect({"cost", "wrn-10-1", "--batch", "9223372036854775807"}, 1, "overflow");
  for (const std::string input : {"0,32,32", "3,32", "3,32,32,1", "3,32,-32", "a,b,c", "3, 32,32", "", "3,,32"})
    expect({"cost", "wrn-10-1", "--input", input}, 2, "invalid_value", {"--input", "C,H,W"});
  expect({"cost", "wrn-10-1", "--batch", "1", "--batch", "2"}, 2, "usage",
         {"--batch is given 2 times; once would be accepted"});
  expect({"cost", "wrn-10-1", "--batch", "12345678901234567890123"}, 2, "invalid_value", {"from 1 to 9223372036854775807"});
  expect({"cost", "wrn-10-1", "--format", "xml"}, 2, "usage", {"xml", "text, json, csv, markdown, latex, html"});
  expect({"cost", "wrn-10-1", "--group-by", "color"}, 2, "usage", {"color", "stage, kernel, kind"});
  expect({"show", "wrn-10-1", "--format", "csv"}, 2, "usage", {"csv", "text, json, dot"});
  expect({"list", "pets"}, 2, "usage", {"pets", "networks, substitutions, conventions, solvers, scores, protocols"});
  expect({"list"}, 2, "usage", {"WHAT"});
  expect({"formulas", "--format", "csv"}, 2, "usage", {"text, json, markdown, latex"});
  expect({"completion", "tcsh"}, 2, "usage", {"bash, zsh, fish"});
  for (const std::vector<std::string> &words :
       std::vector<std::vector<std::string>>{{}, {"count"}, {"--batch"}, {""}, {"two\nlines"}})
    expect_fault(run(words), 2, "usage",
                 {"cost, solve, verify, table, show, list, formulas, explain, train, resume, evaluate, data, schedule, run, "
                  "status, collate, "
                  "completion, man"});
}

TEST_F(Faults, Budgets) {
  for (const std::string budget :
       {"", "parameters", "parameters<=", "parameters<=lots", "parameters<=-1", "parameters<=nan", "parameters<=1e400",
        "parameters=1M", "parameters<=1T", "size<=1M", "mult-adds[macs<=1M", "parameters<=1M%", "mult-adds[]<=1M"})
    expect({"solve", "wrn-10-1", "--substitute", "Generic", "--budget", budget}, 2, "usage", {"budget"});
  expect({"solve", "wrn-10-1", "--substitute", "Generic", "--budget", "mult-adds[flops]<=1M"}, 2, "unknown_name", {"flops"});
  expect({"solve", "wrn-10-1", "--substitute", "Generic"}, 2, "usage", {"--budget"});
  expect({"solve", "wrn-10-1", "--budget", "parameters<=1M"}, 2, "usage", {"--substitute"});
  expect({"solve", "wrn-10-1", "--substitute", "Generic", "--budget", "parameters~1M", "--budget", "mult-adds~1M"}, 2, "usage");
  expect({"solve", "wrn-10-1", "--substitute", "Generic", "--budget", "parameters<=1M", "--method", "guess"}, 2, "unknown_name",
         {"guess", "exact, nlopt"});
}

// What is deep, endless or beyond a limit: one line, at once, whatever it stands in.
TEST_F(Faults, NothingIsUnbounded) {
  const std::string open(60000, '[');
  const std::string closed = open + std::string(60000, ']');
  const std::string deep_genotype = "line 1, column 18: nested deeper than 16 levels, which nothing that is read here needs";
  const std::string deep = "nested deeper than 64 levels, which nothing that is read here needs";
  for (const std::string key :
       {"wide_resnet:depth", "wide_resnet:classes", "darts:genotype", "mobilenet_v2:width", "resnet:depth"}) {
    expect({"cost", key + "=" + open}, 2, "invalid_value", {"a bracket is not closed"});
    expect({"cost", key + "=" + closed}, 2, "invalid_value", {key.ends_with("genotype") ? deep_genotype : "[[[...]]]"});
  }
  write("deep.json", closed);
  expect({"cost", "darts:genotype=@deep.json"}, 1, "invalid_file", {"deep.json: ", deep_genotype});
  expect({"cost", "wrn-10-1", "--convention", "deep.json"}, 1, "invalid_file", {"deep.json", deep});
  ASSERT_EQ(run({"solve", "wrn-10-1", "--substitute", "Generic", "--budget", "parameters<=30K", "-o", "good.json"}).code, 0);
  write("bad.json", replaced(read("good.json"), "wide_resnet:depth=10", "wide_resnet:depth=" + closed));
  expect({"cost", "bad.json"}, 1, "invalid_file", {"bad.json/network", "[[[...]]]"});

  expect({"cost", "/dev/zero"}, 1, "limit", {"/dev/zero", "more than 536870912 bytes"});
  expect({"cost", "darts:genotype=@/dev/zero"}, 1, "limit", {"darts/genotype", "more than 16777216 bytes"});
  expect({"cost", "wrn-10-1", "--convention", "/dev/zero"}, 1, "limit", {"/dev/zero", "more than 16777216 bytes"});
  expect({"cost", "darts:layers=100000"}, 2, "invalid_value", {"layers = 100000 must be a whole number from 1 to 10000"});
  expect({"cost", "wrn-1000006-1"}, 2, "invalid_value", {"depth = 1000006 must be a whole number from 10 to 60004"});
}

TEST_F(Faults, ASubstitutionOfNothing) {
  write("plain.json", R"({"schema": "pare.network/1", "name": "plain", "input": [2, 4, 4], "layers": [
    {"id": "a", "op": "conv", "inputs": ["input"], "out_channels": 6, "kernel": 1}], "attention_taps": [], "output": "a"})");
  const std::string why = "applies to no layer: the network has 0 replaceable ones";
  expect({"cost", "plain.json", "--substitute", "Generic_0.5"}, 1, "not_applicable", {"Generic_0.5 " + why});
  expect({"cost", "plain.json", "--substitute", "Generic_0.5", "--where-possible"}, 1, "not_applicable", {why});
  expect({"solve", "plain.json", "--substitute", "Generic", "--budget", "parameters<=10"}, 1, "not_applicable",
         {"Generic " + why});
}

TEST_F(Faults, NetworkFilesThatAreNoJson) {
  expect_file("", {"bad.json", "parse error"});
  expect_file("not json", {"parse error"});
  for (std::size_t size = 1; size + 2 < kByHand.size(); size += 97) expect_file(kByHand.substr(0, size), {"bad.json"});
  expect_file(std::string(3, '\0'), {"bad.json"});
  expect_file("[]", {"pare.network/1"});
  expect_file("7", {"pare.network/1"});
  expect_file(std::string(200000, '['), {"bad.json"});
  expect_file(
      replaced(kByHand, "\"a\", \"op\"", "\"a\", \"x\": " + std::string(100000, '[') + std::string(100000, ']') + ", \"op\""),
      {"deeper"});
  expect_file(replaced(kByHand, "by hand", "by \xff hand"), {"bad.json"});
}

TEST_F(Faults, NetworkFilesThatAreNoNetworks) {
  const auto bad = [&](const std::string &what, const std::string &with, const std::vector<std::string> &parts,
                       std::string_view tag = "invalid_file",
                       int code = 1) { expect_file(replaced(kByHand, what, with), parts, tag, code); };
  bad("pare.network/1", "pare.network/9", {"schema"});
  bad("\"name\": \"by hand\",", "", {"name"});
  bad("[2, 6, 6]", "[0, 6, 6]", {"input"}); // zero channels
  bad("[2, 6, 6]", "[2, 6]", {"input"});
  bad("\"out_channels\": 4, \"kernel\": 3, \"padding\": 1, \"rep", "\"out_channels\": 0, \"kernel\": 3, \"padding\": 1, \"rep",
      {"layers[0].out_channels (a)", "at least 1"}, "invalid_file", 1);
  bad("\"out_channels\": 4", "\"out_channels\": \"four\"", {"out_channels", "four"});
  bad("\"out_channels\": 4", "\"out_channels\": 1e99", {"out_channels"});
  bad("\"out_channels\": 4", "\"out_channels\": 1e999", {"bad.json"});
  bad("\"kernel\": 3", "\"kernel\": [3, 3, 3]", {"kernel"});
  bad("\"kernel\": 3", "\"kernel\": 9", {"kernel"}, "invalid_config"); // does not fit
  bad("\"op\": \"relu\"", "\"op\": \"softmax\"", {"softmax", "relu"});
  bad("\"op\": \"relu\"", "\"op\": 5", {"op"});
  bad("\"replaceable\": \"Conv\"", "\"replaceable\": \"yes\"", {"replaceable"});
  bad("\"groups\": 4", "\"groups\": 3", {"groups"}, "invalid_config");
  bad("\"groups\": 4", "\"grups\": 4", {"grups"});
  bad("[\"input\"]", "[\"c\"]", {"cycle"}); // a needs b needs c needs a
  bad("[\"input\"]", "[\"a\"]", {"a"});     // itself
  bad("[\"input\"]", "[\"nobody\"]", {"nobody"});
  bad("\"id\": \"b\"", "\"id\": \"a\"", {"a"}); // twice
  bad("\"output\": \"g\"", "\"output\": \"h\"", {"h"});
  bad("\"output\": \"g\"", "\"output\": \"g\", \"output\": \"g\"", {"twice"});
  bad("[\"b\"],", "[\"nobody\"],", {"nobody"});
  bad("\"inputs\": [\"f\"]", "\"inputs\": []", {"g"});
}

TEST_F(Faults, CountsThatDoNotFit) {
  const auto net = [](const std::string &channels) {
    return R"({"schema": "pare.network/1", "name": "n", "input": [)" + channels + R"(, 1, 1], "layers": [
      {"id": "a", "op": "conv", "inputs": ["input"], "out_channels": 4000000000, "kernel": 1},
      {"id": "b", "op": "conv", "inputs": ["a"], "out_channels": 1, "kernel": 1}], "attention_taps": [], "output": "b"})";
  };
  // 4e9 x 4e9 = 1.6e19 > 2^63 = 9.2e18: reported, not wrapped.
  write("bad.json", net("4000000000"));
  expect({"cost", "bad.json"}, 1, "overflow", {"a", "4000000000 * 4000000000"});
  // 8e18 parameters fit, and the 3.2e19 bytes of them do not.
  write("bad.json", net("2000000000"));
  expect({"cost", "bad.json"}, 1, "overflow", {"* 4"});
  // 2e18 parameters in 8e18 bytes fit, the work on five images, 1e19, does not.
  write("bad.json", net("500000000"));
  EXPECT_EQ(run({"cost", "bad.json"}).code, 0);
  expect({"cost", "bad.json", "--batch", "5"}, 1, "overflow");
  expect({"cost", "bad.json", "--input", "9223372036854775807,1,1"}, 1, "overflow");
}

TEST_F(Faults, SolvedFiles) {
  ASSERT_EQ(run({"solve", "wrn-10-1", "--substitute", "Generic", "--budget", "parameters<=30K", "-o", "good.json"}).code, 0);
  const std::string good = read("good.json");
  expect({"cost", "good.json", "--substitute", "Sep"}, 2, "usage", {"good.json"});
  expect({"solve", "good.json", "--substitute", "Generic", "--budget", "parameters<=20K"}, 2, "usage", {"good.json"});
  const auto bad = [&](const std::string &what, const std::string &with, const std::vector<std::string> &parts) {
    write("bad.json", replaced(good, what, with));
    expect({"cost", "bad.json"}, 1, "invalid_file", parts);
  };
  bad("wide_resnet:depth=10", "wide_resnet:depth=11", {"bad.json/network"});
  bad("block1.0.layer.0.conv1\": \"Generic_", "block9.0.layer.0.conv1\": \"Generic_", {"bad.json", "block9"});
  bad("block1.0.layer.0.conv1\": \"Generic_", "block1.0.layer.0.conv1\": \"Genric_", {"bad.json", "Genric"});
  bad("\"plan\": ", "\"evaluation\": \"sparse\", \"plan\": ", {"evaluation"});
  bad("\"achieved\": {\n    \"parameters\": ", "\"achieved\": {\n    \"parameters\": 1", {"parameters"});
  write("bad.json", good.substr(0, good.size() / 2));
  expect({"cost", "bad.json"}, 1, "invalid_file", {"bad.json"});
}

// A word of any length is shown by its two ends.
TEST_F(Faults, LongWordsAreShortened) {
  const std::string word(60'000, 'x');
  for (const std::vector<std::string> &words : std::vector<std::vector<std::string>>{
           {word},
           {"--" + word},
           {"help", word},
           {"list", word},
           {"completion", word},
           {"cost", word},
           {"cost", "wrn-10-1", word},
           {"cost", "wrn-10-1", "--" + word},
           {"cost", "wrn-10-1", "--format", word},
           {"cost", "wrn-10-1", "--group-by", word},
           {"cost", "wrn-10-1", "--convention", word},
           {"cost", "wrn-10-1", "--substitute", word},
           {"cost", "wrn-10-1", "--input", word},
           {"cost", "wrn-10-1", "--batch", word},
           {"cost", "wrn-10-1", "-o", word + "/out"},
           {"cost", "wide_resnet:" + word + "=1"},
           {"cost", "wide_resnet:depth=" + word},
           {"cost", "darts:genotype=" + word},
           {"formulas", word},
           {"show", "wrn-10-1", "--format", word},
           {"solve", "wrn-10-1", "--substitute", word, "--budget", "parameters<=1M"},
           {"solve", "wrn-10-1", "--substitute", "LR", "--budget", word},
           {"solve", "wrn-10-1", "--substitute", "LR", "--budget", "mult-adds[" + word + "]<=1M"},
           {"solve", "wrn-10-1", "--substitute", "LR", "--budget", "parameters<=1M", "--method", word}}) {
    const Result result = run(words);
    SCOPED_TRACE(words.front().substr(0, 20) + " " + (words.size() > 1 ? words[words.size() - 2].substr(0, 40) : ""));
    EXPECT_NE(result.code, 0);
    EXPECT_EQ(result.out, "");
    EXPECT_LT(result.err.size(), 2'000U) << result.err.substr(0, 300);
    EXPECT_NE(result.err.find("xxx"), std::string::npos) << result.err;
  }
}

} // namespace

} // namespace pare::test

#include "tests/cli/networks.hpp"
#include "tests/run.hpp"

namespace pare::test {

namespace {

class Explain : public Cli {};

TEST_F(Explain, OneLayerByHand) {
  write("hand.json", kByHand);
  EXPECT_EQ(output({"explain", "hand.json", "--layer", "a", "--substitute", "Generic_0.5"}),
            "by hand\n"
            "layer a: 2 x 6 x 6 -> 4 x 6 x 6, kernel 3 x 3, batch 1\n"
            "Generic_0.5: generic, evaluation factored\n"
            "\n"
            "c_i        = 2     input channels\n"
            "c_o        = 4     output channels\n"
            "k_h        = 3     kernel height\n"
            "k_w        = 3     kernel width\n"
            "S          = 36    output positions, of the whole batch\n"
            "S_in       = 36    input positions, of the whole batch\n"
            "D          = 18    parameters of the depthwise in front: c_i k_h k_w, 0 for a 1 x 1 kernel\n"
            "b          = 0     parameters of the convolution's own bias: c_o, or 0 without\n"
            "rank_scale = 0.5   rank as a fraction of the larger number of channels\n"
            "\n"
            "r               = int(rank_scale * max(c_i, c_o))\n"
            "                = int(0.5 * max(2, 4))\n"
            "                = 2\n"
            "\n"
            "parameters      = D + r * (c_i + c_o) + b\n"
            "                = 18 + 2 * (2 + 4) + 0\n"
            "                = 30\n"
            "counted           30\n"
            "\n"
            "mult-adds[macs] = S * (D + r * (c_i + c_o))\n"
            "                = 36 * (18 + 2 * (2 + 4))\n"
            "                = 1,080\n"
            "counted           1,080\n"
            "\n"
            "per batch[macs] = 0\n"
            "counted           0\n"
            "\n"
            "floor[macs]     = S * (D + min(r, c_i, c_o) * (c_i + c_o - min(r, c_i, c_o)))\n"
            "                = 36 * (18 + min(2, 2, 4) * (2 + 4 - min(2, 2, 4)))\n"
            "                = 936\n"
            "\n"
            "int(a)            the whole part of a, toward zero\n"
            "[macs]            by convention macs: every multiply-accumulate that the chosen evaluation executes\n"
            "                  (of fast transforms those reckoned, not executed); no bias, nothing else\n"
            "counted           of the ops that the layer is written out as, not by these formulas\n"
            "floor             an estimate, and no count: for generic values, no linear scheme that treats each\n"
            "                  position by itself does with less; one that treats several together can\n");
}

TEST_F(Explain, ForProgramsAndReadmes) {
  write("hand.json", kByHand);
  const std::vector<std::string> words = {"explain", "hand.json", "--layer", "a", "--substitute", "lr:rank=3", "--batch", "2"};
  const auto in = [&](const std::string &format) {
    std::vector<std::string> all = words;
    all.insert(all.end(), {"--format", format});
    return all;
  };
  const Json document = json(in("json"));
  EXPECT_EQ(keys(document), (std::vector<std::string>{"schema", "network", "layer", "input", "output", "batch", "substitution",
                                                      "family", "evaluation", "convention", "symbols", "definitions",
                                                      "parameters", "mult_adds", "per_batch", "estimates", "notes"}));
  EXPECT_EQ(document.at("schema"), "pare.explanation/1");
  EXPECT_EQ(document.at("substitution"), "lr:rank=3");
  EXPECT_EQ(document.at("definitions").at(0), Json::parse(R"({"symbol": "r", "expression": "3", "numbers": "3", "value": 3})"));
  // The depthwise, then V and its transpose.
  EXPECT_EQ(
      document.at("mult_adds"),
      Json::parse(
          R"x({"expression": "S * (D + 2 * r * c_o)", "numbers": "72 * (18 + 2 * 3 * 4)", "value": 3024, "counted": 3024})x"));
  EXPECT_EQ(document.at("notes"), Json::parse(R"x(["r is as rank says, in the place of int(rank_scale * max(c_i, c_o))"])x"));
  const std::string markdown = output(in("markdown"));
  EXPECT_NE(markdown.find("| mult-adds[macs] | S \\* (D + 2 \\* r \\* c_o) | 72 \\* (18 + 2 \\* 3 \\* 4) | 3024 | 3024 |\n"),
            std::string::npos)
      << markdown;
  EXPECT_NE(markdown.find("| S | 72 | output positions, of the whole batch |\n"), std::string::npos);
}

// What a solved file has for a layer is explained without a word; what is in the text adds up to what `cost` counts.
TEST_F(Explain, OfASolvedFile) {
  ASSERT_EQ(
      run({"solve", "wrn-10-1", "--substitute", "Generic", "--budget", "parameters<=30000", "--solved", "student.json"}).code,
      0);
  const Json cost = json({"cost", "student.json", "--layers", "--format", "json"});
  const std::string layer = "block2.0.layer.0.conv1";
  const Json explained = json({"explain", "student.json", "--layer", layer, "--format", "json"});
  EXPECT_TRUE(explained.at("substitution").get<std::string>().starts_with("Generic_"));
  std::int64_t parameters = 0;
  std::int64_t mult_adds = 0;
  for (const Json &row : cost.at("layers"))
    if (row.at("name").get<std::string>().starts_with(layer)) {
      parameters += row.at("parameters").get<std::int64_t>();
      mult_adds += row.at("mult_adds").at("macs").get<std::int64_t>();
    }
  EXPECT_GT(parameters, 0);
  EXPECT_EQ(explained.at("parameters").at("counted"), parameters);
  EXPECT_EQ(explained.at("mult_adds").at("value"), mult_adds);
  expect_fault(run({"explain", "student.json", "--layer", layer, "--substitute", "Sep"}), 2, "usage",
               {"--substitute", "student.json"});
}

TEST_F(Explain, EveryFamilyFitsTheWidthOfText) {
  for (const Json &family : json({"list", "substitutions", "--format", "json"})) {
    std::string substitute = family.at("name");
    for (const Json &key : family.at("keys"))
      if (key.at("standard").get<std::string>().empty() && substitute.find(':') == std::string::npos)
        substitute += ":" + key.at("name").get<std::string>() + (key.at("accepted") == "a number in (0, 1]" ? "=0.25" : "=4");
    for (const std::string &line :
         lines(output({"explain", "wrn-28-10", "--layer", "block2.0.layer.1.conv1", "--substitute", substitute})))
      EXPECT_LE(line.size(), 100U) << line;
  }
}

TEST_F(Explain, Faults) {
  write("hand.json", kByHand);
  const auto expect = [](std::vector<std::string> words, int code, const std::string &tag,
                         const std::vector<std::string> &parts) {
    words.insert(words.begin(), {"explain", "hand.json"});
    expect_fault(run(words), code, tag, parts);
  };
  expect({}, 2, "usage", {"--layer"});
  expect({"--layer", "z"}, 2, "unknown_name", {R"(layer: the network has no layer "z"; replaceable ones: 1, such as a)"});
  expect({"--layer", "g"}, 1, "not_applicable", {R"("g" (linear) is no layer that a substitute replaces)"});
  expect({"--layer", "a", "--substitute", "Generic_0.1"}, 1, "not_applicable", {"a/rank_scale", "Generic_0.1 does not apply"});
  expect({"--layer", "a", "--substitute", "Generic"}, 2, "invalid_value", {"Generic needs a setting"});
  expect({"--layer", "a", "--substitute", "Sep,Conv"}, 2, "usage", {"--substitute", "one would be accepted"});
  expect({"--layer", "a", "--substitute", "Sep", "--evaluation", "dense"}, 1, "not_applicable",
         {"--evaluation", "evaluation = dense must be factored for sep"});
  expect({"--layer", "a", "--evaluation", "dense"}, 2, "usage", {"--evaluation", "--substitute, which is not given"});
  expect({"--layer", "a", "--format", "latex"}, 2, "usage", {"text, json, markdown"});
}

} // namespace

} // namespace pare::test

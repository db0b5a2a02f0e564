#include "tests/cli/networks.hpp"
#include "tests/run.hpp"

#include <algorithm>

namespace pare::test {

namespace {

class Show : public Cli {};

TEST_F(Show, EveryNetworkReadsBackTheSame) {
  for (const std::string name : {"wrn-10-1", "darts", "wrn-50-2", "resnet-18", "resnet-50", "mobilenet-v2"}) {
    SCOPED_TRACE(name);
    ASSERT_EQ(run({"show", name, "--format", "json", "-o", "net.json"}).code, 0);
    EXPECT_EQ(output({"show", "net.json", "--format", "json"}), read("net.json"));
    const Json by_name = json({"cost", name, "--substitute", "Generic_0.3", "--format", "json"});
    const Json by_file = json({"cost", "net.json", "--substitute", "Generic_0.3", "--format", "json"});
    EXPECT_EQ(by_file.at("parameters"), by_name.at("parameters"));
    EXPECT_EQ(by_file.at("mult_adds"), by_name.at("mult_adds"));
    EXPECT_EQ(by_file.at("not_counted"), by_name.at("not_counted"));
    EXPECT_EQ(by_file.at("network"), Json::parse(read("net.json")));
  }
}

TEST_F(Show, TextAndDot) {
  write("hand.json", kByHand);
  const std::vector<std::string> table = lines(output({"show", "hand.json"}));
  ASSERT_EQ(table.size(), 13U); // title, space, heading, rule, the input and seven layers, one of which takes two lines
  EXPECT_EQ(table[0], "by hand");
  for (const std::string part : {"a", "conv", "out_channels 4", "kernel 3", "4 x 6 x 6", "replaceable (Conv)"})
    EXPECT_NE(table[5].find(part), std::string::npos) << table[5];
  EXPECT_NE(table[6].find("attention tap"), std::string::npos);

  const std::string dot = output({"show", "hand.json", "--format", "dot"});
  EXPECT_TRUE(dot.starts_with("digraph ")) << dot;
  std::size_t arrows = 0;
  for (std::size_t at = 0; (at = dot.find(" -> ", at)) != std::string::npos; ++at) ++arrows;
  EXPECT_EQ(arrows, 7U);
}

TEST_F(Show, AnotherInput) {
  const Json network = json({"show", "mobilenet-v2", "--input", "3,64,48", "--format", "json"});
  EXPECT_EQ(network.at("input"), Json::parse("[3, 64, 48]"));
}

TEST_F(Show, Lists) {
  const auto names = [&](const std::string &what) {
    std::vector<std::string> out;
    const Json entries = json({"list", what, "--format", "json"});
    for (const Json &entry : entries) {
      EXPECT_EQ(keys(entry), (std::vector<std::string>{"name", "other_names", "description", "source", "keys"}));
      EXPECT_FALSE(entry.at("description").get<std::string>().empty());
      out.push_back(entry.at("name"));
    }
    for (const std::string format : {"text", "markdown", "csv", "latex"}) {
      std::string text = output({"list", what, "--format", format});
      std::erase(text, '\\'); // LaTeX escapes the underscores of names
      for (const std::string &name : out) EXPECT_NE(text.find(name), std::string::npos) << format << " " << name;
    }
    for (const auto &row : parse_csv(output({"list", what, "--format", "csv"}))) EXPECT_EQ(row.size(), 5U);
    return out;
  };
  const auto has = [](const std::vector<std::string> &all, const std::vector<std::string> &wanted) {
    for (const std::string &name : wanted) EXPECT_NE(std::find(all.begin(), all.end(), name), all.end()) << name;
  };
  has(names("networks"), {"wide_resnet", "darts", "wrn_50_2", "resnet", "mobilenet_v2"});
  has(names("conventions"), {"macs", "reference"});
  has(names("solvers"), {"exact", "nlopt"});
  has(names("scores"), {"capacity", "parameters", "table"});
  has(names("substitutions"), {"generic", "shuffle", "tensor_train", "acdc"});
  // formulas.md's first table, by the names of design.md.
  const std::string all = output({"list", "substitutions"});
  for (const std::string name :
       {"Conv", "Sep", "Generic_S", "LR_S", "Hashed_S", "SepHashed_S", "HashedDecimate", "SepHashedDecimate", "Shuffle_S",
        "ACDC_S", "OriginalACDC", "TensorTrain_S", "Tucker_S", "CP_S"})
    EXPECT_NE(all.find(name), std::string::npos) << name;
}

TEST_F(Show, Formulas) {
  const Json all = json({"formulas", "--format", "json"});
  EXPECT_EQ(all.size(), json({"list", "substitutions", "--format", "json"}).size());
  for (const Json &formula : all) {
    EXPECT_EQ(keys(formula), (std::vector<std::string>{"substitution", "evaluation", "definitions", "convention", "parameters",
                                                       "mult_adds", "per_batch", "estimates", "functions"}));
    EXPECT_EQ(formula.at("convention"), "macs");
    EXPECT_FALSE(formula.at("parameters").get<std::string>().empty());
    // Each function that is used is common knowledge or defined.
    std::string expressions = formula.at("parameters").get<std::string>() + " " + formula.at("mult_adds").get<std::string>() +
                              " " + formula.at("per_batch").get<std::string>();
    for (const Json &line : formula.at("estimates")) expressions += " " + line.at("expression").get<std::string>();
    for (const Json &line : formula.at("definitions")) expressions += " " + line.at("expression").get<std::string>();
    std::vector<std::string> known = {"min", "max", "log2"};
    for (const Json &function : formula.at("functions")) {
      const std::string symbol = function.at("symbol").get<std::string>();
      known.push_back(symbol.substr(0, symbol.find('(')));
      EXPECT_NE(expressions.find(symbol == "a // b" ? "//" : known.back() + "("), std::string::npos)
          << symbol << " is not used";
      EXPECT_FALSE(function.at("meaning").get<std::string>().empty());
    }
    for (std::size_t at = 0; (at = expressions.find('(', at)) != std::string::npos; ++at) {
      std::size_t begin = at;
      const auto is_of_name = [](char c) { return c == '_' || std::isalnum(static_cast<unsigned char>(c)) != 0; };
      while (begin > 0 && is_of_name(expressions[begin - 1])) --begin;
      const std::string name = expressions.substr(begin, at - begin);
      EXPECT_TRUE(name.empty() || std::find(known.begin(), known.end(), name) != known.end()) << name << " in " << expressions;
    }
  }
  const Json one = json({"formulas", "tensor_train:dimensions=4", "--format", "json"});
  ASSERT_EQ(one.size(), 1U);
  // Four modes and three ranks at least are defined.
  EXPECT_GE(one.at(0).at("definitions").size(), 7U);
  EXPECT_EQ(output({"formulas", "Shuffle"}),
            "Shuffle, evaluation factored\n"
            "  m               = c_o // 4\n"
            "  g               = divisor(gcd(gcd(c_i, c_o), m), groups)\n"
            "  parameters      = c_i * m / g + m * k_h * k_w + m * c_o / g + b\n"
            "  mult-adds[macs] = S_in * c_i * m / g + S * (m * k_h * k_w + m * c_o / g)\n"
            "  per batch[macs] = 0\n"
            "\n"
            "c_i               input channels\n"
            "c_o               output channels\n"
            "k_h               kernel height\n"
            "k_w               kernel width\n"
            "S                 output positions, of the whole batch\n"
            "S_in              input positions, of the whole batch\n"
            "b                 parameters of the convolution's own bias: c_o, or 0 without\n"
            "a // b            a / b, rounded down\n"
            "gcd(a, b)         the greatest common divisor\n"
            "divisor(a, b)     the largest divisor of a that is at most b\n"
            "[macs]            by convention macs: every multiply-accumulate that the chosen evaluation executes\n"
            "                  (of fast transforms those reckoned, not executed); no bias, nothing else\n");
  EXPECT_NE(output({"formulas", "tucker"}).find("\nmode(k, d, n)     mode k of n numbers in d dimensions: "),
            std::string::npos);
  EXPECT_EQ(output({"formulas", "generic"}).find("mode("), std::string::npos);
  EXPECT_NE(output({"formulas", "--format", "markdown"}).find("\n- gcd(a, b): the greatest common divisor\n"),
            std::string::npos);
  for (const std::string &line : lines(output({"formulas", "--format", "markdown"})))
    EXPECT_TRUE(!line.starts_with("|") || line.ends_with(" |")) << line;
}

TEST_F(Show, Version) {
  const std::string text = output({"--version"});
  EXPECT_TRUE(text.starts_with("pare 0.")) << text;
  for (const std::string part : {"compiler ", "Boost 1.", "CLI11 2.", "Eigen 3.", "fmt ", "nlohmann_json 3.", "NLopt 2."})
    EXPECT_NE(text.find(part), std::string::npos) << part;
}

} // namespace

} // namespace pare::test

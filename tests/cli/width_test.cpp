// No line of text is wider than 100 columns, for the networks of the research log and every command that prints tables.

#include "analysis/substitution.hpp"
#include "base/text.hpp"
#include "tests/run.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pare::test {

namespace {

void expect_narrow(const std::vector<std::string> &words) {
  std::string command = "pare";
  for (const std::string &word : words) command += ' ' + word;
  const Result result = run(words);
  EXPECT_TRUE(result.code == 0 || result.code == 3) << command << "\n" << result.err;
  EXPECT_FALSE(result.out.empty()) << command;
  for (const std::string &line : lines(result.out)) EXPECT_LE(display_width(line), 100U) << command << "\n" << line;
}

/// Each family that has keys in Pare's own spelling, with as many of them as make it long:
/// "hashed:index=reference,sign=yes,...".
std::vector<std::string> long_spellings() {
  std::vector<std::string> out;
  for (const Substitution *family : substitutions()) {
    std::string text;
    for (const KeyInfo &key : family->info().keys) {
      if (key.sets_knob) continue;
      const std::string value = key.choices.empty() ? std::to_string(std::min<std::int64_t>(key.most, 4))
                                                    : std::string(key.choices[key.standard == 0 ? 1 : 0]);
      text += fmt::format("{}{}={}", text.empty() ? ":" : ",", key.name, value);
    }
    if (!text.empty()) out.push_back(std::string(family->info().name) + text);
  }
  return out;
}

class Width : public Cli, public ::testing::WithParamInterface<std::string> {};

TEST_P(Width, OfEveryTable) {
  const std::string &network = GetParam();
  expect_narrow({"show", network});
  expect_narrow({"cost", network, "--layers", "--group-by", "kind"});
  expect_narrow({"cost", network, "--group-by", "stage", "--convention", "all"});
  // The longest names, and work per batch by both conventions.
  for (const std::string substitute : {"Generic_0.1", "ACDC_4", "TensorTrain_0.5"})
    expect_narrow({"cost", network, "--substitute", substitute, "--where-possible", "--layers", "--group-by", "kernel"});
  for (const std::string family : {"Generic", "Hashed", "acdc"})
    for (const std::string budget : {"parameters<=30%", "mult-adds[reference]<=1000"})
      expect_narrow(
          {"solve", network, "--substitute", family, "--where-possible", "--budget", budget, "--budget", "parameters<=100M"});
  const std::vector<std::string> spellings = long_spellings();
  EXPECT_GE(spellings.size(), 8U);
  for (const std::string &family : spellings)
    for (const std::string budget : {"parameters<=30%", "mult-adds[reference]<=1000"})
      expect_narrow({"solve", network, "--substitute", family, "--where-possible", "--convention", "all", "--budget", budget});
}

INSTANTIATE_TEST_SUITE_P(LogNetworks, Width,
                         ::testing::Values("wrn-28-10", "wrn-40-2", "darts", "mobilenet-v2", "resnet-18", "resnet-50",
                                           "wrn-50-2", "darts-imagenet"),
                         [](const auto &one) { return test_name(one.param); });

using Lists = Cli;

TEST_F(Lists, AreNarrowToo) {
  for (const std::string what : {"networks", "substitutions", "conventions", "solvers", "scores", "protocols"})
    expect_narrow({"list", what});
  expect_narrow({"formulas"});
  expect_narrow({"formulas", "--all"});
  for (const std::string substitution : {"tensor_train:dimensions=6", "tucker:dimensions=6", "cp:dimensions=6", "shuffle"})
    expect_narrow({"formulas", substitution});
}

} // namespace

} // namespace pare::test

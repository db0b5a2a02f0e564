#include "tests/cli/networks.hpp"
#include "tests/run.hpp"

#include <algorithm>

namespace pare::test {

namespace {

class Formats : public Cli {};

TEST_F(Formats, TextForPeople) {
  // WRN-28-10: tests/golden/counts.json.
  const std::string text = output({"cost", "wrn-28-10"});
  for (const std::string part : {"36,479,194  36.5 M", "5,245,638,922  5.25 G", "mult-adds[macs]", "mult-adds[reference]",
                                 "input: 3 x 32 x 32", "batch: 1", "not counted", "reference: the 2019 reference counter"})
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
  for (const std::string &line : lines(text)) EXPECT_FALSE(line.ends_with(' ')) << line;
}

TEST_F(Formats, CsvHoldsTheSameAsJson) {
  const Json cost = json({"cost", "wrn-16-4", "--substitute", "Shuffle_4", "--layers", "--format", "json"});
  const auto rows = parse_csv(output({"cost", "wrn-16-4", "--substitute", "Shuffle_4", "--layers", "--format", "csv"}));
  EXPECT_EQ(rows.at(0), (std::vector<std::string>{"layer", "op", "substituted", "parameters", "mult-adds[macs]",
                                                  "mult-adds[reference]", "output"}));
  const Json &layers = cost.at("layers");
  ASSERT_EQ(rows.size(), layers.size() + 1);
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const Json &layer = layers[i];
    const std::vector<std::string> &row = rows[i + 1];
    ASSERT_EQ(row.size(), 7U);
    EXPECT_EQ(row[0], layer.at("name").get<std::string>());
    EXPECT_EQ(row[2] == "yes", layer.at("substituted").get<bool>());
    EXPECT_EQ(row[3], layer.at("parameters").dump());
    EXPECT_EQ(row[4], layer.at("mult_adds").at("macs").dump());
    EXPECT_EQ(row[5], layer.at("mult_adds").at("reference").dump());
  }
}

TEST_F(Formats, CsvOfTotalsListsWhatWasNotCounted) {
  write("hand.json", kByHand);
  const auto rows = parse_csv(output({"cost", "hand.json", "--format", "csv"}));
  const auto has = [&](const std::string &quantity, const std::string &value) {
    return std::find(rows.begin(), rows.end(), std::vector<std::string>{quantity, value}) != rows.end();
  };
  EXPECT_TRUE(has("parameters", "191"));
  EXPECT_TRUE(has("mult-adds[macs]", "3138"));
  EXPECT_TRUE(has("mult-adds[reference]", "3311"));
  EXPECT_TRUE(has("not counted by macs: relu.module.element", "144"));
  expect_fault(run({"cost", "hand.json", "--layers", "--group-by", "kind", "--format", "csv"}), 2, "usage", {"one table"});
}

TEST_F(Formats, GroupsAsCsv) {
  write("hand.json", kByHand);
  const auto rows = parse_csv(output({"cost", "hand.json", "--group-by", "stage", "--format", "csv"}));
  EXPECT_EQ(rows,
            (std::vector<std::vector<std::string>>{{"stage", "layers", "parameters", "mult-adds[macs]", "mult-adds[reference]"},
                                                   {"6 x 6", "2", "72", "2592", "2736"},
                                                   {"3 x 3", "1", "36", "324", "324"},
                                                   {"2 x 2", "1", "48", "192", "192"},
                                                   {"1 x 1", "3", "35", "30", "59"}}));
}

TEST_F(Formats, MarkdownTablesAreWellFormed) {
  for (const std::vector<std::string> &more :
       std::vector<std::vector<std::string>>{{}, {"--layers"}, {"--group-by", "kernel"}}) {
    std::vector<std::string> words{"cost", "wrn-10-1", "--format", "markdown"};
    words.insert(words.end(), more.begin(), more.end());
    std::ptrdiff_t columns = 0;
    std::size_t tables = 0;
    for (const std::string &line : lines(output(words))) {
      if (!line.starts_with("|")) {
        columns = 0;
        continue;
      }
      const std::ptrdiff_t here = std::count(line.begin(), line.end(), '|');
      if (columns == 0) ++tables;
      if (columns != 0) {
        EXPECT_EQ(here, columns) << line;
      }
      columns = here;
    }
    EXPECT_EQ(tables, more.empty() ? 2U : 3U);
  }
}

TEST_F(Formats, LatexTablesAreWellFormed) {
  const std::string text = output({"cost", "wrn-10-1", "--layers", "--format", "latex"});
  const auto times = [&](const std::string &part) {
    std::size_t out = 0;
    for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; ++at) ++out;
    return out;
  };
  EXPECT_EQ(times("\\begin{tabular}"), 3U);
  for (const std::string part : {"\\end{tabular}", "\\toprule", "\\midrule", "\\bottomrule"})
    EXPECT_EQ(times(part), 3U) << part;
  EXPECT_NE(text.find("S[table-format="), std::string::npos);
  std::ptrdiff_t columns = 0;
  for (const std::string &line : lines(text)) {
    if (line.starts_with("\\begin")) columns = 0;
    if (!line.ends_with(" \\\\")) continue;
    const std::ptrdiff_t here = std::count(line.begin(), line.end(), '&');
    if (columns != 0) {
      EXPECT_EQ(here, columns) << line;
    }
    columns = here;
  }
}

TEST_F(Formats, NamesThatAreMarkupAreEscaped) {
  write("markup.json", kMarkup);
  const auto rows = parse_csv(output({"cost", "markup.json", "--layers", "--format", "csv"}));
  ASSERT_EQ(rows.size(), 5U);
  EXPECT_EQ(rows[1][0], "a|b");
  EXPECT_EQ(rows[2][0], "say \"hi\", twice");
  EXPECT_EQ(rows[3][0], "[50%] of #1 & {x}_y^2 ~ \\z");
  EXPECT_EQ(rows[4][0], "two\nlines");
  const Json cost = json({"cost", "markup.json", "--layers", "--format", "json"});
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(cost.at("layers").at(i).at("name").get<std::string>(), rows[i + 1][0]);

  const std::string markdown = output({"cost", "markup.json", "--layers", "--format", "markdown"});
  EXPECT_NE(markdown.find("| a\\|b |"), std::string::npos) << markdown;
  EXPECT_NE(markdown.find("| two lines |"), std::string::npos) << markdown;
  const std::string latex = output({"cost", "markup.json", "--layers", "--format", "latex"});
  EXPECT_NE(latex.find("\n{[}50\\%{]} of \\#1 \\& \\{x\\}\\_y\\textasciicircum{}2 \\textasciitilde{} \\textbackslash{}z & "),
            std::string::npos)
      << latex;
  EXPECT_NE(latex.find("\n% mark_up & 100 %\n"), std::string::npos) << latex;
}

} // namespace

} // namespace pare::test

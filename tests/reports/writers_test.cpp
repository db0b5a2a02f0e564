#include "reports/format.hpp"

#include "tests/support.hpp"

namespace pare::test {

namespace {

/// One of each kind of cell.
Report sample() {
  return {.title = {"a title"},
          .columns = {{.heading = "name"},
                      number_column("total", true),
                      {.heading = "share", .unit = "%", .align = Align::kRight},
                      number_column("other")},
          .rows = {{"plain", Count(1234567), Percent{12.3456}, Count::from_real(0.25)},
                   {"a|b, \"c\" & d_e", Count(5), Cell(), "text"}},
          .notes = {"a note"}};
}

std::string written(Format format) {
  const Report report = sample();
  return write({&report, 1}, format);
}

TEST(Writers, Text) {
  EXPECT_EQ(written(Format::kText), "a title\n"
                                    "\n"
                                    "name                total            share  other\n"
                                    "-------------------------------------------------\n"
                                    "plain           1,234,567  1.23 M  12.35 %   0.25\n"
                                    "a|b, \"c\" & d_e          5                    text\n"
                                    "\n"
                                    "a note\n");
}

// A table that is too wide breaks headings first, then the widest texts, at words and parts of names; numbers and shapes stay.
TEST(Writers, TextIsOneHundredColumnsWide) {
  const std::string layer = "cells.10.preprocess0.op.1.lowrank_contract";
  const Report report{.title = {"a title of " + std::string(50, 'x') + " " + std::string(50, 'y')},
                      .columns = {{.heading = "layer"},
                                  {.heading = "substituted", .brief = "subst."},
                                  number_column("mult-adds[reference]"),
                                  number_column("of the original, in percent"),
                                  {.heading = "output", .unit = {}, .align = Align::kRight},
                                  {.heading = "interval", .unit = {}, .align = Align::kRight}},
                      .rows = {{layer, "yes", Count(1234567), Count(1), "108 x 32 x 32", "[0.0546875, 0.056249999999999994)"},
                               {"conv1", "", Count(5), Count(2), "1 x 1 x 1", "[1, 2)"}},
                      .notes = {"a note of " + std::string(50, 'x') + " " + std::string(50, 'y')}};
  EXPECT_EQ(write({&report, 1}, Format::kText),
            "a title of xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n"
            "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\n"
            "\n"
            "layer               subst.    mult-adds     of the         output                           interval\n"
            "                            [reference]  original,\n"
            "                                                in\n"
            "                                           percent\n"
            "----------------------------------------------------------------------------------------------------\n"
            "cells.10.           yes       1,234,567          1  108 x 32 x 32  [0.0546875, 0.056249999999999994)\n"
            "preprocess0.op.1.\n"
            "lowrank_contract\n"
            "conv1                                 5          2      1 x 1 x 1                             [1, 2)\n"
            "\n"
            "a note of xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n"
            "  yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\n");
}

// A setting in Pare's own spelling breaks in front of its keys, behind its family where even one of these is too wide, and
// nowhere else; what is none breaks as ever.
TEST(Writers, TextBreaksSettingsAtTheirKeys) {
  const std::string setting = "sep_hashed:ratio=0.2945202,index=reference,sign=yes,bias=no,of=convolution";
  const auto table = [&](std::size_t other) {
    const Report report{.title = {},
                        .columns = {{.heading = "name"},
                                    {.heading = "one", .unit = {}, .align = Align::kRight},
                                    {.heading = std::string(other, 'x')}},
                        .rows = {{"setting", setting, "a"}, {"batch_norm_of_a_layer", "tensor_train:", "b"}},
                        .notes = {}};
    return write({&report, 1}, Format::kText);
  };
  const std::string line = std::string(100, '-') + "\n";
  EXPECT_EQ(table(40), "name                                                   one  " + std::string(40, 'x') + "\n" + line +
                           "setting                        sep_hashed:ratio=0.2945202,  a\n"
                           "                         index=reference,sign=yes,bias=no,\n"
                           "                                            of=convolution\n"
                           "batch_norm_of_a_layer                        tensor_train:  b\n");
  EXPECT_EQ(table(70), "name                     one  " + std::string(70, 'x') + "\n" + line +
                           "setting          sep_hashed:  a\n"
                           "            ratio=0.2945202,\n"
                           "            index=reference,\n"
                           "                   sign=yes,\n"
                           "                    bias=no,\n"
                           "              of=convolution\n"
                           "batch_         tensor_train:  b\n"
                           "norm_of_a_\n"
                           "layer\n");
}

TEST(Writers, Markdown) {
  EXPECT_EQ(written(Format::kMarkdown), "a title\n"
                                        "\n"
                                        "| name | total | share | other |\n"
                                        "| :--- | ---: | ---: | ---: |\n"
                                        "| plain | 1234567 | 12.35 % | 0.25 |\n"
                                        "| a\\|b, \"c\" & d_e | 5 |  | text |\n"
                                        "\n"
                                        "- a note\n");
}

TEST(Writers, Csv) {
  EXPECT_EQ(written(Format::kCsv), "name,total,share [%],other\n"
                                   "plain,1234567,12.3456,0.25\n"
                                   "\"a|b, \"\"c\"\" & d_e\",5,,text\n");
}

TEST(Writers, Latex) {
  EXPECT_EQ(written(Format::kLatex), "% \\usepackage{booktabs,siunitx}\n"
                                     "% a title\n"
                                     "\\begin{tabular}{l S[table-format=7.0] S[table-format=2.2] S[table-format=1.2]}\n"
                                     "\\toprule\n"
                                     "name & {total} & {share {[}\\%{]}} & {other} \\\\\n"
                                     "\\midrule\n"
                                     "plain & 1234567 & 12.35 & 0.25 \\\\\n"
                                     "a\\textbar{}b, \"c\" \\& d\\_e & 5 &  & {text} \\\\\n"
                                     "\\bottomrule\n"
                                     "\\end{tabular}\n"
                                     "% a note\n");
}

TEST(Writers, Json) {
  EXPECT_EQ(nlohmann::ordered_json::parse(written(Format::kJson)).dump(),
            R"([{"name":"plain","total":1234567,"share [%]":12.3456,"other":0.25},)"
            R"({"name":"a|b, \"c\" & d_e","total":5,"share [%]":null,"other":"text"}])");
}

/// As for a paper: means with what they vary by, the best, what is missing, groups, units, and markup where it must not work.
Report for_a_paper() {
  Cell best = Measured{4.1, 0.123};
  best.best = true;
  return {.title = {},
          .columns = {{.heading = "setting"},
                      {.heading = "parameters", .unit = "M", .align = Align::kRight, .decimals = 2, .power = 6},
                      {.heading = "error", .unit = "%", .align = Align::kRight, .with_sd = true}},
          .rows = {{"A_1 <b>", Count(1195000), best},
                   {"B & C", Count(994999), Measured{15.257, 1.5}},
                   {"D\\", Cell(), Measured{5}},
                   {"E", Count(36479194), "diverged"}},
          .notes = {"50 % of a note"},
          .caption = "Cost & error of 100 %",
          .label = "tab:cost",
          .groups = {2},
          .marks_missing = true};
}

TEST(Writers, TablesForPapers) {
  const Report report = for_a_paper();
  EXPECT_EQ(write({&report, 1}, Format::kText), "Cost & error of 100 %\n"
                                                "\n"
                                                "setting  parameters [M]      error [%]\n"
                                                "--------------------------------------\n"
                                                "A_1 <b>            1.20   4.10 ± 0.12*\n"
                                                "B & C              0.99  15.26 ± 1.50\n"
                                                "--------------------------------------\n"
                                                "D\\                    —          5.00\n"
                                                "E                 36.48      diverged\n"
                                                "\n"
                                                "* the best of its column\n"
                                                "50 % of a note\n");
  EXPECT_EQ(write({&report, 1}, Format::kMarkdown), "Cost & error of 100 %\n"
                                                    "\n"
                                                    "| setting | parameters [M] | error [%] |\n"
                                                    "| :--- | ---: | ---: |\n"
                                                    "| A_1 \\<b> | 1.20 | **4.10 ± 0.12** |\n"
                                                    "| B & C | 0.99 | 15.26 ± 1.50 |\n"
                                                    "| D\\\\ | — | 5.00 |\n"
                                                    "| E | 36.48 | diverged |\n"
                                                    "\n"
                                                    "- 50 % of a note\n");
  EXPECT_EQ(write({&report, 1}, Format::kCsv), "setting,parameters [M],error [%],error sd [%]\n"
                                               "A_1 <b>,1195000,4.1,0.123\n"
                                               "B & C,994999,15.257,1.5\n"
                                               "D\\,,5,\n"
                                               "E,36479194,diverged,\n");
  EXPECT_EQ(write({&report, 1}, Format::kLatex),
            "% \\usepackage{booktabs,siunitx}\n"
            "\\begin{table}\n"
            "\\centering\n"
            "\\caption{Cost \\& error of 100 \\%}\n"
            "\\medskip\n"
            "\\label{tab:cost}\n"
            "\\begin{tabular}{l S[table-format=2.2] S[detect-weight, separate-uncertainty, table-align-uncertainty=false, "
            "retain-zero-uncertainty=true, "
            "table-format=2.2(3)]}\n"
            "\\toprule\n"
            "setting & {\\shortstack{\\strut parameters\\\\\\strut {[}M{]}}} & {error {[}\\%{]}} \\\\\n"
            "\\midrule\n"
            "A\\_1 \\textless{}b\\textgreater{} & 1.20 & \\bfseries 4.10(12) \\\\\n"
            "B \\& C & 0.99 & 15.26(150) \\\\\n"
            "\\midrule\n"
            "D\\textbackslash{} & {---} & 5.00 \\\\\n"
            "E & 36.48 & {diverged} \\\\\n"
            "\\bottomrule\n"
            "\\end{tabular}\n"
            "\\par\\smallskip{\\footnotesize 50 \\% of a note\\par}\n"
            "\\end{table}\n");
  const std::string html = write({&report, 1}, Format::kHtml);
  const auto at = html.find("</head>");
  ASSERT_NE(at, std::string::npos);
  EXPECT_TRUE(html.starts_with("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                               "<title>Cost &amp; error of 100 %</title>\n<style>\n"));
  EXPECT_EQ(html.substr(at),
            "</head>\n"
            "<body>\n"
            "<table id=\"tab:cost\">\n"
            "<caption>Cost &amp; error of 100 %</caption>\n"
            "<thead>\n"
            "<tr><th>setting</th><th class=\"number\">parameters [M]</th><th class=\"number\">error [%]</th></tr>\n"
            "</thead>\n"
            "<tbody>\n"
            "<tr><td>A_1 &lt;b&gt;</td><td class=\"number\">1.20</td>"
            "<td class=\"number\"><strong>4.10 ± 0.12</strong></td></tr>\n"
            "<tr><td>B &amp; C</td><td class=\"number\">0.99</td><td class=\"number\">15.26 ± 1.50</td></tr>\n"
            "</tbody>\n"
            "<tbody>\n"
            "<tr><td>D\\</td><td class=\"number\">—</td><td class=\"number\">5.00</td></tr>\n"
            "<tr><td>E</td><td class=\"number\">36.48</td><td class=\"number\">diverged</td></tr>\n"
            "</tbody>\n"
            "</table>\n"
            "<p class=\"note\">50 % of a note</p>\n"
            "</body>\n"
            "</html>\n");
}

TEST(Writers, FormatNamesReadBack) {
  for (const Format format : kFormats) EXPECT_EQ(parse_format(to_string(format)), format);
  expect_error([] { parse_format("xml"); }, ErrorCode::kUsage, "--format", "text, json, csv, markdown, latex, html");
}

} // namespace

} // namespace pare::test

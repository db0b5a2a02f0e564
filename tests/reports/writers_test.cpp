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

TEST(Writers, FormatNamesReadBack) {
  for (const Format format : kFormats) EXPECT_EQ(parse_format(to_string(format)), format);
  expect_error([] { parse_format("xml"); }, ErrorCode::kUsage, "--format", "text, json, csv, markdown, latex");
}

} // namespace

} // namespace pare::test

#include "reports/explanation_table.hpp"

#include "tests/support.hpp"

namespace pare {
namespace {

TEST(ExplanationTables, EstimatesAreNamedAsSuch) {
  const ConvSite site = make_site("X", {.batch = 1, .channels = 4, .height = 5, .width = 5}, 8, {1, 1}, {1, 1}, {0, 0}, {1, 1});
  const Explanation explanation{.site = site,
                                .substitute = parse_substitute("Sep"),
                                .family = "sep",
                                .evaluation = Evaluation::kFactored,
                                .symbols = {{"c_i", 4, "input channels"}},
                                .definitions = {},
                                .totals = {{"parameters", "c_i * c_o", "4 * 8", 32, Count(32)}},
                                .estimates = {{"floor", "S * c_i * c_o * 100", "25 * 4 * 8 * 100", 80000}},
                                .notes = {"as it is"}};
  EXPECT_EQ(write_explanation(explanation, "net", Format::kText),
            "net\n"
            "layer X: 4 x 5 x 5 -> 8 x 5 x 5, kernel 1 x 1, batch 1\n"
            "Sep: sep, evaluation factored\n"
            "\n"
            "c_i = 4   input channels\n"
            "\n"
            "parameters      = c_i * c_o\n"
            "                = 4 * 8\n"
            "                = 32\n"
            "counted           32\n"
            "\n"
            "floor[macs]     = S * c_i * c_o * 100\n"
            "                = 25 * 4 * 8 * 100\n"
            "                = 80,000\n"
            "\n"
            "as it is\n"
            "[macs]            by convention macs: every multiply-accumulate that the chosen evaluation executes\n"
            "                  (of fast transforms those reckoned, not executed); no bias, nothing else\n"
            "counted           of the ops that the layer is written out as, not by these formulas\n"
            "floor             an estimate, and no count: for generic values, no linear scheme that treats each\n"
            "                  position by itself does with less; one that treats several together can\n");
  const auto json = nlohmann::json::parse(write_explanation(explanation, "net", Format::kJson));
  EXPECT_EQ(json["estimates"][0]["name"], "floor");
  EXPECT_EQ(json["estimates"][0]["value"], 80000);
  EXPECT_FALSE(json["estimates"][0].contains("counted"));
  EXPECT_NE(write_explanation(explanation, "net", Format::kMarkdown)
                .find("| floor[macs] | S \\* c_i \\* c_o \\* 100 | 25 \\* 4 \\* 8 \\* 100 | 80000 |  |\n"),
            std::string::npos);
}

} // namespace
} // namespace pare

// What the recipe for an op gives: network files have it, and it is counted.

#include "analysis/convention.hpp"
#include "analysis/cost_model.hpp"
#include "analysis/network_file.hpp"
#include "tests/known_names.hpp"
#include "tests/support.hpp"

#include <algorithm>
#include <vector>

namespace pare {
namespace {

const std::string kTiny = test::read_text(PARE_SOURCE_DIR "/tests/recipes/tiny.json");

TEST(RecipeOp, IsCountedInANetworkFile) {
  const Graph graph = read_network(kTiny, "tiny.json").graph;
  const CostReport report = count(graph);
  // 3 x 32 x 32 is folded to 48 x 8 x 8; a 3 x 3 convolution to 16 channels; 16 to 10 with a bias.
  EXPECT_EQ(report.parameters, 48 * 16 * 9 + 16 * 10 + 10);
  EXPECT_EQ(report.mult_adds(find_convention("macs")), Count(8 * 8 * 48 * 16 * 9 + 16 * 10));
  const auto copied = std::find_if(report.events.begin(), report.events.end(),
                                   [](const EventCount &e) { return kind_name(e.op_kind) == "space_to_depth"; });
  ASSERT_NE(copied, report.events.end());
  EXPECT_EQ(copied->event, Event::kCopy);
  EXPECT_EQ(copied->amount, Count(3 * 32 * 32));
}

TEST(RecipeOp, IsWrittenAsItWasRead) {
  const Graph graph = read_network(kTiny, "tiny.json").graph;
  const std::string written = write_network(graph, "tiny");
  EXPECT_NE(written.find(R"({"id": "fold", "op": "space_to_depth", "inputs": ["input"], "size": 4})"), std::string::npos)
      << written;
  EXPECT_EQ(write_network(read_network(written, "again").graph, "tiny"), written);
}

TEST(RecipeOp, IsRefusedAtItsField) {
  const auto with = [](std::string_view before, std::string_view after) {
    std::string text = kTiny;
    text.replace(text.find(before), before.size(), after);
    return test::message_of([&] { read_network(text, "tiny.json"); });
  };
  EXPECT_NE(with(R"("size": 4)", R"("size": 5)").find(".size (fold): size = 5 must divide both sides of [1, 3, 32, 32]"),
            std::string::npos);
  EXPECT_NE(with(R"("size": 4)", R"("sizes": 4)").find("sizes"), std::string::npos);
  EXPECT_NE(with("space_to_depth", "space_to_depths").find("known: " PARE_KNOWN_FILE_OPS), std::string::npos);
}

TEST(RecipeOp, ConventionsWeighIt) {
  const auto convention = [](std::string_view key) {
    return parse_convention(R"({"schema": "pare.convention/1", "name": "x", "source": "x", "weights": {")" + std::string(key) +
                                R"(": 2}})",
                            "x.json");
  };
  const Graph graph = read_network(kTiny, "tiny.json").graph;
  EXPECT_EQ(count(graph).mult_adds(convention("space_to_depth.copy")), Count(2 * 3 * 32 * 32));
  EXPECT_NE(test::message_of([&] { convention("space_to_depths.copy"); }).find("known: " PARE_KNOWN_OPS), std::string::npos);
}

} // namespace
} // namespace pare

#include "analysis/convention.hpp"

#include "analysis/cost_model.hpp"
#include "analysis/op.hpp"
#include "models/network.hpp"
#include "tests/support.hpp"

namespace pare {
namespace {

Convention parse(const std::string &json) { return parse_convention(json, "mine.json"); }

std::string with_weights(const std::string &weights) {
  return R"({"schema": "pare.convention/1", "name": "mine", "source": "a test", "weights": )" + weights + "}";
}

TEST(Conventions, AreRowsOfData) {
  for (const Convention &convention : conventions()) {
    EXPECT_FALSE(convention.source.empty()) << convention.name;
    EXPECT_EQ(&find_convention(convention.name), &convention);
    for (const Convention::Weight &weight : convention.weights) EXPECT_TRUE(kind_from(weight.op).has_value()) << weight.op;
  }
  test::expect_error([] { find_convention("flops"); }, ErrorCode::kUnknownName, "convention", "macs, reference");
}

TEST(Conventions, WeighByKindSpellingAndEvent) {
  const Convention &reference = find_convention("reference");
  const std::size_t relu = *kind_from("relu");
  EXPECT_EQ(reference.weight(relu, Spelling::kModule, Event::kElement), 1.0);
  EXPECT_EQ(reference.weight(relu, Spelling::kFunction, Event::kElement), std::nullopt);
  EXPECT_EQ(reference.weight(*kind_from("relu6"), Spelling::kModule, Event::kElement), std::nullopt);
  EXPECT_EQ(reference.weight(*kind_from("avg_pool"), Spelling::kFunction, Event::kWindow), std::nullopt);
  EXPECT_EQ(reference.weight(*kind_from("linear"), Spelling::kModule, Event::kBias), 1.0);
  EXPECT_EQ(reference.weight(*kind_from("conv"), Spelling::kModule, Event::kBias), std::nullopt);
  const Convention &macs = find_convention("macs");
  EXPECT_EQ(macs.weight(*kind_from("conv"), Spelling::kFunction, Event::kMac), 1.0);
  EXPECT_EQ(macs.weight(*kind_from("linear"), Spelling::kModule, Event::kBias), std::nullopt);
}

// thop and fvcore on ResNet-50 (golden/peer_counts.csv): core + 4 per batch-norm element + per output of the head's pooling 49
// additions and a division; core + 2 per element + the head's input.
TEST(Conventions, UsersBringTheirOwn) {
  const CostReport report = count(make_network("resnet-50").graph);
  const Convention fvcore =
      parse(with_weights(R"({"conv.mac": 1, "linear.mac": 1, "batch_norm.element": 2, "avg_pool.window": 1})"));
  EXPECT_EQ(report.mult_adds(fvcore), Count(4111512576));
  const Convention flops = parse(with_weights(R"({"conv.mac": 2, "linear.module.mac": 2})"));
  EXPECT_EQ(report.mult_adds(flops), Count(2 * 4089184256));
  // torchvision's ResNet has its ReLUs as modules; one that counts functions only counts none.
  EXPECT_TRUE(report.mult_adds(parse(with_weights(R"({"relu.function.element": 1})"))).is_zero());
  const Count half = report.mult_adds(parse(with_weights(R"({"linear.mac": 0.5})")));
  EXPECT_FALSE(half.is_whole());
  EXPECT_EQ(half.to_double(), 0.5 * 2048 * 1000);
}

TEST(Conventions, ListWhatTheyDoNotCount) {
  const CostReport report = count(make_network("mobilenet-v2").graph);
  std::map<std::string, Count> left;
  for (const EventCount &e : report.not_counted(find_convention("reference")))
    left[std::string(kind_name(e.op_kind)) + "." + std::string(to_string(e.spelling)) + "." +
         std::string(to_string(e.event))] += e.amount;
  EXPECT_TRUE(left.contains("relu6.module.element"));
  EXPECT_TRUE(left.contains("batch_norm.module.element"));
  EXPECT_TRUE(left.contains("add.function.element"));
  // The mean over 7 x 7 of 1280 channels, and the classifier's bias.
  EXPECT_EQ(left.at("global_avg_pool.function.element"), Count(1280 * 49));
  EXPECT_EQ(left.at("conv.module.bias"), Count(1000));
  EXPECT_FALSE(left.contains("conv.module.mac"));
  // A weight of 0 is a statement: then it is counted, as nothing.
  const Convention silent = parse(with_weights(R"({"relu6.element": 0})"));
  for (const EventCount &e : report.not_counted(silent)) EXPECT_NE(kind_name(e.op_kind), "relu6");
}

TEST(Conventions, WeightsAreFromZeroUpAndNamesPlain) {
  const auto bad = [](const std::string &name, const std::string &weight, std::string_view where) {
    test::expect_error(
        [&] {
          parse_convention(R"({"schema": "pare.convention/1", "name": ")" + name +
                               R"(", "source": "s", "weights": {"conv.mac": )" + weight + "}}",
                           "c.json");
        },
        ErrorCode::kInvalidFile, where);
  };
  // Costs must not fall with a setting, or a bisection proves nothing.
  bad("mine", "-1", "weights/conv.mac");
  bad("all", "1", "name");
  bad("a]b c", "1", "name");
  // 2^63 has no place in 64 bits, and is not rounded.
  test::expect_error([] { (void)Count(2).times(9223372036854775808.0); }, ErrorCode::kOverflow);
}

TEST(Conventions, BadFilesAreRefused) {
  const auto bad = [](const std::string &text, const std::string &where, const std::string &message) {
    SCOPED_TRACE(text.substr(0, 120));
    test::expect_error([&] { parse(text); }, ErrorCode::kInvalidFile, where, message);
  };
  bad("", "mine.json", "");
  bad("[", "mine.json", "");
  bad("[]", "mine.json/schema", "pare.convention/1");
  bad(R"({"schema": "pare.convention/2"})", "mine.json/schema", "pare.convention/1");
  bad(R"({"schema": 1})", "mine.json", "");
  bad(R"({"schema": "pare.convention/1", "name": "mine"})", "mine.json/source", "must be a string");
  bad(R"({"schema": "pare.convention/1", "name": "", "source": "x", "weights": {}})", "mine.json/name", "not empty");
  bad(R"({"schema": "pare.convention/1", "name": 3, "source": "x", "weights": {}})", "mine.json/name", "must be a string");
  bad(R"({"schema": "pare.convention/1", "name": "m", "source": "x"})", "mine.json/weights", "must be an object");
  bad(R"({"schema": "pare.convention/1", "name": "m", "source": "x", "weights": {}, "more": 1})", "mine.json/more",
      "unknown key");
  bad(with_weights("[]"), "mine.json/weights", "must be an object");
  bad(with_weights(R"({"conv": 1})"), "mine.json/weights/conv", "op.event");
  bad(with_weights(R"({"convolution.mac": 1})"), "mine.json/weights/convolution.mac",
      "unknown op \"convolution\"; known: input");
  bad(with_weights(R"({"conv.flop": 1})"), "mine.json/weights/conv.flop", "unknown event \"flop\"; known: mac");
  bad(with_weights(R"({"conv.layer.mac": 1})"), "mine.json/weights/conv.layer.mac", "module, function");
  bad(with_weights(R"({"conv.mac": "1"})"), "mine.json/weights/conv.mac", "must be a number");
  bad(with_weights(R"({"conv.mac": 1e999})"), "mine.json", "");
  bad(std::string(100'000, '['), "mine.json", "");
  const std::string good = with_weights(R"({"conv.mac": 1})");
  for (std::size_t n = 0; n < good.size(); ++n)
    test::expect_error([&] { parse(good.substr(0, n)); }, ErrorCode::kInvalidFile, "mine.json");
  EXPECT_EQ(parse(good).name, "mine");
}

} // namespace
} // namespace pare

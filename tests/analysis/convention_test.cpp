#include "analysis/convention.hpp"

#include "analysis/cost_model.hpp"
#include "analysis/op.hpp"
#include "models/network.hpp"
#include "tests/known_names.hpp"
#include "tests/support.hpp"

namespace pare {
namespace {

Convention parse(const std::string &json) { return parse_convention(json, "mine.json"); }

std::string with_weights(const std::string &weights) {
  return R"({"schema": "pare.convention/1", "name": "mine", "source": "a test", "weights": )" + weights + "}";
}

void bad(const std::string &text, std::string_view line, const char *file = __builtin_FILE(), int at = __builtin_LINE()) {
  test::expect_message([&] { parse(text); }, line, file, at);
}

TEST(Conventions, AreRowsOfData) {
  for (const Convention &convention : conventions()) {
    EXPECT_FALSE(convention.source.empty()) << convention.name;
    EXPECT_EQ(&find_convention(convention.name), &convention);
    for (const Convention::Weight &weight : convention.weights) {
      ASSERT_TRUE(kind_from(weight.op).has_value()) << weight.op;
      EXPECT_TRUE(events_of(*kind_from(weight.op)).contains(weight.event)) << weight.op << "." << to_string(weight.event);
    }
    // What Pare writes of it reads back as the same.
    const Convention again = parse(write_convention(convention));
    EXPECT_EQ(write_convention(again), write_convention(convention));
  }
  test::expect_message(
      [] { find_convention("flops"); },
      R"([unknown_name] convention: unknown convention "flops"; known: macs, reference, or a pare.convention/1 file)");
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

// Costs must not fall with a setting, or a bisection proves nothing. 2^63 has no place in 64 bits, and is not rounded.
TEST(Conventions, WeightsAreFromZeroUp) {
  bad(with_weights(R"({"conv.mac": -1})"),
      R"([invalid_file] mine.json/weights["conv.mac"]: conv.mac = -1 must be a number from 0 to 1000000000)");
  // As it was written: the next double would be 9223372036854775808.
  bad(with_weights(R"({"conv.mac": 9223372036854775807})"),
      R"([invalid_file] mine.json/weights["conv.mac"]: conv.mac = 9223372036854775807 must be a number from 0 to 1000000000)");
  bad(with_weights(R"({"conv.mac": -0.5})"),
      R"([invalid_file] mine.json/weights["conv.mac"]: conv.mac = -0.5 must be a number from 0 to 1000000000)");
  EXPECT_EQ(parse(with_weights(R"({"conv.mac": 0})")).weights.at(0).weight, 0);
  test::expect_message(
      [] { (void)Count(2).times(9223372036854775808.0); },
      "[overflow] 2 * 9223372036854775807 does not fit in a signed 64-bit integer; counts are exact or refused");
}

TEST(Conventions, HavePlainNames) {
  const auto named = [](const std::string &name) {
    return R"({"schema": "pare.convention/1", "name": )" + name + R"(, "source": "s", "weights": {"conv.mac": 1}})";
  };
  EXPECT_EQ(parse(named("\"a-b_c.9\"")).name, "a-b_c.9");
  bad(named("\"all\""), R"([invalid_file] mine.json/name: name = "all" must be of letters, digits, _, - and ., and not "all")");
  bad(named("\"\""), R"([invalid_file] mine.json/name: name = "" must be of letters, digits, _, - and ., and not "all")");
  bad(named("\"a]b c\""),
      R"([invalid_file] mine.json/name: name = "a]b c" must be of letters, digits, _, - and ., and not "all")");
  bad(named("\"a\\u0000b\""),
      R"([invalid_file] mine.json/name: name = "a b" must be of letters, digits, _, - and ., and not "all")");
  bad(named("3"), "[invalid_file] mine.json/name: name = 3 must be text in quotes");
  bad(named("null"), "[invalid_file] mine.json/name: name = null must be text in quotes");
}

TEST(Conventions, BadFilesAreRefused) {
  bad("", "[invalid_file] mine.json: parse error at line 1, column 1: syntax error while parsing value - unexpected end of "
          "input; expected '[', '{', or a literal");
  bad("[", "[invalid_file] mine.json: parse error at line 1, column 2: syntax error while parsing value - unexpected end of "
           "input; expected '[', '{', or a literal");
  bad("[]", "[invalid_file] mine.json: [] must be an object with \"schema\": \"pare.convention/1\"");
  bad("null", "[invalid_file] mine.json: null must be an object with \"schema\": \"pare.convention/1\"");
  bad("{}", R"([invalid_file] mine.json/schema: "schema": "pare.convention/1" is expected, and there is none)");
  bad(R"({"schema": "pare.convention/2"})",
      R"([invalid_file] mine.json/schema: schema = "pare.convention/2" must be "pare.convention/1")");
  bad(R"({"schema": 5})", R"([invalid_file] mine.json/schema: schema = 5 must be "pare.convention/1")");
  bad(R"({"schema": "pare.convention/1"})", R"([invalid_file] mine.json/name: "name" is missing)");
  bad(R"({"schema": "pare.convention/1", "name": "mine"})", R"([invalid_file] mine.json/source: "source" is missing)");
  bad(R"({"schema": "pare.convention/1", "name": "m", "source": "", "weights": {}})",
      R"([invalid_file] mine.json/source: source = "" must say what is counted, after which tool or paper)");
  bad(R"({"schema": "pare.convention/1", "name": "m", "source": "x"})",
      R"([invalid_file] mine.json/weights: "weights" is missing)");
  bad(R"({"schema": "pare.convention/1", "name": "m", "source": "x", "weights": {}})",
      R"([invalid_file] mine.json/weights: weights = {} counts nothing; an op.event with its weight, such as "conv.mac": 1, would be accepted)");
  bad(R"({"schema": "pare.convention/1", "name": "m", "source": "x", "weights": {"conv.mac": 1}, "more": 1})",
      R"([invalid_file] mine.json/more: unknown key "more"; known: schema, name, source, weights)");
  bad(with_weights("[]"), "[invalid_file] mine.json/weights: [] must be an object");
  bad(with_weights(R"({"conv": 1})"),
      R"([invalid_file] mine.json/weights.conv: "conv" must be op.event or op.spelling.event, such as conv.mac or relu.module.element)");
  bad(with_weights(R"({"": 1})"),
      R"([invalid_file] mine.json/weights[""]: "" must be op.event or op.spelling.event, such as conv.mac or relu.module.element)");
  bad(with_weights(R"({"convolution.mac": 1})"),
      R"([invalid_file] mine.json/weights["convolution.mac"]: unknown op "convolution"; known: )" PARE_KNOWN_OPS);
  bad(with_weights(R"({"conv.layer.mac": 1})"),
      R"([invalid_file] mine.json/weights["conv.layer.mac"]: unknown spelling in "conv.layer.mac"; known: module, function)");
  bad(with_weights(R"({"conv.module.module.mac": 1})"),
      R"([invalid_file] mine.json/weights["conv.module.module.mac"]: unknown spelling in "conv.module.module.mac"; known: module, function)");
  bad(with_weights(R"({"conv.mac": "1"})"), R"([invalid_file] mine.json/weights["conv.mac"]: conv.mac = "1" must be a number)");
  bad(with_weights(R"({"conv.mac": true})"),
      R"([invalid_file] mine.json/weights["conv.mac"]: conv.mac = true must be a number)");
  bad(with_weights(R"({"conv.mac": null})"),
      R"([invalid_file] mine.json/weights["conv.mac"]: conv.mac = null must be a number)");
  bad(with_weights(R"({"conv.mac": 1e999})"),
      R"([invalid_file] mine.json/weights["conv.mac"]: number 1e999 is beyond a double)");
  bad(std::string(100'000, '['),
      "[invalid_file] mine.json: nested deeper than 64 levels, which nothing that is read here needs");
  // What is long is cut.
  bad(with_weights("{\"" + std::string(100'000, 'x') + "\": 1}"),
      R"([invalid_file] mine.json/weights.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx: "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" must be op.event or op.spelling.event, such as conv.mac or relu.module.element)");
  const std::string good = with_weights(R"({"conv.mac": 1})");
  for (std::size_t n = 0; n < good.size(); ++n)
    test::expect_error([&] { parse(good.substr(0, n)); }, ErrorCode::kInvalidFile, "mine.json", "parse error at line 1");
  EXPECT_EQ(parse(good).name, "mine");
}

// Each byte damaged in turn: an Error or a convention, never anything else.
TEST(Conventions, DamageIsAnErrorOrAConvention) {
  const std::string good = with_weights(R"({"conv.mac": 1, "relu.module.element": 0.5})");
  for (std::size_t at = 0; at < good.size(); ++at)
    for (const char byte : {'\0', '"', '[', '}', '9', '-', '.', '\xff'}) {
      std::string damaged = good;
      damaged[at] = byte;
      const std::string line = test::message_of([&] { parse(damaged); });
      EXPECT_TRUE(line == "no error" || line.starts_with("[invalid_file] mine.json")) << line;
    }
}

TEST(Conventions, GiveEachKeyOnce) {
  bad(with_weights(R"({"conv.mac": 1, "conv.mac": 5})"),
      R"([invalid_file] mine.json/weights["conv.mac"]: key "conv.mac" is given twice in one object)");
  bad(R"({"schema": "pare.convention/1", "name": "a", "name": "b"})",
      R"([invalid_file] mine.json/name: key "name" is given twice in one object)");
  // For both spellings and for one of them: the one for the spelling goes first, which is no contradiction.
  const Convention both = parse(with_weights(R"({"conv.mac": 1, "conv.function.mac": 2})"));
  EXPECT_EQ(both.weight(*kind_from("conv"), Spelling::kModule, Event::kMac), 1.0);
  EXPECT_EQ(both.weight(*kind_from("conv"), Spelling::kFunction, Event::kMac), 2.0);
}

// A key that no op ever emits would weigh nothing, in silence.
TEST(Conventions, WeighWhatHappens) {
  bad(with_weights(R"({"max_pool.element": 1})"),
      R"([invalid_file] mine.json/weights["max_pool.element"]: max_pool has no event "element"; it has: window)");
  bad(with_weights(R"({"relu.mac": 1})"),
      R"([invalid_file] mine.json/weights["relu.mac"]: relu has no event "mac"; it has: element)");
  bad(with_weights(R"({"conv.module.element": 1})"),
      R"([invalid_file] mine.json/weights["conv.module.element"]: conv has no event "element"; it has: mac, bias, reference_mac)");
  bad(with_weights(R"({"gather.mac": 1})"),
      R"([invalid_file] mine.json/weights["gather.mac"]: gather has no event "mac"; it has: copy, multiply)");
  bad(with_weights(R"({"flatten.copy": 1})"),
      R"([invalid_file] mine.json/weights["flatten.copy"]: flatten does no work that could be weighed)");
  bad(with_weights(R"({"conv.flop": 1})"),
      R"([invalid_file] mine.json/weights["conv.flop"]: conv has no event "flop"; it has: mac, bias, reference_mac)");
  bad(with_weights(R"({"conv.": 1})"),
      R"([invalid_file] mine.json/weights["conv."]: conv has no event ""; it has: mac, bias, reference_mac)");
  for (std::size_t kind = 0; kind < kOpKindCount; ++kind)
    for (std::size_t i = 0; i < kEventCount; ++i) {
      const auto event = static_cast<Event>(i);
      const std::string key = std::string(kind_name(kind)) + "." + std::string(to_string(event));
      const std::string line = test::message_of([&] { parse(with_weights("{\"" + key + "\": 1}")); });
      EXPECT_EQ(line == "no error", events_of(kind).contains(event)) << key << ": " << line;
    }
}

} // namespace
} // namespace pare

// How networks are asked for: short names, families with keys, canonical specs, and what is refused.

#include "models/network.hpp"

#include "analysis/cost_model.hpp"
#include "base/names.hpp"
#include "tests/known_names.hpp"
#include "tests/support.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <map>
#include <set>

namespace pare {
namespace {

std::string canonical(const std::string &spec) { return make_network(spec).name; }

TEST(NetworkSpecs, ShortNames) {
  EXPECT_EQ(canonical("wrn-28-10"), "wide_resnet:depth=28,width=10,classes=10");
  EXPECT_EQ(canonical("wrn-16-0.5"), "wide_resnet:depth=16,width=0.5,classes=10");
  EXPECT_EQ(canonical("darts"), "darts:channels=36,layers=20,classes=10,genotype=darts_v2");
  EXPECT_EQ(canonical("wrn-50-2"), "wrn_50_2:classes=1000") << "not a wide_resnet of depth 50";
  EXPECT_EQ(canonical("resnet-18"), "resnet:depth=18,width=1,classes=1000");
  EXPECT_EQ(canonical("resnet-152"), "resnet:depth=152,width=1,classes=1000");
  EXPECT_EQ(canonical("mobilenet-v2"), "mobilenet_v2:width=1,classes=1000");
  EXPECT_EQ(canonical("wrn-28-10:classes=100"), "wide_resnet:depth=28,width=10,classes=100");
}

TEST(NetworkSpecs, AreCanonical) {
  EXPECT_EQ(canonical("wide_resnet"), "wide_resnet:depth=28,width=10,classes=10");
  EXPECT_EQ(canonical("wide_resnet:width=10.0,depth=28"), "wide_resnet:depth=28,width=10,classes=10")
      << "order and zeros do not matter";
  EXPECT_EQ(canonical("wide_resnet:width=1e1"), "wide_resnet:depth=28,width=10,classes=10");
  EXPECT_EQ(canonical("wide_resnet:attention_split=1"), "wide_resnet:depth=28,width=10,classes=10")
      << "standard values of minor keys";
  EXPECT_EQ(canonical("wide_resnet:attention_split=2"), "wide_resnet:depth=28,width=10,classes=10,attention_split=2");
  EXPECT_EQ(canonical("mobilenet_v2:round_to=8"), "mobilenet_v2:width=1,classes=1000,round_to=8");
  for (const char *spec : {"wrn-28-10", "darts", "wrn-50-2", "resnet-34", "mobilenet_v2:width=0.35,round_to=8",
                           R"(darts:layers=1,genotype={"normal": [["none", 0], ["none", 1]], "normal_concat": [2],
                                     "reduce": [["none", 0], ["none", 1]], "reduce_concat": [2]})"})
    EXPECT_EQ(canonical(canonical(spec)), canonical(spec)) << spec;
}

TEST(NetworkSpecs, InputsAndBatch) {
  const Network network = make_network("wrn-10-1", {.input = Shape{.batch = 4, .channels = 1, .height = 32, .width = 32}});
  EXPECT_EQ(network.graph.input_shape(), (Shape{.batch = 4, .channels = 1, .height = 32, .width = 32}));
  EXPECT_EQ(network.graph.activation(network.graph.output()), (Shape{.batch = 4, .channels = 10, .height = 1, .width = 1}));
  EXPECT_EQ(count(network.graph).parameters, 77850 - 2 * 9 * 16) << "conv1 reads one channel instead of three";
}

// Another image size leaves a network its parameters: what stands in front of the classifier pools the whole map then.
TEST(NetworkSpecs, ImageSizesKeepTheParameters) {
  for (const char *spec :
       {"wrn-10-1", "resnet-18", "wrn-50-2", "mobilenet-v2", "darts:channels=8,layers=4", "darts-imagenet:channels=8"}) {
    const Network own = make_network(spec);
    for (const std::int64_t size : {32, 64, 96, 224, 256, 448}) {
      SCOPED_TRACE(std::string(spec) + " at " + std::to_string(size));
      const Network other = make_network(spec, {.input = Shape{.batch = 1, .channels = 3, .height = size, .width = size}});
      EXPECT_EQ(count(other.graph).parameters, count(own.graph).parameters);
      EXPECT_EQ(other.graph.activation(other.graph.output()), own.graph.activation(own.graph.output()));
    }
  }
  EXPECT_EQ(pool_to_one({.batch = 1, .channels = 1, .height = 7, .width = 7}, 7),
            (AvgPool{.kernel = {7, 7}, .stride = {7, 7}}));
  EXPECT_EQ(pool_to_one({.batch = 1, .channels = 1, .height = 8, .width = 8}, 7),
            (AvgPool{.kernel = {7, 7}, .stride = {7, 7}}));
  EXPECT_EQ(pool_to_one({.batch = 1, .channels = 1, .height = 14, .width = 14}, 7),
            (AvgPool{.kernel = {14, 14}, .stride = {14, 14}}));
  EXPECT_EQ(pool_to_one({.batch = 1, .channels = 1, .height = 4, .width = 2}, 8),
            (AvgPool{.kernel = {4, 2}, .stride = {4, 2}}));
}

TEST(NetworkSpecs, EveryFamilyDescribesItself) {
  std::set<std::string_view> names;
  std::set<std::string_view> short_names;
  for (const NetworkFamily *family : network_families()) {
    const NetworkInfo &info = family->info();
    SCOPED_TRACE(info.name);
    EXPECT_TRUE(names.insert(info.name).second);
    EXPECT_EQ(&find_network_family(info.name), family);
    EXPECT_FALSE(info.description.empty());
    EXPECT_FALSE(info.source.empty());
    std::set<std::string_view> keys;
    for (const NetworkKeyInfo &key : info.keys) {
      EXPECT_TRUE(keys.insert(key.name).second) << key.name;
      EXPECT_FALSE(key.accepted.empty()) << key.name;
    }
    EXPECT_TRUE(keys.contains(info.width_key));
    for (const ShortName &name : info.short_names) EXPECT_TRUE(short_names.insert(name.name).second) << name.name;
    // Its standard is a network, with its marks.
    const Network network = make_network(info.name);
    EXPECT_EQ(network.family, family);
    EXPECT_FALSE(network.from_file());
    EXPECT_EQ(network.input, info.input);
    EXPECT_FALSE(network.graph.replaceable().empty());
    EXPECT_FALSE(network.graph.attention_taps().empty());
    std::set<std::string> replaceable;
    for (const Graph::Replaceable &r : network.graph.replaceable())
      EXPECT_TRUE(replaceable.insert(network.graph.layer(network.graph.node(r.node).layer).name).second)
          << "plans need a name for each";
  }
}

// "The channel counts that the width key decides, each never falling as it rises. Equal channels, equal network."
TEST(NetworkSpecs, ChannelsFollowTheWidth) {
  for (const NetworkFamily *family : network_families()) {
    const NetworkInfo &info = family->info();
    SCOPED_TRACE(info.name);
    std::vector<std::int64_t> last;
    std::int64_t parameters = 0;
    for (int step = 1; step <= 24; ++step) {
      const std::string width = info.width_is_whole ? std::to_string(2 * step) : std::to_string(0.25 + 0.05 * step);
      const NetworkValues values = {{std::string(info.width_key), width}};
      const std::vector<std::int64_t> channels = family->channels(values);
      ASSERT_TRUE(last.empty() || channels.size() == last.size());
      for (std::size_t i = 0; i < last.size(); ++i) EXPECT_GE(channels[i], last[i]) << width;
      const std::int64_t now = count(make_network(*family, values).graph).parameters;
      if (channels == last) {
        EXPECT_EQ(now, parameters);
      } else {
        EXPECT_GT(now, parameters);
      }
      last = channels;
      parameters = now;
    }
  }
}

// ---------------------------------------------------------------------------------------------------------- refusals

void bad_spec(const std::string &spec, std::string_view line, const char *file = __builtin_FILE(), int at = __builtin_LINE()) {
  test::expect_message([&] { make_network(spec); }, line, file, at);
}

// torchvision's names, and what else people write.
TEST(NetworkNames, AreReadFolded) {
  const auto expect_same = [](std::string_view name, std::string_view known) {
    EXPECT_EQ(make_network(name).name, make_network(known).name) << name;
  };
  expect_same("WRN-28-10", "wrn-28-10");
  expect_same("wrn_28_10", "wrn-28-10");
  expect_same("WRN28-0.5", "wrn-28-0.5");
  expect_same("Wide-ResNet:depth=16", "wide_resnet:depth=16");
  expect_same("resnet50", "resnet-50");
  expect_same("ResNet18:classes=10", "resnet-18:classes=10");
  expect_same("wide_resnet50_2", "wrn-50-2");
  expect_same("WRN-50-2", "wrn-50-2");
  expect_same("DARTS", "darts");
  expect_same("darts_imagenet", "darts-imagenet");
  expect_same("MobileNetV2", "mobilenet-v2");
}

// Otherwise one of them could not be meant.
TEST(NetworkNames, NoTwoFamiliesFoldToOne) {
  std::map<std::string, const NetworkFamily *> families;
  for (const NetworkFamily *family : network_families()) {
    std::vector<std::string_view> names = {family->info().name};
    for (const ShortName &name : family->info().short_names) names.push_back(name.name);
    for (const std::string_view name : names)
      EXPECT_EQ(families.emplace(folded(name, true), family).first->second, family) << name;
  }
}

// What is suggested is a network: numbers that are missing have their standard value, and those that are none are not offered.
TEST(BadNetworkSpecs, WhatIsSuggestedExists) {
  for (const auto &[name, meant] : std::vector<std::pair<std::string, std::string>>{{"wrn-40", "wrn-40-10"},
                                                                                    {"WRN_16", "wrn-16-10"},
                                                                                    {"resnt18", "resnet-18"},
                                                                                    {"dart", "darts"},
                                                                                    {"wrn-27", ""},
                                                                                    {"resnt-51", ""}}) {
    const std::string line = test::message_of([&, n = name] { make_network(n); });
    if (meant.empty()) {
      EXPECT_EQ(line.find("did you mean"), std::string::npos) << line;
      continue;
    }
    EXPECT_TRUE(line.ends_with("; did you mean " + meant + "?")) << line;
    EXPECT_NO_THROW(make_network(meant));
  }
}

TEST(NetworkSpecs, KeysAndNamesOfValuesAreReadInAnyCase) {
  EXPECT_EQ(make_network("darts:GENOTYPE=DARTS_V1").name, "darts:channels=36,layers=20,classes=10,genotype=darts_v1");
  EXPECT_EQ(make_network("darts:genotype=darts-v1").name, make_network("darts:genotype=darts_v1").name);
  EXPECT_EQ(make_network("wide_resnet:Depth=16,attention-split=2").name,
            "wide_resnet:depth=16,width=10,classes=10,attention_split=2");
  test::expect_message([] { make_network("wide_resnet:depth=16,DEPTH=16"); },
                       "[invalid_value] wide_resnet/depth: key depth is given twice");
}

// Where a key has an end, the list of networks says it.
TEST(NetworkSpecs, EndsOfKeysAreThoseThatAreListed) {
  std::size_t ends = 0;
  for (const NetworkFamily *family : network_families())
    for (const NetworkKeyInfo &key : family->info().keys) {
      EXPECT_EQ(key.accepted.find(" up"), key.accepted.find(" up to")) << family->info().name << "/" << key.name;
      const auto to = key.accepted.find(" to ");
      if (to == std::string_view::npos) continue;
      const std::int64_t most = std::stoll(std::string(key.accepted.substr(to + 4)));
      const auto spec = [&](std::int64_t value) { return fmt::format("{}:{}={}", family->info().name, key.name, value); };
      const std::string line = test::message_of([&] { make_network(spec(most + 1)); });
      EXPECT_TRUE(line.starts_with(fmt::format("[invalid_value] {}/{}: ", family->info().name, key.name))) << line;
      EXPECT_NE(line.find(fmt::format(" to {}", most)), std::string::npos) << line;
      ++ends;
    }
  EXPECT_GE(ends, 10U);
}

TEST(BadNetworkSpecs, AreRefusedWithWhatWouldBeAccepted) {
  bad_spec("", R"([unknown_name] network: unknown network ""; known: )" PARE_KNOWN_NETWORKS
               R"(, or a file (pare.network/1 or pare.solved/1))");
  bad_spec("wrn", R"([unknown_name] network: unknown network "wrn"; known: )" PARE_KNOWN_NETWORKS
                  R"(, or a file (pare.network/1 or pare.solved/1); did you mean wrn-50-2?)");
  bad_spec("wrn-28", R"([unknown_name] network: unknown network "wrn-28"; known: )" PARE_KNOWN_NETWORKS
                     R"(, or a file (pare.network/1 or pare.solved/1); did you mean wrn-28-10?)");
  bad_spec("wrn-28-", R"([unknown_name] network: unknown network "wrn-28-"; known: )" PARE_KNOWN_NETWORKS
                      R"(, or a file (pare.network/1 or pare.solved/1); did you mean wrn-28-10?)");
  bad_spec("wrn--1-10", R"([unknown_name] network: unknown network "wrn--1-10"; known: )" PARE_KNOWN_NETWORKS
                        R"(, or a file (pare.network/1 or pare.solved/1))");
  bad_spec("resnt-50", R"([unknown_name] network: unknown network "resnt-50"; known: )" PARE_KNOWN_NETWORKS
                       R"(, or a file (pare.network/1 or pare.solved/1); did you mean resnet-50?)");
  bad_spec("wnr-28-10", R"([unknown_name] network: unknown network "wnr-28-10"; known: )" PARE_KNOWN_NETWORKS
                        R"(, or a file (pare.network/1 or pare.solved/1); did you mean wrn-28-10?)");
  bad_spec("mobilenet", R"([unknown_name] network: unknown network "mobilenet"; known: )" PARE_KNOWN_NETWORKS
                        R"(, or a file (pare.network/1 or pare.solved/1); did you mean mobilenet-v2?)");
  bad_spec("resnet-", R"([unknown_name] network: unknown network "resnet-"; known: )" PARE_KNOWN_NETWORKS
                      R"(, or a file (pare.network/1 or pare.solved/1); did you mean resnet?)");
  bad_spec("wrn-28-10-2", "[invalid_value] wide_resnet/width: width = 10-2 must be a finite number above 0");
  bad_spec("wrn-27-10", "[invalid_value] wide_resnet/depth: depth = 27 must be 6n + 4, such as 10, 16, 22, 28 or 40");
  bad_spec("wide_resnet:depth=27",
           "[invalid_value] wide_resnet/depth: depth = 27 must be 6n + 4, such as 10, 16, 22, 28 or 40");
  bad_spec("wide_resnet:depth=4", "[invalid_value] wide_resnet/depth: depth = 4 must be a whole number from 10 to 60004");
  bad_spec("wide_resnet:depth=-28", "[invalid_value] wide_resnet/depth: depth = -28 must be a whole number from 10 to 60004");
  bad_spec("wide_resnet:depth=28.5", "[invalid_value] wide_resnet/depth: depth = 28.5 must be a whole number from 10 to 60004");
  bad_spec("wide_resnet:depth=", R"([invalid_value] wide_resnet/depth: depth = "" must be a whole number from 10 to 60004)");
  bad_spec("wide_resnet:depth=99999999999999999999",
           "[invalid_value] wide_resnet/depth: depth = 99999999999999999999 must be a whole number from 10 to 60004");
  bad_spec("wide_resnet:width=0", "[invalid_value] wide_resnet/width: width = 0 must be a finite number above 0");
  bad_spec("wide_resnet:width=-1", "[invalid_value] wide_resnet/width: width = -1 must be a finite number above 0");
  bad_spec("wide_resnet:width=nan", "[invalid_value] wide_resnet/width: width = nan must be a finite number above 0");
  bad_spec("wide_resnet:width=inf", "[invalid_value] wide_resnet/width: width = inf must be a finite number above 0");
  bad_spec("wide_resnet:width=1e400", "[invalid_value] wide_resnet/width: width = 1e400 must be a finite number above 0");
  bad_spec("wide_resnet:width=ten", "[invalid_value] wide_resnet/width: width = ten must be a finite number above 0");
  bad_spec("wide_resnet:width=0.05",
           "[invalid_config] wide_resnet/width: int(16 x 0.05) = 0 channels; a factor from 0.0625 up would be accepted");
  bad_spec("wide_resnet:width=1e300", "[overflow] wide_resnet/width: int(16 x 1e+300) channels are more than 2^53");
  bad_spec("wide_resnet:classes=0",
           "[invalid_value] wide_resnet/classes: classes = 0 must be a whole number from 1 to 1099511627776");
  bad_spec("wide_resnet:classes=-10",
           "[invalid_value] wide_resnet/classes: classes = -10 must be a whole number from 1 to 1099511627776");
  bad_spec("wide_resnet:attention_split=3",
           "[invalid_value] wide_resnet/attention_split: attention_split = 3 must be a divisor of n = 4");
  bad_spec("wide_resnet:attention_split=5",
           "[invalid_value] wide_resnet/attention_split: attention_split = 5 must be a whole number from 1 to 4");
  bad_spec(
      "wide_resnet:dept=28",
      R"([unknown_name] wide_resnet: unknown key "dept"; known: depth, width, classes, attention_split, round_to, replace_linear; did you mean depth?)");
  bad_spec(
      "wide_resnet:breadth=3",
      R"([unknown_name] wide_resnet: unknown key "breadth"; known: depth, width, classes, attention_split, round_to, replace_linear)");
  bad_spec(
      "wide_resnet:depth",
      R"([invalid_value] wide_resnet: "depth" must be key=value; keys: depth, width, classes, attention_split, round_to, replace_linear)");
  bad_spec(
      "wide_resnet:",
      R"([invalid_value] wide_resnet: "" must be key=value; keys: depth, width, classes, attention_split, round_to, replace_linear)");
  bad_spec(
      "wide_resnet:depth=28,",
      R"([invalid_value] wide_resnet: "" must be key=value; keys: depth, width, classes, attention_split, round_to, replace_linear)");
  bad_spec("wide_resnet:depth=28,depth=28", "[invalid_value] wide_resnet/depth: key depth is given twice");
  bad_spec("darts:channels=0", "[invalid_value] darts/channels: channels = 0 must be a whole number from 1 to 1099511627776");
  bad_spec("darts:channels=1.5",
           "[invalid_value] darts/channels: channels = 1.5 must be a whole number from 1 to 1099511627776");
  bad_spec("darts:layers=0", "[invalid_value] darts/layers: layers = 0 must be a whole number from 1 to 10000");
  bad_spec("darts:classes=0", "[invalid_value] darts/classes: classes = 0 must be a whole number from 1 to 1099511627776");
  bad_spec("darts-imagenet:channels=1",
           "[invalid_value] darts_imagenet/channels: channels = 1 must be a multiple of 2: they are made in halves");
  bad_spec(
      "darts:genotype={",
      R"([invalid_value] darts: in "genotype={" a bracket is not closed; a value that has a [, { or ( must have its partner)");
  bad_spec(
      "darts:genotype={\"normal\": [",
      R"([invalid_value] darts: in "genotype={"normal": [" a bracket is not closed; a value that has a [, { or ( must have its partner)");
  bad_spec("resnet-21", "[invalid_value] resnet/depth: depth = 21 must be 18, 34, 50, 101 or 152");
  bad_spec("resnet-1", "[invalid_value] resnet/depth: depth = 1 must be 18, 34, 50, 101 or 152");
  bad_spec("resnet:width=0", "[invalid_value] resnet/width: width = 0 must be a finite number above 0");
  bad_spec("resnet:width=0.001",
           "[invalid_config] resnet/width: int(64 x 0.001) = 0 channels; a factor from 0.015625 up would be accepted");
  bad_spec("resnet:classes=0", "[invalid_value] resnet/classes: classes = 0 must be a whole number from 1 to 1099511627776");
  bad_spec("resnet:expansion=0", "[invalid_value] resnet/expansion: expansion = 0 must be a whole number from 1 to 1048576");
  bad_spec("wrn_50_2:classes=0",
           "[invalid_value] wrn_50_2/classes: classes = 0 must be a whole number from 1 to 1099511627776");
  bad_spec("mobilenet_v2:width=0", "[invalid_value] mobilenet_v2/width: width = 0 must be a finite number above 0");
  bad_spec("mobilenet_v2:width=0.01",
           "[invalid_config] mobilenet_v2/width: int(32 x 0.01) = 0 channels; a factor from 0.03125 up would be accepted");
  bad_spec("mobilenet_v2:classes=0",
           "[invalid_value] mobilenet_v2/classes: classes = 0 must be a whole number from 1 to 1099511627776");
  bad_spec("mobilenet_v2:round_to=0",
           "[invalid_value] mobilenet_v2/round_to: round_to = 0 must be a whole number from 1 to 1048576");
}

// resnet-17 is between two depths that there are.
TEST(BadNetworkSpecs, DepthsThatThereAreAreListed) {
  bad_spec("resnet-17", "[invalid_value] resnet/depth: depth = 17 must be 18, 34, 50, 101 or 152");
  bad_spec("resnet:depth=18.5", "[invalid_value] resnet/depth: depth = 18.5 must be 18, 34, 50, 101 or 152");
  bad_spec("resnet:depth=1000000000000000000000",
           "[invalid_value] resnet/depth: depth = 1000000000000000000000 must be 18, 34, 50, 101 or 152");
}

// What is built takes a second or two at the limit, which the message says.
TEST(BadNetworkSpecs, DepthsAreBounded) {
  bad_spec("darts:layers=100000", "[invalid_value] darts/layers: layers = 100000 must be a whole number from 1 to 10000");
  bad_spec("darts-imagenet:layers=10001",
           "[invalid_value] darts_imagenet/layers: layers = 10001 must be a whole number from 1 to 10000");
  bad_spec("wrn-1000006-1", "[invalid_value] wide_resnet/depth: depth = 1000006 must be a whole number from 10 to 60004");
  bad_spec("wide_resnet:depth=9223372036854775807",
           "[invalid_value] wide_resnet/depth: depth = 9223372036854775807 must be a whole number from 10 to 60004");
  EXPECT_EQ(make_network("darts:layers=300,channels=1").graph.marked(Mark::kSegmentEnd).size(), 300U);
}

// Any key of any family, as JSON that never ends, that is closed again, or that a file or a solved file holds: one line,
// quickly.
TEST(BadNetworkSpecs, NestingIsBounded) {
  constexpr std::size_t kDeep = 60'000;
  std::string objects;
  for (std::size_t i = 0; i < kDeep; ++i) objects += "{\"a\":";
  const std::vector<std::string> nests = {std::string(kDeep, '['), std::string(kDeep, '[') + std::string(kDeep, ']'), objects,
                                          objects + "1" + std::string(kDeep, '}'), std::string(kDeep, ']')};
  const std::string path = testing::TempDir() + "/pare_nested_" + std::to_string(::getpid()) + ".json";
  for (const NetworkFamily *family : network_families())
    for (const NetworkKeyInfo &key : family->info().keys)
      for (const std::string &nest : nests) {
        const std::string spec = std::string(family->info().name) + ":" + std::string(key.name) + "=";
        std::ofstream(path) << nest;
        for (const std::string &value : {nest, "@" + path}) {
          const std::string line = test::message_of([&] { make_network(spec + value); });
          EXPECT_TRUE(line.starts_with("[invalid_")) << spec << " " << line.substr(0, 300);
          EXPECT_LT(line.size(), 500U) << line.substr(0, 300);
        }
      }
  std::remove(path.c_str());
  bad_spec(
      "wide_resnet:depth=" + nests[0],
      R"([invalid_value] wide_resnet: in "depth=[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[...[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[" a bracket is not closed; a value that has a [, { or ( must have its partner)");
  bad_spec("wide_resnet:depth=" + nests[1], "[invalid_value] wide_resnet/depth: depth = " + std::string(29, '[') + "..." +
                                                std::string(28, ']') +
                                                " must be a whole "
                                                "number from 10 to 60004");
  bad_spec(
      "darts:genotype=" + nests[3],
      "[invalid_value] darts/genotype: line 1, column 86: nested deeper than 16 levels, which nothing that is read here needs");
  bad_spec(
      "wide_resnet:depth=" + nests[4],
      R"([invalid_value] wide_resnet: in "depth=]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]...]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]" a bracket is closed that was not opened; a value that has a [, { or ( must have its partner)");
}

TEST(BadNetworkSpecs, FaultsOfAFileAreTheFiles) {
  const std::string path = testing::TempDir() + "/pare_genotype_" + std::to_string(::getpid()) + ".json";
  for (const auto &[text, line] : std::vector<std::pair<std::string, std::string>>{
           {"[[", ": line 1, column 3: the end of the text stands where a value would be accepted"},
           {R"({"normal": []})", "/normal: "},
           {"x", ": genotype = x must be "}}) {
    std::ofstream(path) << text;
    const std::string fault = test::message_of([&] { make_network("darts:genotype=@" + path); });
    EXPECT_TRUE(fault.starts_with("[invalid_file] " + path + line)) << fault;
  }
  std::remove(path.c_str());
}

// Too large a genotype is a fault of its file, whatever else says how many cells there are.
TEST(BadNetworkSpecs, AGenotypeThatIsTooLargeNamesItsFile) {
  std::string edges;
  for (int i = 0; i < 4002; ++i) edges += fmt::format("{}[\"skip_connect\",{}]", i > 0 ? "," : "", i % 2);
  const std::string genotype =
      fmt::format(R"({{"normal":[{0}],"normal_concat":[2],"reduce":[{0}],"reduce_concat":[2]}})", edges);
  const std::string path = fmt::format("genotype-{}.json", ::getpid());
  std::ofstream(path) << genotype;
  const std::string rule =
      "4002 operations in each of 20 cells are more than 80000 in all; fewer operations, or layers up to 19 "
      "would be accepted";
  bad_spec("darts:genotype=@" + path, "[invalid_file] " + path + ": " + rule);
  bad_spec("darts:genotype=" + genotype, "[invalid_config] darts/genotype: " + rule);
  EXPECT_NO_THROW(make_network("darts:layers=19,genotype=@" + path));
  std::remove(path.c_str());
}

TEST(BadNetworkSpecs, TextIsBounded) {
  bad_spec("darts:genotype=@/dev/zero",
           R"([limit] darts/genotype: "/dev/zero" has more than 16777216 bytes, which is all that is read)");
  bad_spec(
      std::string(1'000'000, 'x'),
      R"([unknown_name] network: unknown network "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"; known: )" PARE_KNOWN_NETWORKS
      R"(, or a file (pare.network/1 or pare.solved/1))");
  bad_spec(
      "wide_resnet:" + std::string(1'000'000, 'x'),
      R"([invalid_value] wide_resnet: "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" must be key=value; keys: depth, width, classes, attention_split, round_to, replace_linear)");
  bad_spec(
      "wide_resnet:" + std::string(1'000'000, 'x') + "=1",
      R"([unknown_name] wide_resnet: unknown key "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"; known: depth, width, classes, attention_split, round_to, replace_linear)");
}

// 16e9 channels: the network can be described, and its weights no longer counted.
TEST(BadNetworkSpecs, HugeWidthsOverflow) {
  for (const char *spec :
       {"wide_resnet:width=1e9", "resnet:width=1e9", "mobilenet_v2:width=1e12", "darts:channels=1000000000000"}) {
    SCOPED_TRACE(spec);
    test::expect_error([&] { count(make_network(spec).graph); }, ErrorCode::kOverflow, ".", "does not fit");
  }
}

TEST(BadNetworkSpecs, LongValuesAreCutInMessages) {
  bad_spec("wide_resnet:width=" + std::string(1000, '9') + "x",
           "[invalid_value] wide_resnet/width: width = 99999999999999999999999999999...999999999999999999999999999x must be a "
           "finite number above 0");
}

TEST(BadNetworkSpecs, FilesThatCannotBeRead) {
  bad_spec(
      "darts:genotype=@/no/such/file.json",
      R"([io] darts/genotype: cannot read "/no/such/file.json": No such file or directory; a file that can be read would be accepted)");
  bad_spec("darts:genotype=@/",
           R"([io] darts/genotype: cannot read "/": Is a directory; a file that can be read would be accepted)");
}

} // namespace
} // namespace pare

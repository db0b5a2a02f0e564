// How networks are asked for: short names, families with keys, canonical specs, and what is refused.

#include "models/network.hpp"

#include "analysis/cost_model.hpp"
#include "tests/support.hpp"

#include <cstdio>
#include <fstream>
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

struct Bad {
  std::string spec;
  ErrorCode code;
  const char *where;
  const char *message;
};

TEST(BadNetworkSpecs, AreRefusedWithWhatWouldBeAccepted) {
  using enum ErrorCode;
  for (const Bad &bad : std::vector<Bad>{
           {"", kUnknownName, "network", "known: wrn-D-K"},
           {"wrn", kUnknownName, "network", "mobilenet-v2"},
           {"wrn-28", kUnknownName, "network", ""},
           {"wrn-28-", kUnknownName, "network", ""},
           {"wrn--1-10", kUnknownName, "network", ""},
           {"WRN-28-10", kUnknownName, "network", ""},
           {"resnet-", kUnknownName, "network", ""},
           {"wrn-28-10-2", kInvalidValue, "wide_resnet/width", ""},
           {"wrn-27-10", kInvalidValue, "wide_resnet/depth", "6n + 4"},
           {"wide_resnet:depth=27", kInvalidValue, "wide_resnet/depth", "depth = 27 must be 6n + 4"},
           {"wide_resnet:depth=4", kInvalidValue, "wide_resnet/depth", "from 10"},
           {"wide_resnet:depth=-28", kInvalidValue, "wide_resnet/depth", "from 10"},
           {"wide_resnet:depth=28.5", kInvalidValue, "wide_resnet/depth", "a whole number"},
           {"wide_resnet:depth=", kInvalidValue, "wide_resnet/depth", "a whole number"},
           {"wide_resnet:depth=99999999999999999999", kInvalidValue, "wide_resnet/depth", "a whole number"},
           {"wide_resnet:width=0", kInvalidValue, "wide_resnet/width", "width = 0 must be a finite number above 0"},
           {"wide_resnet:width=-1", kInvalidValue, "wide_resnet/width", "width = -1 must be a finite number above 0"},
           {"wide_resnet:width=nan", kInvalidValue, "wide_resnet/width", "width = nan must be a finite number above 0"},
           {"wide_resnet:width=inf", kInvalidValue, "wide_resnet/width", "a finite number above 0"},
           {"wide_resnet:width=1e400", kInvalidValue, "wide_resnet/width", "a finite number above 0"},
           {"wide_resnet:width=ten", kInvalidValue, "wide_resnet/width", "a finite number above 0"},
           {"wide_resnet:width=0.05", kInvalidConfig, "wide_resnet/width", "a factor from 0.0625 up would be accepted"},
           {"wide_resnet:width=1e300", kOverflow, "wide_resnet/width", "2^53"},
           {"wide_resnet:classes=0", kInvalidValue, "wide_resnet/classes", "from 1"},
           {"wide_resnet:classes=-10", kInvalidValue, "wide_resnet/classes", "from 1"},
           {"wide_resnet:attention_split=3", kInvalidValue, "wide_resnet/attention_split", "a divisor of n = 4"},
           {"wide_resnet:attention_split=5", kInvalidValue, "wide_resnet/attention_split", "from 1 to 4"},
           {"wide_resnet:breadth=3", kUnknownName, "wide_resnet", "known: depth, width, classes, attention_split"},
           {"wide_resnet:depth", kInvalidValue, "wide_resnet", "must be key=value"},
           {"wide_resnet:", kInvalidValue, "wide_resnet", "must be key=value"},
           {"wide_resnet:depth=28,", kInvalidValue, "wide_resnet", "must be key=value"},
           {"wide_resnet:depth=28,depth=28", kInvalidValue, "wide_resnet/depth", "given twice"},
           {"darts:channels=0", kInvalidValue, "darts/channels", "from 1"},
           {"darts:channels=1.5", kInvalidValue, "darts/channels", "a whole number"},
           {"darts:layers=0", kInvalidValue, "darts/layers", "from 1"},
           {"darts:classes=0", kInvalidValue, "darts/classes", "from 1"},
           {"darts-imagenet:channels=1", kInvalidValue, "darts_imagenet/channels", ""},
           {"darts:genotype={", kInvalidValue, "darts", "a bracket is not closed"},
           {"darts:genotype={\"normal\": [", kInvalidValue, "darts", "a bracket is not closed"},
           {"resnet-20", kInvalidValue, "resnet/depth", "18, 34, 50, 101 or 152"},
           {"resnet-1", kInvalidValue, "resnet/depth", ""},
           {"resnet:width=0", kInvalidValue, "resnet/width", "a finite number above 0"},
           {"resnet:width=0.001", kInvalidConfig, "resnet/width", "a factor from"},
           {"resnet:classes=0", kInvalidValue, "resnet/classes", ""},
           {"resnet:expansion=0", kInvalidValue, "resnet/expansion", ""},
           {"wrn_50_2:classes=0", kInvalidValue, "wrn_50_2/classes", ""},
           {"mobilenet_v2:width=0", kInvalidValue, "mobilenet_v2/width", ""},
           {"mobilenet_v2:width=0.01", kInvalidConfig, "mobilenet_v2/width", ""},
           {"mobilenet_v2:classes=0", kInvalidValue, "mobilenet_v2/classes", ""},
           {"mobilenet_v2:round_to=0", kInvalidValue, "mobilenet_v2/round_to", ""},
       }) {
    SCOPED_TRACE(bad.spec);
    test::expect_error([&] { make_network(bad.spec); }, bad.code, bad.where, bad.message);
  }
}

// 16e9 channels: the network can be described, and its weights no longer counted.
TEST(BadNetworkSpecs, HugeWidthsOverflow) {
  for (const char *spec :
       {"wide_resnet:width=1e9", "resnet:width=1e9", "mobilenet_v2:width=1e12", "darts:channels=1000000000000"}) {
    SCOPED_TRACE(spec);
    test::expect_error([&] { count(make_network(spec).graph); }, ErrorCode::kOverflow, "", "does not fit");
  }
}

TEST(BadNetworkSpecs, LongValuesAreCutInMessages) {
  try {
    make_network("wide_resnet:width=" + std::string(1000, '9') + "x");
    FAIL();
  } catch (const Error &error) {
    EXPECT_LT(std::string(error.what()).size(), 200u);
  }
}

TEST(BadNetworkSpecs, FilesThatCannotBeRead) {
  test::expect_error([] { make_network("darts:genotype=@/no/such/file.json"); }, ErrorCode::kIo, "darts/genotype",
                     "/no/such/file.json");
  test::expect_error([] { make_network("darts:genotype=@" PARE_GOLDEN_DIR); }, ErrorCode::kIo, "darts/genotype", "cannot read");
}

} // namespace
} // namespace pare

// How substitutions are written: reference strings, Pare's own names, and what is refused.

#include "analysis/substitution.hpp"
#include "tests/support.hpp"

namespace pare {
namespace {

/// Reads `text`, and returns what it is canonically called.
std::string canonical(const std::string &text) { return parse_substitute(text).text(); }

TEST(SubstituteNames, ReferenceStringsStayAsTheyAre) {
  for (const char *text : {"Conv", "Sep", "ACDC_2", "ACDC_12", "ACDC_48", "Hashed_0.1", "HashedDecimate",
                           "SepHashed_0.05", "SepHashedDecimate", "Generic_0.053125", "LR_0.25", "Shuffle_4",
                           "TensorTrain_0.26", "Tucker_0.41", "CP_0.1", "HashedSeparable_0.34375"})
    EXPECT_EQ(canonical(text), text);
}

TEST(SubstituteNames, OwnNamesMeetReferenceNames) {
  EXPECT_EQ(canonical("shuffle:groups=4"), "Shuffle_4");
  EXPECT_EQ(canonical("generic:rank_scale=0.1"), "Generic_0.1");
  EXPECT_EQ(canonical("acdc:layers=11"), "ACDC_12") << "the reference builds one factor fewer than it is asked for";
  EXPECT_EQ(canonical("acdc:layers=4"), "ACDC_5");
  EXPECT_EQ(canonical("ACDC"), "ACDC_12") << "the bare name asks for 12";
  EXPECT_EQ(canonical("OriginalACDC"), "ACDC_12");
  EXPECT_EQ(canonical("acdc:layers=11,riffle=outer"), "acdc:layers=11,riffle=outer");
  EXPECT_EQ(canonical("tensor_train:rank_scale=0.8,dimensions=4"), "tensor_train:rank_scale=0.8,dimensions=4");
  EXPECT_EQ(canonical("tensor_train:rank_scale=0.8,dimensions=3"), "TensorTrain_0.8");
  EXPECT_EQ(canonical("hashed:divisor=10,index=reference"), "HashedDecimate");
  EXPECT_EQ(canonical("generic:rank_scale=1e-1"), "Generic_0.1");
}

TEST(SubstituteNames, QuirksAreAbsentUnderOwnNames) {
  // Values drawn from all K; the true Tucker core; L factors for layers = L.
  EXPECT_EQ(canonical("hashed:ratio=0.1"), "hashed:ratio=0.1");
  EXPECT_EQ(canonical("hashed:ratio=0.1,index=reference"), "Hashed_0.1");
  EXPECT_EQ(canonical("tucker:rank_scale=0.25"), "tucker:rank_scale=0.25");
  EXPECT_EQ(canonical("tucker:rank_scale=0.25,core=train"), "Tucker_0.25");
  EXPECT_EQ(parse_substitute("acdc:layers=12").knob, 12.0);
  EXPECT_EQ(parse_substitute("ACDC_12").knob, 11.0);
}

TEST(SubstituteNames, FreeKnobs) {
  for (const char *text : {"Generic", "tensor_train:dimensions=4", "Hashed", "ACDC", "acdc", "Shuffle"}) {
    const Substitute read = parse_substitute(text, FreeKnob::kAllow);
    EXPECT_TRUE(read.has_free_knob()) << text;
    EXPECT_FALSE(read.knob.has_value()) << text;
    EXPECT_EQ(parse_substitute(read.text(), FreeKnob::kAllow).settings, read.settings) << text;
  }
  for (const char *text : {"Conv", "Sep", "HashedDecimate", "hashed:divisor=3", "Generic_0.5"})
    EXPECT_FALSE(parse_substitute(text, FreeKnob::kAllow).has_free_knob()) << text;
  EXPECT_EQ(parse_substitute("ACDC").knob, 11.0);
  test::expect_error([] { parse_substitute("Generic"); }, ErrorCode::kInvalidValue, "Generic", "needs a setting");
  test::expect_error([] { parse_substitute("generic"); }, ErrorCode::kInvalidValue, "generic", "rank_scale is missing");
}

struct Bad {
  const char *text;
  ErrorCode code;
  const char *message;
};

TEST(SubstituteNames, BadOnesAreRefusedWithWhatWouldBeAccepted) {
  for (const Bad &bad : std::initializer_list<Bad>{
           {"Nothing", ErrorCode::kUnknownName, "Generic_S"},
           {"", ErrorCode::kUnknownName, "known:"},
           {"generic_0.1", ErrorCode::kUnknownName, "known:"},
           {"Generic_", ErrorCode::kInvalidValue, "must be a number in (0, 1]"},
           {"Generic_0", ErrorCode::kInvalidValue, "must be a number in (0, 1]"},
           {"Generic_1.0001", ErrorCode::kInvalidValue, "must be a number in (0, 1]"},
           {"Generic_-0.1", ErrorCode::kInvalidValue, "must be a number in (0, 1]"},
           {"Generic_nan", ErrorCode::kInvalidValue, "must be a number in (0, 1]"},
           {"Generic_inf", ErrorCode::kInvalidValue, "must be a number in (0, 1]"},
           {"Generic_0.1x", ErrorCode::kInvalidValue, "must be a number in (0, 1]"},
           {"Generic_0.1 ", ErrorCode::kInvalidValue, "must be a number in (0, 1]"},
           {"Generic_1e-400", ErrorCode::kInvalidValue, "must be a number in (0, 1]"},
           {"Conv_1", ErrorCode::kInvalidValue, "takes no setting"},
           {"HashedDecimate_0.1", ErrorCode::kInvalidValue, "takes no setting"},
           {"Shuffle_0", ErrorCode::kInvalidValue, "a whole number from 1 up"},
           {"Shuffle_2.5", ErrorCode::kInvalidValue, "a whole number from 1 up"},
           {"Shuffle_99999999999999999999", ErrorCode::kInvalidValue, "a whole number from 1 up"},
           {"ACDC_1", ErrorCode::kInvalidValue, "a whole number from 2 up"},
           {"acdc:layers=0", ErrorCode::kInvalidValue, "a whole number from 1 up"},
           {"tensor_train:rank=0.1", ErrorCode::kUnknownName, "known: rank_scale, dimensions"},
           {"tensor_train:rank_scale", ErrorCode::kInvalidValue, "must be key=value"},
           {"tensor_train:rank_scale=0.1,dimensions=1", ErrorCode::kInvalidValue, "a whole number from 2 to 6"},
           {"tensor_train:rank_scale=0.1,dimensions=7", ErrorCode::kInvalidValue, "a whole number from 2 to 6"},
           {"tensor_train:dimensions=3,dimensions=3,rank_scale=1", ErrorCode::kInvalidValue, "given twice"},
           {"tucker:rank_scale=0.1,core=half", ErrorCode::kInvalidValue, "one of full, train"},
           {"tucker:rank_scale=0.1,core=1", ErrorCode::kInvalidValue, "one of full, train"},
           {"hashed:ratio=0.1,divisor=3", ErrorCode::kInvalidConfig, "give one"},
           {"hashed:divisor=-1", ErrorCode::kInvalidValue, "a whole number from 0"},
           {"sep:ratio=0.1", ErrorCode::kUnknownName, "known: none"},
           {"Generic_0.1\nX", ErrorCode::kInvalidValue, "must be a number in (0, 1]"},
       }) {
    SCOPED_TRACE(bad.text);
    test::expect_error([&] { parse_substitute(bad.text); }, bad.code, "", bad.message);
  }
  test::expect_error([] { find_substitution("Generic"); }, ErrorCode::kUnknownName, "substitution", "generic");
}

TEST(ConvSites, ReadTheGraph) {
  const ConvSite site =
      make_site("c", {.batch = 2, .channels = 3, .height = 11, .width = 9}, 8, {3, 5}, {2, 1}, {1, 2}, {1, 1}, true);
  EXPECT_EQ(site.output, (Shape{.batch = 2, .channels = 8, .height = 6, .width = 9}));
  EXPECT_TRUE(site.bias);
  EXPECT_FALSE(site.pointwise());
  EXPECT_EQ(site.in_channels(), 3);
  EXPECT_EQ(site.kernel, (Pair{3, 5}));
  test::expect_error(
      [] {
        make_site("c", {.batch = 1, .channels = 3, .height = 2, .width = 2}, 8, {3, 3}, {1, 1}, {0, 0}, {1, 1});
      },
      ErrorCode::kInvalidConfig, "c/kernel");
  test::expect_error(
      [] {
        make_site("c", {.batch = 1, .channels = 3, .height = 8, .width = 8}, 0, {3, 3}, {1, 1}, {0, 0}, {1, 1});
      },
      ErrorCode::kInvalidValue, "c/out_channels");
}

} // namespace
} // namespace pare

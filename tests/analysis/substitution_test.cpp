// How substitutions are written: reference strings, Pare's own names, and what is refused.

#include "analysis/substitution.hpp"
#include "tests/known_names.hpp"
#include "tests/support.hpp"

namespace pare {
namespace {

/// Reads `text`, and returns what it is canonically called.
std::string canonical(const std::string &text) { return parse_substitute(text).text(); }

TEST(SubstituteNames, ReferenceStringsStayAsTheyAre) {
  for (const char *text :
       {"Conv", "Sep", "ACDC_2", "ACDC_12", "ACDC_48", "Hashed_0.1", "HashedDecimate", "SepHashed_0.05", "SepHashedDecimate",
        "Generic_0.053125", "LR_0.25", "Shuffle_4", "TensorTrain_0.26", "Tucker_0.41", "CP_0.1", "HashedSeparable_0.34375"})
    EXPECT_EQ(canonical(text), text);
}

TEST(SubstituteNames, OwnNamesMeanWhatReferenceNamesDo) {
  const auto expect_same = [](const std::string &own, const std::string &reference) {
    EXPECT_EQ(parse_substitute(own), parse_substitute(reference)) << own << ", " << reference;
  };
  expect_same("shuffle:groups=4", "Shuffle_4");
  expect_same("generic:rank_scale=0.1", "Generic_0.1");
  expect_same("generic:rank_scale=1e-1", "Generic_0.1");
  expect_same("acdc:layers=11", "ACDC_12"); // the reference builds one factor fewer than it is asked for
  expect_same("acdc:layers=4", "ACDC_5");
  expect_same("acdc:layers=11", "ACDC"); // the bare name asks for 12
  expect_same("acdc:layers=11", "OriginalACDC");
  expect_same("tensor_train:rank_scale=0.8,dimensions=3", "TensorTrain_0.8");
  expect_same("hashed:divisor=10,index=reference", "HashedDecimate");
  expect_same("hashed:ratio=0.1,index=reference", "Hashed_0.1");
  expect_same("tucker:rank_scale=0.25,core=train", "Tucker_0.25");
  expect_same("baseline", "Conv");
  EXPECT_NE(parse_substitute("acdc:layers=12"), parse_substitute("ACDC_12"));
  EXPECT_NE(parse_substitute("generic:rank_scale=0.1"), parse_substitute("Generic_0.2"));
}

TEST(SubstituteNames, WhatIsAskedForIsAnswered) {
  EXPECT_EQ(canonical("ACDC"), "ACDC_12");
  EXPECT_EQ(canonical("OriginalACDC"), "OriginalACDC");
  EXPECT_EQ(canonical("originalacdc"), "OriginalACDC");
  EXPECT_EQ(canonical("acdc:layers=11"), "acdc:layers=11");
  EXPECT_EQ(canonical("acdc:riffle=outer,layers=11"), "acdc:layers=11,riffle=outer");
  EXPECT_EQ(canonical("shuffle:groups=4"), "shuffle:groups=4");
  EXPECT_EQ(canonical("generic:rank_scale=1e-1"), "generic:rank_scale=0.1");
  EXPECT_EQ(canonical("tensor_train:rank_scale=0.8,dimensions=3"), "tensor_train:rank_scale=0.8") << "3 is the default";
  EXPECT_EQ(canonical("tensor_train:rank_scale=0.8,dimensions=4"), "tensor_train:rank_scale=0.8,dimensions=4");
  EXPECT_EQ(canonical("hashed:divisor=10,index=reference"), "hashed:divisor=10,index=reference");
  EXPECT_EQ(canonical("sep"), "sep");
  EXPECT_EQ(canonical("baseline"), "baseline");
}

TEST(SubstituteNames, InAnotherCase) {
  EXPECT_EQ(canonical("generic_0.1"), "Generic_0.1");
  EXPECT_EQ(canonical("GENERIC_0.1"), "Generic_0.1");
  EXPECT_EQ(canonical("tensortrain_.26"), "TensorTrain_0.26");
  EXPECT_EQ(canonical("conv"), "Conv");
  EXPECT_EQ(canonical("acdc_12"), "ACDC_12");
  EXPECT_EQ(canonical("Acdc"), "ACDC_12") << "Pare's own names have no capitals";
  EXPECT_EQ(canonical("hasheddecimate"), "HashedDecimate");
  EXPECT_EQ(canonical("tensortrain:rank_scale=0.5"), "tensor_train:rank_scale=0.5");
  EXPECT_EQ(canonical("Tucker:Core=TRAIN,Rank-Scale=0.5"), "tucker:rank_scale=0.5,core=train");
  EXPECT_EQ(canonical("Convolution"), "convolution");
  EXPECT_EQ(canonical("Tensor_Train:rank_scale=0.5"), "tensor_train:rank_scale=0.5");
  EXPECT_EQ(parse_substitute("acdc:layers=12").knob, 12.0);
  EXPECT_EQ(parse_substitute("acdc_12").knob, 11.0);
}

TEST(SubstituteNames, QuirksAreAbsentUnderOwnNames) {
  // Values drawn from all K; the true Tucker core; L factors for layers = L.
  EXPECT_NE(parse_substitute("hashed:ratio=0.1"), parse_substitute("Hashed_0.1"));
  EXPECT_NE(parse_substitute("tucker:rank_scale=0.25"), parse_substitute("Tucker_0.25"));
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
  test::expect_message([] { parse_substitute("Generic"); },
                       "[invalid_value] Generic: Generic needs a setting, as in Generic_S: S must be a number in (0, 1]");
  test::expect_message([] { parse_substitute("generic"); },
                       "[invalid_value] generic: rank_scale is missing; it must be a number in (0, 1]");
  test::expect_message(
      [] { parse_substitute("Shuffle"); },
      "[invalid_value] Shuffle: Shuffle needs a setting, as in Shuffle_S: S must be a whole number from 1 to 9007199254740992");
}

// What a message suggests is accepted: a setting whose _ was left out, and S where there must be one.
TEST(SubstituteNames, WhatIsSuggestedIsAccepted) {
  for (const auto &[text, free_knob, meant] :
       std::vector<std::tuple<std::string, FreeKnob, std::string>>{{"Generic0.1", FreeKnob::kRefuse, "Generic_0.1"},
                                                                   {"genric.25", FreeKnob::kRefuse, "Generic_.25"},
                                                                   {"shuffle4", FreeKnob::kRefuse, "Shuffle_4"},
                                                                   {"ACDC12", FreeKnob::kRefuse, "ACDC_12"},
                                                                   {"Genrics", FreeKnob::kRefuse, "Generic_S"},
                                                                   {"Genrics", FreeKnob::kAllow, "Generic"},
                                                                   {"OrginalACDC", FreeKnob::kRefuse, "OriginalACDC"}}) {
    const std::string line = test::message_of([&, t = text, f = free_knob] { parse_substitute(t, f); });
    EXPECT_TRUE(line.ends_with("; did you mean " + meant + "?")) << text << ": " << line;
    std::string accepted = meant;
    if (accepted.ends_with("_S")) accepted.replace(accepted.size() - 1, 1, "0.5");
    EXPECT_NO_THROW(parse_substitute(accepted, free_knob)) << accepted;
  }
}

TEST(SubstituteNames, BadOnesAreRefusedWithWhatWouldBeAccepted) {
  const auto bad = [](const std::string &text, std::string_view line, int at = __builtin_LINE()) {
    test::expect_message([&] { parse_substitute(text); }, line, __FILE__, at);
  };
  bad("Nothing", R"([unknown_name] substitution: unknown substitution "Nothing"; known: )" PARE_KNOWN_SUBSTITUTIONS
                 R"( (S is a setting))");
  bad("", R"([unknown_name] substitution: unknown substitution ""; known: )" PARE_KNOWN_SUBSTITUTIONS R"( (S is a setting))");
  bad("Genric_0.1", R"([unknown_name] substitution: unknown substitution "Genric_0.1"; known: )" PARE_KNOWN_SUBSTITUTIONS
                    R"( (S is a setting); did you mean Generic_0.1?)");
  bad("tensortrian_0.5",
      R"([unknown_name] substitution: unknown substitution "tensortrian_0.5"; known: )" PARE_KNOWN_SUBSTITUTIONS
      R"( (S is a setting); did you mean TensorTrain_0.5?)");
  bad("sep_hashed_0.4",
      R"([unknown_name] substitution: unknown substitution "sep_hashed_0.4"; known: )" PARE_KNOWN_SUBSTITUTIONS
      R"( (S is a setting); did you mean SepHashed_0.4?)");
  bad("Shufle", R"([unknown_name] substitution: unknown substitution "Shufle"; known: )" PARE_KNOWN_SUBSTITUTIONS
                R"( (S is a setting); did you mean Shuffle_S?)");
  bad("acdc_", R"([unknown_name] substitution: unknown substitution "acdc_"; known: )" PARE_KNOWN_SUBSTITUTIONS
               R"( (S is a setting); did you mean ACDC?)");
  bad("Generic_", R"([invalid_value] Generic_: rank_scale = "" must be a number in (0, 1])");
  bad("Generic_0", "[invalid_value] Generic_0: rank_scale = 0 must be a number in (0, 1]");
  bad("Generic_1.0001", "[invalid_value] Generic_1.0001: rank_scale = 1.0001 must be a number in (0, 1]");
  bad("Generic_-0.1", "[invalid_value] Generic_-0.1: rank_scale = -0.1 must be a number in (0, 1]");
  bad("Generic_nan", "[invalid_value] Generic_nan: rank_scale = nan must be a number in (0, 1]");
  bad("Generic_inf", "[invalid_value] Generic_inf: rank_scale = inf must be a number in (0, 1]");
  bad("Generic_0.1x", "[invalid_value] Generic_0.1x: rank_scale = 0.1x must be a number in (0, 1]");
  bad("Generic_0.1 ", "[invalid_value] Generic_0.1 : rank_scale = 0.1  must be a number in (0, 1]");
  bad("Generic_1e-400", "[invalid_value] Generic_1e-400: rank_scale = 1e-400 must be a number in (0, 1]");
  bad("Conv_1", "[invalid_value] Conv_1: Conv takes no setting");
  bad("HashedDecimate_0.1", "[invalid_value] HashedDecimate_0.1: HashedDecimate takes no setting");
  bad("Shuffle_0", "[invalid_value] Shuffle_0: groups = 0 must be a whole number from 1 to 9007199254740992");
  bad("Shuffle_2.5", "[invalid_value] Shuffle_2.5: groups = 2.5 must be a whole number from 1 to 9007199254740992");
  bad("Shuffle_99999999999999999999", "[invalid_value] Shuffle_99999999999999999999: groups = 99999999999999999999 must be a "
                                      "whole number from 1 to 9007199254740992");
  bad("ACDC_1", "[invalid_value] ACDC_1: layers = 1 must be a whole number from 2 to 9007199254740992");
  bad("acdc:layers=0", "[invalid_value] acdc:layers=0: layers = 0 must be a whole number from 1 to 9007199254740992");
  bad("tensor_train:rank=0.1",
      R"([unknown_name] tensor_train:rank=0.1: unknown key "rank"; known: rank_scale, ranks, dimensions, rank_of)"); // begins
                                                                                                                     // two of
                                                                                                                     // them
  bad("tensor_train:rnk_of=modes",
      R"([unknown_name] tensor_train:rnk_of=modes: unknown key "rnk_of"; known: rank_scale, ranks, dimensions, rank_of; did you mean rank_of?)");
  bad("tucker:core=trian", "[invalid_value] tucker:core=trian: core = trian must be one of full, train; did you mean train?");
  bad("tensor_train:rank_scale",
      R"([invalid_value] tensor_train:rank_scale: "rank_scale" must be key=value; keys: rank_scale, ranks, dimensions, rank_of)");
  bad("tensor_train:rank_scale=0.1,dimensions=1",
      "[invalid_value] tensor_train:rank_scale=0.1,dimensions=1: dimensions = 1 must be a whole number from 2 to 6");
  bad("tensor_train:rank_scale=0.1,dimensions=7",
      "[invalid_value] tensor_train:rank_scale=0.1,dimensions=7: dimensions = 7 must be a whole number from 2 to 6");
  bad("tensor_train:dimensions=3,dimensions=3,rank_scale=1",
      "[invalid_value] tensor_train:dimensions=3,dimensions=3,rank_scale=1: key dimensions is given twice");
  bad("tucker:rank_scale=0.1,core=half",
      "[invalid_value] tucker:rank_scale=0.1,core=half: core = half must be one of full, train");
  bad("tucker:rank_scale=0.1,core=1", "[invalid_value] tucker:rank_scale=0.1,core=1: core = 1 must be one of full, train");
  bad("hashed:ratio=0.1,divisor=3",
      "[invalid_config] hashed:ratio=0.1,divisor=3: divisor and ratio both say how many values there are; give one");
  bad("hashed:divisor=-1", "[invalid_value] hashed:divisor=-1: divisor = -1 must be a whole number from 0 to 1099511627776");
  bad("sep:ratio=0.1", R"([unknown_name] sep:ratio=0.1: unknown key "ratio"; known: none)");
  bad("Generic_0.1\nX", "[invalid_value] Generic_0.1 X: rank_scale = 0.1 X must be a number in (0, 1]");
  // What is long is cut.
  bad(std::string(100'000, 'x'),
      R"([unknown_name] substitution: unknown substitution "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"; known: )" PARE_KNOWN_SUBSTITUTIONS
      R"( (S is a setting))");
  bad("Generic_" + std::string(100'000, '0'),
      "[invalid_value] "
      "Generic_000000000000000000000000000000000000000000000000000..."
      "0000000000000000000000000000000000000000000000000000000000: rank_scale = "
      "00000000000000000000000000000...0000000000000000000000000000 must be a number in (0, 1]");
  bad("tucker:rank_scale=0.1,core=" + std::string(100'000, 'x'),
      "[invalid_value] "
      "tucker:rank_scale=0.1,core=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx..."
      "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx: core = "
      "xxxxxxxxxxxxxxxxxxxxxxxxxxxxx...xxxxxxxxxxxxxxxxxxxxxxxxxxxx must be one of full, train");
  bad("tucker:" + std::string(100'000, 'x'),
      R"([invalid_value] tucker:xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx: "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" must be key=value; keys: rank_scale, ranks, dimensions, core, rank_of)");
  bad("tucker:" + std::string(100'000, 'x') + "=1",
      R"([unknown_name] tucker:xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx=1: unknown key "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"; known: rank_scale, ranks, dimensions, core, rank_of)");
  test::expect_message([] { find_substitution("Generic"); },
                       R"([unknown_name] substitution: unknown substitution "Generic"; known: )" PARE_KNOWN_SUBSTITUTIONS
                       R"( (S is a setting))");
}

TEST(ConvSites, ReadTheGraph) {
  const ConvSite site =
      make_site("c", {.batch = 2, .channels = 3, .height = 11, .width = 9}, 8, {3, 5}, {2, 1}, {1, 2}, {1, 1}, true);
  EXPECT_EQ(site.output, (Shape{.batch = 2, .channels = 8, .height = 6, .width = 9}));
  EXPECT_TRUE(site.bias);
  EXPECT_FALSE(site.pointwise());
  EXPECT_EQ(site.in_channels(), 3);
  EXPECT_EQ(site.kernel, (Pair{3, 5}));
  test::expect_message(
      [] {
        make_site("c", {.batch = 1, .channels = 3, .height = 2, .width = 2}, 8, {3, 3}, {1, 1}, {0, 0}, {1, 1});
      },
      "[invalid_config] c/kernel: a window of 3 (kernel 3, dilation 1) does not fit into 2 (input 2, padding 0); a smaller "
      "kernel, more padding or a larger input would");
  test::expect_message(
      [] {
        make_site("c", {.batch = 1, .channels = 3, .height = 8, .width = 8}, 0, {3, 3}, {1, 1}, {0, 0}, {1, 1});
      },
      "[invalid_value] c/out_channels: out_channels = 0 must be at least 1");
}

} // namespace
} // namespace pare

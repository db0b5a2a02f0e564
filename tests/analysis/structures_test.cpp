// Structures as text, and what there is to choose from for a layer.

#include "analysis/substitution.hpp"
#include "tests/support.hpp"

#include <algorithm>
#include <set>

namespace pare {
namespace {

ConvSite square(std::int64_t c_i, std::int64_t c_o, std::int64_t k = 1) {
  return make_site("X", {.batch = 1, .channels = c_i, .height = 9, .width = 9}, c_o, {k, k}, {1, 1}, {k / 2, k / 2}, {1, 1});
}

std::vector<std::string> texts(const char *family, const ConvSite &site, const CandidateRule &rule = {}) {
  const Substitute free = parse_substitute(family, FreeKnob::kAllow);
  std::vector<std::string> out;
  for (const Substitute &candidate : free.family->candidates({&site, 1}, free.settings, rule)) out.push_back(candidate.text());
  return out;
}
using Texts = std::vector<std::string>;

TEST(Numbers, AreReadAndWritten) {
  for (const char *text :
       {"generic:rank=7", "lr:rank=7", "hashed:values=120", "sep_hashed:values=120", "hashed_separable:values=300",
        "tensor_train:ranks=3/5", "tucker:ranks=3/5/2", "tucker:ranks=3/5/2,core=train", "cp:rank=4",
        "hashed:values=9,index=reference", "tensor_train:ranks=3,dimensions=2"}) {
    const Substitute read = parse_substitute(text);
    EXPECT_EQ(read.text(), text);
    EXPECT_FALSE(read.has_free_knob());
    EXPECT_FALSE(read.knob.has_value());
  }
  EXPECT_EQ(parse_substitute("tucker:ranks=3/5/2").numbers, (Numbers{3, 5, 2}));
  EXPECT_EQ(parse_substitute("Tucker:Ranks=3/5/2").text(), "tucker:ranks=3/5/2");
  EXPECT_NE(parse_substitute("generic:rank=7"), parse_substitute("generic:rank=8"));
  // A reference name cannot say them.
  Substitute named = parse_substitute("SepHashed", FreeKnob::kAllow);
  named.numbers = Numbers{9};
  EXPECT_EQ(named.text(), "sep_hashed:values=9,index=reference");
}

TEST(Numbers, BadOnesAreRefusedWithWhatWouldBeAccepted) {
  const auto bad = [](const std::string &text, std::string_view line, int at = __builtin_LINE()) {
    test::expect_message([&] { parse_substitute(text); }, line, __FILE__, at);
  };
  bad("generic:rank=0", "[invalid_value] generic:rank=0: rank = 0 must be a whole number from 1 to 9007199254740992");
  bad("generic:rank=3/5", "[invalid_value] generic:rank=3/5: rank = 3/5 must be a whole number from 1 to 9007199254740992");
  bad("tucker:ranks=3/",
      "[invalid_value] tucker:ranks=3/: ranks = 3/ must be whole numbers from 1 to 9007199254740992, as in 3/5");
  bad("tucker:ranks=1/1/1/1/1/1/1", "[invalid_value] tucker:ranks=1/1/1/1/1/1/1: ranks = 1/1/1/1/1/1/1 must be whole numbers "
                                    "from 1 to 9007199254740992, as in 3/5");
  bad("generic:rank=3,rank_scale=0.1",
      "[invalid_config] generic:rank=3,rank_scale=0.1: rank_scale and rank both say what the rank is; give one");
  bad("tucker:ranks=3/3/3,rank_scale=0.1",
      "[invalid_config] tucker:ranks=3/3/3,rank_scale=0.1: rank_scale and ranks both say what the ranks are; give one");
  bad("hashed:values=3,ratio=0.1",
      "[invalid_config] hashed:values=3,ratio=0.1: ratio and values both say how many values there are; give one");
  bad("hashed:values=3,divisor=4",
      "[invalid_config] hashed:values=3,divisor=4: divisor and values both say how many values there are; give one");
  bad("generic:rnk=3", R"([unknown_name] generic:rnk=3: unknown key "rnk"; known: rank_scale, rank; did you mean rank?)");
  bad("sep:rank=3", R"([unknown_name] sep:rank=3: unknown key "rank"; known: none)");
}

TEST(Numbers, BeyondTheirRangeAreRefused) {
  const auto refusal = [](const char *text, const ConvSite &site) {
    const auto found = resolve(site, parse_substitute(text)).refusal;
    return found ? found->field + ": " + found->message : "none";
  };
  EXPECT_EQ(refusal("generic:rank=640", square(160, 640)), "none");
  EXPECT_EQ(refusal("generic:rank=700", square(160, 640)), "rank: rank = 700 must be from 1 to 640");
  EXPECT_EQ(refusal("hashed:values=1,index=reference", square(4, 8, 3)), "values: values = 1 must be from 2 to 288");
  EXPECT_EQ(refusal("hashed:values=289", square(4, 8, 3)), "values: values = 289 must be from 1 to 288");
  // Modes 80, 80, 64; the unfoldings are 80 x 5120 and 6400 x 64.
  EXPECT_EQ(refusal("tensor_train:ranks=80/64", square(640, 640)), "none");
  EXPECT_EQ(refusal("tensor_train:ranks=80/65", square(640, 640)), "ranks: number 2 of ranks = 80/65 must be from 1 to 64");
  EXPECT_EQ(refusal("tensor_train:ranks=3", square(640, 640)), "ranks: ranks = 3 must be 2 numbers, 80/64 at most");
  EXPECT_EQ(refusal("tucker:ranks=80/80/65", square(640, 640)), "ranks: number 3 of ranks = 80/80/65 must be from 1 to 64");
  EXPECT_EQ(refusal("cp:rank=65", square(640, 640)), "rank: rank = 65 must be from 1 to 64");
  EXPECT_EQ(refusal("lr:rank=3", square(24, 16)),
            "out_channels: in_channels = 24 must divide out_channels = 16: the input is repeated to reach them");
  // c_i k^2 + c_i c_o = 36 + 32: the pointwise gets int(K 32 / 68), which is 1 from K = 3 up.
  EXPECT_EQ(refusal("hashed_separable:values=2", square(4, 8, 3)), "values: values = 2 must be from 3 to 68");
  EXPECT_EQ(resolve(square(4, 8, 3), parse_substitute("hashed_separable:values=68")).structure, (Structure{32, 36}));
  EXPECT_EQ(
      refusal("hashed:values=1,index=reference", square(1, 1)),
      "values: K = 1 must be at least 2 (the reference index never draws the last value); a convolution with more weights "
      "would be accepted");
}

TEST(Candidates, AreAllWhereTheyAreFew) {
  for (const std::int64_t n : {1, 3, 48, 160, 640}) {
    const Texts ranks = texts("Generic", square(n, n));
    ASSERT_EQ(ranks.size(), static_cast<std::size_t>(n));
    for (std::int64_t r = 1; r <= n; ++r)
      EXPECT_EQ(ranks[static_cast<std::size_t>(r - 1)], "generic:rank=" + std::to_string(r));
  }
  // Modes 2, 2, 2 of 2 x 4.
  EXPECT_EQ(texts("tensor_train", square(2, 4)),
            (Texts{"tensor_train:ranks=1/1", "tensor_train:ranks=1/2", "tensor_train:ranks=2/1", "tensor_train:ranks=2/2"}));
  EXPECT_EQ(texts("cp", square(2, 4)), (Texts{"cp:rank=1", "cp:rank=2"}));
  EXPECT_EQ(texts("SepHashed", square(2, 2)),
            (Texts{"sep_hashed:values=2,index=reference", "sep_hashed:values=3,index=reference",
                   "sep_hashed:values=4,index=reference"}));
  EXPECT_EQ(texts("tensor_train", square(640, 640), {.most = CandidateRule::kAll}).size(), 80u * 64u);
}

TEST(Candidates, AreThinnedInGeometricSteps) {
  // 1000 of 2 numbers are 31 of each, and 31 values from 1 to 80 and 64 fall together at the lower end.
  const Texts some = texts("tensor_train", square(640, 640));
  EXPECT_LE(some.size(), 31u * 31u);
  EXPECT_GT(some.size(), 500u);
  EXPECT_EQ(some.front(), "tensor_train:ranks=1/1");
  EXPECT_EQ(some.back(), "tensor_train:ranks=80/64");
  // 1000 of 3 are 10 of each: 80^(i/9) is 1, 1.63, 2.65, 4.31, 7.01, 11.4, 18.6, 30.2, 49.2, 80.
  const Texts tucker = texts("tucker", square(640, 640));
  EXPECT_EQ(tucker.size(), 1000u);
  for (const char *text : {"tucker:ranks=1/1/1", "tucker:ranks=2/3/4", "tucker:ranks=7/11/16", "tucker:ranks=80/80/64"})
    EXPECT_NE(std::find(tucker.begin(), tucker.end(), text), tucker.end()) << text;
  EXPECT_EQ(texts("Generic", square(16, 16), {.most = 3}), (Texts{"generic:rank=1", "generic:rank=4", "generic:rank=16"}));
  EXPECT_EQ(texts("Generic", square(16, 16), {.most = 1}), (Texts{"generic:rank=1"}));
  // One more than there are to be.
  EXPECT_EQ(texts("Generic", square(16, 16), {.most = 16}).size(), 16u);
  EXPECT_LE(texts("Generic", square(16, 16), {.most = 15}).size(), 15u);
}

TEST(Candidates, OfRanksMayBeMultiples) {
  EXPECT_EQ(texts("Generic", square(36, 20), {.multiple_of = 8}),
            (Texts{"generic:rank=8", "generic:rank=16", "generic:rank=24", "generic:rank=32"}));
  EXPECT_EQ(texts("Generic", square(4, 4), {.multiple_of = 8}), Texts{});
  EXPECT_EQ(texts("tucker", square(640, 640), {.most = CandidateRule::kAll, .multiple_of = 16}).size(), 5u * 5u * 4u);
  // Values are no ranks.
  EXPECT_EQ(texts("hashed", square(2, 2), {.multiple_of = 8}).size(), 4u);
  // gcd(48, 96, 96 // 4 = 24) = 24 groups and their divisors, most cheapest; 48 / g, 24 / g and 96 / g multiples of 8.
  EXPECT_EQ(texts("Shuffle", square(48, 96, 3)),
            (Texts{"Shuffle_24", "Shuffle_12", "Shuffle_8", "Shuffle_6", "Shuffle_4", "Shuffle_3", "Shuffle_2", "Shuffle_1"}));
  EXPECT_EQ(texts("Shuffle", square(48, 96, 3), {.multiple_of = 8}), (Texts{"Shuffle_3", "Shuffle_1"}));
}

TEST(Candidates, OfTheRest) {
  EXPECT_EQ(texts("Conv", square(3, 7, 3)), Texts{"Conv"});
  EXPECT_EQ(texts("Sep", square(3, 7, 3)), Texts{"Sep"});
  EXPECT_EQ(texts("HashedDecimate", square(8, 8, 3)), Texts{"HashedDecimate"});
  EXPECT_EQ(texts("HashedDecimate", square(1, 2)), Texts{}) << "2 // 10 = 0 values";
  EXPECT_EQ(texts("LR", square(24, 16)), Texts{});
  EXPECT_EQ(texts("acdc", square(16, 16)).size(), 128u);
  EXPECT_EQ(texts("acdc", square(16, 16)).back(), "ACDC_129");
  EXPECT_EQ(texts("acdc", square(16, 16), {.most = 8}).size(), 8u);
  // 3 of the pointwise and 4 of the depthwise give budgets that come to the same: each structure is there once.
  const ConvSite site = square(4, 8, 3);
  const Substitute free = parse_substitute("hashed_separable", FreeKnob::kAllow);
  std::set<Structure> seen;
  for (const Substitute &candidate : free.family->candidates({&site, 1}, free.settings))
    EXPECT_TRUE(seen.insert(resolve(site, candidate).structure).second) << candidate.text();
  std::set<Structure> all;
  for (std::int64_t values = 3; values <= 68; ++values) all.insert(free.family->structure_of(site, free.settings, {values}));
  EXPECT_EQ(seen, all);
  EXPECT_LT(all.size(), 66u);
}

TEST(Candidates, OfALayerApplyAtAllItsPlaces) {
  ConvSite grouped = square(16, 16, 3);
  grouped.groups = 4;
  const Substitution &generic = find_substitution("generic");
  EXPECT_TRUE(generic.candidates({&grouped, 1}, {}).empty());
  const ConvSites same = {square(16, 16, 3), make_site("Y", {.batch = 1, .channels = 16, .height = 20, .width = 20}, 16, {3, 3},
                                                       {2, 2}, {1, 1}, {1, 1})};
  EXPECT_EQ(generic.candidates(same, {}).size(), 16u);
  const ConvSites other = {square(16, 16), square(12, 16)};
  for (const Substitute &candidate : find_substitution("tensor_train").candidates(other, {3, 0}))
    EXPECT_FALSE(resolve(std::span<const ConvSite>(other), candidate).refusal.has_value());
}

TEST(Candidates, HaveALimit) {
  const auto all = [](const char *text, const ConvSite &site) { texts(text, site, {.most = CandidateRule::kAll}); };
  test::expect_message([&] { all("hashed", square(2000, 2001)); },
                       "[limit] X: hashed has more than 4000000 structures here; fewer candidates would be accepted");
  test::expect_message([&] { all("tucker", square(2048, 2048)); },
                       "[limit] X: tucker has more than 4000000 structures here; fewer candidates would be accepted");
  EXPECT_LE(texts("hashed", square(2000, 2001)).size(), 1000u);
}

} // namespace
} // namespace pare

#include "base/names.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace pare {
namespace {

using Known = std::vector<std::string_view>;

TEST(Names, AreFoldedToWhatPeopleWriteAlike) {
  EXPECT_EQ(folded("WRN-28-10"), "wrn28-10");
  EXPECT_EQ(folded("wrn_28_10"), "wrn28-10") << "what parts two numbers stays";
  EXPECT_EQ(folded("wrn28-0.5"), "wrn28-0.5");
  EXPECT_EQ(folded("wide_resnet50_2"), "wideresnet50-2");
  EXPECT_EQ(folded("mobilenet-v2"), folded("mobilenet_v2"));
  EXPECT_EQ(folded("wrn-D-K", true), "wrnD-K");
  EXPECT_EQ(folded("resnet-"), "resnet-") << "a number is missing behind it";
  EXPECT_EQ(folded("--format"), "--format");
  EXPECT_EQ(folded("a--b"), "a--b");
  EXPECT_EQ(folded(""), "");
}

TEST(Names, AreFoundAsWrittenThenFolded) {
  const Known known = {"macs", "reference", "mult-adds", "acdc", "ACDC"};
  EXPECT_EQ(find_name("reference", known), 1U);
  EXPECT_EQ(find_name("MACS", known), 0U);
  EXPECT_EQ(find_name("mult_adds", known), 2U);
  EXPECT_EQ(find_name("ACDC", known), 4U);
  EXPECT_EQ(find_name("Acdc", known), std::nullopt) << "either could be meant";
  EXPECT_EQ(find_name("mac", known), std::nullopt);
  EXPECT_EQ(find_name("", known), std::nullopt);
}

TEST(Names, TheNearestIsNamed) {
  const Known known = {"cost", "solve", "show", "list", "formulas", "completion"};
  EXPECT_EQ(nearest_name("cots", known), "cost") << "two letters exchanged";
  EXPECT_EQ(nearest_name("cst", known), "cost");
  EXPECT_EQ(nearest_name("slove", known), "solve");
  EXPECT_EQ(nearest_name("formula", known), "formulas");
  EXPECT_EQ(nearest_name("comp", known), "completion") << "begun";
  EXPECT_EQ(nearest_name("compeltoin", known), "completion");
  EXPECT_EQ(nearest_name("sow", known), "show");
  EXPECT_EQ(nearest_name("train", known), std::nullopt);
  EXPECT_EQ(nearest_name("co", known), std::nullopt) << "too little to say";
  EXPECT_EQ(nearest_name("", known), std::nullopt);
  EXPECT_EQ(nearest_name(std::string(100'000, 'x'), known), std::nullopt);
  EXPECT_EQ(nearest_name("resnet-4", Known{"resnet-3", "resnet-5"}), std::nullopt) << "both are as near";
  EXPECT_EQ(nearest_name("mobilenet", Known{"mobilenet-v2", "mobilenet_v2"}), "mobilenet-v2") << "one name in two spellings";
  // Of several that were begun the one that all of them begin with, in whatever order they are known.
  for (const Known &names : {Known{"darts", "darts_imagenet"}, Known{"darts_imagenet", "darts"}})
    EXPECT_EQ(nearest_name("dar", names), "darts");
  for (const Known &names : {Known{"Hashed", "SepHashed", "HashedDecimate", "HashedSeparable"},
                             Known{"HashedSeparable", "HashedDecimate", "SepHashed", "Hashed"}})
    EXPECT_EQ(nearest_name("hashe", names), "Hashed");
  for (const Known &names : {Known{"rank_of", "rank_scale"}, Known{"rank_scale", "rank_of"}, Known{"a-b", "rank_of", "rank_b"}})
    EXPECT_EQ(nearest_name("rank", names), std::nullopt) << "two were begun";
  EXPECT_EQ(nearest_name("mobilenet", Known{"mobilenet-v2", "mobilenet-v3", "mobilenet_v2"}), std::nullopt);
  EXPECT_EQ(nearest_name("GENRIC", Known{"Generic", "Tucker"}), "Generic");
  EXPECT_EQ(did_you_mean("--convenion", Known{"--convention", "--help"}), "; did you mean --convention?");
  EXPECT_EQ(did_you_mean("--nothing", Known{"--convention", "--help"}), "");
}

} // namespace
} // namespace pare

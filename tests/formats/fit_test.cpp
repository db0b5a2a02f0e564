#include "formats/fit.hpp"

#include "tests/formats/files.hpp"

#include <gmock/gmock.h>

namespace pare::formats {
namespace {

using test::fault;
using test::file_of;
using testing::ElementsAre;
using testing::HasSubstr;

const NamedSizes kNet = {{"conv1.weight", {4, 3, 3, 3}}, {"bn1.weight", {4}},      {"bn1.bias", {4}},
                         {"bn1.running_mean", {4}},      {"bn1.running_var", {4}}, {"bn1.num_batches_tracked", {}},
                         {"conv2.weight", {4, 4, 3, 3}}, {"fc.weight", {10, 4}},   {"fc.bias", {10}}};

NamedSizes under(const std::string &prefix, NamedSizes tensors = kNet) {
  for (auto &[name, sizes] : tensors) name = prefix + name;
  return tensors;
}
NamedSizes both(NamedSizes one, const NamedSizes &other) {
  one.insert(one.end(), other.begin(), other.end());
  return one;
}
Fit fit_net(const NamedSizes &given, const Reading &reading = {}) { return fit_tensors(kNet, file_of(given), reading, "file"); }

TEST(Fit, AnyPrefixThatTheyShareIsFound) {
  for (const char *prefix :
       {"", "module.", "_orig_mod.", "model.", "module._orig_mod.", "net.encoder.", "a.b.c.d.", "student_1."}) {
    const Fit fit = fit_net(under(prefix));
    EXPECT_TRUE(fit.whole()) << prefix;
    EXPECT_EQ(fit.prefix, prefix);
    EXPECT_EQ(fit.source.at("conv2.weight"), std::string(prefix) + "conv2.weight");
    EXPECT_THAT(fit.left, ElementsAre()) << prefix;
  }
  // What lies beside it is left.
  EXPECT_THAT(fit_net(both({{"normalize.mean", {3}}, {"normalize.std", {3}}}, under("model."))).left,
              ElementsAre("normalize.mean", "normalize.std"));
}

TEST(Fit, WhatTheNetworkNeedsDecides) {
  const NamedSizes more = {{"auxiliary_head.features.2.weight", {8, 4, 1, 1}},
                           {"auxiliary_head.features.3.num_batches_tracked", {}},
                           {"sub_block1.layer.0.conv1.weight", {4, 4, 3, 3}},
                           {"ema_decay", {}}};
  const Fit fit = fit_net(both(kNet, more));
  EXPECT_TRUE(fit.whole());
  EXPECT_THAT(fit.left, ElementsAre("auxiliary_head.features.2.weight", "sub_block1.layer.0.conv1.weight", "ema_decay"));

  NamedSizes less = kNet;
  less.erase(less.begin() + 1); // bn1.weight
  less.erase(less.begin() + 4); // the count of batches, which may be missing
  less.back().second = {100};   // fc.bias
  const Fit missing = fit_net(less);
  EXPECT_THAT(missing.missing, ElementsAre("bn1.weight"));
  ASSERT_EQ(missing.different.size(), 1U);
  EXPECT_EQ(missing.different[0].name, "fc.bias");
  EXPECT_EQ(missing.source.size() + missing.missing.size() + missing.different.size(), 8U); // of 9 without the count
}

/// A deeper network, or one with biases, holds all that ours needs, and computes something else.
TEST(Fit, AnotherNetworkThatHoldsOursIsNotTaken) {
  for (const char *name : {"conv3.weight", "bn2.running_mean", "conv1.bias", "fc.weight_mask"}) {
    const Fit fit = fit_net(both(kNet, {{name, {4}}}));
    EXPECT_FALSE(fit.whole());
    EXPECT_THAT(fit.foreign, ElementsAre(name));
  }
  // More in a block: squeeze and excitation.
  const NamedSizes block = {{"layer1.0.conv1.weight", {4, 4, 3, 3}}};
  for (const char *name : {"layer1.0.se.fc1.weight", "layer1.0.se.conv.weight", "layer1.norm.weight"})
    EXPECT_THAT(fit_tensors(block, file_of(both(block, {{name, {4}}})), {}, "file").foreign, ElementsAre(name));
  const NamedSizes deep = {{"layer1.0.conv1.weight", {4, 4, 3, 3}}, {"layer1.1.conv1.weight", {4, 4, 3, 3}}};
  EXPECT_TRUE(fit_tensors({deep[0]}, file_of({deep[0]}), {}, "file").whole());
  EXPECT_THAT(fit_tensors({deep[0]}, file_of(deep), {}, "file").foreign, ElementsAre("layer1.1.conv1.weight"));
  // Whoever knows better says so.
  EXPECT_TRUE(fit_net(both(kNet, {{"conv3.weight", {4}}}), {.renames = {{"^conv3\\..*", ""}}}).whole());
}

/// What is told of a file that does not fit is of the place that has most of the network.
TEST(Fit, WhatIsMissingIsToldOfTheBestPlace) {
  NamedSizes most = under("net.");
  most.erase(most.begin() + 1); // bn1.weight
  NamedSizes little = {{"head.fc.bias", {10}}};
  for (int i = 0; i < 20; ++i) most.emplace_back("net.conv" + std::to_string(i + 10) + ".weight", std::vector<std::int64_t>{4});
  const Fit fit = fit_net(both(little, most));
  EXPECT_EQ(fit.prefix, "net.");
  EXPECT_THAT(fit.missing, ElementsAre("bn1.weight"));
}

TEST(Fit, PrefixesMayHaveManyParts) {
  const Fit fit = fit_net(under("a.b.c.d.e.f.module."));
  EXPECT_TRUE(fit.whole());
  EXPECT_EQ(fit.prefix, "a.b.c.d.e.f.module.");
}

/// Of two names that a map gives, the one whose tensor has such a shape.
TEST(Fit, ReplaceableConvolutionsAreNamedOtherwiseElsewhere) {
  const NamedSizes ours = {{"a.conv.weight", {4, 4, 3, 3}}, {"b.pointwise.weight", {4, 4, 1, 1}}, {"b.weight", {4}}};
  const NamedSizes theirs = {{"a.weight", {4, 4, 3, 3}}, {"b.weight", {4, 4, 1, 1}}};
  const Fit fit = fit_tensors({ours[0], ours[1]}, file_of(theirs), {}, "file");
  EXPECT_TRUE(fit.whole());
  EXPECT_EQ(fit.source.at("b.pointwise.weight"), "b.weight");
  EXPECT_THAT(fit_tensors(ours, file_of(theirs), {}, "file").missing, ElementsAre("b.weight"));
  EXPECT_TRUE(fit_tensors(ours, file_of(theirs), {.anew = {"b"}}, "file").whole());
}

TEST(Fit, ANetworkThatIsThereTwiceIsAskedFor) {
  const NamedSizes twice = both(under("state_dict."), under("state_dict_ema.module."));
  EXPECT_EQ(
      fault([&] { fit_net(twice); }),
      "[invalid_config] file: holds the network 2 times: state_dict, state_dict_ema.module; a key that says which is meant "
      "(--weights-key of train and evaluate), or a file that holds it once, would be accepted");
  EXPECT_EQ(fit_net(twice, {.key = "state_dict"}).source.at("fc.bias"), "state_dict.fc.bias");
  EXPECT_EQ(fit_net(twice, {.key = "state_dict_ema"}).source.at("fc.bias"), "state_dict_ema.module.fc.bias");
  const Reading strict{.key = "state_dict", .strict = true};
  EXPECT_THAT(fit_net(twice, strict).left, ElementsAre());
  EXPECT_EQ(fault([&] { fit_net(twice, {.key = "ema"}); }),
            "[invalid_config] file: has no tensors under the key \"ema\"; what its names begin with: \"state_dict\", "
            "\"state_dict_ema\" would be accepted");
  // Where it lies at the root too, that has a key of its own.
  const NamedSizes at_root = both(kNet, under("ema."));
  EXPECT_THAT(fault([&] { fit_net(at_root); }), HasSubstr(". (the names as they stand), ema"));
  EXPECT_EQ(fit_net(at_root, {.key = "."}).source.at("fc.bias"), "fc.bias");
  EXPECT_EQ(fit_net(at_root, {.key = "ema"}).source.at("fc.bias"), "ema.fc.bias");
  // Another that does not fit is no second.
  NamedSizes other = under("ema.");
  other.pop_back();
  EXPECT_EQ(fit_net(both(under("net."), other)).prefix, "net.");
}

TEST(Fit, TheKeyOfAFileWithOneDictionaryIsAccepted) {
  TensorFile file = file_of(kNet);
  file.key = "model_state";
  EXPECT_TRUE(fit_tensors(kNet, file, {.key = "model_state"}, "file").whole());
  EXPECT_EQ(fault([&] { fit_tensors(kNet, file, {.key = "ema"}, "file"); }),
            "[invalid_config] file: has no tensors under the key \"ema\"; \"model_state\" would be accepted");
  TensorFile wrapped = file_of(under("module."));
  wrapped.key = "model_state";
  EXPECT_TRUE(fit_tensors(kNet, wrapped, {.key = "model_state.module"}, "file").whole());
}

TEST(Fit, SizesMayDifferInOnesAtTheirEnd) {
  using Sizes = std::vector<std::int64_t>;
  EXPECT_TRUE(same_but_for_ones(Sizes{10, 4}, Sizes{10, 4, 1, 1}));
  EXPECT_TRUE(same_but_for_ones(Sizes{10, 4, 1, 1}, Sizes{10, 4}));
  EXPECT_TRUE(same_but_for_ones(Sizes{}, Sizes{1}));
  EXPECT_TRUE(same_but_for_ones(Sizes{}, Sizes{}));
  EXPECT_FALSE(same_but_for_ones(Sizes{10, 4}, Sizes{10, 4, 1, 3}));
  EXPECT_FALSE(same_but_for_ones(Sizes{10, 4}, Sizes{4, 10}));
  EXPECT_FALSE(same_but_for_ones(Sizes{}, Sizes{4}));
}

TEST(Fit, RenamesAreTheUsers) {
  const NamedSizes odd = {{"enc/conv1/kernel", {4, 3, 3, 3}},
                          {"enc/bn1/gamma", {4}},
                          {"enc/bn1/beta", {4}},
                          {"enc/bn1/mean", {4}},
                          {"enc/bn1/var", {4}},
                          {"enc/conv2/kernel", {4, 4, 3, 3}},
                          {"enc/fc/kernel", {10, 4}},
                          {"enc/fc/beta", {10}},
                          {"opt/step", {}}};
  const std::vector<Rename> map = {{"^enc/", ""},     {"^opt/.*", ""},
                                   {"/", "."},        {"(kernel|gamma)$", "weight"},
                                   {"beta$", "bias"}, {"\\.(mean|var)$", ".running_\\1"}};
  const Fit fit = fit_net(odd, {.renames = map});
  EXPECT_TRUE(fit.whole());
  EXPECT_EQ(fit.source.at("bn1.running_var"), "enc/bn1/var");
  EXPECT_EQ(
      fault([&] {
        fit_net(odd, {.renames = {{".*(gamma|beta)", "weight"}}});
      }),
      "[invalid_config] file: the name map makes \"weight\" of both \"enc/bn1/gamma\" and \"enc/bn1/beta\"; a name of its own "
      "for each would be accepted");
  // With prefixes and name maps behind it.
  EXPECT_TRUE(fit_net(under("m.", odd), {.renames = {{"enc/|opt/step", ""},
                                                     {"/", "."},
                                                     {"kernel|gamma", "weight"},
                                                     {"beta", "bias"},
                                                     {"\\.(mean|var)$", ".running_\\1"}}})
                  .whole());
}

TEST(Fit, RenamesOfAFileAreChecked) {
  EXPECT_EQ(parse_renames(R"([["^a\\.", ""], ["b", "c\\0"]])", "map.json"),
            (std::vector<Rename>{{"^a\\.", ""}, {"b", "c\\0"}}));
  const auto refused = [](std::string_view text) { return fault([&] { parse_renames(text, "map.json"); }); };
  EXPECT_THAT(refused("{}"), HasSubstr("[invalid_file] map.json: name map = {} must be a list of [pattern, replacement]"));
  EXPECT_THAT(refused("[]"), HasSubstr("must be a list of [pattern, replacement]"));
  EXPECT_THAT(refused(R"([["a"]])"),
              HasSubstr("[invalid_file] map.json/[0]: rule = [\"a\"] must be [pattern, replacement], both texts"));
  EXPECT_THAT(refused(R"([["a", 1]])"), HasSubstr("both texts"));
  EXPECT_THAT(
      refused(R"([["x", ""], ["(", ""]])"),
      HasSubstr("[invalid_value] map.json[1]: pattern = \"(\" must be a regular expression as RE2 takes it: missing )"));
  EXPECT_THAT(refused(R"x([["(a)", "\\2"]])x"),
              HasSubstr("replacement = \"\\2\" must be a text in which \\1 is the pattern's first group"));
  EXPECT_THAT(refused(R"x([["(a)\\1", ""]])x"), HasSubstr("as RE2 takes it")); // no backreferences
  EXPECT_THAT(refused(R"([["", "x"]])"), HasSubstr("the pattern one at least"));
  EXPECT_THAT(refused("[[\"" + std::string(2000, 'a') + "\", \"\"]]"), HasSubstr("up to 1000 bytes"));
}

/// What takes other programs for ever, and names that would grow without end.
TEST(Fit, RenamesAreQuickWhateverThePattern) {
  const Renamer slow(std::vector<Rename>{{"(a+)+$", "b"}}, "map");
  EXPECT_EQ(slow(std::string(3000, 'a') + "!"), std::string(3000, 'a') + "!");
  const Renamer doubling(std::vector<Rename>(100, {"a", "aa"}), "map");
  test::expect_error([&] { doubling("a"); }, ErrorCode::kLimit, "name map", "more than 4096 bytes");
}

TEST(Fit, ByOrderTheShapesDecide) {
  NamedSizes odd = kNet;
  for (std::size_t i = 0; i < odd.size(); ++i) odd[i].first = "t" + std::to_string(i);
  odd[5].first = "t5.num_batches_tracked";
  const Fit fit = fit_net(odd, {.by_order = true});
  EXPECT_TRUE(fit.whole());
  EXPECT_EQ(fit.source.at("conv2.weight"), "t6");
  EXPECT_EQ(fit.source.size(), 8U); // the counts are left out

  NamedSizes swapped = odd;
  std::swap(swapped[0], swapped[6]);
  EXPECT_EQ(fault([&] { fit_net(swapped, {.by_order = true}); }),
            "[invalid_config] file: by their order tensor 1 of the file, \"t6\" [4, 4, 3, 3], would be the network's "
            "\"conv1.weight\" "
            "[4, 3, 3, 3]: the shapes of all must be the same, one after the other");
  NamedSizes more = both(odd, {{"t9", {1}}});
  EXPECT_THAT(fault([&] { fit_net(more, {.by_order = true}); }),
              HasSubstr("8 of its 9 tensors are paired, and \"t9\" is left over"));
  more = odd;
  more.pop_back();
  EXPECT_THAT(fault([&] { fit_net(more, {.by_order = true}); }),
              HasSubstr("7 of its tensors are paired, and \"fc.bias\" of the network's"));
  // Shapes do not tell a mean from a variance, or a weight from a bias: names may.
  NamedSizes roles = odd;
  roles[1].first = "norm.bias";
  roles[2].first = "norm.weight";
  EXPECT_THAT(fault([&] { fit_net(roles, {.by_order = true}); }), HasSubstr("their names say that they are not for the same"));
  // Names in order say nothing of the order of layers.
  TensorFile sorted = file_of(odd);
  sorted.format = "safetensors";
  EXPECT_THAT(fault([&] { fit_tensors(kNet, sorted, {.by_order = true}, "file"); }),
              HasSubstr("its tensors are sorted by their names"));
}

TEST(Fit, LayersThatStartAnewAreNotLookedAt) {
  NamedSizes given = kNet;
  given[7].second = {1000, 4};
  given[8].second = {1000};
  const Reading by_names{.anew = {"fc"}};
  const Reading by_order{.by_order = true, .anew = {"fc"}};
  for (const Reading &reading : {by_names, by_order}) {
    const Fit fit = fit_net(given, reading);
    EXPECT_TRUE(fit.whole());
    EXPECT_THAT(fit.left, ElementsAre());
    EXPECT_FALSE(fit.source.contains("fc.weight"));
    EXPECT_TRUE(fit.source.contains("conv2.weight"));
  }
  // As it is called here, where it is another convolution elsewhere.
  const NamedSizes net = {{"a.conv.weight", {4}}, {"b.conv.weight", {4}}};
  const Reading anew{.anew = {"b.conv"}};
  EXPECT_TRUE(fit_tensors(net, file_of({{"a.weight", {4}}, {"b.weight", {7}}}), anew, "file").whole());
}

TEST(Fit, TwoForOneAreRefused) {
  // A dictionary of parameters, and the same without: szagoruyko's names are both.
  const NamedSizes net = {{"conv1.weight", {4, 3, 3, 3}}, {"bn1.bias", {4}}};
  const NamedSizes given = {{"conv0", {4, 3, 3, 3}}, {"params.conv0", {4, 3, 3, 3}}, {"bn.bias", {4}}};
  const Fit fit = fit_tensors(net, file_of(given), {}, "file");
  ASSERT_EQ(fit.twice.size(), 1U);
  EXPECT_EQ(fit.twice[0].name, "conv1.weight");
  EXPECT_EQ(fit.twice[0].one + " " + fit.twice[0].other, "conv0 params.conv0");
  // As it is called here, and as elsewhere.
  const NamedSizes here = {{"layer1.0.conv1.conv.weight", {4, 4, 3, 3}}, {"layer1.0.bn1.weight", {4}}};
  const NamedSizes elsewhere = {{"layer1.0.conv1.weight", {4, 4, 3, 3}}};
  EXPECT_TRUE(fit_tensors(here, file_of(both(elsewhere, {here[1]})), {}, "file").whole());
  EXPECT_EQ(fit_tensors(here, file_of(both(here, elsewhere)), {}, "file").twice.size(), 1U);
  EXPECT_THAT(fit_tensors(here, file_of(both(here, {{"layer1.1.conv1.weight", {4}}})), {}, "file").foreign,
              ElementsAre("layer1.1.conv1.weight"));
}

TEST(Fit, ManyTensorsAreALimit) {
  NamedSizes many;
  for (int i = 0; i < 50'001; ++i) many.emplace_back("x" + std::to_string(i), std::vector<std::int64_t>{1});
  test::expect_error([&] { fit_net(many); }, ErrorCode::kLimit, "file", "holds 50001 tensors");
}

} // namespace
} // namespace pare::formats

// register_substitution(): what it refuses, and that what it takes is one of us. Its own program: what is registered stays.

#include "analysis/cost_model.hpp"
#include "analysis/lower.hpp"
#include "analysis/substitution.hpp"
#include "examples/bottleneck.hpp"
#include "models/network.hpp"
#include "solver/solver.hpp"
#include "tests/support.hpp"

#include <fmt/format.h>

#include <functional>

namespace pare {
namespace {

/// The bottleneck by another name, or with something wrong.
class Changed final : public Substitution {
public:
  explicit Changed(const std::function<void(SubstitutionInfo &)> &change) : info_(Bottleneck().info()) { change(info_); }
  const SubstitutionInfo &info() const override { return info_; }
  Resolved resolve(const ConvSite &site, const Settings &settings, double knob) const override {
    return Bottleneck().resolve(site, settings, knob);
  }
  NodeId lower(Builder &b, const ConvSite &site, NodeId x, const Settings &settings, const Structure &structure,
               Evaluation evaluation) const override {
    return Bottleneck().lower(b, site, x, settings, structure, evaluation);
  }
  ClosedForm closed_form(const Settings &settings, Evaluation evaluation) const override {
    return Bottleneck().closed_form(settings, evaluation);
  }

private:
  SubstitutionInfo info_;
};

void expect_refused(const std::function<void(SubstitutionInfo &)> &change, std::string_view line, int at = __builtin_LINE()) {
  const std::size_t before = substitutions().size();
  test::expect_message([&] { register_substitution(Changed(change)); }, line, __FILE__, at);
  EXPECT_EQ(substitutions().size(), before) << "line " << at;
}

void expect_name_refused(std::string_view name, std::string_view message, int at = __builtin_LINE()) {
  expect_refused([&](SubstitutionInfo &info) { info.name = name; },
                 fmt::format(R"([invalid_value] substitution "{}": {})", name, message), at);
}
void expect_reference_refused(std::vector<ReferenceName> names, std::string_view message, int at = __builtin_LINE()) {
  expect_refused([&](SubstitutionInfo &info) { info.reference_names = names; },
                 fmt::format(R"([invalid_value] substitution "bottleneck": {})", message), at);
}

TEST(Registration, NamesThatMeanSomethingAreTaken) {
  expect_name_refused("generic", "the name generic is taken by generic; another would be accepted");
  expect_name_refused("conv", "the name conv is taken by baseline; another would be accepted"); // "Conv" in another case
  expect_name_refused("shuffle_4", "the name shuffle_4 is taken by shuffle; another would be accepted"); // "Shuffle_4"
  expect_name_refused("width", "width is what `solve` calls the network's own width");
  expect_reference_refused({{.name = "Sep", .keys = {}, .knob = {}}},
                           "the name Sep is taken by sep; another would be accepted");
  expect_reference_refused({{.name = "Hashed", .keys = {}, .knob = {}}},
                           "the name Hashed is taken by hashed; another would be accepted");
  expect_reference_refused({{.name = "TensortraiN", .keys = {}, .knob = {}}},
                           "the name TensortraiN is taken by tensor_train; another would be accepted");
  expect_reference_refused({{.name = "Width", .keys = {}, .knob = {}}}, "width is what `solve` calls the network's own width");
}

TEST(Registration, NamesThatCannotBeWrittenAreRefused) {
  for (const char *name : {"", "Bottle", "bottle-neck", "bottle neck", "bottle:neck", "bottle=1", "b\xc3\xa9"})
    expect_name_refused(name, "a name must be of lower-case letters, digits and _");
  // "tensor" would be the beginning of tensor_train.
  for (const char *name : {"", "tensor", "4Square", "Bottle_Neck", "Bottle:"})
    expect_reference_refused({{.name = name, .keys = {}, .knob = {}}},
                             fmt::format(R"(the reference name "{}" must be of letters and digits, a capital first)", name));
  expect_reference_refused({{.name = "Neck", .keys = {}, .knob = {}}, {.name = "NECK", .keys = {}, .knob = {}}},
                           "the reference name NECK is given twice");
}

TEST(Registration, WhatWouldBreakLaterIsRefused) {
  const auto bad = [](const std::function<void(SubstitutionInfo &)> &change, std::string_view message,
                      int at = __builtin_LINE()) {
    expect_refused(change, fmt::format(R"([invalid_value] substitution "bottleneck": {})", message), at);
  };
  bad([](SubstitutionInfo &info) { info.description = ""; }, "info() must describe it");
  bad([](SubstitutionInfo &info) { info.evaluations.clear(); }, "info() must say how it can be evaluated");
  bad([](SubstitutionInfo &info) { info.baselines = {Baseline::kSep, Baseline::kSep}; }, "a baseline is given twice");
  bad([](SubstitutionInfo &info) { info.knob.name = "rank scale"; },
      R"(the knob's name "rank scale" must be of lower-case letters, digits and _)");
  bad([](SubstitutionInfo &info) { info.knob.kind = KnobInfo::Kind::kNone; },
      R"(the knob's name "rank_scale" must be empty where its kind is kNone)");
  const auto with_numbers = [](std::string_view name) {
    return [name](SubstitutionInfo &info) { info.numbers = {.name = name, .description = "x"}; };
  };
  bad(with_numbers("rank scale"), R"(the numbers' name "rank scale" must be of lower-case letters, digits and _)");
  bad(with_numbers("rank_scale"), "rank_scale names both its knob and its numbers");
  bad(
      [&](SubstitutionInfo &info) {
        with_numbers("rank")(info);
        info.knob = {};
      },
      "the numbers rank must stand in the place of a knob, and there is none");
  bad(
      [&](SubstitutionInfo &info) {
        with_numbers("size")(info);
        info.keys = {{.name = "size", .description = "x", .choices = {}}};
      },
      "size names two of its knob, numbers and keys");
  const auto with_key = [](const KeyInfo &key) { return [key](SubstitutionInfo &info) { info.keys = {key}; }; };
  bad(with_key({.name = "a=b", .description = "x", .choices = {}}),
      R"(the key "a=b" must be of lower-case letters, digits and _)");
  bad(with_key({.name = "rank_scale", .description = "x", .choices = {}}),
      "rank_scale names two of its knob, numbers and keys");
  bad(with_key({.name = "core", .description = "x", .most = 2, .choices = {"full", "train"}}),
      "the key core must be from 0 to 1, as it has 2 choices");
  bad(with_key({.name = "size", .description = "x", .standard = 0, .least = 1, .most = 3, .choices = {}}),
      "the standard 0 of the key size must be from 1 to 3");

  expect_reference_refused({{.name = "Neck", .keys = {1}, .knob = {}}},
                           "the reference name Neck sets 1 keys, and must set each of 0");
  bad(
      [](SubstitutionInfo &info) {
        info.keys = {{.name = "size", .description = "x", .standard = 1, .least = 1, .most = 3, .choices = {}}};
        info.reference_names = {{.name = "Neck", .keys = {4}, .knob = {}}};
      },
      "the reference name Neck has size = 4, which must be from 1 to 3");
  bad(
      [](SubstitutionInfo &info) {
        info.knob = {};
        info.reference_names = {{.name = "Neck", .keys = {}, .knob = {}}};
      },
      "the reference name Neck must be without a setting, as there is no knob");
}

TEST(Registration, TheExampleMustBeOneOfItsOwn) {
  const auto bad = [](std::string_view example, std::string_view why, int at = __builtin_LINE()) {
    expect_refused(
        [&](SubstitutionInfo &info) { info.example = example; },
        fmt::format(R"([invalid_value] substitution "bottleneck": the example "{}" must be read as this family with a )"
                    "setting: {}",
                    example, why),
        at);
  };
  bad("Generic_0.1", "it is another family's");
  bad("bottleneck", "rank_scale is missing; it must be a number in (0, 1]");
  bad("bottleneck:rank_scale=2", "rank_scale = 2 must be a number in (0, 1]");
  bad("bottleneck:rank=0.1", R"(unknown key "rank"; known: rank_scale; did you mean rank_scale?)");
}

// A family without numbers has the structures of its knob: r = int(s 16), from the smallest s with each.
TEST(Registration, CandidatesAreTheKnobsWithoutNumbers) {
  const ConvSite site =
      make_site("X", {.batch = 1, .channels = 8, .height = 4, .width = 4}, 16, {3, 3}, {1, 1}, {1, 1}, {1, 1});
  const Bottleneck family;
  const std::vector<Substitute> all = family.candidates({&site, 1}, {});
  ASSERT_EQ(all.size(), 16u);
  for (std::size_t r = 1; r <= 16; ++r) EXPECT_EQ(all[r - 1].knob, static_cast<double>(r) / 16);
  EXPECT_EQ(all[0].text(), "bottleneck:rank_scale=0.0625");
  // The 1st, 4th and 16th of them.
  const std::vector<Substitute> some = family.candidates({&site, 1}, {}, {.most = 3});
  ASSERT_EQ(some.size(), 3u);
  EXPECT_EQ(some[1], all[3]);
  EXPECT_EQ(some[2], all[15]);
}

/// By each of its names; also over a graph that was there before.
TEST(Registration, WhatIsTakenIsOneOfUs) {
  const Network network = make_network("wrn-10-1");
  static const Changed family([](SubstitutionInfo &info) {
    info.name = "necked";
    info.example = "Neck_0.25";
    info.reference_names = {{.name = "Neck", .keys = {}, .knob = {}}};
  });
  register_substitution(family);
  EXPECT_EQ(substitutions().back(), &family);
  EXPECT_EQ(&find_substitution("necked"), &family);
  for (const char *text : {"Neck_0.25", "neck_0.25", "necked:rank_scale=0.25", "NECKED:rank_scale=0.25"})
    EXPECT_EQ(parse_substitute(text).family, &family) << text;
  EXPECT_EQ(parse_substitute("neck_0.25").text(), "Neck_0.25");

  // 16 -> 16 twice, 16 -> 32, 32 -> 32, 32 -> 64 and 64 -> 64, all 3 x 3, with a quarter of c_o for r: r (c_i + 9 r + c_o)
  // instead of 9 c_i c_o.
  const auto parameters = [&](const Plan &plan) { return count(lower(network.graph, plan).graph).parameters; };
  const std::int64_t before = 9 * (16 * 16 + 16 * 16 + 16 * 32 + 32 * 32 + 32 * 64 + 64 * 64);
  const std::int64_t after = 2 * 4 * (16 + 9 * 4 + 16) + 8 * (16 + 9 * 8 + 32) + 8 * (32 + 9 * 8 + 32) +
                             16 * (32 + 9 * 16 + 64) + 16 * (64 + 9 * 16 + 64);
  const std::int64_t quarter = parameters({.uniform = parse_substitute("Neck_0.25"), .layers = {}});
  EXPECT_EQ(parameters({}) - quarter, before - after);

  // The same setting is the answer to a budget of as many.
  SolveRequest request;
  request.substitution = "Neck";
  request.budgets = {parse_budget(fmt::format("parameters<={}", quarter))};
  const UniformResult result = *solve_uniform(network, request).uniform;
  ASSERT_TRUE(result.answer.has_value());
  EXPECT_EQ(result.answer->costs.parameters(), quarter);

  // Its names are taken from now on, by itself too.
  test::expect_message(
      [&] { register_substitution(family); },
      R"([invalid_value] substitution "necked": the name necked is taken by necked; another would be accepted)");
  expect_name_refused("neck", "the name neck is taken by necked; another would be accepted");
}

} // namespace
} // namespace pare

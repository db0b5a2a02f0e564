#include "solver/verify.hpp"

#include "solver/mixed/mixed.hpp"
#include "solver/solved_config.hpp"
#include "tests/solver/mixed_requests.hpp"
#include "tests/support.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <functional>

namespace pare {
namespace {

using test::mixed_request;
using SolvedJson = nlohmann::ordered_json;

/// What a file is said to be: "proven: ...", "not proven: why", or the line of the Error.
std::string verdict_of(const SolvedJson &solved) {
  std::string out;
  const std::string line = test::message_of([&] {
    const Verification verification = verify(read_solved(solved.dump(), "s.json", {}, Holds::kPlanOrProof));
    out = verification.is_claim ? fmt::format("proven: {}", to_string(verification.proven))
                                : "not proven: " + verification.objection.value_or("");
  });
  return out.empty() ? line : out;
}

SolvedJson solved_mixed(const std::string &network, const MixedRequest &request) {
  return SolvedJson::parse(write_solved(solve_mixed(make_network(network), request), "{}"));
}

/// Each forgery changes one thing of a file that is proven, and is not.
struct FileForgery {
  std::string what;
  std::function<void(SolvedJson &)> change;
};

void add_to(SolvedJson &number, std::int64_t by) { number = number.get<std::int64_t>() + by; }

/// The value, everywhere it stands.
void change_value(SolvedJson &solved, std::int64_t by) {
  add_to(solved["per_layer"]["value"], by);
  add_to(solved["per_layer"]["certificate"]["value"], by);
  add_to(solved["termination"]["bound"], by);
}

std::vector<FileForgery> file_forgeries() {
  const auto limit = [](SolvedJson &solved, std::int64_t by) {
    SolvedJson &budget = solved["budgets"][0];
    add_to(budget["limit"], by);
    budget["written"] = fmt::format("parameters<={}", budget["limit"].get<std::int64_t>());
  };
  return {
      {"a layer is another candidate", [](SolvedJson &s) { s["plan"]["block1.0.layer.0.conv1"] = "generic:rank=1"; }},
      {"a layer is no candidate", [](SolvedJson &s) { s["plan"]["block1.0.layer.0.conv1"] = "Shuffle_2"; }},
      {"a layer is not there", [](SolvedJson &s) { s["plan"].erase("block1.0.layer.0.conv1"); }},
      {"the value less", [](SolvedJson &s) { change_value(s, -1); }},
      {"the value more", [](SolvedJson &s) { change_value(s, 1); }},
      {"the value alone", [](SolvedJson &s) { add_to(s["per_layer"]["value"], 1); }},
      {"the certificate's value alone", [](SolvedJson &s) { add_to(s["per_layer"]["certificate"]["value"], 1); }},
      {"the bound", [](SolvedJson &s) { add_to(s["termination"]["bound"], 1); }},
      {"the gap", [](SolvedJson &s) { add_to(s["termination"]["gap"], 1); }},
      {"a wider limit", [=](SolvedJson &s) { limit(s, 2000); }},
      {"a limit below the plan", [=](SolvedJson &s) { limit(s, -2000); }},
      {"the number of candidates", [](SolvedJson &s) { add_to(s["per_layer"]["candidates"]["number"], 1); }},
      {"the number of layers", [](SolvedJson &s) { add_to(s["per_layer"]["candidates"]["layers"], -1); }},
      {"the rule", [](SolvedJson &s) { s["per_layer"]["candidates"]["most"] = 2; }},
      {"multiples", [](SolvedJson &s) { s["per_layer"]["candidates"]["multiple_of"] = 3; }},
      {"a family more", [](SolvedJson &s) { s["per_layer"]["families"].push_back("shuffle"); }},
      {"no family", [](SolvedJson &s) { s["per_layer"]["families"] = SolvedJson::array(); }},
      {"an unknown family", [](SolvedJson &s) { s["per_layer"]["families"] = {"nonsense"}; }},
      {"an unknown score", [](SolvedJson &s) { s["per_layer"]["score"] = "nonsense"; }},
      {"another score", [](SolvedJson &s) { s["per_layer"]["score"] = "parameters"; }},
      {"a table that is not there", [](SolvedJson &s) { s["per_layer"]["score"] = "table"; }},
      {"a tie", [](SolvedJson &s) { s["per_layer"]["tie"] = "stage"; }},
      {"a layer that is excluded", [](SolvedJson &s) { s["per_layer"]["excluded"] = {"block3*conv2"}; }},
      {"a layer that is fixed",
       [](SolvedJson &s) {
         s["per_layer"]["fixed"] = {{{"layer", "block3.0.layer.0.conv2"}, {"setting", "generic:rank=2"}}};
       }},
      {"another sentence", [](SolvedJson &s) { s["termination"]["detail"] = "optimal among 1e99 candidates"; }},
      {"a sentence with more",
       [](SolvedJson &s) {
         s["termination"]["detail"] = "of all there are, " + s["termination"]["detail"].get<std::string>();
       }},
      {"a sentence of more candidates",
       [](SolvedJson &s) {
         std::string detail = s["termination"]["detail"];
         detail.insert(detail.find(" candidates") - 2, "9");
         s["termination"]["detail"] = detail;
       }},
      {"what would do where there is a plan", [](SolvedJson &s) { s["per_layer"]["binding"] = SolvedJson::array(); }},
      {"costs that were not rounded", [](SolvedJson &s) { s["per_layer"]["rounded"] = {"mult-adds[reference]"}; }},
      {"an unknown method", [](SolvedJson &s) { s["per_layer"]["method"] = "magic"; }},
      {"settings of other families", [](SolvedJson &s) { s["per_layer"]["candidates"]["uniform"] = {"LR_0.5"}; }},
      {"a negative multiplier", [](SolvedJson &s) { s["per_layer"]["certificate"]["multipliers"][0] = -1; }},
      {"no multiplier", [](SolvedJson &s) { s["per_layer"]["certificate"]["multipliers"] = SolvedJson::array(); }},
      {"a shift that is none", [](SolvedJson &s) { s["per_layer"]["certificate"]["shift"] = 63; }},
      {"balanced without a level", [](SolvedJson &s) { s["per_layer"]["objective"] = "balanced"; }},
  };
}

TEST(Verify, ForgeriesOfAMixedPlanAreRefused) {
  const SolvedJson solved =
      solved_mixed("wrn-10-1", mixed_request({"generic", "tucker"}, {"parameters<=20000", "mult-adds<=60%"}));
  ASSERT_EQ(verdict_of(solved), "proven: optimal");
  for (const FileForgery &forgery : file_forgeries()) {
    SolvedJson other = solved;
    forgery.change(other);
    ASSERT_NE(other, solved) << forgery.what;
    const std::string verdict = verdict_of(other);
    EXPECT_TRUE(verdict.starts_with("not proven: ") || verdict.starts_with("[invalid_file] s.json") ||
                verdict.starts_with("[invalid_file] per_layer"))
        << forgery.what << ": " << verdict;
    EXPECT_GT(verdict.size(), 30U) << verdict;
  }
}

TEST(Verify, ForgeriesOfALevelAreRefused) {
  MixedRequest request = mixed_request({"generic", "tucker"}, {"parameters<=20000"});
  request.objective = Objective::kBalanced;
  request.score = "parameters";
  const SolvedJson solved = solved_mixed("wrn-10-1", request);
  ASSERT_EQ(verdict_of(solved), "proven: optimal");
  const SolvedJson level = solved["per_layer"]["level"];
  const SolvedJson next = solved["per_layer"]["next_level"];
  ASSERT_FALSE(next.is_null());
  const auto refused = [&](const char *what, const std::function<void(SolvedJson &)> &change, std::string_view why) {
    SolvedJson other = solved;
    change(other["per_layer"]);
    const std::string verdict = verdict_of(other);
    EXPECT_NE(verdict.find(why), std::string::npos) << what << ": " << verdict;
    EXPECT_FALSE(verdict.starts_with("proven")) << what;
  };
  refused(
      "a higher level", [&](SolvedJson &s) { s["level"] = next; }, "a layer has what is no candidate at its level or above");
  refused(
      "a lower level",
      [&](SolvedJson &s) {
        s["level"] = {1, 100000};
      },
      "not proven: ");
  refused(
      "no level", [&](SolvedJson &s) { s["level"] = nullptr; }, "the objective is balanced, and it has no level");
  refused(
      "no next level", [&](SolvedJson &s) { s["next_level"] = nullptr; }, "the next level is");
  refused(
      "another next level",
      [&](SolvedJson &s) {
        s["next_level"] = {1, 1};
      },
      "the next level is");
  refused(
      "no certificate", [&](SolvedJson &s) { s["next_certificate"] = nullptr; },
      "it has no certificate that the next level cannot be met");
  refused(
      "a value of what cannot be", [&](SolvedJson &s) { s["next_certificate"]["value"] = 1; },
      "not proven: no choice that meets the budgets has the value 1");
  refused(
      "not in lowest terms",
      [&](SolvedJson &s) {
        s["level"] = {2, 4};
      },
      "lowest terms");
  refused(
      "the sum", [&](SolvedJson &s) { s["objective"] = "sum"; }, "[invalid_file] s.json/per_layer");
}

// Stopped where the fill is the best at a level, and it is not known whether a plan has a higher one.
TEST(Verify, OfAFillThatIsTheBestAtALevelThatMayNotBe) {
  MixedRequest request = mixed_request({"generic"}, {"parameters<=20000"});
  request.objective = Objective::kBalanced;
  request.score = "parameters";
  SolvedJson stopped = solved_mixed("wrn-10-1", request);
  ASSERT_EQ(verdict_of(stopped), "proven: optimal");
  ASSERT_FALSE(stopped["per_layer"]["next_level"].is_null());
  stopped["termination"]["reason"] = "feasible";
  stopped["termination"]["limit"] = "time";
  stopped["per_layer"]["next_certificate"] = nullptr;
  const std::string wrong = verdict_of(stopped);
  constexpr std::string_view kMust = "not proven: the sentence of proof (termination.detail) must be: ";
  ASSERT_TRUE(wrong.starts_with(kMust)) << wrong;
  EXPECT_NE(wrong.find("whether a plan keeps more of every layer's degrees of freedom is not known"), std::string::npos)
      << wrong;
  stopped["termination"]["detail"] = wrong.substr(kMust.size());
  EXPECT_EQ(verdict_of(stopped), "proven: bound");
  stopped["per_layer"]["next_level"] = {99999, 100000};
  EXPECT_NE(verdict_of(stopped).find("the next level is"), std::string::npos) << verdict_of(stopped);
}

TEST(Verify, ThatThereIsNoPlan) {
  // Even the cheapest is over, and a window between two sums.
  for (const std::vector<std::string> &budgets :
       std::vector<std::vector<std::string>>{{"parameters<=5000"}, {"parameters<=20000", "parameters>=19999"}}) {
    const SolvedJson solved = solved_mixed("wrn-10-1", mixed_request({"generic"}, budgets));
    EXPECT_EQ(verdict_of(solved), "proven: infeasible");
    test::expect_message([&] { read_solved(solved.dump(), "s.json"); },
                         "[invalid_file] s.json/achieved: this file holds no plan; its termination says why");
    const auto refused = [&](const std::function<void(SolvedJson &)> &change, std::string_view why) {
      SolvedJson other = solved;
      change(other);
      const std::string verdict = verdict_of(other);
      EXPECT_NE(verdict.find(why), std::string::npos) << verdict;
      EXPECT_FALSE(verdict.starts_with("proven")) << verdict;
    };
    refused(
        [](SolvedJson &s) {
          s["budgets"][0]["limit"] = 50000;
          s["budgets"][0]["written"] = "parameters<=50000";
        },
        "not proven: ");
    refused([](SolvedJson &s) { s["termination"]["reason"] = "optimal"; }, "reason");
    refused([](SolvedJson &s) { s["termination"]["bound"] = 1; }, "bound");
    refused([](SolvedJson &s) { s["per_layer"]["certificate"]["multipliers"][0] = -1; }, "multipliers");
    refused([](SolvedJson &s) { s["budgets"][0]["achieved"] = 4000; }, "achieved");
    refused([](SolvedJson &s) { s["termination"]["detail"] = "a plan meets the budgets"; }, "termination.detail");
    refused([](SolvedJson &s) { s["per_layer"]["relaxations"][0]["alone"] = "x"; }, "alone");
    refused([](SolvedJson &s) { s["per_layer"]["binding"] = {5}; }, "binding");
    refused([](SolvedJson &s) { s["plan"]["block1.0.layer.0.conv1"] = "generic:rank=1"; }, "there is a plan");
  }
}

TEST(Verify, ABoundThatTheCertificateDoesNotGive) {
  const Network network = make_network("wrn-10-1");
  Control control;
  control.relative_gap = 0.5;
  const Solution solution = solve_mixed(network, mixed_request({"hashed"}, {"parameters<=20000"}), control);
  ASSERT_EQ(solution.termination.reason, Reason::kFeasible);
  const SolvedJson solved = SolvedJson::parse(write_solved(solution, "{}"));
  EXPECT_EQ(verdict_of(solved), "proven: bound");
  SolvedJson tight = solved;
  tight["termination"]["bound"] = tight["per_layer"]["value"].get<std::int64_t>() + 1;
  tight["termination"]["gap"] = 1;
  EXPECT_TRUE(verdict_of(tight).starts_with("not proven: the certificate's bound is ")) << verdict_of(tight);
  // Nor where that has more digits than can be said.
  tight["per_layer"]["certificate"] = {{"shift", 0}, {"multipliers", {INT64_MAX}}, {"value", tight["per_layer"]["value"]}};
  EXPECT_TRUE(verdict_of(tight).starts_with("not proven: the certificate's bound is beyond 64 bits")) << verdict_of(tight);
}

// Other multipliers say the same, or prove nothing.
TEST(Verify, MultipliersNeverTurnAVerdict) {
  const SolvedJson solved =
      solved_mixed("wrn-10-1", mixed_request({"generic", "shuffle"}, {"parameters<=20000", "mult-adds<=60%"}));
  int proven = 0;
  for (const std::int64_t first : {0L, 1L, 1000000L, 1L << 40, 1L << 62})
    for (const std::int64_t second : {0L, 12345L, 1L << 50}) {
      SolvedJson other = solved;
      other["per_layer"]["certificate"]["multipliers"] = {first, second};
      const std::string verdict = verdict_of(other);
      proven += verdict == "proven: optimal" ? 1 : 0;
      EXPECT_TRUE(verdict == "proven: optimal" || verdict.starts_with("not proven: ")) << verdict;
      other["termination"]["bound"] = other["termination"]["bound"].get<std::int64_t>() - 1; // and a false claim stays false
      EXPECT_FALSE(verdict_of(other).starts_with("proven"));
    }
  EXPECT_GT(proven, 0);
}

// Files of before have no certificate, no limit, no activations and no stored bytes.
TEST(Verify, ReadsFilesOfBefore) {
  for (const std::string name : {"generic", "nearest", "acdc", "where_possible", "percentages"})
    EXPECT_EQ(verdict_of(test::golden("solved_5573bee/" + name + ".json")), "proven: optimal") << name;
}

// A layer that the family fits cannot stay as it is, whatever the reason that is given.
TEST(Verify, LayersOfOneSettingStayOnlyWhereItDoesNotFit) {
  const Network network = make_network("wrn-10-2");
  const Solution best =
      solve_uniform(network, {.substitution = "Generic", .budgets = {parse_budget("parameters<=60%")}, .conventions = {}});
  Design design;
  design.network = network;
  design.plan = best.plan;
  design.budgets = best.budgets;
  design.is_solved = true;
  design.termination.reason = Reason::kOptimal;
  EXPECT_TRUE(verify(design).is_claim);
  design.plan.layers.at("block1.0.layer.0.conv1") = baseline_substitute();
  EXPECT_EQ(verify(design).objection, "layer block1.0.layer.0.conv1 stays as it is, and Generic_1 fits it");
}

TEST(Verify, OfAWidthThatIsTheWholeNetwork) {
  const Solution whole = solve_uniform(
      make_network("wrn-10-2"), {.substitution = "width", .budgets = {parse_budget("parameters<=1G")}, .conventions = {}});
  SolvedJson solved = SolvedJson::parse(write_solved(whole, "{}"));
  EXPECT_EQ(verdict_of(solved), "proven: optimal");
  // What was not searched is not claimed.
  solved["termination"]["detail"] = "no setting with more parameters meets the budgets: this is the largest there is";
  EXPECT_EQ(verdict_of(solved), "not proven: termination.detail must say how far was searched: up to width=8 (4 times the "
                                "network's own)");
}

// Linear layers are layers of a plan as convolutions are.
TEST(Verify, OfReplaceableLinearLayers) {
  const Network network = make_network("wrn-10-1:replace_linear=yes");
  for (const std::string family : {"Generic", "Shuffle", "kronecker"}) {
    const Solution solution = solve_uniform(network, {.substitution = family,
                                                      .budgets = {parse_budget("parameters<=40%")},
                                                      .conventions = {},
                                                      .where_refused = WhereRefused::kLeaveAsItIs});
    EXPECT_TRUE(solution.plan.layers.contains("fc")) << family;
    EXPECT_EQ(verdict_of(SolvedJson::parse(write_solved(solution, "{}"))), "proven: optimal") << family;
  }
  MixedRequest request;
  request.families = {"generic", "grouped"};
  request.budgets = {parse_budget("parameters<=40%")};
  const Solution mixed = solve_mixed(network, request);
  EXPECT_TRUE(mixed.plan.layers.contains("fc"));
  EXPECT_EQ(verdict_of(SolvedJson::parse(write_solved(mixed, "{}"))), "proven: optimal");
}

// Of a network from a file, wider and narrower than it is; and a worse one that is called the best.
TEST(Verify, OfAWidthOfANetworkFromAFile) {
  const Network network = make_network(read_network(write_network(make_network("wrn-10-1").graph, "mine"), "m.json"));
  for (const std::string budget : {"parameters<=50%", "parameters<=230%", "mult-adds[macs]~150%"}) {
    const auto solve = [&](const std::string &limit) {
      return SolvedJson::parse(write_solved(
          solve_uniform(network, {.substitution = "width", .budgets = {parse_budget(limit)}, .conventions = {}}), "{}"));
    };
    const SolvedJson solved = solve(budget);
    EXPECT_EQ(verdict_of(solved), "proven: optimal") << budget;
  }
}

TEST(Verify, OfOneSetting) {
  const Network network = make_network("wrn-10-2");
  for (const std::string family : {"Generic", "ACDC", "Shuffle", "TensorTrain", "width", "Hashed"}) {
    const auto solve = [&](const std::string &budget) {
      return SolvedJson::parse(write_solved(
          solve_uniform(network, {.substitution = family, .budgets = {parse_budget(budget)}, .conventions = {}}), "{}"));
    };
    const SolvedJson solved = solve("parameters<=50%");
    EXPECT_EQ(verdict_of(solved), "proven: optimal") << family;
    // A smaller one that is called the best: all that a recount can tell is right, by a file of before, which says no more.
    SolvedJson worse = solve("parameters<=40%");
    if (worse["achieved"] == solved["achieved"]) continue;
    for (const std::string key : {"next_up", "same_network_for", "attainable", "nearest", "known_by_search_only"})
      worse.erase(key);
    worse["budgets"] = solved["budgets"];
    worse["budgets"][0]["achieved"] = worse["achieved"]["parameters"];
    const std::string verdict = verdict_of(worse);
    EXPECT_TRUE(verdict.starts_with("not proven: ")) << family << ": " << verdict;
    EXPECT_NE(verdict.find("meets the budgets and is better"), std::string::npos) << family << ": " << verdict;
  }
}

} // namespace
} // namespace pare

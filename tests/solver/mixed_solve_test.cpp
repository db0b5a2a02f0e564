#include "solver/mixed/mixed.hpp"

#include "solver/mixed/mixed_solver.hpp"
#include "solver/solved_config.hpp"
#include "solver/verify.hpp"
#include "tests/solver/candidates.hpp"
#include "tests/solver/mixed_requests.hpp"
#include "tests/support.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>

namespace pare {
namespace {

using test::best_of;
using test::Draw;
using test::mixed_request;
using test::random_choice;
using test::sum_of;

/// Four replaceable layers, two of them equal, and one that runs twice.
constexpr std::string_view kFourLayers = R"({"schema": "pare.network/1", "name": "four", "input": [4, 8, 8], "layers": [
  {"id": "s.0.a", "op": "conv", "inputs": ["input"], "out_channels": 6, "kernel": 3, "padding": 1, "replaceable": "Conv"},
  {"id": "s.1.a", "op": "conv", "inputs": ["s.0.a"], "out_channels": 6, "kernel": 3, "padding": 1, "replaceable": "Conv"},
  {"id": "s.1.b", "op": "conv", "inputs": ["s.1.a"], "out_channels": 6, "kernel": 3, "padding": 1, "replaceable": "Sep"},
  {"id": "t.0.a", "op": "conv", "inputs": ["s.1.b"], "out_channels": 6, "kernel": 3, "padding": 1, "stride": 2, "replaceable": "Conv"},
  {"id": "again", "op": "conv", "inputs": ["t.0.a"], "shares": "s.1.a"},
  {"id": "flat", "op": "flatten", "inputs": ["again"]},
  {"id": "fc", "op": "linear", "inputs": ["flat"], "out_features": 3, "bias": true}],
  "attention_taps": [], "output": "fc"})";

Control until_gap(double gap) {
  Control out;
  out.relative_gap = gap;
  return out;
}

Network four_layers() { return read_design(std::string(kFourLayers), "four").network; }

/// A score for each candidate that the layers have, drawn at random.
std::string score_lines(Draw &draw, const Network &network, MixedRequest request) {
  request.score = "capacity";
  request.objective = Objective::kSum;
  const CandidateTable table = *MixedProblem(network, request).table(true);
  std::set<std::string> texts;
  for (const CandidateTable::Layer &layer : table.layers)
    for (const std::string &text : layer.texts) {
      if (text == kRest) continue;
      Substitute candidate = parse_substitute(text); // of several layers, some are by number and some by setting
      candidate.by_own_name = true;
      texts.insert(candidate.text());
    }
  std::string out = "layer,candidate,score\n";
  for (const ConvSites &layer : replaceable_sites(network.graph))
    for (const std::string &text : texts)
      out += fmt::format("{},\"{}\",{}\n", layer.front().name, text, static_cast<double>(draw.from(-500, 3000)) / 100);
  return out;
}

/// Budgets about what some plan costs: on one to four quantities, upper, lower or both, some in percent.
std::vector<std::string> random_budgets(Draw &draw, const Network &network, const MixedRequest &like) {
  MixedRequest request = like;
  request.budgets = {parse_budget("parameters<=9e15")};
  const MixedProblem problem(network, request);
  const Plan plan = problem.plan(random_choice(draw, *problem.table()));
  const std::vector<Convention> both = {find_convention("macs"), find_convention("reference")};
  const Costs costs = costs_of(network.graph, plan, both);
  const Costs original = costs_of(network.graph, {}, both);
  std::vector<Quantity> all = quantities(both);
  std::vector<std::string> out;
  const std::int64_t number = draw.from(1, 4);
  for (std::int64_t n = 0; n < number; ++n) {
    const auto at = static_cast<std::size_t>(draw.from(0, static_cast<std::int64_t>(all.size()) - 1));
    const Quantity quantity = all[at];
    all.erase(all.begin() + static_cast<std::ptrdiff_t>(at));
    const double cost = costs.at(quantity).to_double();
    const auto limit = [&](std::int64_t least, std::int64_t most) {
      return std::max<std::int64_t>(1, static_cast<std::int64_t>(cost * static_cast<double>(draw.from(least, most)) / 1000));
    };
    switch (draw.from(0, 3)) {
    case 0: out.push_back(fmt::format("{}>={}", quantity.text(), limit(900, 1005))); break;
    case 1:
      out.push_back(fmt::format("{}<={}", quantity.text(), limit(1000, 1100)));
      out.push_back(fmt::format("{}>={}", quantity.text(), limit(900, 1000)));
      break;
    case 2:
      out.push_back(fmt::format("{}<={:.2f}%", quantity.text(), 100 * cost / original.at(quantity).to_double() + 1));
      break;
    default: out.push_back(fmt::format("{}<={}", quantity.text(), limit(850, 1150)));
    }
  }
  return out;
}

/// The highest level with a choice, and the best there; all levels are tried.
std::pair<std::optional<Level>, test::Best> best_balanced(const MixedProblem &problem) {
  std::vector<Level> levels = problem.levels();
  std::reverse(levels.begin(), levels.end());
  for (const Level &level : levels) {
    const auto table = problem.table(false, MixedProblem::From::kAtLevel, level);
    if (!table) continue;
    test::Best best = best_of(*table);
    if (best.value) return {level, best};
  }
  return {};
}

/// What is said of budgets that cannot be met: with another limit of one of them there is a plan, and with one nearer there
/// is none.
void expect_relaxations(const MixedProblem &problem, const MixedAnswer &answer) {
  const CandidateTable table = *problem.table();
  ASSERT_EQ(answer.relaxations.size(), table.budgets.size());
  for (const Relaxation &relaxation : answer.relaxations) {
    EXPECT_TRUE(relaxation.is_proven);
    const auto is_met = [&](const CandidateTable &other) { return best_of(other).value.has_value(); };
    CandidateTable other = table;
    CandidateTable::Budget &budget = other.budgets[relaxation.budget];
    if (!relaxation.with_others) {
      budget.limit = budget.at_least ? 0 : INT64_MAX;
      EXPECT_FALSE(is_met(other));
    } else {
      budget.limit = *relaxation.with_others;
      EXPECT_TRUE(is_met(other));
      budget.limit -= budget.sign();
      EXPECT_FALSE(is_met(other));
    }
    // Alone: the sum of each layer's least, or most.
    std::int64_t alone = 0;
    for (std::size_t i = 0; i < table.layers.size(); ++i) {
      std::int64_t best = table.cost(i, 0, relaxation.budget);
      for (std::size_t c = 0; c < table.layers[i].size(); ++c) {
        const std::int64_t cost = table.cost(i, c, relaxation.budget);
        best = budget.at_least ? std::max(best, cost) : std::min(best, cost);
      }
      alone += best * static_cast<std::int64_t>(table.layers[i].names.size());
    }
    EXPECT_EQ(relaxation.alone, alone);
  }
}

// Every choice of tiny networks is tried; the answer is as good, and so it says; what it writes is read and proven.
TEST(MixedSolve, IsTheBestOfAllChoices) {
  Draw draw(11);
  std::vector<Network> networks;
  networks.push_back(four_layers());
  networks.push_back(make_network("wrn-10-1"));
  int solved = 0, infeasible = 0, balanced = 0, by_table = 0, proven = 0;
  const int all = test::trials(150);
  for (int n = 0; n < all; ++n) {
    const Network &network = networks[static_cast<std::size_t>(n % 2)];
    MixedRequest request = mixed_request({"generic", "shuffle"}, {});
    if (draw.one_in(2)) request.families.emplace_back(n % 4 == 0 ? "acdc" : "tensor_train");
    request.rule.most = 3;
    if (network.graph.replaceable().size() > 4) request.excluded = {"*conv1"};
    constexpr std::array kSomeTies = {Tie::kNone, Tie::kNone, Tie::kStage, Tie::kBlock, Tie::kShape};
    request.tie = kSomeTies[static_cast<std::size_t>(draw.from(0, 4))];
    if (n % 7 == 0) {
      request.tie = Tie::kGroups;
      request.groups = {{n % 2 == 0 ? "s.1.*" : "block[!1]*"}};
      if (n % 2 == 1) request.groups = {{"block2*", "block3*"}};
    }
    if (draw.one_in(5)) request.fixed = {{n % 2 == 0 ? "t.0.a" : "block3*conv2", "generic:rank=1"}};
    if (!request.fixed.empty() && request.tie == Tie::kGroups && n % 2 == 1) request.groups = {{"block2*"}};
    if (draw.one_in(4)) request.rule.multiple_of = 2;
    if (draw.one_in(3)) request.score = "parameters";
    for (const std::string &budget : random_budgets(draw, network, request)) request.budgets.push_back(parse_budget(budget));
    if (request.score == "parameters" && draw.one_in(2)) {
      request.objective = Objective::kBalanced;
    } else if (draw.one_in(3)) {
      request.table.emplace(score_lines(draw, network, request), "scores.csv");
      request.score = "table";
    }
    request.method = mixed_solvers()[static_cast<std::size_t>(n) % mixed_solvers().size()]->info().name;

    const MixedProblem problem(network, request);
    const bool is_balanced = request.objective == Objective::kBalanced;
    const auto expected = is_balanced ? best_balanced(problem) : std::pair(std::optional<Level>(), best_of(*problem.table()));
    const Solution solution = solve_mixed(network, problem);
    const std::string what = fmt::format("{}: {}", n, solution.termination.detail);
    if (!expected.second.value) {
      EXPECT_EQ(solution.termination.reason, Reason::kInfeasible) << what;
      EXPECT_FALSE(solution.costs.has_value());
      expect_relaxations(problem, *solution.mixed);
      ++infeasible;
      continue;
    }
    ASSERT_EQ(solution.termination.reason, Reason::kOptimal) << what;
    EXPECT_EQ(solution.mixed->value, expected.second.value) << what;
    EXPECT_EQ(solution.mixed->level, expected.first) << what;
    EXPECT_EQ(solution.termination.gap, Count(0));
    EXPECT_EQ(solution.mixed->proof.proven, Proven::kOptimal);
    // The plan's own graph.
    const Costs costs = costs_of(network.graph, solution.plan, solution.conventions);
    for (const Budget &budget : solution.budgets) EXPECT_TRUE(budget.holds(costs.at(budget.quantity))) << what;
    const auto choice = problem.choice_of(solution.plan);
    ASSERT_TRUE(choice.has_value());
    EXPECT_EQ(sum_of(*problem.table(), *choice), *solution.mixed->value) << what;
    ++solved;
    balanced += is_balanced ? 1 : 0;
    by_table += request.table ? 1 : 0;
    if (n % 3 != 0) continue;
    const Verification verification = verify(read_solved(write_solved(solution, "{}"), "s.json"));
    EXPECT_TRUE(verification.is_claim) << what << ": " << verification.objection.value_or("");
    EXPECT_EQ(verification.proven, Proven::kOptimal) << what;
    ++proven;
  }
  EXPECT_GT(solved, all / 2);
  EXPECT_GT(infeasible, all / 10);
  EXPECT_GT(balanced, all / 15);
  EXPECT_GT(by_table, all / 15);
  EXPECT_GT(proven, all / 8);
}

// The least share that the plan itself keeps.
TEST(MixedSolve, BalancedKeepsTheLevelThatItSays) {
  const Network network = make_network("wrn-16-2");
  for (const std::string budget : {"parameters<=10%", "parameters<=50%", "mult-adds<=30%"}) {
    MixedRequest request = mixed_request({"generic", "tucker"}, {budget});
    request.objective = Objective::kBalanced;
    request.score = "parameters";
    request.rule.most = 100;
    const Solution solution = solve_mixed(network, request);
    ASSERT_EQ(solution.termination.reason, Reason::kOptimal);
    double least = 1;
    for (const ConvSites &layer : replaceable_sites(network.graph)) {
      const auto share = [&](const Substitute &s) { return static_cast<double>(degrees_of_freedom(layer.front(), s).value); };
      least = std::min(least, share(*solution.plan.find(layer.front().name)) / share(baseline_substitute()));
    }
    ASSERT_TRUE(solution.mixed->level.has_value());
    EXPECT_DOUBLE_EQ(least,
                     static_cast<double>(solution.mixed->level->first) / static_cast<double>(solution.mixed->level->second));
  }
}

// What one setting of a family for the whole network is worth; a plan for each layer is never worth less.
TEST(MixedSolve, NoUniformAnswerIsBetter) {
  int compared = 0;
  for (const std::string spec : {"wrn-10-2", "darts:channels=8,layers=4", "mobilenet-v2"}) {
    const Network network = make_network(spec);
    for (const std::vector<std::string> &budgets : std::vector<std::vector<std::string>>{
             {"parameters<=30%"}, {"mult-adds<=60%"}, {"parameters<=60%", "mult-adds<=80%", "activations<=120%"}}) {
      std::vector<std::pair<std::string, Plan>> uniform;
      for (const Substitution *family : substitutions()) {
        if (family->info().knob.kind == KnobInfo::Kind::kNone || !family->info().among_all) continue;
        SolveRequest request{.substitution = std::string(family->info().name),
                             .budgets = {},
                             .conventions = {},
                             .where_refused = WhereRefused::kLeaveAsItIs};
        for (const std::string &budget : budgets) request.budgets.push_back(parse_budget(budget));
        try {
          Solution solution = solve_uniform(network, request);
          if (solution.costs) uniform.emplace_back(request.substitution, std::move(solution.plan));
        } catch (const Error &error) {
          // It fits no layer, or has no largest setting.
          EXPECT_TRUE(error.code() == ErrorCode::kNotApplicable || error.code() == ErrorCode::kInvalidConfig) << error.what();
        }
      }
      std::int64_t best_family = INT64_MIN;
      const auto solve = [&](const std::vector<std::string> &families, const std::string &score) {
        MixedRequest request = mixed_request(families, budgets);
        request.score = score;
        request.rule.most = 30;
        return request;
      };
      for (const auto &[family, plan] : uniform) {
        for (const std::string score : {"capacity", "parameters"}) {
          if (score == "parameters" && budgets.size() > 1) continue; // which takes long
          const MixedProblem problem(network, solve({family}, score));
          const Solution solution = solve_mixed(network, problem, until_gap(1e-3));
          ASSERT_TRUE(solution.mixed->value.has_value()) << spec << ' ' << family;
          // The same structures are among the candidates, by numbers or by the setting.
          double worth = 0;
          for (const ConvSites &layer : replaceable_sites(network.graph))
            worth += static_cast<double>(
                find_score(score)
                    .scores({.sites = layer,
                             .candidates = {plan.find(layer.front().name), 1},
                             .parameters = candidate_costs(layer, {plan.find(layer.front().name), 1}, {}).parameters,
                             .table = nullptr})
                    .front());
          EXPECT_GE(solution.termination.bound->to_double(), worth * (1 - 1e-15)) << spec << ' ' << family << ' ' << score;
          if (solution.termination.reason == Reason::kOptimal) {
            EXPECT_GE(static_cast<double>(*solution.mixed->value), worth * (1 - 1e-15));
            ++compared;
          }
          if (score == "capacity") best_family = std::max(best_family, *solution.mixed->value);
        }
      }
      const Solution all = solve_mixed(network, solve({"all"}, "capacity"), until_gap(1e-3));
      EXPECT_GE(all.termination.bound->whole(), best_family) << spec;
    }
  }
  EXPECT_GT(compared, 20);
}

// ACDC at 160 channels costs N log2 N by the reference's convention, which is not whole.
TEST(MixedSolve, CostsThatAreNotWholeAreRoundedAgainstTheUser) {
  const Network network = make_network("wrn-10-5"); // 80 channels
  const MixedRequest request = mixed_request({"acdc"}, {"mult-adds[reference]<=30%", "parameters<=90%"});
  const Solution solution = solve_mixed(network, request);
  ASSERT_EQ(solution.termination.reason, Reason::kOptimal);
  ASSERT_EQ(solution.mixed->rounded.size(), 1U);
  EXPECT_EQ(solution.mixed->rounded[0].text(), "mult-adds[reference]");
  EXPECT_NE(solution.termination.detail.find(
                ", with mult-adds[reference] rounded against the budgets to whole numbers in each layer"),
            std::string::npos)
      << solution.termination.detail;
  EXPECT_FALSE(solution.costs->mult_adds("reference").is_whole());
  EXPECT_TRUE(verify(read_solved(write_solved(solution, "{}"), "s.json")).is_claim);
}

TEST(MixedSolve, LimitsEndItWithWhatIsCertain) {
  const Network network = make_network("darts:channels=12,layers=5");
  const MixedRequest sum = mixed_request({"generic", "shuffle", "tucker"}, {"parameters<=20%", "mult-adds<=30%"});
  MixedRequest balanced = sum;
  balanced.objective = Objective::kBalanced;
  balanced.score = "parameters";
  for (const MixedRequest &request : {sum, balanced}) {
    Control at_once;
    at_once.time_limit_seconds = 0;
    const Solution none = solve_mixed(network, request, at_once);
    EXPECT_EQ(none.termination.reason, Reason::kUnknown);
    EXPECT_EQ(none.termination.limit, Limit::kTime);
    EXPECT_FALSE(none.costs.has_value());
    EXPECT_TRUE(none.mixed->relaxations.empty());
    int asked = 0;
    for (const int most : {1, 3, 10, 30, 100, 300}) {
      asked = 0;
      Control stopped;
      stopped.interrupted = [&] { return ++asked > most; };
      const Solution some = solve_mixed(network, request, stopped);
      if (some.termination.reason != Reason::kFeasible) continue;
      EXPECT_EQ(some.termination.limit, Limit::kInterrupted);
      const Verification verification = verify(read_solved(write_solved(some, "{}"), "s.json"));
      EXPECT_TRUE(verification.is_claim) << verification.objection.value_or("");
    }
    const Solution close = solve_mixed(network, request, until_gap(0.2));
    ASSERT_TRUE(close.costs.has_value());
    if (close.termination.reason == Reason::kFeasible) {
      EXPECT_EQ(close.termination.limit, Limit::kGap);
      EXPECT_LE(close.termination.gap->to_double(), 0.2 * static_cast<double>(*close.mixed->value));
      EXPECT_TRUE(verify(read_solved(write_solved(close, "{}"), "s.json")).is_claim);
    }
  }
}

TEST(MixedSolve, OfNothingToChoose) {
  const Network network = make_network("wrn-10-1");
  MixedRequest request = mixed_request({"generic"}, {"parameters<=100%"});
  request.excluded = {"*"};
  for (const Objective objective : {Objective::kSum, Objective::kBalanced}) {
    request.objective = objective;
    request.score = "parameters";
    const Solution solution = solve_mixed(network, request);
    EXPECT_EQ(solution.termination.reason, Reason::kOptimal) << solution.termination.detail;
    EXPECT_EQ(solution.kept.size(), 6U);
    const Verification verification = verify(read_solved(write_solved(solution, "{}"), "s.json"));
    EXPECT_TRUE(verification.is_claim) << verification.objection.value_or("");
  }
}

} // namespace
} // namespace pare

// Budgets of networks whose layers share parameters.

#include "analysis/cost_model.hpp"
#include "analysis/network_file.hpp"
#include "solver/solved_config.hpp"
#include "solver/uniform/problem.hpp"
#include "tests/analysis/tower.hpp"

#include <gtest/gtest.h>

namespace pare {
namespace {

Network network() { return read_design(test::tower(), "net.json", {}).network; }

Solution solve(const std::string &substitution, const std::string &budget) {
  SolveRequest request;
  request.substitution = substitution;
  request.budgets = {parse_budget(budget)};
  request.conventions = {conventions().begin(), conventions().end()};
  return solve_uniform(network(), request);
}

// What the solver adds up layer by layer is what the lowered graph has.
TEST(Sharing, CostsAreThoseOfTheLoweredGraph) {
  const Network tower = network();
  for (const Substitution *family : substitutions()) {
    Substitute substitute = parse_substitute(family->info().example);
    if (!substitute.knob) continue;
    SCOPED_TRACE(substitute.text());
    Substitute free = substitute;
    free.knob.reset();
    std::vector<Lowered::Kept> kept;
    const auto problem =
        make_substitution_problem(tower, free, {}, {conventions().begin(), conventions().end()}, WhereRefused::kThrow, kept);
    std::vector<double> settings;
    if (problem->axis() == UniformProblem::Axis::kEnumerated)
      for (const auto &plateau : problem->plateaus()) settings.push_back(plateau.first);
    else if (problem->axis() == UniformProblem::Axis::kReal)
      settings = {problem->least(), 0.3, 0.5, 0.51, 1};
    else
      settings = {1, 2, 3, 20};
    for (const double setting : settings) {
      if (setting < problem->least()) continue;
      substitute.knob = setting;
      const CostReport report = count(lower(tower.graph, {.uniform = substitute, .layers = {}}).graph);
      const CostRow cost = problem->cost(setting);
      for (std::size_t i = 0; i < problem->quantities().size(); ++i)
        EXPECT_EQ(cost[i], amount(report, problem->quantities()[i], conventions()))
            << setting << " " << problem->quantities()[i].text();
    }
  }
}

TEST(Sharing, AreSolvedForOnceAndSavedAndRead) {
  // Generic of rank r: 9 x 8 + 16 r at each of two layers, 8 more for one's bias; 340 stay. r = 4 is the last within 630.
  const Solution solution = solve("Generic", "parameters<=630");
  ASSERT_TRUE(solution.uniform->answer);
  EXPECT_EQ(solution.uniform->answer->costs.parameters(), 340 + 2 * (72 + 16 * 4) + 8);
  EXPECT_EQ(solution.plan.layers.size(), 2u) << "layers that share are in no plan";
  const std::string text = write_solved(solution, R"({"pare": "test"})");
  const Design read = read_solved(text, "solved.json");
  EXPECT_EQ(read.plan.layers.size(), 2u);
  EXPECT_EQ(count(lower(read.network.graph, read.plan).graph).parameters, 620);
  EXPECT_EQ(write_network(read.network.graph, "tower"), test::tower());
  EXPECT_FALSE(solve("Generic", "parameters<=515").uniform->answer) << "rank 1 has 340 + 2 x 88 + 8 = 524";
  EXPECT_TRUE(solve("Generic", "parameters<=524").uniform->answer);
}

} // namespace
} // namespace pare

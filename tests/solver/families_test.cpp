// Every family with a setting is solved for, one setting for the network or one for each layer, in each of its evaluations, and
// what was found is proven by what did not search for it.

#include "solver/mixed/mixed.hpp"
#include "solver/solved_config.hpp"
#include "solver/solver.hpp"
#include "solver/verify.hpp"
#include "tests/solver/mixed_requests.hpp"
#include "tests/support.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace pare {
namespace {

class FamilySolving : public testing::TestWithParam<std::string> {
protected:
  /// Of each evaluation, as a user asks for it.
  std::vector<std::string> requests() const {
    const Substitution &family = find_substitution(GetParam());
    std::vector<std::string> out{GetParam()};
    for (const Evaluation evaluation : family.info().evaluations)
      if (evaluation != family.info().evaluations.front())
        out.push_back(fmt::format("{}@{}", GetParam(), name_of(kEvaluations, evaluation)));
    return out;
  }
  Network network_ = make_network("wrn-10-1");
};

TEST_P(FamilySolving, OneSettingForTheNetwork) {
  std::size_t proven = 0;
  for (const std::string &substitution : requests())
    for (const char *budget : {"parameters<=60%", "mult-adds<=90%"}) {
      SCOPED_TRACE(substitution + " " + budget);
      SolveRequest request{.substitution = substitution,
                           .budgets = {parse_budget(budget)},
                           .conventions = {},
                           .where_refused = WhereRefused::kLeaveAsItIs};
      std::optional<Solution> solution;
      const std::string refused = test::message_of([&] { solution = solve_uniform(network_, request); });
      if (!solution) {
        // As dense maps some cost the same whatever the setting, and of a knob without end there is no largest one then.
        EXPECT_EQ(find_substitution(GetParam()).info().knob.kind, KnobInfo::Kind::kInteger) << refused;
        EXPECT_STREQ(budget, "mult-adds<=90%") << refused;
        continue;
      }
      if (!solution->costs) {
        EXPECT_EQ(solution->termination.reason, Reason::kInfeasible);
        continue;
      }
      const Verification found = verify(read_solved(write_solved(*solution, "{}"), "s.json"));
      EXPECT_TRUE(found.is_claim) << found.objection.value_or("");
      ++proven;
    }
  EXPECT_GT(proven, 0u);
}

TEST_P(FamilySolving, OneForEachLayer) {
  MixedRequest request = test::mixed_request(requests(), {"parameters<=60%", "mult-adds<=150%"});
  request.families.push_back("Conv");
  request.rule.most = 40;
  const Solution solution = solve_mixed(network_, request);
  ASSERT_TRUE(solution.costs.has_value());
  EXPECT_EQ(solution.termination.reason, Reason::kOptimal);
  const Verification found = verify(read_solved(write_solved(solution, "{}"), "s.json"));
  EXPECT_TRUE(found.is_claim) << found.objection.value_or("");
  std::size_t own = 0;
  for (const ConvSites &layer : replaceable_sites(network_.graph))
    own += solution.plan.find(layer.front().name)->family->info().name == GetParam() ? 1 : 0;
  EXPECT_GT(own, 0u) << "the family is in the plan";
}

std::vector<std::string> with_a_knob() {
  std::vector<std::string> out;
  for (const Substitution *family : substitutions())
    if (family->info().knob.kind != KnobInfo::Kind::kNone) out.emplace_back(family->info().name);
  return out;
}

INSTANTIATE_TEST_SUITE_P(Registry, FamilySolving, testing::ValuesIn(with_a_knob()),
                         [](const auto &which) { return which.param; });

} // namespace
} // namespace pare

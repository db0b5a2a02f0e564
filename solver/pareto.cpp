#include "solver/pareto.hpp"

#include "base/checked.hpp"
#include "base/error.hpp"
#include "solver/mixed/mixed.hpp"
#include "solver/mixed/mixed_solver.hpp"
#include "solver/uniform/staircase.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>

namespace pare {

namespace {

Budget limit_on(const Quantity &quantity, std::int64_t limit) {
  return {.quantity = quantity,
          .relation = Relation::kAtMost,
          .limit = Count(limit),
          .is_percentage = false,
          .written = fmt::format("{}<={}", quantity.text(), limit)};
}

std::int64_t rounded_up(const Count &cost) {
  if (cost.is_whole()) return cost.whole();
  const double real = std::ceil(cost.to_double());
  constexpr double kMost = 9007199254740992.0; // beyond which doubles are further apart than whole numbers
  if (!(std::fabs(real) <= kMost))
    throw Error(ErrorCode::kOverflow, "pareto", "a cost that is not whole must be at most 2^53 to be rounded");
  const auto near = static_cast<std::int64_t>(real);
  return Count(near) < cost ? near + 1 : near; // a count has more digits than its double
}

void check_points(std::size_t points) {
  if (points < kFewestPoints || points > kMostPoints)
    throw Error(ErrorCode::kUsage, "points",
                fmt::format("{} must be a whole number from {} to {}", points, kFewestPoints, kMostPoints));
}

void refuse_same_quantity(const Budget &budget, const Quantity &quantity) {
  if (budget.quantity == quantity)
    throw Error(
        ErrorCode::kUsage, fmt::format("budget {}", budget.written),
        fmt::format("{} is what differs from plan to plan; budgets of other quantities would be accepted", quantity.text()));
}

/// What a choice costs in a budget of the table.
std::int64_t cost_of(const CandidateTable &table, const Choice &choice, std::size_t budget) {
  std::int64_t out = 0;
  for (std::size_t layer = 0; layer < table.layers.size(); ++layer)
    for (const std::uint32_t candidate : choice[layer]) out = checked_add(out, table.cost(layer, candidate, budget));
  return out;
}

/// What no choice costs more than.
std::int64_t ceiling(const CandidateTable &table, std::size_t budget) {
  std::int64_t out = 0;
  for (std::size_t layer = 0; layer < table.layers.size(); ++layer) {
    std::int64_t most = 0;
    for (std::size_t c = 0; c < table.layers[layer].size(); ++c) most = std::max(most, table.cost(layer, c, budget));
    out = checked_add(out, checked_mul(most, static_cast<std::int64_t>(table.layers[layer].names.size())));
  }
  return out;
}

/// The least that the best choice costs where there is no other budget: each layer has its highest score, as cheap as it comes.
std::int64_t least_of_best(const CandidateTable &table) {
  std::int64_t out = 0;
  for (std::size_t layer = 0; layer < table.layers.size(); ++layer) {
    const CandidateTable::Layer &own = table.layers[layer];
    std::size_t best = 0;
    for (std::size_t c = 1; c < own.size(); ++c)
      if (std::pair(own.scores[c], -table.cost(layer, c, 0)) > std::pair(own.scores[best], -table.cost(layer, best, 0)))
        best = c;
    out = checked_add(out, checked_mul(table.cost(layer, best, 0), static_cast<std::int64_t>(own.names.size())));
  }
  return out;
}

class Front {
public:
  Front(const Network &network, const MixedRequest &request, const Quantity &quantity, std::size_t points,
        const Control &control, const PointSolved &solved)
      : network_(network), request_(request), points_(points), control_(control), silent_(control), solved_(solved),
        place_(request.budgets.size()) {
    silent_.progress = nullptr;
    request_.budgets.push_back(limit_on(quantity, std::numeric_limits<std::int64_t>::max()));
    const SolveSetting setting = resolve_budgets(network, request_.budgets, request_.conventions);
    quantity_ = setting.budgets.back().quantity;
    for (std::size_t i = 0; i < place_; ++i) refuse_same_quantity(setting.budgets[i], quantity_);
    request_.uniform.emplace();
  }

  std::vector<Solution> run() {
    MixedProblem problem(network_, request_);
    request_.families = problem.request().families;
    std::vector<std::int64_t> limits;
    // Structures of uniform answers may move the ends by a little, and other limits have other answers.
    for (;;) {
      if (auto none = find_ends(problem)) return {std::move(*none)};
      auto found = geometric_limits(std::max<std::int64_t>(least_, 1), std::max({most_, least_, std::int64_t{1}}), points_);
      if (found == limits) break;
      limits = std::move(found);
      if (!add_uniform_answers(limits)) break;
      problem = MixedProblem(network_, request_);
    }
    std::vector<Solution> out;
    for (std::size_t i = 0; i < limits.size(); ++i) {
      problem.set_limit(place_, limit_on(quantity_, limits[i]));
      Solution point = solve_mixed(network_, problem, control_);
      if (!out.empty()) keep_up(problem, out.back(), point);
      const bool is_end = point.termination.limit == Limit::kInterrupted || (control_.interrupted && control_.interrupted());
      const bool is_last = is_end || i + 1 == limits.size();
      if (point.costs && solved_) solved_(point, i + 1, limits.size());
      if (point.costs || (is_last && out.empty())) out.push_back(std::move(point));
      if (is_end) break;
    }
    return out;
  }

private:
  /// least_ and most_; or else why there are none.
  std::optional<Solution> find_ends(MixedProblem &problem) {
    problem.set_limit(place_, limit_on(quantity_, std::max<std::int64_t>(ceiling(*problem.table(), place_), 1)));
    const CandidateTable table = *problem.table();
    check_table(table);
    const bool is_alone = table.budgets.size() == 1;
    if (is_alone) {
      least_ = nearest_alone(table, place_);
    } else {
      Control exact = silent_;
      exact.relative_gap = 0;
      const MixedResult nearest = find_mixed_solver(request_.method).solve(towards(table, place_), exact);
      const bool is_settled = nearest.reason == Reason::kOptimal || nearest.reason == Reason::kInfeasible;
      if (!is_settled) { // then no limit is known to be the least
        Solution unknown = unsolved(network_, problem.setting());
        unknown.mixed = problem.unanswered();
        unknown.mixed->certificate = nearest.certificate;
        unknown.mixed->certificate.value.reset();
        unknown.termination = {.reason = Reason::kUnknown,
                               .limit = nearest.limit,
                               .bound = {},
                               .gap = {},
                               .detail = fmt::format("the search for the least {} ended at its limit ({})", quantity_.text(),
                                                     to_string(nearest.limit))};
        return unknown;
      }
      if (!nearest.choice) return solve_mixed(network_, problem, silent_);
      least_ = cost_of(table, *nearest.choice, place_);
    }
    if (is_alone && request_.objective == Objective::kSum) {
      most_ = least_of_best(table);
      return std::nullopt;
    }
    Solution best = solve_mixed(network_, problem, silent_);
    if (!best.costs) return best;
    most_ = cost_of(table, *problem.choice_of(best.plan), place_);
    return std::nullopt;
  }

  /// Whether there was one that is new.
  bool add_uniform_answers(const std::vector<std::int64_t> &limits) {
    bool any = false;
    for (const std::int64_t limit : limits) {
      if (control_.interrupted && control_.interrupted()) return any;
      std::vector<Budget> budgets = request_.budgets;
      budgets.back() = limit_on(quantity_, limit);
      for (const Substitute &answer : uniform_answers(network_, request_.families, budgets, request_.conventions)) {
        std::string text = answer.text();
        if (!known_.insert(text).second) continue;
        request_.uniform->push_back(std::move(text));
        any = true;
      }
    }
    return any;
  }

  /// The plan of a lower limit, where a search that had to end found none or a worse one.
  void keep_up(const MixedProblem &problem, const Solution &before, Solution &point) const {
    if (point.termination.reason == Reason::kOptimal || request_.objective != Objective::kSum) return;
    MixedAnswer &answer = *point.mixed;
    if (answer.value && *answer.value >= *before.mixed->value) return;
    const std::int64_t value = *before.mixed->value;
    answer.value = value;
    answer.certificate.value = value;
    point.plan = before.plan;
    point.costs = before.costs;
    point.kept = before.kept;
    point.substitution = before.substitution;
    const Choice choice = *problem.choice_of(point.plan);
    answer.proof = prove(*problem.table(), answer.certificate, &choice, {}, Proven::kBound);
    if (answer.proof.refuted)
      throw std::logic_error(fmt::format("a plan of a lower limit is refuted: {}", answer.proof.detail));
    Termination &end = point.termination;
    end.reason = Reason::kFeasible;
    end.bound = answer.proof.bound ? std::optional(Count(*answer.proof.bound)) : std::nullopt;
    end.gap = answer.proof.bound ? std::optional(Count(*answer.proof.bound - value)) : std::nullopt;
    end.detail = problem.sentence(end, answer);
  }

  const Network &network_;
  MixedRequest request_; ///< the limit is the last of its budgets
  std::size_t points_;
  const Control &control_;
  Control silent_;
  const PointSolved &solved_;
  std::size_t place_; ///< of the limit
  Quantity quantity_;
  std::set<std::string> known_;
  std::int64_t least_ = 0;
  std::int64_t most_ = 0;
};

/// Those that no other is better than: ascending in the quantity, and in parameters.
std::vector<Setting> undominated(UniformProblem &problem, const std::vector<UniformProblem::Plateau> &steps,
                                 const Quantity &quantity) {
  struct Entry {
    std::int64_t limit = 0;
    std::int64_t parameters = 0;
    std::size_t place = 0;
  };
  std::vector<Entry> entries;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const CostRow cost = problem.cost(steps[i].first);
    entries.push_back({rounded_up(problem.value(cost, quantity)), problem.value(cost, Quantity{}).whole(), i});
  }
  // Of equals the one that a fit answers with: the first of a list, the last where costs never fall.
  const bool is_list = problem.axis() == UniformProblem::Axis::kEnumerated;
  std::sort(entries.begin(), entries.end(), [&](const Entry &a, const Entry &b) {
    if (a.limit != b.limit) return a.limit < b.limit;
    if (a.parameters != b.parameters) return a.parameters > b.parameters;
    return is_list ? a.place < b.place : a.place > b.place;
  });
  std::vector<Setting> out;
  std::optional<std::int64_t> most;
  for (const Entry &entry : entries) {
    if (most && entry.parameters <= *most) continue;
    most = entry.parameters;
    out.push_back(problem.setting(steps[entry.place]));
  }
  return out;
}

} // namespace

std::vector<std::int64_t> geometric_limits(std::int64_t least, std::int64_t most, std::size_t points) {
  assert(1 <= least && least <= most && points >= kFewestPoints);
  std::vector<std::int64_t> out{least};
  const long double ratio = static_cast<long double>(most) / static_cast<long double>(least);
  for (std::size_t i = 1; i < points; ++i) {
    const long double share = static_cast<long double>(i) / static_cast<long double>(points - 1);
    const long double limit = std::round(static_cast<long double>(least) * std::pow(ratio, share));
    const bool is_end = i + 1 == points || limit >= static_cast<long double>(most);
    const std::int64_t whole = is_end ? most : static_cast<std::int64_t>(limit);
    if (whole > out.back()) out.push_back(whole);
  }
  return out;
}

std::vector<Solution> pareto(const Network &network, const MixedRequest &request, const Quantity &quantity, std::size_t points,
                             const Control &control, const PointSolved &solved) {
  check_points(points);
  return Front(network, request, quantity, points, control, solved).run();
}

Budget front_budget(const Quantity &quantity, const Setting &plan) {
  return limit_on(quantity, rounded_up(plan.costs.at(quantity)));
}

Solution front_plan(const Network &network, const SolveRequest &request, const UniformFront &front, std::size_t place) {
  const Setting &plan = front.plans[place];
  SolveRequest own = request;
  own.budgets.push_back(front_budget(front.quantity, plan));
  Solution out = solve_uniform(network, own);
  if (!out.uniform->answer || out.uniform->answer->text != plan.text)
    throw std::logic_error(
        fmt::format("{} is on the front, and not the answer within {}", plan.text, own.budgets.back().written));
  return out;
}

UniformFront uniform_front(const Network &network, const SolveRequest &request, const Quantity &quantity,
                           std::optional<std::size_t> points) {
  if (points) check_points(*points);
  SolveRequest asked = request; // with a limit that does not bind
  asked.budgets.push_back(limit_on(quantity, std::numeric_limits<std::int64_t>::max()));
  SolveSetting setting = resolve_budgets(network, asked.budgets, asked.conventions);
  UniformFront out{.quantity = setting.budgets.back().quantity, .plans = {}, .steps = 0, .none = {}};
  for (std::size_t i = 0; i + 1 < setting.budgets.size(); ++i) {
    refuse_same_quantity(setting.budgets[i], out.quantity);
    if (setting.budgets[i].relation == Relation::kNearest)
      throw Error(ErrorCode::kUsage, fmt::format("budget {}", setting.budgets[i].written),
                  "~ (nearest) is of one plan; of many <= and >= would be accepted");
  }
  std::vector<Lowered::Kept> kept;
  auto problem = make_uniform_problem(network, asked, setting, kept);
  const bool is_bound = std::any_of(request.budgets.begin(), request.budgets.end(),
                                    [](const Budget &budget) { return budget.relation == Relation::kAtMost; });
  if (problem->axis() == UniformProblem::Axis::kWhole && !is_bound) {
    asked.budgets.back() = limit_on(out.quantity, rounded_up(setting.original.at(out.quantity)));
    setting.budgets.back() = asked.budgets.back();
    kept.clear();
    problem = make_uniform_problem(network, asked, setting, kept);
  }
  const bool is_list = problem->axis() == UniformProblem::Axis::kEnumerated;
  const auto steps = list_steps(*problem, is_list ? std::numeric_limits<std::size_t>::max() : kMostPoints);
  if (steps.empty()) {
    // Without the limit, unless that is what cannot be met.
    out.none = solve_uniform(network, request.budgets.empty() ? asked : request);
    if (out.none->costs) out.none = solve_uniform(network, asked);
    return out;
  }
  // Only an end makes a list of a setting without one.
  if (problem->axis() == UniformProblem::Axis::kWhole && steps.size() > kMostPoints &&
      problem->value(problem->cost(steps.front().first), out.quantity) ==
          problem->value(problem->cost(steps.back().first), out.quantity))
    throw Error(
        ErrorCode::kInvalidConfig, out.quantity.text(),
        fmt::format("it does not grow with the setting of {}, so there is no largest plan; a budget of parameters would be "
                    "accepted",
                    request.substitution));
  const bool is_listed = is_list || steps.size() <= kMostPoints;
  if (is_listed) out.plans = undominated(*problem, steps, out.quantity);
  if (!points) {
    if (!is_listed || out.plans.size() > kMostPoints)
      throw Error(
          ErrorCode::kLimit, request.substitution,
          fmt::format("it has more than {} plans; --points N, for those of so many limits that are spaced geometrically, "
                      "would be accepted",
                      kMostPoints));
    out.steps = steps.size();
    return out;
  }
  const auto limit_of = [&](const Setting &plan) {
    return std::max<std::int64_t>(front_budget(out.quantity, plan).limit.whole(), 1);
  };
  if (is_listed) {
    const std::vector<Setting> all = std::exchange(out.plans, {});
    std::size_t place = 0;
    std::optional<std::size_t> taken;
    for (const std::int64_t limit : geometric_limits(limit_of(all.front()), limit_of(all.back()), *points)) {
      while (place + 1 < all.size() && limit_of(all[place + 1]) <= limit) ++place;
      if (taken != place) out.plans.push_back(all[place]);
      taken = place;
    }
    return out;
  }
  // Too many to list: a fit for each limit, from the least to what is had without one.
  const auto fit = [&](const Budget &budget) {
    SolveRequest own = asked;
    own.budgets.back() = budget;
    return std::move(solve_uniform(network, own).uniform->answer);
  };
  const std::int64_t least = limit_of(problem->setting(steps.front()));
  const std::int64_t most = limit_of(*fit(asked.budgets.back()));
  for (const std::int64_t limit : geometric_limits(least, most, *points)) {
    auto plan = fit(limit_on(out.quantity, limit));
    if (plan && (out.plans.empty() || plan->costs.parameters() > out.plans.back().costs.parameters()))
      out.plans.push_back(std::move(*plan));
  }
  return out;
}

} // namespace pare

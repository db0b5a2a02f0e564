#include "solver/uniform/staircase.hpp"

#include "base/bisect.hpp"
#include "base/error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace pare {

namespace {

const Budget *nearest_of(const UniformProblem &problem) {
  for (const Budget &budget : problem.budgets())
    if (budget.relation == Relation::kNearest) return &budget;
  return nullptr;
}

/// The first budget that a cost breaks; with a relation, the first of those.
const Budget *broken(const UniformProblem &problem, const CostRow &cost, std::optional<Relation> only = {}) {
  for (const Budget &budget : problem.budgets())
    if ((!only || budget.relation == *only) && !budget.holds(problem.value(cost, budget))) return &budget;
  return nullptr;
}

/// "parameters 809226 > 800000": how a budget is broken.
std::string breach(const Budget &budget, const Count &value) {
  return fmt::format("{} {} {} {}", budget.quantity.text(), value.to_string(),
                     budget.relation == Relation::kAtLeast ? '<' : '>', budget.limit.to_string());
}

/// Why `next` is not the answer, where the answer is `answer`.
std::string reason_against(const UniformProblem &problem, const CostRow &next, const CostRow &answer) {
  if (const Budget *budget = broken(problem, next)) return breach(*budget, problem.value(next, *budget));
  if (const Budget *nearest = nearest_of(problem))
    return fmt::format("{} {} is {} from {}, the answer {}", nearest->quantity.text(),
                       problem.value(next, *nearest).to_string(),
                       apart(problem.value(next, *nearest), nearest->limit).to_string(), nearest->limit.to_string(),
                       apart(problem.value(answer, *nearest), nearest->limit).to_string());
  return "not larger";
}

/// What is spoken of: "setting", or "setting up to width=4 (4 times the network's own)".
std::string any_setting(const UniformProblem &problem) {
  const std::string searched = problem.searched();
  return searched.empty() ? "setting" : fmt::format("setting {}", searched);
}

/// Fills in what an answer proves.
void prove(const UniformProblem &problem, const CostRow &answer, UniformResult &result) {
  const Budget *nearest = nearest_of(problem);
  result.termination.reason = Reason::kOptimal;
  result.termination.gap = Count(0);
  result.termination.bound =
      nearest != nullptr ? apart(problem.value(answer, *nearest), nearest->limit) : problem.value(answer, Quantity{});
  const std::string setting = any_setting(problem);
  const std::string what = nearest != nullptr ? fmt::format("no {} is nearer to {}", setting, nearest->text())
                                              : fmt::format("no {} with more parameters meets the budgets", setting);
  result.termination.detail =
      result.next ? fmt::format("{}: the next one up, {}, does not do ({})", what, result.next->text, result.next_reason)
                  : fmt::format("{}: this is the largest {}", what,
                                problem.searched().empty() ? "there is" : "of these, and wider ones were not tried");
}

/// `nearest`: the least that a setting has, or for >= the most.
void infeasible(const UniformProblem &problem, const Budget &budget, const Count &nearest, UniformResult &result) {
  const std::string searched = problem.searched();
  result.termination.reason = Reason::kInfeasible;
  result.termination.detail =
      fmt::format("even the {} setting {} has {}", budget.relation == Relation::kAtLeast ? "largest" : "smallest",
                  searched.empty() ? "that every one of these layers accepts" : searched, breach(budget, nearest));
}

/// A range of ordered settings: doubles by their bits, or whole numbers.
class Axis {
public:
  explicit Axis(UniformProblem &problem) : problem_(problem), real_(problem.axis() == UniformProblem::Axis::kReal) {}

  std::uint64_t ordinal(double setting) const { return real_ ? ordinal_of(setting) : static_cast<std::uint64_t>(setting); }
  double setting(std::uint64_t ordinal) const { return real_ ? from_ordinal(ordinal) : static_cast<double>(ordinal); }
  std::uint64_t first() const { return ordinal(problem_.least()); }
  std::uint64_t last() const { return ordinal(problem_.most()); }

  /// The last ordinal in [low, last()] for which `holds`: it holds at low, and once false stays false. Gallops away from
  /// `start`, then bisects.
  template <class Holds>
  std::uint64_t last_where(std::uint64_t low, std::uint64_t start, const Holds &holds) const {
    std::uint64_t good = low;
    std::uint64_t bad = last() + 1;
    std::uint64_t probe = std::clamp(start, low, last());
    for (std::uint64_t step = 1; bad - good > 1; step *= 2) {
      if (probe <= good || probe >= bad) break;
      if (holds(probe)) {
        good = probe;
        probe = bad - good > step ? good + step : good + (bad - good) / 2;
      } else {
        bad = probe;
        probe = bad - good > step ? bad - step : good + (bad - good) / 2;
      }
    }
    return first_where(good, bad, [&](std::uint64_t at) { return !holds(at); }) - 1;
  }

  /// The plateau that an ordinal begins; whole numbers are plateaus of their own.
  UniformProblem::Plateau plateau_from(std::uint64_t begin) const {
    const double first = setting(begin);
    return {first, real_ ? problem_.next(first) : first};
  }
  /// That which an ordinal lies on.
  UniformProblem::Plateau plateau(std::uint64_t at) const {
    if (!real_) return plateau_from(at);
    const Structure own = problem_.structure(setting(at));
    return plateau_from(first_where(first() - 1, at, [&](std::uint64_t o) { return problem_.structure(setting(o)) == own; }));
  }
  std::uint64_t end_of(const UniformProblem::Plateau &plateau, std::uint64_t at) const {
    return real_ ? ordinal(plateau.end) : at + 1;
  }

private:
  UniformProblem &problem_;
  bool real_;
};

} // namespace

UniformResult solve_monotone(UniformProblem &problem, const std::optional<double> &hint) {
  UniformResult result;
  const Axis axis(problem);
  const Budget &first_budget = problem.budgets().front();
  const auto cost = [&](std::uint64_t ordinal) { return problem.cost(axis.setting(ordinal)); };
  const bool endless = problem.axis() == UniformProblem::Axis::kWhole;

  const CostRow smallest = cost(axis.first());
  result.smallest = problem.value(smallest, first_budget);
  if (!endless) result.largest = problem.value(cost(axis.last()), first_budget);

  if (const Budget *budget = broken(problem, smallest, Relation::kAtMost)) {
    infeasible(problem, *budget, problem.value(smallest, *budget), result);
    result.above = problem.setting(axis.plateau(axis.first()));
    return result;
  }

  const std::uint64_t middle = axis.first() + (axis.last() - axis.first()) / 2;
  const std::uint64_t start = hint ? axis.ordinal(*hint) : endless ? axis.first() + 1 : middle;
  // What does not fit in 64 bits is over any limit.
  const auto last_where = [&](std::uint64_t from, const auto &holds) {
    return axis.last_where(from, start, [&](std::uint64_t o) {
      try {
        return holds(cost(o));
      } catch (const Error &error) {
        if (error.code() != ErrorCode::kOverflow) throw;
        return false;
      }
    });
  };
  std::uint64_t answer =
      last_where(axis.first(), [&](const CostRow &c) { return broken(problem, c, Relation::kAtMost) == nullptr; });
  // What costs least of all that is within the limits is what meets every >=, if anything does.
  const std::uint64_t least = broken(problem, smallest, Relation::kAtLeast) == nullptr
                                  ? axis.first()
                                  : first_where(axis.first(), answer, [&](std::uint64_t o) {
                                      return broken(problem, cost(o), Relation::kAtLeast) == nullptr;
                                    });
  if (const CostRow most = cost(answer); const Budget *budget = broken(problem, most, Relation::kAtLeast)) {
    infeasible(problem, *budget, problem.value(most, *budget), result);
    const UniformProblem::Plateau plateau = axis.plateau(answer);
    result.below = problem.setting(plateau);
    if (const std::uint64_t end = axis.end_of(plateau, answer); end <= axis.last()) {
      result.above = problem.setting(axis.plateau(end));
      result.termination.detail = fmt::format("the largest setting within the other budgets, {}, has {}", result.below->text,
                                              breach(*budget, problem.value(most, *budget)));
    }
    return result;
  }
  if (const Budget *nearest = nearest_of(problem)) {
    const auto value = [&](const CostRow &c) { return problem.value(c, *nearest); };
    const std::uint64_t most = answer;
    const auto at_most = [&](const Count &limit) {
      return std::min(most, last_where(least, [&](const CostRow &c) { return value(c) <= limit; }));
    };
    // Below the target or on it, and the first value above it; on a tie the one that is not over.
    answer = at_most(std::max(nearest->limit, value(cost(least))));
    if (answer < most) {
      const Count above = value(cost(answer + 1));
      if (apart(above, nearest->limit) < apart(value(cost(answer)), nearest->limit)) answer = at_most(above);
    }
  }
  // Without end, only a budget may stop the search, not what 64 bits hold.
  const auto overflows = [&](std::uint64_t o) {
    try {
      (void)cost(o);
      return false;
    } catch (const Error &error) {
      if (error.code() != ErrorCode::kOverflow) throw;
      return true;
    }
  };
  if (endless && (answer == axis.last() || overflows(answer + 1)))
    throw Error(ErrorCode::kInvalidConfig, "budget",
                "no budget grows with this setting, so there is no largest one; a budget of parameters would be accepted");

  const UniformProblem::Plateau plateau = axis.plateau(answer);
  result.answer = problem.setting(plateau);
  const CostRow found = cost(answer);
  if (const std::uint64_t end = axis.end_of(plateau, answer); end <= axis.last()) {
    result.next = problem.setting(axis.plateau(end));
    result.next_reason = reason_against(problem, cost(end), found);
  }
  prove(problem, found, result);
  return result;
}

void over_steps(UniformProblem &problem, const std::function<bool(const UniformProblem::Plateau &)> &visit) {
  if (problem.axis() == UniformProblem::Axis::kEnumerated) {
    for (const UniformProblem::Plateau &plateau : problem.plateaus())
      if (!visit(plateau)) return;
    return;
  }
  const Axis axis(problem);
  for (std::uint64_t at = axis.first(); at <= axis.last();) {
    const UniformProblem::Plateau plateau = axis.plateau_from(at);
    if (!visit(plateau)) return;
    at = axis.end_of(plateau, at);
  }
}

UniformProblem::Plateau step_at(UniformProblem &problem, double setting) {
  const Axis axis(problem);
  return axis.plateau(axis.ordinal(setting));
}

std::vector<UniformProblem::Plateau> list_steps(UniformProblem &problem, std::size_t most) {
  std::vector<UniformProblem::Plateau> out;
  const bool is_list = problem.axis() == UniformProblem::Axis::kEnumerated;
  over_steps(problem, [&](const UniformProblem::Plateau &plateau) {
    const CostRow cost = problem.cost(plateau.first);
    if (!is_list && broken(problem, cost, Relation::kAtMost) != nullptr) return false; // and so is all that follows
    if (broken(problem, cost) == nullptr) out.push_back(plateau);
    return out.size() <= most;
  });
  return out;
}

UniformResult solve_enumerated(UniformProblem &problem) {
  UniformResult result;
  const Budget &first_budget = problem.budgets().front();
  const Budget *nearest = nearest_of(problem);

  struct Entry {
    UniformProblem::Plateau plateau;
    CostRow cost;
  };
  std::vector<Entry> entries;
  for (const UniformProblem::Plateau &plateau : problem.plateaus()) entries.push_back({plateau, problem.cost(plateau.first)});

  const auto better = [&](const Entry &a, const Entry &b) {
    if (nearest != nullptr) {
      const Count va = problem.value(a.cost, *nearest);
      const Count vb = problem.value(b.cost, *nearest);
      const Count da = apart(va, nearest->limit);
      const Count db = apart(vb, nearest->limit);
      if (!(da == db)) return da < db;
      if (!(va == vb)) return va < vb; // on a tie the one that is not over
    }
    return problem.value(a.cost, Quantity{}) > problem.value(b.cost, Quantity{});
  };
  const Entry *answer = nullptr;
  for (const Entry &entry : entries)
    if (broken(problem, entry.cost) == nullptr && (answer == nullptr || better(entry, *answer))) answer = &entry;

  result.smallest = problem.value(entries.front().cost, first_budget);
  result.largest = result.smallest;
  for (const Entry &entry : entries) {
    const Count value = problem.value(entry.cost, first_budget);
    result.smallest = std::min(result.smallest, value);
    result.largest = std::max(*result.largest, value);
  }
  if (answer == nullptr) {
    // The first budget that nothing meets, or else the first: what comes nearest to it.
    const Budget *failing = nullptr;
    for (const Budget &budget : problem.budgets())
      if (failing == nullptr && std::none_of(entries.begin(), entries.end(),
                                             [&](const Entry &e) { return budget.holds(problem.value(e.cost, budget)); }))
        failing = &budget;
    const bool alone = failing != nullptr;
    if (!alone) failing = &first_budget;
    const auto value = [&](const Entry &e) { return problem.value(e.cost, *failing); };
    const bool at_least = failing->relation == Relation::kAtLeast;
    const Entry *below = nullptr;
    const Entry *above = nullptr;
    for (const Entry &entry : entries) {
      if (failing->holds(value(entry)) != at_least) {
        if (below == nullptr || value(entry) > value(*below)) below = &entry;
      } else if (above == nullptr || value(entry) < value(*above)) {
        above = &entry;
      }
    }
    if (below != nullptr) result.below = problem.setting(below->plateau);
    if (above != nullptr) result.above = problem.setting(above->plateau);
    if (alone)
      infeasible(problem, *failing, value(at_least ? *below : *above), result);
    else
      result.termination.detail = fmt::format("each budget can be met, but no {} meets all of them", any_setting(problem));
    result.termination.reason = Reason::kInfeasible;
    return result;
  }
  result.answer = problem.setting(answer->plateau);
  const Entry *next = nullptr;
  const auto parameters = [&](const Entry &e) { return problem.value(e.cost, Quantity{}); };
  for (const Entry &entry : entries)
    if (parameters(entry) > parameters(*answer) && (next == nullptr || parameters(entry) < parameters(*next))) next = &entry;
  if (next != nullptr) {
    result.next = problem.setting(next->plateau);
    result.next_reason = reason_against(problem, next->cost, answer->cost);
  }
  prove(problem, answer->cost, result);
  return result;
}

} // namespace pare

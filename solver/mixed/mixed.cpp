#include "solver/mixed/mixed.hpp"

#include "analysis/cost_model.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "solver/mixed/mixed_solver.hpp"
#include "solver/mixed/ties.hpp"
#include "solver/proof.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <stdexcept>
#include <utility>

namespace pare {

namespace {

/// What is left of a limit of time that several searches share.
class SharedControl {
public:
  explicit SharedControl(const Control &control) : control_(control), begin_(Clock::now()) {}

  Control rest() const {
    Control out = control_;
    if (out.time_limit_seconds) out.time_limit_seconds = std::max(0.0, *out.time_limit_seconds - seconds());
    return out;
  }
  /// Of searches beside the main one, about which nothing is said.
  Control silent() const {
    Control out = rest();
    out.progress = nullptr;
    return out;
  }

private:
  using Clock = std::chrono::steady_clock;
  double seconds() const { return std::chrono::duration<double>(Clock::now() - begin_).count(); }

  const Control &control_;
  Clock::time_point begin_;
};

/// The layers that take most of a <= budget at their cheapest.
void add_binding(const CandidateTable &table, std::size_t budget, std::vector<Binding> &out) {
  constexpr std::size_t kMost = 5;
  std::vector<Binding> all;
  for (std::size_t l = 0; l < table.layers.size(); ++l) {
    const CandidateTable::Layer &layer = table.layers[l];
    std::size_t cheapest = 0;
    for (std::size_t c = 1; c < layer.size(); ++c)
      if (table.cost(l, c, budget) < table.cost(l, cheapest, budget)) cheapest = c;
    for (const std::string &name : layer.names)
      all.push_back(
          {.budget = budget, .layer = name, .candidate = layer.texts[cheapest], .cost = table.cost(l, cheapest, budget)});
  }
  std::stable_sort(all.begin(), all.end(), [](const Binding &a, const Binding &b) { return a.cost > b.cost; });
  all.resize(std::min(all.size(), kMost));
  out.insert(out.end(), all.begin(), all.end());
}

/// What could be had where all cannot.
void explain(const MixedProblem &problem, const MixedSolver &solver, const SharedControl &control, MixedAnswer &out) {
  const CandidateTable table = *problem.table(true);
  for (std::size_t j = 0; j < table.budgets.size(); ++j) {
    Relaxation relaxation{.budget = j, .alone = nearest_alone(table, j), .with_others = {}, .is_proven = true};
    if (table.budgets.size() == 1) {
      relaxation.with_others = relaxation.alone;
    } else {
      const CandidateTable others = towards(table, j);
      // The answer is known, and nobody waits long for what is said beside it.
      constexpr std::size_t kMostBytes = std::size_t{1} << 24;
      constexpr double kMostSeconds = 5;
      Control little = control.silent();
      little.memory_bytes = std::min(little.memory_bytes, kMostBytes);
      little.time_limit_seconds = std::min(little.time_limit_seconds.value_or(kMostSeconds), kMostSeconds);
      const MixedResult nearest = solver.solve(others, little);
      if (nearest.value) relaxation.with_others = -table.budgets[j].sign() * *nearest.value;
      const bool is_claim = nearest.reason == Reason::kOptimal || nearest.reason == Reason::kInfeasible;
      const Choice *choice = nearest.choice ? &*nearest.choice : nullptr;
      relaxation.is_proven = is_claim && prove(others, nearest.certificate, choice, little).proven >= Proven::kOptimal;
    }
    const bool is_met = table.budgets[j].sign() * relaxation.alone <= table.budgets[j].sign() * table.budgets[j].limit;
    if (!table.budgets[j].at_least && (!is_met || table.budgets.size() > 1)) add_binding(table, j, out.binding);
    out.relaxations.push_back(relaxation);
  }
}

class Solving {
public:
  Solving(const Network &network, const MixedProblem &problem, const Control &control)
      : network_(network), problem_(problem), solver_(find_mixed_solver(problem.request().method)), control_(control) {}

  Solution run() {
    const SolveSetting &setting = problem_.setting();
    Solution out = unsolved(network_, setting);
    answer_ = &out.mixed.emplace(problem_.unanswered());
    if (problem_.request().objective == Objective::kBalanced)
      find_level();
    else
      solve(*problem_.table(), MixedProblem::From::kAll, {0, 1});
    report(out);
    return out;
  }

private:
  void solve(const CandidateTable &table, MixedProblem::From from, const Level &level) {
    check_table(table);
    take(solver_.solve(table, control_.rest()), table, from, level);
  }

  void take(MixedResult result, const CandidateTable &table, MixedProblem::From from, const Level &level) {
    result_ = std::move(result);
    from_ = from;
    level_ = level;
    answer_->certificate = result_.certificate;
    answer_->value = result_.value;
    answer_->proof = prove_result(table);
  }

  /// Nothing is called optimal or infeasible that was not proven apart from the search.
  Proof prove_result(const CandidateTable &table) {
    const bool is_claim = result_.reason == Reason::kOptimal || result_.reason == Reason::kInfeasible;
    if (result_.reason == Reason::kUnknown) return {};
    Control control = control_.silent();
    // What is claimed at the last moment has a moment to be proven.
    constexpr double kLeast = 0.1;
    if (control.time_limit_seconds) control.time_limit_seconds = std::max(*control.time_limit_seconds, kLeast);
    Proof proof = prove(table, result_.certificate, result_.choice ? &*result_.choice : nullptr, control,
                        is_claim ? Proven::kOptimal : Proven::kBound);
    if (proof.refuted) throw std::logic_error(fmt::format("the search's answer is refuted: {}", proof.detail));
    if (!is_claim) return proof;
    const bool is_proven = proof.proven == Proven::kOptimal || proof.proven == Proven::kInfeasible;
    if (!is_proven) {
      result_.reason = result_.choice ? Reason::kFeasible : Reason::kUnknown;
      result_.limit = proof.limit == Limit::kNone ? Limit::kMemory : proof.limit;
      result_.bound = proof.bound;
    }
    return proof;
  }

  /// The highest level at which there is a plan: fewer candidates never make one.
  void find_level() {
    using From = MixedProblem::From;
    const std::vector<Level> levels = problem_.levels();
    if (levels.empty()) { // nothing is chosen
      solve(*problem_.table(), From::kAll, {0, 1});
      return;
    }
    // Of a level that some layer has no candidate of, that it cannot be met; no multipliers are needed.
    const auto search = [&](From from, const Level &level) {
      const auto table = problem_.table(false, from, level);
      if (!table) {
        std::vector<std::int64_t> multipliers(problem_.setting().budgets.size());
        return MixedResult{.reason = Reason::kInfeasible,
                           .limit = Limit::kNone,
                           .choice = {},
                           .value = {},
                           .bound = {},
                           .certificate = {.shift = 30, .multipliers = std::move(multipliers), .value = {}}};
      }
      check_table(*table);
      Control control = control_.silent();
      control.relative_gap = std::numeric_limits<double>::infinity();
      return solver_.solve(*table, control);
    };
    // Of all candidates first: whether there is a plan, and one to be had where time is short. Any plan will do.
    MixedResult found = search(From::kAtLevel, levels.front());
    std::size_t good = 0;
    std::size_t bad = found.choice ? levels.size() : 1; // it cannot be met, or is not known to be
    while (bad - good > 1) {
      const std::size_t middle = good + (bad - good) / 2;
      MixedResult result = search(From::kAtLevel, levels[middle]);
      if (result.choice) {
        good = middle;
        found = std::move(result);
      } else {
        bad = middle;
      }
    }
    const Level level = levels[good];
    const CandidateTable table = *problem_.table(false, From::kAtLevel, level);
    if (found.choice) {
      MixedResult best = solver_.solve(table, control_.rest());
      if (best.choice)
        found = std::move(best);
      else if (found.reason != Reason::kOptimal)
        found.limit = best.limit; // which came before it found what the first search had
    }
    take(std::move(found), table, From::kAtLevel, level);
    if (!result_.choice) return;
    answer_->level = level;
    if (good + 1 == levels.size()) return; // nothing keeps more
    answer_->next_level = levels[good + 1];
    const MixedResult above = search(From::kAboveLevel, level);
    Limit limit = above.limit;
    bool is_proven = false;
    if (above.reason == Reason::kInfeasible) {
      const auto next = problem_.table(false, From::kAboveLevel, level);
      const Proof proof = next ? prove(*next, above.certificate, nullptr, control_.silent()) : Proof{};
      is_proven = !next || proof.proven == Proven::kInfeasible;
      limit = proof.limit;
    }
    if (is_proven) {
      answer_->next_certificate = above.certificate;
      return;
    }
    if (result_.reason != Reason::kOptimal) return;
    result_.reason = Reason::kFeasible;
    result_.limit = limit == Limit::kNone ? Limit::kMemory : limit;
  }

  void report(Solution &out) {
    out.termination.reason = result_.reason;
    out.termination.limit = result_.limit;
    if (result_.bound && result_.reason != Reason::kInfeasible) out.termination.bound = Count(*result_.bound);
    if (result_.bound && result_.value) out.termination.gap = Count(*result_.bound - *result_.value);
    if (result_.choice) {
      out.plan = problem_.plan(*result_.choice, from_, level_);
      out.costs = costs_of(network_.graph, out.plan, out.conventions);
      for (const Budget &budget : out.budgets)
        if (const Count &cost = out.costs->at(budget.quantity); !budget.holds(cost))
          throw std::logic_error(fmt::format("the plan's lowered graph has {} {}, and {} must hold", budget.quantity.text(),
                                             cost.to_string(), budget.text()));
      for (const auto &[layer, substitute] : out.plan.layers)
        if (substitute == baseline_substitute())
          out.kept.push_back({layer, problem_.is_settled(layer) ? "not chosen for" : "chosen as it is"});
    }
    // Where every layer came to the same.
    const auto &layers = out.plan.layers;
    if (!layers.empty() &&
        std::all_of(layers.begin(), layers.end(), [&](const auto &layer) { return layer.second == layers.begin()->second; }))
      out.substitution = layers.begin()->second.text();
    if (result_.reason == Reason::kInfeasible) explain(problem_, solver_, control_, *answer_);
    out.termination.detail = problem_.sentence(out.termination, *answer_);
  }

  const Network &network_;
  const MixedProblem &problem_;
  const MixedSolver &solver_;
  SharedControl control_;
  MixedAnswer *answer_ = nullptr;
  MixedResult result_;
  MixedProblem::From from_ = MixedProblem::From::kAll;
  Level level_{0, 1};
};

} // namespace

Solution solve_mixed(const Network &network, const MixedProblem &problem, const Control &control) {
  return Solving(network, problem, control).run();
}

Solution solve_mixed(const Network &network, const MixedRequest &request, const Control &control) {
  return solve_mixed(network, MixedProblem(network, request), control);
}

} // namespace pare

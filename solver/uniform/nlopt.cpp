#include "base/error.hpp"
#include "solver/solver.hpp"
#include "solver/uniform/staircase.hpp"

#include <nlopt.hpp>

#include <algorithm>
#include <cmath>

namespace pare {

namespace {

/// The continuous relaxation: what is over its limit, at knots, and straight lines between them.
class Smoothed {
public:
  explicit Smoothed(UniformProblem &problem) {
    constexpr int kKnots = 65;
    const bool whole = problem.axis() == UniformProblem::Axis::kWhole;
    double setting = problem.least();
    double step = whole ? 1 : (problem.most() - setting) / (kKnots - 1);
    for (int i = 0; i < kKnots && setting <= problem.most(); ++i) {
      try {
        settings_.push_back(setting);
        excess_.push_back(excess(problem, setting));
      } catch (const Error &error) {
        if (error.code() != ErrorCode::kOverflow) throw;
        settings_.pop_back();
        break;
      }
      // Without end, the knots go on until they are over.
      if (whole && excess_.back() > 0) break;
      setting = !whole && i == kKnots - 2 ? problem.most() : setting + step;
      if (whole) step *= 2;
    }
  }

  double first() const { return settings_.front(); }
  double last() const { return settings_.back(); }
  /// The largest of (value - limit) / limit over the budgets; negative where all hold.
  double at(double setting) const {
    const auto upper = std::upper_bound(settings_.begin(), settings_.end(), setting);
    if (upper == settings_.end()) return excess_.back();
    if (upper == settings_.begin()) return excess_.front();
    const auto i = static_cast<std::size_t>(upper - settings_.begin());
    const double share = (setting - settings_[i - 1]) / (settings_[i] - settings_[i - 1]);
    return excess_[i - 1] + share * (excess_[i] - excess_[i - 1]);
  }

private:
  static double excess(UniformProblem &problem, double setting) {
    const CostRow cost = problem.cost(setting);
    double out = -1;
    for (const Budget &budget : problem.budgets()) {
      if (budget.relation == Relation::kAtLeast) continue; // what is largest meets it, if anything does
      const double limit = budget.limit.to_double();
      out = std::max(out, (problem.value(cost, budget).to_double() - limit) / std::max(limit, 1.0));
    }
    return out;
  }

  std::vector<double> settings_;
  std::vector<double> excess_;
};

class Nlopt final : public UniformSolver {
public:
  const SolverInfo &info() const override {
    static const SolverInfo info{.name = "nlopt",
                                 .description =
                                     "NLopt (COBYLA) on a continuous relaxation, then an exact repair from there; for settings "
                                     "along which costs never fall"};
    return info;
  }
  UniformResult solve(UniformProblem &problem) const override {
    if (problem.axis() == UniformProblem::Axis::kEnumerated)
      throw Error(ErrorCode::kInvalidConfig, "method",
                  "nlopt needs costs that never fall with the setting; exact would be accepted");
    const Smoothed smoothed(problem);
    std::optional<double> hint;
    if (smoothed.last() > smoothed.first()) {
      // The largest setting that is not over.
      nlopt::opt optimizer(nlopt::LN_COBYLA, 1);
      optimizer.set_lower_bounds(smoothed.first());
      optimizer.set_upper_bounds(smoothed.last());
      optimizer.set_max_objective(
          [](const std::vector<double> &x, std::vector<double> & /*gradient*/, void * /*data*/) { return x[0]; }, nullptr);
      optimizer.add_inequality_constraint([](const std::vector<double> &x, std::vector<double> & /*gradient*/,
                                             void *data) { return static_cast<const Smoothed *>(data)->at(x[0]); },
                                          const_cast<Smoothed *>(&smoothed), 1e-12);
      optimizer.set_xtol_rel(1e-9);
      optimizer.set_maxeval(500);
      std::vector<double> x = {smoothed.first() + (smoothed.last() - smoothed.first()) / 2};
      double objective = 0;
      try {
        optimizer.optimize(x, objective);
      } catch (const nlopt::roundoff_limited &) {
        // x is still the best point found, and the repair needs no more than a place to start.
      }
      hint = problem.axis() == UniformProblem::Axis::kWhole ? std::floor(x[0]) : x[0];
    }
    return solve_monotone(problem, hint);
  }
};

} // namespace

const UniformSolver &solver_nlopt() {
  static const Nlopt instance;
  return instance;
}

} // namespace pare

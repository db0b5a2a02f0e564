#include "solver/mixed/search.hpp"

#include <nlopt.hpp>

#include <cmath>
#include <exception>

namespace pare {

namespace {

/// What NLopt's callback sees.
struct DualFunction {
  const mixed::Relaxation &relaxation;
  mixed::Watch &watch;
  std::vector<double> &best;
  double least = HUGE_VAL;
  std::exception_ptr stopped; ///< kept over NLopt, which knows only its own exceptions
  nlopt::opt &optimizer;

  double operator()(const std::vector<double> &multipliers) {
    try {
      watch.worked(relaxation.work());
    } catch (const mixed::Stopped &) {
      stopped = std::current_exception();
      optimizer.force_stop();
      return least;
    }
    const double bound = mixed::Relaxation::bound(relaxation.best(true, multipliers), multipliers);
    if (bound < least) {
      least = bound;
      best = multipliers;
    }
    return bound;
  }
};

/// The dual is convex, and smooth almost nowhere: Subplex needs no derivative.
void minimise_by_nlopt(const mixed::Relaxation &relaxation, mixed::Watch &watch, std::vector<double> &multipliers) {
  if (multipliers.empty()) return;
  nlopt::opt optimizer(nlopt::LN_SBPLX, static_cast<unsigned>(multipliers.size()));
  DualFunction dual{.relaxation = relaxation, .watch = watch, .best = multipliers, .stopped = {}, .optimizer = optimizer};
  optimizer.set_lower_bounds(0.0);
  optimizer.set_initial_step(1);
  optimizer.set_min_objective([](const std::vector<double> &x, std::vector<double> & /*gradient*/,
                                 void *data) { return (*static_cast<DualFunction *>(data))(x); },
                              &dual);
  optimizer.set_xtol_rel(1e-12);
  optimizer.set_maxeval(static_cast<int>(400 * multipliers.size()));
  // Multipliers are about 1, scores and costs being scaled.
  std::vector<double> x(multipliers.size(), 1);
  double bound = 0;
  try {
    optimizer.optimize(x, bound);
  } catch (const nlopt::forced_stop &) {
    std::rethrow_exception(dual.stopped);
  } catch (const nlopt::roundoff_limited &) {
    // The best that it saw is kept, and any multipliers give a bound.
  }
}

class MixedNlopt final : public MixedSolver {
public:
  const MixedSolverInfo &info() const override {
    static const MixedSolverInfo info{
        .name = "nlopt",
        .description = "multipliers by NLopt (Subplex) on the Lagrangian dual, then as exact; the answer is proven"};
    return info;
  }
  MixedResult solve(const CandidateTable &table, const Control &control) const override {
    return mixed::search_mixed(table, control, minimise_by_nlopt);
  }
};

} // namespace

const MixedSolver &mixed_solver_nlopt() {
  static const MixedNlopt instance;
  return instance;
}

} // namespace pare

#include "solver/solver.hpp"
#include "solver/uniform/staircase.hpp"

namespace pare {

namespace {

class Exact final : public UniformSolver {
public:
  const SolverInfo &info() const override {
    static const SolverInfo info{.name = "exact",
                                 .description =
                                     "bisects the settings in their own order, or lists them where costs go up and down; the "
                                     "answer is proven"};
    return info;
  }
  UniformResult solve(UniformProblem &problem) const override {
    return problem.axis() == UniformProblem::Axis::kEnumerated ? solve_enumerated(problem) : solve_monotone(problem);
  }
};

} // namespace

const UniformSolver &solver_exact() {
  static const Exact instance;
  return instance;
}

} // namespace pare

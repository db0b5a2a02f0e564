#include "solver/mixed/search.hpp"

namespace pare {

namespace {

class MixedExact final : public MixedSolver {
public:
  const MixedSolverInfo &info() const override {
    static const MixedSolverInfo info{
        .name = "exact",
        .description = "multipliers by Dantzig-Wolfe decomposition, then all plans that could be better than the best, by "
                       "dynamic programming; the answer is proven"};
    return info;
  }
  MixedResult solve(const CandidateTable &table, const Control &control) const override {
    return mixed::search_mixed(table, control,
                               [](const mixed::Relaxation &relaxation, mixed::Watch &watch, std::vector<double> &multipliers) {
                                 mixed::minimise_dual(relaxation, true, watch, multipliers);
                               });
  }
};

} // namespace

const MixedSolver &mixed_solver_exact() {
  static const MixedExact instance;
  return instance;
}

} // namespace pare

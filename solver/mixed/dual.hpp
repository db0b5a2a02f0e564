#pragma once

#include "solver/mixed/instance.hpp"
#include "solver/mixed/watch.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace pare::mixed {

/// The Lagrangian dual in doubles, scaled so that scores and every cost have a range of 1 over all plans. Any multipliers give
/// a bound, which upper_bound() then evaluates exactly, so that nothing here is a matter of truth.
class Relaxation {
public:
  explicit Relaxation(const Instance &instance);

  /// A plan's value, and by how much it is over each limit.
  struct Plan {
    double score = 0;
    std::vector<double> excess;
  };
  std::size_t constraints() const { return cost_scale_.size(); }
  /// How many candidates best() looks at.
  std::size_t work() const { return work_; }
  /// The plan with the most score - sum_j m_j excess_j, which is then the bound; scores count for nothing unless `scored`.
  Plan best(bool scored, const std::vector<double> &multipliers) const;
  static double bound(const Plan &plan, const std::vector<double> &multipliers);

  /// The largest shift, 30 at most, at which sums of products with these multipliers fit in 128 bits.
  int shift_for(const std::vector<double> &multipliers) const;
  /// In units of score by units of cost, times 2^shift, rounded; no larger than what fits.
  std::vector<std::int64_t> whole(const std::vector<double> &multipliers, int shift) const;

private:
  double real(const std::vector<double> &multipliers, std::size_t j) const;
  double most(std::size_t j) const;

  struct Layer {
    double times = 1;
    std::vector<double> scores;
    std::vector<double> costs; ///< of candidate c from c * constraints() on
  };
  double score_scale_ = 1;
  std::vector<double> cost_scale_;
  std::vector<double> reach_;  ///< the largest size of a cost that comes up, not scaled
  std::vector<double> limits_; ///< scaled
  std::vector<Layer> layers_;
  std::size_t work_ = 0;
};

/// Improves `multipliers` until their bound is the least, as far as doubles tell: Dantzig-Wolfe decomposition, whose columns
/// are whole plans (Dantzig and Wolfe 1960). Without scores it ends as soon as a bound is below 0, which proves that there is
/// no plan, or as soon as there is none. What was found is in `multipliers` where it is stopped, too.
void minimise_dual(const Relaxation &relaxation, bool scored, Watch &watch, std::vector<double> &multipliers);

} // namespace pare::mixed

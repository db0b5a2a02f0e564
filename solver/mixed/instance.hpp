#pragma once

#include "base/wide.hpp"
#include "solver/candidate_table.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace pare::mixed {

/// A table as searches like it: every constraint is cost <= limit, those that always hold are left out, limits are values that
/// sums of costs can have as far as common divisors tell, and candidates that another beats or equals in everything are gone.
/// Its plans are plans of the table, one of its best among them; it has none where the table has none.
struct Instance {
  struct Layer {
    std::size_t times = 1;            ///< equal layers
    std::vector<std::uint32_t> ids;   ///< of each candidate, in the table
    std::vector<std::int64_t> costs;  ///< with the budgets' signs; of candidate c from c * constraints() on
    std::vector<std::int64_t> scores; ///< of each candidate
    std::vector<std::int64_t> least;  ///< of each constraint, over the candidates
    std::vector<std::int64_t> most;

    std::size_t size() const { return scores.size(); }
  };
  std::vector<std::size_t> budgets; ///< of each constraint, in the table
  std::vector<std::int64_t> limits; ///< of each constraint, with the sign
  std::vector<Layer> layers;        ///< as in the table
  /// Values of plans differ by multiples of this; 1 at least.
  std::int64_t score_step = 1;
  /// A budget that no plan meets, however it does in others.
  std::optional<std::size_t> impossible;

  std::size_t constraints() const { return limits.size(); }
};

/// The table is one that check_table() passes.
Instance make_instance(const CandidateTable &table);

/// A plan of an instance: of each layer, the candidates of its equal layers, as the instance counts them.
using Plan = std::vector<std::vector<std::uint32_t>>;

/// Multipliers to look at plans with. `unit` is what a point of score counts: 2^shift, or 0 where only costs matter.
struct Price {
  Wide unit = 0;
  std::vector<std::int64_t> multipliers; ///< >= 0, by constraint

  /// What a candidate is worth: unit * score - sum_j m_j cost_j.
  Wide worth(const Instance::Layer &layer, std::size_t candidate) const {
    Wide out = unit * layer.scores[candidate];
    for (std::size_t j = 0; j < multipliers.size(); ++j)
      out -= static_cast<Wide>(multipliers[j]) * layer.costs[candidate * multipliers.size() + j];
    return out;
  }
};

/// U: at least `unit` times the value of any plan; where it is below 0 with a unit of 0, there is no plan.
Wide upper_bound(const Instance &instance, const Price &price);

} // namespace pare::mixed

#include "solver/result.hpp"

namespace pare {

std::optional<Count> Costs::value(const Budget &budget) const {
  if (budget.metric == Metric::kParameters) return parameters;
  const auto found = mult_adds.find(budget.convention);
  return found == mult_adds.end() ? std::nullopt : std::optional(found->second);
}

std::optional<double> percent(const Count &part, const Count &whole) {
  if (whole.is_zero()) return std::nullopt;
  return 100 * part.to_double() / whole.to_double();
}

} // namespace pare

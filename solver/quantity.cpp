#include "solver/quantity.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>

namespace pare {

std::string Quantity::text() const {
  return metric == Metric::kMultAdds ? fmt::format("{}[{}]", to_string(metric), convention) : std::string(to_string(metric));
}

std::vector<Quantity> quantities(std::span<const Convention> conventions) {
  std::vector<Quantity> out{{.metric = Metric::kParameters}};
  for (const Convention &convention : conventions) out.push_back(Quantity::mult_adds(convention.name));
  out.push_back({.metric = Metric::kActivations});
  out.push_back({.metric = Metric::kStoredBytes});
  return out;
}

namespace {

/// The place of a quantity's convention.
std::size_t place_of(const Quantity &quantity, std::span<const Convention> conventions) {
  const auto found =
      std::find_if(conventions.begin(), conventions.end(), [&](const Convention &c) { return c.name == quantity.convention; });
  assert(found != conventions.end());
  return static_cast<std::size_t>(found - conventions.begin());
}

} // namespace

Count amount(const CostReport &report, const Quantity &quantity, std::span<const Convention> conventions) {
  switch (quantity.metric) {
  case Metric::kParameters: return report.parameters;
  case Metric::kActivations: return report.activation_elements;
  case Metric::kStoredBytes: return report.stored_bytes();
  case Metric::kMultAdds: break;
  }
  return report.mult_adds(conventions[place_of(quantity, conventions)]);
}

Count amount(const CandidateCosts &costs, std::size_t candidate, const Quantity &quantity,
             std::span<const Convention> conventions) {
  switch (quantity.metric) {
  case Metric::kParameters: return costs.parameters[candidate];
  case Metric::kActivations: return costs.activation_elements[candidate];
  case Metric::kStoredBytes: return costs.stored_bytes[candidate];
  case Metric::kMultAdds: break;
  }
  return costs.mult_adds_of(candidate)[place_of(quantity, conventions)];
}

std::vector<Count> amounts(const CandidateCosts &costs, std::size_t candidate) {
  std::vector<Count> out{costs.parameters[candidate]};
  const auto mult_adds = costs.mult_adds_of(candidate);
  out.insert(out.end(), mult_adds.begin(), mult_adds.end());
  out.emplace_back(costs.activation_elements[candidate]);
  out.emplace_back(costs.stored_bytes[candidate]);
  return out;
}

Costs::Costs(const CostReport &report, std::span<const Convention> conventions) {
  for (const Quantity &quantity : quantities(conventions)) set(quantity, amount(report, quantity, conventions));
}

std::optional<Count> Costs::find(const Quantity &quantity) const {
  const auto found = counts_.find(quantity);
  return found == counts_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<double> percent(const Count &part, const Count &whole) {
  if (whole.is_zero()) return std::nullopt;
  return 100 * part.to_double() / whole.to_double();
}

} // namespace pare

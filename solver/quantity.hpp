#pragma once

#include "analysis/convention.hpp"
#include "analysis/cost_model.hpp"
#include "analysis/site_costs.hpp"
#include "base/count.hpp"
#include "base/enums.hpp"

#include <array>
#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pare {

enum class Metric : std::uint8_t {
  kParameters,
  kMultAdds,    ///< by a convention, of one pass of the batch; work per batch is not in it
  kActivations, ///< elements of all tensors that ops make in one pass, views and dropout not counted
  kStoredBytes, ///< the tensor data of weights.safetensors, in its types
};
inline constexpr std::array kMetrics = {std::pair{Metric::kParameters, std::string_view("parameters")},
                                        std::pair{Metric::kMultAdds, std::string_view("mult-adds")},
                                        std::pair{Metric::kActivations, std::string_view("activations")},
                                        std::pair{Metric::kStoredBytes, std::string_view("stored-bytes")}};
constexpr std::string_view to_string(Metric metric) { return name_of(kMetrics, metric); }

/// What is counted, and how: no number without it.
struct Quantity {
  Metric metric = Metric::kParameters;
  std::string convention = {}; ///< of mult-adds; empty for the others

  static Quantity mult_adds(std::string_view convention) {
    return {.metric = Metric::kMultAdds, .convention = std::string(convention)};
  }
  /// "parameters", "mult-adds[macs]"
  std::string text() const;
  /// Whether layers that share parameters have it once, and not once for each that runs.
  bool is_of_parameters() const { return metric == Metric::kParameters || metric == Metric::kStoredBytes; }

  friend bool operator==(const Quantity &, const Quantity &) = default;
  friend auto operator<=>(const Quantity &, const Quantity &) = default;
};

/// All that Pare counts: parameters, mult-adds by each of these conventions, activations, stored bytes.
std::vector<Quantity> quantities(std::span<const Convention> conventions);
/// One of them. The convention of mult-adds is among `conventions`. Throws Error{kOverflow}.
Count amount(const CostReport &report, const Quantity &quantity, std::span<const Convention> conventions);

/// The same of one of some candidates.
Count amount(const CandidateCosts &costs, std::size_t candidate, const Quantity &quantity,
             std::span<const Convention> conventions);

/// All of it, in the order of quantities().
std::vector<Count> amounts(const CandidateCosts &costs, std::size_t candidate);

/// What a network costs, in each quantity that it was counted by.
class Costs {
public:
  Costs() = default;
  Costs(const CostReport &report, std::span<const Convention> conventions);

  void set(const Quantity &quantity, const Count &count) { counts_[quantity] = count; }
  /// None for a quantity that was not counted by.
  std::optional<Count> find(const Quantity &quantity) const;
  /// Of one that was. Throws std::out_of_range.
  const Count &at(const Quantity &quantity) const { return counts_.at(quantity); }
  std::int64_t parameters() const { return at({}).whole(); }
  const Count &mult_adds(std::string_view convention) const { return at(Quantity::mult_adds(convention)); }

  /// In the order of quantities, conventions by name.
  auto begin() const { return counts_.begin(); }
  auto end() const { return counts_.end(); }

private:
  std::map<Quantity, Count> counts_;
};

/// A share in percent of the whole; none of nothing.
std::optional<double> percent(const Count &part, const Count &whole);

} // namespace pare

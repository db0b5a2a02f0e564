#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace pare {

/// A multiple-choice knapsack (Sinha and Zoltners 1979), with several knapsacks: for each layer one of its candidates, each
/// with a cost in every budget and a score; all budgets must hold; the sum of the scores is maximised. All that a solver of
/// mixed plans sees, and what `pare.candidates/1` holds (solver/README.md). Costs and scores are whole numbers; sums of costs
/// over a choice are less than 2^63 in size, and of scores less than 2^62, which check_table() makes sure of.
struct CandidateTable {
  /// A limit on the sum of one cost. A window is two budgets.
  struct Budget {
    std::string quantity;  ///< "parameters", "mult-adds[macs]"
    bool at_least = false; ///< >=; else <=
    std::int64_t limit = 0;

    /// The sign with which cost and limit are counted, so that every constraint is sign * cost <= sign * limit.
    std::int64_t sign() const { return at_least ? -1 : 1; }
  };
  /// Equal layers, each of which chooses for itself.
  struct Layer {
    std::vector<std::string> names;   ///< one for each of the equal layers; at least one
    std::vector<std::int64_t> costs;  ///< from 0 up; those of candidate c are costs[c * budgets + j], in the budgets' order
    std::vector<std::int64_t> scores; ///< one for each candidate; at least one
    std::vector<std::string> texts;   ///< "generic:rank=7"; empty where nobody asks what the candidates are
    /// Of `balanced`: the share of degrees of freedom that a candidate keeps, as a fraction; empty for other objectives.
    std::vector<std::pair<std::int64_t, std::int64_t>> levels;

    std::size_t size() const { return scores.size(); }
  };
  std::vector<Budget> budgets;
  std::vector<Layer> layers;

  std::int64_t cost(std::size_t layer, std::size_t candidate, std::size_t budget) const {
    return layers[layer].costs[candidate * budgets.size() + budget];
  }
};

/// The candidate of each of the equal layers of each layer: choice[layer][name].
using Choice = std::vector<std::vector<std::uint32_t>>;

/// What proves the value of an answer, or that there is none. With s_j the budgets' signs and T the number of names of a layer,
///   U = sum over layers of T max_c(2^shift score_c - sum_j m_j s_j cost_cj) + sum_j m_j s_j limit_j
/// is at least 2^shift times the value of any choice that meets the budgets, for any m_j >= 0 (Lagrangian duality); a choice
/// loses against U what its candidates fall short of their layers' best, and what its budgets leave unused. There is none where
///   sum over layers of T min_c sum_j m_j s_j cost_cj > sum_j m_j s_j limit_j.
struct Certificate {
  int shift = 30;
  std::vector<std::int64_t> multipliers; ///< m_j >= 0, by budget
  std::optional<std::int64_t> value;     ///< none: no choice meets the budgets
};

/// Throws Error{kInvalidValue} for a table that is none (a layer without candidates or names, numbers of costs that do not
/// match, a cost below 0), and Error{kOverflow} where the sums do not fit.
void check_table(const CandidateTable &table);

/// The table without one of its budgets, and scored by that: the best choice comes as near to its limit as the others let it,
/// from above for <=, so that its value is -sign times the cost.
CandidateTable towards(const CandidateTable &table, std::size_t budget);
/// The nearest to a budget's limit that any choice comes, others not looked at: the sum of each layer's.
std::int64_t nearest_alone(const CandidateTable &table, std::size_t budget);

} // namespace pare

#pragma once

#include "analysis/lower.hpp"
#include "solver/candidate_table.hpp"
#include "solver/mixed/request.hpp"
#include "solver/proof.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace pare {

/// What of one budget can be had, where all of them together cannot.
struct Relaxation {
  std::size_t budget = 0;                  ///< in Solution::budgets
  std::int64_t alone = 0;                  ///< the nearest to its limit that candidates come, were it the only budget
  std::optional<std::int64_t> with_others; ///< the same where the others hold: the limit that would do; none where they cannot
  bool is_proven = false;                  ///< that nothing nearer exists with the others
};

/// A layer whose cheapest candidate takes much of a budget that cannot be met.
struct Binding {
  std::size_t budget = 0;
  std::string layer;
  std::string candidate;
  std::int64_t cost = 0;
};

/// What is known of a mixed plan besides the plan.
struct MixedAnswer {
  MixedRequest request;              ///< what was asked for, families written out
  std::size_t candidate_count = 0;   ///< over all layers that are chosen for
  std::size_t layer_count = 0;       ///< layers and ties that are chosen for
  std::vector<Quantity> rounded;     ///< whose costs were rounded against the user in each layer
  std::optional<std::int64_t> value; ///< the sum of scores, in units of 1 / kScoreUnit
  Certificate certificate;
  Proof proof;
  /// Of kBalanced: the least share of degrees of freedom that a layer keeps, the next one up that candidates have, and the
  /// certificate that it cannot be met; none where no candidate has more.
  std::optional<std::pair<std::int64_t, std::int64_t>> level;
  std::optional<std::pair<std::int64_t, std::int64_t>> next_level;
  std::optional<Certificate> next_certificate;
  // Where there is no plan.
  std::vector<Relaxation> relaxations;
  std::vector<Binding> binding;
};

} // namespace pare

#pragma once

#include "analysis/convention.hpp"
#include "analysis/substitution.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace pare {

/// What each of some candidates costs in the place of a layer, as if it were lowered there and counted: the same to the last
/// digit.
struct CandidateCosts {
  // By candidate. Those of the layer itself; layers that share run with them.
  std::vector<std::int64_t> parameters;
  std::vector<std::int64_t> stored_bytes;
  // At all places of the layer together, for the whole batch.
  std::vector<std::int64_t> activation_elements;
  std::vector<Count> mult_adds; ///< by convention c_j of candidate c: mult_adds[c * conventions + j]
  std::size_t conventions = 0;

  std::size_t size() const { return parameters.size(); }
  std::span<const Count> mult_adds_of(std::size_t candidate) const {
    return std::span(mult_adds).subspan(candidate * conventions, conventions);
  }
};

/// `sites`: all places of one layer. Candidates that stand next to each other and differ only in knob or numbers are counted by
/// their corners where the family says in what its costs are multilinear: 2^m are lowered, of m numbers that vary, and the rest
/// follows in whole numbers; others are lowered one by one. Throws Error{kNotApplicable} placed at a site, and {kOverflow}.
CandidateCosts candidate_costs(std::span<const ConvSite> sites, std::span<const Substitute> candidates,
                               std::span<const Convention> conventions);

} // namespace pare

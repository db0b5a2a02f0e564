#pragma once

#include "solver/candidate_table.hpp"
#include "solver/control.hpp"
#include "solver/termination.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace pare {

/// What a search over a table ends with.
/// kOptimal: choice, value and bound = value; kFeasible: choice, value < bound, and the limit that ended it; kInfeasible: none
/// of them; kUnknown: the limit that ended it, and a bound where one is known. The certificate holds for what is said: its
/// bound is `bound`, its value the choice's.
struct MixedResult {
  Reason reason = Reason::kUnknown;
  Limit limit = Limit::kNone;
  std::optional<Choice> choice;
  std::optional<std::int64_t> value; ///< the sum of its scores
  std::optional<std::int64_t> bound; ///< floor(U / 2^shift)
  Certificate certificate;
};

struct MixedSolverInfo {
  std::string_view name;
  std::string_view description;
};

/// A method for mixed plans.
class MixedSolver {
public:
  virtual ~MixedSolver() = default;
  virtual const MixedSolverInfo &info() const = 0;
  /// The table is one that check_table() passes. The same table gives the same result, but for limits of time.
  virtual MixedResult solve(const CandidateTable &table, const Control &control) const = 0;
};

/// The registry: list.def.
std::span<const MixedSolver *const> mixed_solvers();
/// Throws Error{kUnknownName}.
const MixedSolver &find_mixed_solver(std::string_view name);

} // namespace pare

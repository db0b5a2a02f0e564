#pragma once

#include "solver/control.hpp"
#include "solver/proof.hpp"
#include "solver/solved_config.hpp"

#include <optional>
#include <string>
#include <vector>

namespace pare {

/// What of a solved file is certain.
struct Verification {
  Proven proven = Proven::kNothing;
  bool is_claim = false;                ///< that is what the file says, or more
  std::vector<std::string> steps;       ///< what was found, a sentence for each level, the highest last
  std::optional<std::string> objection; ///< where it is not: why
};

/// Proves what a solved file says, from its network, budgets and plan. Of one setting for the whole network: the plan counted
/// again, and each step of the staircase that could be a better answer. Of a mixed plan, or of there being none: its candidates
/// made again, its certificate (solver/proof.hpp), and its sentence of proof. Of the search for mixed plans nothing is called.
/// Throws Error{kInvalidFile} for a design that is not solved.
Verification verify(const Design &design, const Control &control = {});

} // namespace pare

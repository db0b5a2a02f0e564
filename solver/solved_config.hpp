#pragma once

#include "solver/solver.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace pare {

/// `pare.solved/1`: a solution as a file, which the trainer, the schedule and the reports read. `provenance` is JSON text of an
/// object: versions and options.
std::string write_solved(const Solution &solution, std::string_view provenance);

/// What an argument that asks for a network names: a network with a plan for it.
struct Design {
  Network network;
  Plan plan;
  std::optional<std::string> substitution; ///< of a solved file that is uniform
  bool is_solved = false;                  ///< read from a solved file: its plan is settled, even where it is empty (width)
};

/// Reads `pare.solved/1`. Throws Error{kInvalidFile}, also where the counts in it are not what its plan costs.
Design read_solved(std::string_view json, const std::string &where, const NetworkOptions &options = {});

/// A short name, a spec, or a file (pare.network/1 or pare.solved/1). Throws Error{kUnknownName}, {kIo}, {kInvalidFile}, ...
Design load_design(std::string_view argument, const NetworkOptions &options = {});

} // namespace pare

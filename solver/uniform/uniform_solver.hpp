#pragma once

#include "solver/result.hpp"
#include "solver/uniform/problem.hpp"

#include <span>
#include <string_view>

namespace pare {

struct SolverInfo {
  std::string_view name;
  std::string_view description;
};

/// A method for uniform fits: one setting for the whole network, the largest number of parameters that meets all budgets.
class UniformSolver {
public:
  virtual ~UniformSolver() = default;
  virtual const SolverInfo &info() const = 0;
  /// Throws Error{kInvalidConfig} where the method cannot solve this kind of problem.
  virtual UniformResult solve(UniformProblem &problem) const = 0;
};

/// The registry: list.def.
std::span<const UniformSolver *const> solvers();
/// Throws Error{kUnknownName}.
const UniformSolver &find_solver(std::string_view name);
inline constexpr std::string_view kDefaultMethod = "exact"; ///< the solver where none is named

} // namespace pare

#pragma once

#include "solver/uniform/problem.hpp"

#include <cstddef>
#include <functional>
#include <optional>
#include <vector>

namespace pare {

/// The exact answer where costs never fall along the axis: the last setting that meets all budgets, found on the ordered whole
/// numbers behind the settings, with both ends of its plateau and the next one up. A hint (a setting near the answer) is where
/// the search starts; the answer does not depend on it.
UniformResult solve_monotone(UniformProblem &problem, const std::optional<double> &hint = {});

/// Calls visit() with the plateau of each structure, in the settings' order, until it returns false; whole numbers without end
/// are plateaus of their own.
void over_steps(UniformProblem &problem, const std::function<bool(const UniformProblem::Plateau &)> &visit);
/// The plateau that a setting lies on; not of kEnumerated.
UniformProblem::Plateau step_at(UniformProblem &problem, double setting);

/// One setting of each structure that meets all <= and >= budgets, in the settings' order. `most`: it stops, with one more than
/// that, where there are more.
std::vector<UniformProblem::Plateau> list_steps(UniformProblem &problem, std::size_t most);

/// The exact answer from a list of all distinct settings.
UniformResult solve_enumerated(UniformProblem &problem);

} // namespace pare

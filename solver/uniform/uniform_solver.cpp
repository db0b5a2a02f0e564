#include "solver/uniform/uniform_solver.hpp"

#include "base/error.hpp"
#include "base/names.hpp"
#include "base/text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <vector>

namespace pare {

#define PARE_SOLVER(name) const UniformSolver &solver_##name();
#include "solver/uniform/list.def"
#undef PARE_SOLVER

std::span<const UniformSolver *const> solvers() {
  static const std::array all = {
#define PARE_SOLVER(name) &solver_##name(),
#include "solver/uniform/list.def"
#undef PARE_SOLVER
  };
  return all;
}

const UniformSolver &find_solver(std::string_view name) {
  std::vector<std::string_view> known;
  for (const UniformSolver *solver : solvers()) known.push_back(solver->info().name);
  if (const auto found = find_name(name, known)) return *solvers()[*found];
  throw Error(ErrorCode::kUnknownName, "method",
              fmt::format("unknown method {}; known: {}{}", shown(name), fmt::join(known, ", "), did_you_mean(name, known)));
}

} // namespace pare

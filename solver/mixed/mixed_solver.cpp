#include "solver/mixed/mixed_solver.hpp"

#include "base/error.hpp"
#include "base/names.hpp"
#include "base/text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <vector>

namespace pare {

#define PARE_MIXED_SOLVER(name) const MixedSolver &mixed_solver_##name();
#include "solver/mixed/list.def"
#undef PARE_MIXED_SOLVER

std::span<const MixedSolver *const> mixed_solvers() {
  static const std::array all = {
#define PARE_MIXED_SOLVER(name) &mixed_solver_##name(),
#include "solver/mixed/list.def"
#undef PARE_MIXED_SOLVER
  };
  return all;
}

const MixedSolver &find_mixed_solver(std::string_view name) {
  std::vector<std::string_view> known;
  for (const MixedSolver *solver : mixed_solvers()) known.push_back(solver->info().name);
  if (const auto found = find_name(name, known)) return *mixed_solvers()[*found];
  throw Error(ErrorCode::kUnknownName, "method",
              fmt::format("unknown method {}; known: {}{}", shown(name), fmt::join(known, ", "), did_you_mean(name, known)));
}

} // namespace pare

#pragma once

#include "reports/report.hpp"
#include "solver/solver.hpp"

#include <string>
#include <vector>

namespace pare {

struct SolveView {
  const Solution &solution;
  std::string network; ///< the spec or name of what was to be fitted
  std::string method;
};

/// The answer with its share of the original and the next plan up, the budgets, kept layers; or, where no setting meets the
/// budgets, the attainable range and the nearest settings below and above. Of a mixed plan: mixed_table.hpp.
std::vector<Report> solve_reports(const SolveView &view);
/// The first of these, with all its numbers in one table, for formats that hold one.
Report solve_table(const SolveView &view);

/// Says by a note how what these settings, or families, name is evaluated; nothing of a width.
void add_evaluations(Report &report, const std::vector<std::string> &settings);

/// "[0.053125, 0.0546875)": all settings that give the same network; nothing where that is one whole number. An end that is
/// just beyond a shorter number is that number's other side: "(0, 1]".
Cell interval_cell(const Setting &setting);

} // namespace pare

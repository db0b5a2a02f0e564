#pragma once

#include "reports/report.hpp"
#include "reports/solve_table.hpp"

#include <vector>

namespace pare {

/// Of a mixed plan: what it costs, its budgets, and each layer's shape, choice, costs and share of the budgets; or, where there
/// is none, what of each budget could be had, and the layers that take most of it. The solution is one of solve_mixed().
std::vector<Report> mixed_reports(const SolveView &view);
/// The layers, for formats that hold one table; of no plan, the budgets.
Report mixed_table(const SolveView &view);

} // namespace pare

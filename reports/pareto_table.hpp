#pragma once

#include "reports/report.hpp"
#include "solver/pareto.hpp"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace pare {

/// The points of a front of mixed plans: limit, value, costs, and what is proven. There is one point at least, each with a
/// plan.
Report pareto_table(const std::string &network, const std::vector<Solution> &points);
/// The plans of a family's front; there is one at least.
Report front_table(const std::string &network, const std::string &substitution, const UniformFront &front);

/// One of several families that were fitted to the same budgets.
struct FamilyFit {
  std::string family;
  std::optional<Solution> solution; ///< none: it does not apply
  std::string reason;               ///< why it has no plan, in few words; empty where it has one
};
/// Why a solution has no plan, in few words.
std::string why_unmet(const Solution &solution);
/// Each with its setting and costs, or why there are none.
Report fits_table(const std::string &network, const std::vector<FamilyFit> &fits);

/// `pare.pareto/1`: a front. `limits` and `solved` (documents of pare.solved/1) are of its points; `unmet` is such a document
/// where there are none.
std::string pareto_json(const std::string &network, const Quantity &quantity, const std::vector<std::int64_t> &limits,
                        const std::vector<std::string> &solved, const std::string &unmet = {});
/// `pare.fits/1`: several families. `solved`: a document of pare.solved/1 for each that has a solution, else empty.
std::string fits_json(const std::string &network, const std::vector<FamilyFit> &fits, const std::vector<std::string> &solved);

} // namespace pare

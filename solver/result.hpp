#pragma once

#include "analysis/lower.hpp"
#include "base/count.hpp"
#include "base/enums.hpp"
#include "models/network.hpp"
#include "solver/budget.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pare {

enum class Reason : std::uint8_t {
  kOptimal,    ///< proven: no other setting is better
  kFeasible,   ///< meets the budgets; better ones may exist
  kInfeasible, ///< proven: no setting meets the budgets
};
inline constexpr std::array kReasons = {std::pair{Reason::kOptimal, std::string_view("optimal")},
                                        std::pair{Reason::kFeasible, std::string_view("feasible")},
                                        std::pair{Reason::kInfeasible, std::string_view("infeasible")}};
constexpr std::string_view to_string(Reason reason) { return name_of(kReasons, reason); }

/// Why a solver stopped. gap = |objective - bound|; kOptimal has gap 0, kInfeasible has neither.
struct Termination {
  Reason reason = Reason::kInfeasible;
  std::optional<Count> bound; ///< no setting does better than this in the objective
  std::optional<Count> gap;
  std::string detail = "solve() was not called"; ///< one sentence for people
};

/// What a network costs.
struct Costs {
  std::int64_t parameters = 0;
  std::map<std::string, Count> mult_adds; ///< by convention

  /// In a budget's quantity; none for a convention that was not counted by.
  std::optional<Count> value(const Budget &budget) const;
};

/// A share in percent of the whole; none of nothing.
std::optional<double> percent(const Count &part, const Count &whole);

/// One setting of the whole network, and what it costs.
struct Setting {
  double knob = 0; ///< of the shortest decimal in [first, end)
  /// Every knob in [first, end) gives the same network; equal for whole-number knobs.
  double first = 0;
  double end = 0;
  std::string text; ///< "Generic_0.053125", "ACDC_12", "width=1.5"
  Costs costs;
};

/// The outcome of a uniform fit. `answer` is set unless infeasible.
struct SolveResult {
  Termination termination;
  std::optional<Setting> answer;
  std::optional<Setting> next;  ///< the next plan up in parameters; none where the answer is the largest
  std::string next_reason;      ///< why it is not the answer
  std::vector<Budget> budgets;  ///< with their limits resolved
  Count smallest;               ///< attainable, in the first budget's quantity
  std::optional<Count> largest; ///< none: without end
  std::optional<Setting> below; ///< where infeasible: the nearest attainable to the first budget that fails
  std::optional<Setting> above;
  std::vector<Lowered::Kept> kept; ///< layers that stay as they were
};

} // namespace pare

#pragma once

#include "analysis/lower.hpp"
#include "base/count.hpp"
#include "models/network.hpp"
#include "solver/budget.hpp"
#include "solver/candidate_table.hpp"
#include "solver/quantity.hpp"
#include "solver/termination.hpp"

#include <optional>
#include <string>
#include <vector>

namespace pare {

/// One setting of the whole network, and what it costs.
struct Setting {
  double knob = 0; ///< of the shortest decimal in [first, end)
  /// Every knob in [first, end) gives the same network; equal for whole-number knobs.
  double first = 0;
  double end = 0;
  std::string text; ///< "Generic_0.053125", "ACDC_12", "width=1.5"
  Costs costs;
};

/// What is known of a uniform fit besides its answer. Cost is a staircase in the setting: the step of the answer, and those
/// beside it.
struct UniformResult {
  Termination termination;
  std::optional<Setting> answer; ///< unless infeasible
  std::optional<Setting> next;   ///< the next plan up in parameters; none where the answer is the largest
  std::string next_reason;       ///< why it is not the answer
  Count smallest;                ///< attainable, in the first budget's quantity
  std::optional<Count> largest;  ///< none: without end
  std::optional<Setting> below;  ///< where infeasible: the nearest attainable to the first budget that fails
  std::optional<Setting> above;
};

} // namespace pare

#pragma once

#include "analysis/lower.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pare {

/// What a substitute of one layer costs, by its family's closed forms with the layer's numbers in them.
struct Explanation {
  struct Symbol {
    std::string name;
    double value = 0;
    std::string meaning;
  };
  struct Step {
    std::string name; ///< the symbol that is defined, or the quantity: "mult-adds"
    Expression formula;
    std::string numbers; ///< the formula with the numbers put in
    double value = 0;
    std::optional<Count> counted = {}; ///< of the lowered graph; definitions and estimates have none
  };

  ConvSite site;
  Substitute substitute; ///< as it was asked for
  /// Whose formulas these are: the substitute's family, but for the baseline, which is one family or another.
  std::string family;
  Evaluation evaluation = {};
  std::vector<Symbol> symbols;
  std::vector<Step> definitions;
  std::vector<Step> totals;    ///< parameters; mult-adds and work per batch, by convention macs
  std::vector<Step> estimates; ///< of mult-adds, by convention macs: kEstimates, those that the family has
  std::vector<std::string> notes;
};

/// Of a replaceable layer, or of one that shares a replaceable layer's parameters, in its own place, with what the plan has for
/// it. Throws Error{kUnknownName} or {kNotApplicable}, and std::logic_error where the formulas are not what the lowered graph
/// is counted as, which is a bug.
Explanation explain(const Graph &graph, std::string_view layer, const Plan &plan);

} // namespace pare

#pragma once

#include "analysis/substitution.hpp"
#include "reports/format.hpp"

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pare {

/// Which closed forms are asked for.
struct FormulaRequest {
  std::string_view substitution = {};        ///< as text: "tensor_train:dimensions=4"; empty: all, at their standard keys
  std::optional<Evaluation> evaluation = {}; ///< none: each family's first
  bool all_evaluations = false;              ///< instead of one, each that a family has
};

/// Those of one substitution in one evaluation.
struct Formula {
  std::string substitution;
  std::string description;
  Evaluation evaluation = {};
  Definition knob = {}; ///< its name, and what it is; empty where there is none to set
  ClosedForm form = {};
  std::string left_out = {}; ///< why there is no form: the family lacks the evaluation that is asked for
};
/// Throws Error{kUsage} where one substitution lacks the evaluation; where all are asked for it is left out.
std::vector<Formula> formulas(const FormulaRequest &request);

inline constexpr std::array kFormulaFormats = {Format::kText, Format::kJson, Format::kMarkdown, Format::kLatex};
/// LaTeX is a whole document.
std::string write_formulas(const std::vector<Formula> &formulas, Format format);

/// The line of a legend: a symbol or a function, and what it is.
struct LegendLine {
  std::string symbol;
  std::string meaning;
};
/// Of the functions and operators in these that not everybody knows, each once, in the order of the language's table.
std::vector<LegendLine> functions_in(const std::vector<Expression> &expressions);
/// What [macs] behind a quantity says.
LegendLine macs_legend();

} // namespace pare

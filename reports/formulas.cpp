#include "reports/formulas.hpp"

#include "analysis/convention.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "reports/breaks.hpp"
#include "reports/writers/latex.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cctype>

namespace pare {

namespace {

/// A symbol or a quantity with its formula.
struct FormulaRow {
  std::string name;
  Expression formula;
};

std::string macs_of(std::string_view name) { return fmt::format("{}[macs]", name); }

std::vector<FormulaRow> totals_of(const ClosedForm &form) {
  return {{"parameters", form.parameters}, {macs_of("mult-adds"), form.mult_adds}, {macs_of("per batch"), form.per_batch}};
}

std::vector<FormulaRow> estimates_of(const ClosedForm &form) {
  std::vector<FormulaRow> out;
  for (const EstimateInfo &estimate : kEstimates)
    if (const Expression &formula = form.*estimate.formula; !formula.empty()) out.push_back({macs_of(estimate.name), formula});
  return out;
}

std::string evaluated_text(const Formula &formula) {
  return fmt::format("{}, evaluation {}", formula.substitution, name_of(kEvaluations, formula.evaluation));
}

/// What the formulas have in common for their readers, in the order in which it is printed.
struct Legend {
  std::vector<LegendLine> symbols;
  std::vector<LegendLine> functions;
  std::vector<LegendLine> quantities;
  std::vector<std::string> left_out;
};

Legend legend_of(const std::vector<Formula> &formulas) {
  Legend out;
  std::vector<Expression> all;
  std::vector<std::string> estimates;
  for (const Formula &formula : formulas) {
    if (!formula.left_out.empty()) {
      out.left_out.push_back(fmt::format("{} is left out: {}", formula.substitution, formula.left_out));
      continue;
    }
    for (Expression &expression : expressions_of(formula.form)) all.push_back(std::move(expression));
    for (const FormulaRow &quantity : estimates_of(formula.form)) estimates.push_back(quantity.name);
  }
  for (const SiteSymbol &symbol : site_symbols())
    if (is_of_interest(symbol, all)) out.symbols.push_back({std::string(symbol.name), std::string(symbol.meaning)});
  out.functions = functions_in(all);
  out.quantities.push_back(macs_legend());
  for (const EstimateInfo &estimate : kEstimates)
    if (std::find(estimates.begin(), estimates.end(), macs_of(estimate.name)) != estimates.end())
      out.quantities.push_back({std::string(estimate.name), fmt::format("an estimate, and no count: {}", estimate.meaning)});
  return out;
}

std::string formulas_json(const std::vector<Formula> &formulas) {
  using nlohmann::ordered_json;
  ordered_json out = ordered_json::array();
  for (const Formula &formula : formulas) {
    ordered_json object;
    object["substitution"] = formula.substitution;
    object["evaluation"] = name_of(kEvaluations, formula.evaluation);
    if (!formula.left_out.empty()) {
      object["left_out"] = formula.left_out;
      out.push_back(std::move(object));
      continue;
    }
    object["definitions"] = ordered_json::array();
    for (const Definition &definition : formula.form.definitions)
      object["definitions"].push_back({{"symbol", definition.symbol}, {"expression", definition.expression}});
    object["convention"] = "macs";
    object["parameters"] = formula.form.parameters;
    object["mult_adds"] = formula.form.mult_adds;
    object["per_batch"] = formula.form.per_batch;
    object["estimates"] = ordered_json::array();
    for (const EstimateInfo &estimate : kEstimates)
      if (const Expression &expression = formula.form.*estimate.formula; !expression.empty())
        object["estimates"].push_back({{"name", estimate.name}, {"expression", expression}, {"meaning", estimate.meaning}});
    object["functions"] = ordered_json::array();
    for (const LegendLine &function : functions_in(expressions_of(formula.form)))
      object["functions"].push_back({{"symbol", function.symbol}, {"meaning", function.meaning}});
    out.push_back(std::move(object));
  }
  return out.dump(2) + '\n';
}

std::string formulas_text(const std::vector<Formula> &formulas) {
  std::string out;
  for (const Formula &formula : formulas) {
    if (!formula.left_out.empty()) continue;
    std::vector<FormulaRow> lines;
    for (const Definition &definition : formula.form.definitions) lines.push_back({definition.symbol, definition.expression});
    for (FormulaRow &quantity : totals_of(formula.form)) lines.push_back(std::move(quantity));
    for (FormulaRow &quantity : estimates_of(formula.form)) lines.push_back(std::move(quantity));
    std::size_t width = 0;
    for (const FormulaRow &line : lines) width = std::max(width, line.name.size());
    out += evaluated_text(formula) + '\n';
    for (const FormulaRow &line : lines) out += hanging(fmt::format("  {:{}} = ", line.name, width), line.formula);
    out += '\n';
  }
  const Legend legend = legend_of(formulas);
  for (const auto *part : {&legend.symbols, &legend.functions, &legend.quantities})
    for (const LegendLine &line : *part) out += hanging(fmt::format("{:15}   ", line.symbol), line.meaning);
  for (const std::string &line : legend.left_out) out += hanging("", line);
  return out;
}

std::string formulas_markdown(const std::vector<Formula> &formulas) {
  Report out{.title = {},
             .columns = {{.heading = "substitution"}, {.heading = "evaluation"}, {.heading = "symbol"}, {.heading = "formula"}},
             .rows = {},
             .notes = {}};
  for (const Formula &formula : formulas) {
    const auto add = [&](const std::string &symbol, const Expression &expression) {
      out.rows.push_back({formula.substitution, std::string(name_of(kEvaluations, formula.evaluation)), symbol, expression});
    };
    if (!formula.left_out.empty()) continue;
    for (const Definition &definition : formula.form.definitions) add(definition.symbol, definition.expression);
    for (const FormulaRow &quantity : totals_of(formula.form)) add(quantity.name, quantity.formula);
    for (const FormulaRow &quantity : estimates_of(formula.form)) add(quantity.name, quantity.formula);
  }
  const Legend legend = legend_of(formulas);
  for (const auto *part : {&legend.symbols, &legend.functions, &legend.quantities})
    for (const LegendLine &line : *part) out.notes.push_back(fmt::format("{}: {}", line.symbol, line.meaning));
  out.notes.insert(out.notes.end(), legend.left_out.begin(), legend.left_out.end());
  return write({&out, 1}, Format::kMarkdown);
}

// ---------------------------------------------------------------------------------------------------- LaTeX

std::string in_math(std::string_view expression) { return fmt::format("${}$", FormulaTree(expression).latex()); }

/// Words of a sentence, those that are symbols with an index in math mode: c_i, "(rank_scale" and "n_k)" too.
std::string latex_prose(std::string_view text) {
  std::string out;
  std::string word;
  const auto flush = [&] {
    const bool is_symbol = word.find('_') != std::string::npos && std::isalpha(static_cast<unsigned char>(word[0])) != 0;
    out += is_symbol ? in_math(word) : word == "x" ? "$\\times$" : escaped_latex(word);
    word.clear();
  };
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_') {
      word += c;
      continue;
    }
    flush();
    out += escaped_latex(std::string_view(&c, 1));
  }
  flush();
  return out;
}

/// Of letters, on a line behind its name, on A4 paper.
constexpr std::size_t kLatexLine = 60;

std::string aligned(const std::vector<FormulaRow> &lines, bool are_symbols) {
  std::string out = "\\begin{align*}\n";
  for (const FormulaRow &line : lines) {
    const std::vector<std::string> pieces = FormulaTree(line.formula).latex_lines(kLatexLine);
    out += are_symbols ? FormulaTree(line.name).latex() : fmt::format("\\text{{{}}}", line.name);
    out += fmt::format(" &= {}", fmt::join(pieces, " \\\\\n  &\\quad{} "));
    out += &line == &lines.back() ? "\n" : " \\\\\n";
  }
  return out + "\\end{align*}\n";
}

/// Symbols or functions in a table of their own width.
std::string latex_legend(const std::vector<LegendLine> &lines, bool are_math) {
  std::string out = "\\begin{tabular}{@{}lp{0.65\\textwidth}@{}}\n";
  for (const LegendLine &line : lines)
    // Behind \\ a [ would be an argument.
    out += fmt::format("{} & {} \\\\\n", are_math ? in_math(line.symbol) : "{}" + escaped_latex(line.symbol),
                       latex_prose(line.meaning));
  return out + "\\end{tabular}\n\n";
}

std::string formulas_latex(const std::vector<Formula> &formulas) {
  std::string out = "\\documentclass{article}\n"
                    "\\usepackage[a4paper,margin=25mm]{geometry}\n"
                    "\\usepackage{amsmath}\n"
                    "\\allowdisplaybreaks\n"
                    "\\setlength{\\parindent}{0pt}\n"
                    "\\begin{document}\n";
  const Legend legend = legend_of(formulas);
  out += "\\section*{Symbols}\n" + latex_legend(legend.symbols, true);
  if (!legend.functions.empty()) {
    out += "\\medskip\n" + latex_legend(legend.functions, true);
    // Whole division and int() look alike.
    if (out.find("\\lfloor") != std::string::npos)
      out += "\\medskip\nWhat stands in $\\lfloor\\ \\rfloor$ is never negative: toward zero is down.\n\n";
  }
  out += "\\medskip\n" + latex_legend(legend.quantities, false);
  for (const std::string &line : legend.left_out) out += "\\medskip\n" + latex_prose(line) + "\n\n";
  for (const Formula &formula : formulas) {
    if (!formula.left_out.empty()) continue;
    out += fmt::format("\n\\section*{{{}}}\n", escaped_latex(evaluated_text(formula)));
    std::string description = formula.description;
    // A sentence begins with a capital, unless it begins with a symbol: k x k.
    if (description.size() > 1 && std::isalpha(static_cast<unsigned char>(description[1])) != 0)
      description.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(description.front())));
    out += latex_prose(description) + ".\n";
    if (!formula.knob.symbol.empty())
      out += fmt::format("Its setting is {}: {}.\n", in_math(formula.knob.symbol), latex_prose(formula.knob.expression));
    if (!formula.form.definitions.empty()) {
      std::vector<FormulaRow> definitions;
      for (const Definition &definition : formula.form.definitions)
        definitions.push_back({definition.symbol, definition.expression});
      out += aligned(definitions, true);
    }
    out += aligned(totals_of(formula.form), false);
    if (const std::vector<FormulaRow> estimates = estimates_of(formula.form); !estimates.empty())
      out += "Estimates, printed beside counts, and none themselves:\n" + aligned(estimates, false);
  }
  return out + "\\end{document}\n";
}

} // namespace

std::vector<LegendLine> functions_in(const std::vector<Expression> &expressions) {
  std::vector<FormulaTree> trees;
  for (const Expression &expression : expressions) trees.emplace_back(expression);
  const auto has = [&](std::string_view name) {
    return std::any_of(trees.begin(), trees.end(), [&](const FormulaTree &tree) { return tree.has(name); });
  };
  std::vector<LegendLine> out;
  if (has("//")) out.push_back({"a // b", "a / b, rounded down"});
  for (const FormulaFunction &function : formula_functions())
    if (!function.usage.empty() && has(function.name))
      out.push_back({std::string(function.usage), std::string(function.meaning)});
  return out;
}

LegendLine macs_legend() {
  const Convention &macs = find_convention("macs");
  return {"[macs]", fmt::format("by convention {}: {}", macs.name, macs.source)};
}

std::vector<Formula> formulas(const FormulaRequest &request) {
  std::vector<Formula> out;
  const auto add = [&](const Substitute &substitute, const std::string &name) {
    const SubstitutionInfo &info = substitute.family->info();
    const auto add_one = [&](Evaluation evaluation) {
      if (evaluation == Evaluation::kCheapest)
        throw Error(ErrorCode::kUsage, "--evaluation",
                    fmt::format("which one is cheapest is decided at a layer, as pare explain does; {} would be accepted",
                                name_of(kEvaluations, info.evaluations.front())));
      Formula formula{.substitution = name, .description = std::string(info.description), .evaluation = evaluation};
      if (auto refused = refused_evaluation(info, evaluation)) {
        if (!request.substitution.empty()) throw Error(ErrorCode::kUsage, "--evaluation", *refused);
        formula.left_out = *std::move(refused);
      } else {
        formula.form = substitute.family->closed_form(substitute.settings, evaluation);
        if (substitute.has_free_knob()) formula.knob = {std::string(info.knob.name), std::string(info.knob.description)};
      }
      out.push_back(std::move(formula));
    };
    if (request.all_evaluations)
      for (const Evaluation evaluation : info.evaluations) add_one(evaluation);
    else
      add_one(request.evaluation.value_or(substitute.evaluated()));
  };
  if (!request.substitution.empty()) {
    const Substitute substitute = parse_substitute(request.substitution, FreeKnob::kAllow);
    add(substitute, substitute.setting());
    return out;
  }
  for (const Substitution *family : substitutions())
    add(parse_substitute(family->info().name, FreeKnob::kAllow), std::string(family->info().name));
  return out;
}

std::string write_formulas(const std::vector<Formula> &formulas, Format format) {
  switch (format) {
  case Format::kText: return formulas_text(formulas);
  case Format::kJson: return formulas_json(formulas);
  case Format::kMarkdown: return formulas_markdown(formulas);
  case Format::kLatex: return formulas_latex(formulas);
  case Format::kCsv:
  case Format::kHtml: break;
  }
  parse_format(to_string(format), kFormulaFormats); // throws
  return {};
}

} // namespace pare

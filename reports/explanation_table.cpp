#include "reports/explanation_table.hpp"

#include "base/text.hpp"
#include "reports/breaks.hpp"
#include "reports/formulas.hpp"
#include "reports/numbers.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace pare {

namespace {

/// Whole where it is, as far as doubles tell.
Count count_of(double value) {
  const auto number = plain_number(Count::from_real(value));
  const auto *whole = std::get_if<std::int64_t>(&number);
  return whole != nullptr ? Count(*whole) : Count::from_real(value);
}

bool is_of_macs(const Explanation::Step &step) { return step.name != "parameters"; }
std::string quantity_name(const Explanation::Step &step) { return step.name + (is_of_macs(step) ? "[macs]" : ""); }

std::string place_text(const ConvSite &site) {
  const auto shape = [](const Shape &s) { return fmt::format("{} x {} x {}", s.channels, s.height, s.width); };
  return fmt::format("{} -> {}, kernel {} x {}, batch {}", shape(site.input), shape(site.output), site.kernel.height,
                     site.kernel.width, site.input.batch);
}

std::string substitute_text(const Explanation &explanation) {
  return fmt::format("{}: {}, evaluation {}", explanation.substitute.text(), explanation.family,
                     name_of(kEvaluations, explanation.evaluation));
}

std::vector<LegendLine> legend_of_steps(const Explanation &explanation) {
  std::vector<Expression> all;
  for (const auto *steps : {&explanation.definitions, &explanation.totals, &explanation.estimates})
    for (const Explanation::Step &step : *steps) all.push_back(step.formula);
  std::vector<LegendLine> out = functions_in(all);
  out.push_back(macs_legend());
  out.push_back({"counted", "of the ops that the layer is written out as, not by these formulas"});
  for (const Explanation::Step &step : explanation.estimates)
    for (const EstimateInfo &estimate : kEstimates)
      if (estimate.name == step.name)
        out.push_back({step.name, fmt::format("an estimate, and no count: {}", estimate.meaning)});
  return out;
}

/// The formula, the numbers in it, and what it comes to: each on a line of its own, unless it says nothing new.
std::string step_text(const std::string &name, const Explanation::Step &step, std::size_t width) {
  const std::string result = digits(step.value);
  std::vector<std::string> lines = {step.formula};
  if (step.numbers != lines.back()) lines.push_back(step.numbers);
  if (result == lines.back()) lines.pop_back();
  lines.push_back(thousands(result));
  std::string out;
  for (const std::string &line : lines) out += hanging(fmt::format("{:{}} = ", &line == lines.data() ? name : "", width), line);
  if (step.counted) out += fmt::format("{:{}}   {}\n", "counted", width, thousands(step.counted->to_string()));
  return out;
}

std::string explanation_text(const Explanation &explanation, std::string_view network) {
  std::string out = hanging("", one_line(network));
  out += hanging("", fmt::format("layer {}: {}", one_line(explanation.site.name), place_text(explanation.site)));
  out += hanging("", substitute_text(explanation)) + '\n';
  std::size_t symbols = 0;
  std::size_t values = 0;
  for (const Explanation::Symbol &symbol : explanation.symbols) {
    symbols = std::max(symbols, symbol.name.size());
    values = std::max(values, digits(symbol.value).size());
  }
  for (const Explanation::Symbol &symbol : explanation.symbols)
    out += hanging(fmt::format("{:{}} = {:<{}}   ", symbol.name, symbols, digits(symbol.value), values), symbol.meaning);
  std::size_t width = std::string_view("mult-adds[macs]").size();
  for (const Explanation::Step &step : explanation.estimates) width = std::max(width, quantity_name(step).size());
  for (const Explanation::Step &step : explanation.definitions) out += '\n' + step_text(step.name, step, width);
  for (const auto *steps : {&explanation.totals, &explanation.estimates})
    for (const Explanation::Step &step : *steps) out += '\n' + step_text(quantity_name(step), step, width);
  out += '\n';
  for (const std::string &note : explanation.notes) out += hanging("", note);
  for (const LegendLine &line : legend_of_steps(explanation))
    out += hanging(fmt::format("{:15}   ", line.symbol), line.meaning);
  return out;
}

std::string explanation_markdown(const Explanation &explanation, std::string_view network) {
  Report symbols{.title = {one_line(network),
                           fmt::format("layer {}: {}", one_line(explanation.site.name), place_text(explanation.site)),
                           substitute_text(explanation)},
                 .columns = {{.heading = "symbol"}, number_column("value"), {.heading = "meaning"}},
                 .rows = {},
                 .notes = {}};
  for (const Explanation::Symbol &symbol : explanation.symbols)
    // A setting is not rounded, as counts are for people.
    symbols.rows.push_back({symbol.name, digits(symbol.value), symbol.meaning});
  Report steps{.title = {},
               .columns = {{.heading = "symbol"},
                           {.heading = "formula"},
                           {.heading = "with the numbers"},
                           number_column("result"),
                           number_column("counted")},
               .rows = {},
               .notes = explanation.notes};
  for (const Explanation::Step &step : explanation.definitions)
    steps.rows.push_back({step.name, step.formula, step.numbers, count_of(step.value), Cell{}});
  for (const auto *quantities : {&explanation.totals, &explanation.estimates})
    for (const Explanation::Step &step : *quantities)
      steps.rows.push_back(
          {quantity_name(step), step.formula, step.numbers, count_of(step.value), step.counted ? Cell(*step.counted) : Cell{}});
  for (const LegendLine &line : legend_of_steps(explanation))
    steps.notes.push_back(fmt::format("{}: {}", line.symbol, line.meaning));
  const std::array both = {std::move(symbols), std::move(steps)};
  return write(both, Format::kMarkdown);
}

std::string explanation_json(const Explanation &explanation, std::string_view network) {
  using nlohmann::ordered_json;
  const auto number = [](const Count &count) {
    return std::visit([](auto value) { return ordered_json(value); }, plain_number(count));
  };
  const auto step_json = [&](const Explanation::Step &step) {
    ordered_json out = {{"expression", step.formula}, {"numbers", step.numbers}, {"value", number(count_of(step.value))}};
    if (step.counted) out["counted"] = number(*step.counted);
    return out;
  };
  const auto shape = [](const Shape &s) { return ordered_json{s.channels, s.height, s.width}; };
  ordered_json out;
  out["schema"] = "pare.explanation/1";
  out["network"] = network;
  out["layer"] = explanation.site.name;
  out["input"] = shape(explanation.site.input);
  out["output"] = shape(explanation.site.output);
  out["batch"] = explanation.site.input.batch;
  out["substitution"] = explanation.substitute.text();
  out["family"] = explanation.family;
  out["evaluation"] = name_of(kEvaluations, explanation.evaluation);
  out["convention"] = "macs";
  out["symbols"] = ordered_json::array();
  for (const Explanation::Symbol &symbol : explanation.symbols)
    out["symbols"].push_back({{"symbol", symbol.name}, {"value", number(count_of(symbol.value))}, {"meaning", symbol.meaning}});
  out["definitions"] = ordered_json::array();
  for (const Explanation::Step &step : explanation.definitions) {
    ordered_json definition = {{"symbol", step.name}};
    definition.update(step_json(step));
    out["definitions"].push_back(std::move(definition));
  }
  for (const Explanation::Step &step : explanation.totals) {
    std::string key = step.name;
    std::replace_if(
        key.begin(), key.end(), [](char c) { return c == ' ' || c == '-'; }, '_');
    out[key] = step_json(step);
  }
  out["estimates"] = ordered_json::array();
  for (const Explanation::Step &step : explanation.estimates) {
    ordered_json estimate = {{"name", step.name}};
    estimate.update(step_json(step));
    out["estimates"].push_back(std::move(estimate));
  }
  out["notes"] = explanation.notes;
  return out.dump(2) + '\n';
}

} // namespace

std::string write_explanation(const Explanation &explanation, std::string_view network, Format format) {
  switch (format) {
  case Format::kText: return explanation_text(explanation, network);
  case Format::kJson: return explanation_json(explanation, network);
  case Format::kMarkdown: return explanation_markdown(explanation, network);
  case Format::kCsv:
  case Format::kLatex:
  case Format::kHtml: break;
  }
  parse_format(to_string(format), kExplanationFormats); // throws
  return {};
}

} // namespace pare

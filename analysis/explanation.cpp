#include "analysis/explanation.hpp"

#include "analysis/cost_model.hpp"
#include "base/names.hpp"
#include "base/text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace pare {

namespace {

/// A place of a replaceable layer.
struct Place {
  ConvSites sites; ///< of the layer whose parameters it runs with: all its places
  std::size_t at = 0;
  std::size_t of_that_name = 1;
};

[[noreturn]] void no_such_place(const Graph &graph, std::string_view layer, const std::vector<ConvSites> &all) {
  std::vector<std::string_view> names;
  for (const ConvSites &sites : all) names.emplace_back(sites.front().name);
  const auto same =
      std::find_if(graph.layers().begin(), graph.layers().end(), [&](const Layer &other) { return other.name == layer; });
  const std::string others =
      fmt::format("replaceable ones: {}{}{}", names.size(),
                  names.empty() ? "" : fmt::format(", such as {}", plain(names.front())), did_you_mean(layer, names));
  if (same == graph.layers().end())
    throw Error(ErrorCode::kUnknownName, "layer", fmt::format("the network has no layer {}; {}", shown(layer), others));
  throw Error(ErrorCode::kNotApplicable, "layer",
              fmt::format("{} ({}) is no layer that a substitute replaces; {}", shown(layer), same->kind, others));
}

/// A layer with parameters of its own before those that run with them: only these may have a name in common.
Place find_place(const Graph &graph, std::string_view layer) {
  const std::vector<ConvSites> all = replaceable_sites(graph);
  std::optional<Place> found;
  for (const ConvSites &sites : all)
    for (std::size_t at = 0; at < sites.size(); ++at) {
      if (sites[at].name != layer) continue;
      if (found && at == 0)
        found = Place{sites, at, found->of_that_name + 1};
      else if (found)
        ++found->of_that_name;
      else
        found = Place{sites, at};
    }
  if (!found) no_such_place(graph, layer, all);
  return *std::move(found);
}

/// The family that a substitute is at a site: of one that is every layer's baseline, the one that is this layer's.
const Substitution &family_at(const ConvSite &site, const Substitute &substitute) {
  if (substitute.family != baseline_substitute().family) return *substitute.family;
  const auto all = substitutions();
  const auto own = std::find_if(all.begin(), all.end(), [&](const Substitution *family) {
    return family->info().baselines == std::vector{site.baseline};
  });
  return own == all.end() ? *substitute.family : **own;
}

/// Whether a formula's value is what was counted: to the last digit as far as doubles hold whole numbers.
bool agree(double value, const Count &counted) {
  constexpr double kExact = 9007199254740992.0;
  constexpr double kRounding = 1e-12; // of a few dozen operations
  const double count = counted.to_double();
  return std::fabs(value - count) <= (std::fabs(count) < kExact ? 0 : count * kRounding);
}

/// Puts numbers into formulas, one after the other.
class Calculation {
public:
  void set(const std::string &symbol, double value) { symbols_[symbol] = value; }
  Explanation::Step step(std::string_view name, const Expression &formula) const {
    const FormulaTree tree(formula);
    return {.name = std::string(name), .formula = formula, .numbers = tree.text(symbols_), .value = tree.value(symbols_)};
  }

private:
  Symbols symbols_;
};

} // namespace

Explanation explain(const Graph &graph, std::string_view layer, const Plan &plan) {
  const Place place = find_place(graph, layer);
  const ConvSite &site = place.sites[place.at];
  const Substitute *planned = plan.find(place.sites.front().name);
  const Substitute &asked = planned != nullptr ? *planned : baseline_substitute();
  if (const auto refusal = resolve(place.sites, asked).refusal) throw_refusal(site, asked, *refusal);
  const Substitute substitute = settled(place.sites, asked);
  const Substitution &family = family_at(site, substitute);
  const SubstitutionInfo &info = family.info();
  if (site.groups != 1)
    throw Error(
        ErrorCode::kNotApplicable, site.name + "/groups",
        fmt::format("groups = {} must be 1: closed forms are of convolutions without groups; `pare cost --layers` counts "
                    "this one",
                    site.groups));

  Explanation out{.site = site,
                  .substitute = substitute,
                  .family = std::string(info.name),
                  .evaluation = substitute.evaluated(),
                  .symbols = {},
                  .definitions = {},
                  .totals = {},
                  .estimates = {},
                  .notes = {}};
  Calculation calculation;
  const auto define = [&](std::string_view name, double value, std::string_view meaning) {
    calculation.set(std::string(name), value);
    out.symbols.push_back({std::string(name), value, std::string(meaning)});
  };
  const ClosedForm form = family.closed_form(substitute.settings, out.evaluation);
  for (const SiteSymbol &symbol : site_symbols())
    if (is_of_interest(symbol, expressions_of(form))) define(symbol.name, symbol.value(site), symbol.meaning);
  if (substitute.knob) define(info.knob.name, *substitute.knob, info.knob.description);

  std::size_t next_number = 0;
  for (const Definition &definition : form.definitions) {
    // Numbers stand in the place of what the knob comes to.
    const bool is_number = substitute.numbers && FormulaTree(definition.expression).has(info.knob.name);
    if (is_number && next_number == substitute.numbers->size())
      throw std::logic_error(fmt::format("{} has more definitions with {} than numbers", info.name, info.knob.name));
    const Expression formula = is_number ? std::to_string((*substitute.numbers)[next_number++]) : definition.expression;
    out.definitions.push_back(calculation.step(definition.symbol, formula));
    if (is_number)
      out.notes.push_back(
          fmt::format("{} is as {} says, in the place of {}", definition.symbol, info.numbers.name, definition.expression));
    calculation.set(definition.symbol, out.definitions.back().value);
  }

  Graph lowered;
  lower_site(lowered, site, lowered.add_input(site.input), substitute);
  const CostReport cost = count(lowered);
  const Convention &macs = find_convention("macs");
  const auto total = [&](std::string_view name, const Expression &formula, const Count &counted) {
    Explanation::Step step = calculation.step(name, formula);
    if (!agree(step.value, counted))
      throw std::logic_error(fmt::format("{} of {} at layer {}: the formula {} comes to {}, and the lowered graph has {}", name,
                                         substitute.text(), site.name, formula, digits(step.value), counted.to_string()));
    step.counted = counted;
    out.totals.push_back(std::move(step));
  };
  total("parameters", form.parameters, cost.parameters);
  total("mult-adds", form.mult_adds, cost.mult_adds(macs));
  total("per batch", form.per_batch, cost.per_batch(macs));
  for (const EstimateInfo &estimate : kEstimates)
    if (const Expression &formula = form.*estimate.formula; !formula.empty())
      out.estimates.push_back(calculation.step(estimate.name, formula));

  if (&family != substitute.family)
    out.notes.push_back(fmt::format("{} leaves this layer as the network has it: {}", substitute.text(), info.name));
  if (place.at > 0)
    out.notes.push_back(fmt::format(
        "it runs with the parameters of {}: these, and work per batch, the network has once; S and S_in are of its own place",
        plain(place.sites.front().name)));
  else if (place.sites.size() > 1)
    out.notes.push_back(
        fmt::format("layers that run with its parameters too: {}; these, and work per batch, the network has once; "
                    "S and S_in are of its own place",
                    place.sites.size() - 1));
  if (place.of_that_name > 1)
    out.notes.push_back(fmt::format("{} layers have this name; this is the first of them", place.of_that_name));
  return out;
}

} // namespace pare

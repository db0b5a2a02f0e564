#include "solver/uniform/problem.hpp"

#include "analysis/cost_model.hpp"
#include "analysis/site_costs.hpp"
#include "base/bisect.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "models/width.hpp"
#include "solver/site_key.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <map>
#include <span>
#include <unordered_set>

namespace pare {

double shortest_decimal(double first, double end) {
  // With so many places, the decimal nearest to `first` and the next one up are the candidates.
  constexpr int kMostPlaces = 17;
  constexpr double kMostDigits = 9e18; // of 64 bits
  for (int places = 0; places <= kMostPlaces && first * std::pow(10.0, places) < kMostDigits; ++places) {
    const auto below =
        static_cast<std::int64_t>(std::strtod(fmt::format("{:.0f}", first * std::pow(10.0, places)).c_str(), nullptr));
    for (std::int64_t digits : {below - 1, below, below + 1}) {
      const double value = std::strtod(fmt::format("{}e-{}", digits, places).c_str(), nullptr);
      if (digits > 0 && value >= first && value < end) return value;
    }
  }
  return first;
}

UniformProblem::UniformProblem(std::vector<Budget> budgets, std::vector<Convention> conventions)
    : budgets_(std::move(budgets)), conventions_(std::move(conventions)), quantities_(pare::quantities(conventions_)) {}

const Count &UniformProblem::value(const CostRow &cost, const Quantity &quantity) const {
  const auto found = std::find(quantities_.begin(), quantities_.end(), quantity);
  if (found == quantities_.end())
    throw Error(ErrorCode::kUnknownName, "budget", fmt::format("unknown convention {}", shown(quantity.convention)));
  return cost[static_cast<std::size_t>(found - quantities_.begin())];
}

Setting UniformProblem::setting(const Plateau &plateau) {
  Setting out{.knob = plateau.first, .first = plateau.first, .end = plateau.end, .text = {}, .costs = {}};
  if (plateau.end > plateau.first) out.knob = shortest_decimal(plateau.first, plateau.end);
  out.text = text(out.knob);
  const CostRow cost = this->cost(plateau.first);
  for (std::size_t i = 0; i < quantities_.size(); ++i) out.costs.set(quantities_[i], cost[i]);
  return out;
}

namespace {

CostRow cost_of(const Graph &graph, const std::vector<Quantity> &quantities, const std::vector<Convention> &conventions) {
  const CostReport report = count(graph);
  CostRow out;
  out.reserve(quantities.size());
  for (const Quantity &quantity : quantities) out.push_back(amount(report, quantity, conventions));
  return out;
}

class SubstitutionProblem final : public UniformProblem {
public:
  SubstitutionProblem(const Network &network, const Substitute &substitute, std::vector<Budget> budgets,
                      std::vector<Convention> conventions, WhereRefused where_refused, std::vector<Lowered::Kept> &kept,
                      SettingRange range)
      : UniformProblem(std::move(budgets), std::move(conventions)), substitute_(substitute), range_(range) {
    check_monotone();
    fixed_ = cost_of(lower(network.graph, {}).graph, quantities(), this->conventions());
    std::map<std::vector<SiteKey>, std::size_t> known; // by all places of a layer
    std::map<std::vector<SiteKey>, std::string> refused;
    std::unordered_set<std::string> staying;
    for (const Lowered::Kept &layer : kept) staying.insert(layer.layer);
    for (ConvSites &sites : replaceable_sites(network.graph)) {
      if (staying.contains(sites.front().name)) continue;
      const std::vector<SiteKey> keys = keys_of(sites);
      auto refusal = refused.find(keys);
      if (refusal == refused.end() && !known.contains(keys)) {
        const double most = info().kind == KnobInfo::Kind::kReal ? 1.0 : static_cast<double>(info().least);
        if (const auto found = resolve(sites, with(most)).refusal) {
          if (where_refused == WhereRefused::kThrow)
            throw Error(ErrorCode::kNotApplicable, sites.front().name + "/" + found->field,
                        fmt::format("{} does not apply: {} (--where-possible leaves such layers as they are)",
                                    substitute.text(), found->message));
          refusal = refused.emplace(keys, found->message).first;
        }
      }
      if (refusal != refused.end()) {
        kept.push_back({sites.front().name, refusal->second});
        continue;
      }
      const auto [place, is_new] = known.try_emplace(keys, layers_.size());
      if (is_new) layers_.push_back({.sites = std::move(sites), .baseline = {}, .costs = {}});
      ++layers_[place->second].count;
    }
    if (layers_.empty()) throw Error(ErrorCode::kNotApplicable, network.name, applies_to_no_layer(substitute.text(), kept));
    // What is left once the replaced layers are taken away.
    for (Layer &layer : layers_) {
      layer.baseline = lowered_cost(layer, baseline_substitute());
      add(fixed_, layer.baseline, -layer.count);
    }
    if (info().kind != KnobInfo::Kind::kReal) {
      least_ = static_cast<double>(info().least);
      return;
    }
    const auto first = [](const auto &holds) {
      return from_ordinal(first_where(0, ordinal_of(1.0), [&](std::uint64_t o) { return holds(from_ordinal(o)); }));
    };
    if (range_ == SettingRange::kAllApply) {
      least_ = first([&](double setting) { return applies(setting); });
      return;
    }
    least_ = 1;
    for (Layer &layer : layers_) {
      layer.least = first([&](double setting) { return structure_of(layer, setting).has_value(); });
      least_ = std::min(least_, layer.least);
    }
  }

  Axis axis() const override {
    switch (info().kind) {
    case KnobInfo::Kind::kReal: return Axis::kReal;
    case KnobInfo::Kind::kInteger: return Axis::kWhole;
    case KnobInfo::Kind::kGroups:
    case KnobInfo::Kind::kNone: break;
    }
    return Axis::kEnumerated;
  }
  double least() const override { return least_; }
  double most() const override {
    switch (info().kind) {
    case KnobInfo::Kind::kReal: return 1.0;
    case KnobInfo::Kind::kInteger: return 9007199254740992.0;
    case KnobInfo::Kind::kGroups:
    case KnobInfo::Kind::kNone: break;
    }
    // More groups than channels change nothing.
    std::int64_t channels = 1;
    for (const Layer &layer : layers_) channels = std::max(channels, layer.sites.front().out_channels());
    return static_cast<double>(channels);
  }

  Structure structure(double setting) const override {
    Structure out;
    for (const Layer &layer : layers_) {
      const auto own = structure_of(layer, setting);
      out.push_back(own ? 1 : 0);
      if (own) out.insert(out.end(), own->begin(), own->end());
    }
    return out;
  }

  CostRow cost(double setting) override {
    CostRow out = fixed_;
    for (Layer &layer : layers_) add(out, layer_cost(layer, setting), layer.count);
    return out;
  }

  std::int64_t refusing(double setting) const override {
    if (range_ == SettingRange::kAllApply) return 0;
    std::int64_t out = 0;
    for (const Layer &layer : layers_) out += structure_of(layer, setting) ? 0 : layer.count;
    return out;
  }

  std::vector<Plateau> plateaus() const override {
    std::vector<Plateau> out;
    // More groups asked for are never fewer groups made, so a structure that has passed does not come back, nor does a layer
    // that refuses so many.
    const auto least = static_cast<std::uint64_t>(least_);
    const std::uint64_t end = first_where(least, static_cast<std::uint64_t>(most()) + 1,
                                          [&](std::uint64_t s) { return !applies(static_cast<double>(s)); });
    for (std::uint64_t setting = least; setting < end;) {
      out.push_back({static_cast<double>(setting), static_cast<double>(setting)});
      const Structure own = structure(static_cast<double>(setting));
      setting = first_where(setting, end, [&](std::uint64_t s) { return structure(static_cast<double>(s)) != own; });
    }
    return out;
  }

  double next(double setting) override {
    std::uint64_t out = ordinal_of(most()) + 1;
    for (Layer &layer : layers_) {
      if (setting < layer.from || setting >= layer.until) {
        const auto own = structure_of(layer, setting);
        layer.from = setting;
        layer.until = from_ordinal(first_where(ordinal_of(setting), ordinal_of(most()) + 1,
                                               [&](std::uint64_t o) { return structure_of(layer, from_ordinal(o)) != own; }));
      }
      out = std::min(out, ordinal_of(layer.until));
    }
    return from_ordinal(out);
  }

  std::string text(double setting) const override { return with(setting).text(); }

private:
  /// Of one kind, at all its places.
  struct Layer {
    ConvSites sites;
    std::int64_t count = 0; ///< layers of the network like this
    double least = 0;       ///< it refuses all settings below
    CostRow baseline;
    std::map<Structure, CostRow> costs; ///< of structures met before
    // One structure from here until there, where next() has been last: layers change at settings of their own.
    double from = 0;
    double until = 0;
  };
  static constexpr std::size_t kMostRemembered = 1 << 14; ///< of a layer: whoever walks through millions does not come back

  const KnobInfo &info() const { return substitute_.family->info().knob; }
  /// What is searched for may be done in another order as ranks rise. Its macs never fall then, nor what does not depend on the
  /// order; other quantities may, and nothing here could prove an answer.
  void check_monotone() const {
    const bool is_cheapest =
        substitute_.evaluated() == Evaluation::kCheapest && substitute_.family->info().evaluations.size() > 1;
    if (!is_cheapest && substitute_.evaluated() != Evaluation::kContraction) return;
    if (axis() == Axis::kEnumerated) return; // all settings are counted
    const auto refuse = [&](const std::string &where, const std::string &why) {
      throw Error(ErrorCode::kNotApplicable, where,
                  fmt::format("{}; the evaluation {} would be accepted", why,
                              name_of(kEvaluations, substitute_.family->info().evaluations.front())));
    };
    if (info().kind != KnobInfo::Kind::kReal)
      refuse(substitute_.text(), fmt::format("the cost of the cheapest evaluation is not affine in {}", info().name));
    const Quantity macs = Quantity::mult_adds(standard_convention().name);
    for (const Budget &budget : budgets())
      if (!budget.quantity.is_of_parameters() && budget.quantity != macs)
        refuse(fmt::format("budget {}", budget.quantity.text()),
               fmt::format("it may fall as {} of {} rises, since the order of the contraction may change", info().name,
                           substitute_.text()));
  }
  Substitute with(double knob) const {
    Substitute out = substitute_;
    out.knob = knob;
    return out;
  }
  /// None where the layer refuses the setting. As resolve(sites, with(setting)) has it of a layer that accepts another one.
  std::optional<Structure> structure_of(const Layer &layer, double setting) const {
    if (setting < layer.least) return std::nullopt;
    Resolved own = substitute_.family->resolve(layer.sites.front(), substitute_.settings, setting);
    if (own.refusal) return std::nullopt;
    for (const ConvSite &site : std::span(layer.sites).subspan(1)) {
      const Resolved here = substitute_.family->resolve(site, substitute_.settings, setting);
      if (here.refusal || here.structure != own.structure) return std::nullopt;
    }
    return std::move(own.structure);
  }
  /// Whether a setting is in range.
  bool applies(double setting) const {
    const auto accepts = [&](const Layer &layer) { return structure_of(layer, setting).has_value(); };
    return range_ == SettingRange::kAllApply ? std::all_of(layers_.begin(), layers_.end(), accepts)
                                             : std::any_of(layers_.begin(), layers_.end(), accepts);
  }
  static void add(CostRow &to, const CostRow &cost, std::int64_t times) {
    for (std::size_t i = 0; i < to.size(); ++i) to[i] += cost[i].repeated(times);
  }
  CostRow lowered_cost(const Layer &layer, const Substitute &substitute) const {
    return amounts(candidate_costs(layer.sites, {&substitute, 1}, conventions()), 0);
  }
  CostRow layer_cost(Layer &layer, double setting) {
    if (info().kind == KnobInfo::Kind::kInteger) {
      // Affine: two small ones tell all.
      const auto first = static_cast<double>(info().least);
      CostRow out = known_cost(layer, first);
      CostRow step = known_cost(layer, first + 1);
      add(step, out, -1);
      add(out, step, static_cast<std::int64_t>(setting - first));
      return out;
    }
    return known_cost(layer, setting);
  }
  const CostRow &known_cost(Layer &layer, double setting) {
    std::optional<Structure> structure = structure_of(layer, setting);
    if (!structure && range_ == SettingRange::kAnyApplies) return layer.baseline;
    if (!structure) structure.emplace(); // which lowered_cost() says why
    const auto known = layer.costs.find(*structure);
    if (known != layer.costs.end()) return known->second;
    if (layer.costs.size() >= kMostRemembered) layer.costs.clear();
    return layer.costs.emplace(std::move(*structure), lowered_cost(layer, with(setting))).first->second;
  }

  Substitute substitute_;
  SettingRange range_;
  std::vector<Layer> layers_; ///< one of each kind
  CostRow fixed_;
  double least_ = 0;
};

class WidthProblem final : public UniformProblem {
public:
  static constexpr std::size_t kMostPlateaus = 1 << 14; // each is a network that is built and counted

  WidthProblem(const Network &network, double times, std::vector<Budget> budgets, std::vector<Convention> conventions)
      : UniformProblem(std::move(budgets), std::move(conventions)), widths_(network), times_(times), name_(network.name),
        most_(widths_.most(times)) {
    if (widths_.is_whole()) {
      if (most_ > static_cast<double>(kMostPlateaus)) refuse(static_cast<double>(kMostPlateaus));
      Structure last;
      for (double channels = 1; channels <= most_; ++channels)
        if (const Structure own = structure(channels); !own.empty() && own != last) {
          plateaus_.push_back({channels, channels}); // the least of those that are rounded to the same
          last = own;
        }
      return;
    }
    const std::uint64_t last = ordinal_of(most_);
    std::uint64_t at = first_where(0, last, [&](std::uint64_t o) { return !structure(from_ordinal(o)).empty(); });
    const Structure final = widths_.channels(most_);
    for (;;) {
      const Structure own = structure(from_ordinal(at));
      if (own == final) {
        plateaus_.push_back({from_ordinal(at), from_ordinal(last + 1)});
        return;
      }
      const std::uint64_t next = first_where(at, last, [&](std::uint64_t o) { return structure(from_ordinal(o)) != own; });
      if (plateaus_.size() >= kMostPlateaus) refuse(from_ordinal(at));
      plateaus_.push_back({from_ordinal(at), from_ordinal(next)});
      at = next;
    }
  }

  Axis axis() const override { return Axis::kEnumerated; }
  double least() const override { return plateaus_.front().first; }
  double most() const override { return most_; }
  /// Empty where a stage would have no channels.
  Structure structure(double setting) const override {
    try {
      return widths_.channels(setting);
    } catch (const Error &) {
      return {};
    }
  }
  CostRow cost(double setting) override {
    try {
      return cost_of(lower(widths_.at(setting).graph, {}).graph, quantities(), conventions());
    } catch (const Error &error) {
      if (error.code() != ErrorCode::kOverflow) throw;
      throw Error(ErrorCode::kOverflow, text(setting),
                  fmt::format("{}: {}; --max-width below {} would be accepted", error.where(), error.message(),
                              shortest(setting / widths_.own())));
    }
  }
  std::vector<Plateau> plateaus() const override { return plateaus_; }
  double next(double /*setting*/) override { throw std::logic_error("widths are listed"); }
  std::string searched() const override {
    return fmt::format("up to {} ({})", text(most_),
                       times_ == 1 ? "the network's own" : fmt::format("{} times the network's own", shortest(times_)));
  }
  std::string text(double setting) const override { return fmt::format("{}={}", widths_.key(), shortest(setting)); }

private:
  /// `reached`: the width that so many settings come to.
  [[noreturn]] void refuse(double reached) const {
    const double times = std::floor(reached / widths_.own() * 100) / 100; // which may be below 1
    throw Error(ErrorCode::kLimit, name_,
                fmt::format("up to {} there are more than {} widths to try; {} would be accepted", text(most_), kMostPlateaus,
                            times >= 1 ? fmt::format("--max-width {}", shortest(times)) : "a narrower network"));
  }

  Widths widths_;
  double times_;
  std::string name_;
  double most_;
  std::vector<Plateau> plateaus_;
};

} // namespace

std::unique_ptr<UniformProblem> make_substitution_problem(const Network &network, const Substitute &substitute,
                                                          std::vector<Budget> budgets, std::vector<Convention> conventions,
                                                          WhereRefused where_refused, std::vector<Lowered::Kept> &kept,
                                                          SettingRange range) {
  return std::make_unique<SubstitutionProblem>(network, substitute, std::move(budgets), std::move(conventions), where_refused,
                                               kept, range);
}

std::unique_ptr<UniformProblem> make_width_problem(const Network &network, double times, std::vector<Budget> budgets,
                                                   std::vector<Convention> conventions) {
  return std::make_unique<WidthProblem>(network, times, std::move(budgets), std::move(conventions));
}

} // namespace pare

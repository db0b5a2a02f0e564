#include "solver/uniform/problem.hpp"

#include "analysis/cost_model.hpp"
#include "base/bisect.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "solver/site_key.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <map>
#include <set>
#include <tuple>
#include <unordered_set>

namespace pare {

double shortest_decimal(double first, double end) {
  // With so many places, the decimal nearest to `first` and the next one up are the candidates.
  constexpr int kMostPlaces = 17;
  for (int places = 0; places <= kMostPlaces && first < 10; ++places) {
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
                      std::vector<Convention> conventions, WhereRefused where_refused, std::vector<Lowered::Kept> &kept)
      : UniformProblem(std::move(budgets), std::move(conventions)), substitute_(substitute) {
    check_monotone();
    const Substitute &baseline = baseline_substitute();
    fixed_ = cost_of(lower(network.graph, {}).graph, quantities(), this->conventions());
    // How a layer is evaluated may be decided by all its places; else one place is like another.
    std::map<std::pair<std::vector<SiteKey>, SiteKey>, std::size_t> known;
    const bool is_settled = substitute_.evaluated() != Evaluation::kCheapest;
    std::map<std::vector<SiteKey>, std::string> refused; // by all places of a layer
    std::set<std::vector<SiteKey>> accepted;
    std::unordered_set<std::string> staying;
    for (const Lowered::Kept &layer : kept) staying.insert(layer.layer);
    for (const ConvSites &sites : replaceable_sites(network.graph)) {
      if (staying.contains(sites.front().name)) continue;
      const std::vector<SiteKey> keys = keys_of(sites);
      auto refusal = refused.find(keys);
      if (refusal == refused.end() && !accepted.contains(keys)) {
        const double most = info().kind == KnobInfo::Kind::kReal ? 1.0 : static_cast<double>(info().least);
        if (const auto found = resolve(sites, with(most)).refusal) {
          if (where_refused == WhereRefused::kThrow)
            throw Error(ErrorCode::kNotApplicable, sites.front().name + "/" + found->field,
                        fmt::format("{} does not apply: {} (--where-possible leaves such layers as they are)",
                                    substitute.text(), found->message));
          refusal = refused.emplace(keys, found->message).first;
        } else {
          accepted.insert(keys);
        }
      }
      if (refusal != refused.end()) {
        kept.push_back({sites.front().name, refusal->second});
        continue;
      }
      for (std::size_t i = 0; i < sites.size(); ++i) {
        const auto [place, is_new] = known.try_emplace({is_settled ? std::vector<SiteKey>() : keys, keys[i]}, sites_.size());
        if (is_new) sites_.push_back({.site = sites[i], .places = sites, .runs = 0, .owners = 0, .costs = {}});
        Site &site = sites_[place->second];
        ++site.runs;
        if (i == 0) ++site.owners; // the others run with its parameters
      }
    }
    if (sites_.empty()) throw Error(ErrorCode::kNotApplicable, network.name, applies_to_no_layer(substitute.text(), kept));
    // What is left once the replaced layers are taken away.
    for (const Site &s : sites_) add(fixed_, lowered_cost(s.site, baseline), -s.runs, -s.owners);
    if (info().kind == KnobInfo::Kind::kReal)
      least_ = from_ordinal(first_where(0, ordinal_of(1.0), [&](std::uint64_t o) {
        return std::none_of(sites_.begin(), sites_.end(),
                            [&](const Site &s) { return resolve(s.site, with(from_ordinal(o))).refusal.has_value(); });
      }));
    else
      least_ = static_cast<double>(info().least);
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
    for (const Site &s : sites_) channels = std::max(channels, s.site.out_channels());
    return static_cast<double>(channels);
  }

  Structure structure(double setting) const override {
    Structure out;
    for (const Site &s : sites_) {
      const Structure own = substitute_.family->resolve(s.site, substitute_.settings, setting).structure;
      out.insert(out.end(), own.begin(), own.end());
    }
    return out;
  }

  CostRow cost(double setting) override {
    CostRow out = fixed_;
    for (Site &s : sites_) add(out, site_cost(s, setting), s.runs, s.owners);
    return out;
  }

  std::vector<Plateau> plateaus() const override {
    std::vector<Plateau> out;
    // More groups asked for are never fewer groups made, so a structure that has passed does not come back.
    const Structure last = structure(most());
    for (auto setting = static_cast<std::uint64_t>(least_);;) {
      const Structure own = structure(static_cast<double>(setting));
      out.push_back({static_cast<double>(setting), static_cast<double>(setting)});
      if (own == last) return out;
      setting = first_where(setting, static_cast<std::uint64_t>(most()),
                            [&](std::uint64_t s) { return structure(static_cast<double>(s)) != own; });
    }
  }

  std::string text(double setting) const override { return with(setting).text(); }

private:
  struct Site {
    ConvSite site;
    ConvSites places;                   ///< of the layer, itself among them
    std::int64_t runs = 0;              ///< places in the network like this
    std::int64_t owners = 0;            ///< of these, how many have parameters of their own
    std::map<Structure, CostRow> costs; ///< of structures met before
  };

  const KnobInfo &info() const { return substitute_.family->info().knob; }
  /// What is searched for may be done in another order as ranks rise. Its macs never fall then, nor what does not depend on the
  /// order; other quantities may, and nothing here could prove an answer.
  void check_monotone() const {
    const bool is_cheapest =
        substitute_.evaluated() == Evaluation::kCheapest && substitute_.family->info().evaluations.size() > 1;
    if (!is_cheapest && substitute_.evaluated() != Evaluation::kContraction) return;
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
  /// Adds that of a layer that runs so many times, with so many sets of parameters.
  void add(CostRow &to, const CostRow &cost, std::int64_t runs, std::int64_t owners) const {
    for (std::size_t i = 0; i < to.size(); ++i) to[i] += cost[i].repeated(quantities()[i].is_of_parameters() ? owners : runs);
  }
  CostRow lowered_cost(const ConvSite &site, const Substitute &substitute) {
    scratch_.clear();
    lower_site(scratch_, site, scratch_.add_input(site.input), substitute);
    return cost_of(scratch_, quantities(), conventions());
  }
  CostRow site_cost(Site &s, double setting) {
    if (info().kind == KnobInfo::Kind::kInteger) {
      // Affine: two small ones tell all.
      const auto first = static_cast<double>(info().least);
      CostRow step = known_cost(s, first + 1);
      add(step, known_cost(s, first), -1, -1);
      CostRow out = known_cost(s, first);
      const auto steps = static_cast<std::int64_t>(setting - first);
      add(out, step, steps, steps);
      return out;
    }
    return known_cost(s, setting);
  }
  const CostRow &known_cost(Site &s, double setting) {
    Structure structure = substitute_.family->resolve(s.site, substitute_.settings, setting).structure;
    const auto known = s.costs.find(structure);
    if (known != s.costs.end()) return known->second;
    return s.costs.emplace(std::move(structure), lowered_cost(s.site, settled(s.places, with(setting)))).first->second;
  }

  Substitute substitute_;
  std::vector<Site> sites_; ///< one of each kind
  CostRow fixed_;
  double least_ = 0;
  Graph scratch_;
};

class WidthProblem final : public UniformProblem {
public:
  static constexpr std::size_t kMostPlateaus = 1 << 14; // each is a network that is built and counted

  WidthProblem(const Network &network, std::vector<Budget> budgets, std::vector<Convention> conventions)
      : UniformProblem(std::move(budgets), std::move(conventions)), family_(*network.family),
        values_(network.values), options_{.input = network.input} {
    const NetworkInfo &info = family_.info();
    const spec::Reader read(info, values_);
    most_ = read.positive(info.width_key);
    if (info.width_is_whole) {
      if (most_ > static_cast<double>(kMostPlateaus))
        throw Error(ErrorCode::kLimit, std::string(info.name) + "/" + std::string(info.width_key),
                    fmt::format("{} = {} must be at most {} to be solved for", info.width_key, shortest(most_), kMostPlateaus));
      for (double channels = 1; channels <= most_; ++channels)
        if (!structure(channels).empty()) plateaus_.push_back({channels, channels});
      return;
    }
    const std::uint64_t last = ordinal_of(most_);
    std::uint64_t at = first_where(0, last, [&](std::uint64_t o) { return !structure(from_ordinal(o)).empty(); });
    const Structure final = structure(most_);
    for (;;) {
      const Structure own = structure(from_ordinal(at));
      if (own == final) {
        plateaus_.push_back({from_ordinal(at), from_ordinal(last + 1)});
        return;
      }
      const std::uint64_t next = first_where(at, last, [&](std::uint64_t o) { return structure(from_ordinal(o)) != own; });
      if (plateaus_.size() >= kMostPlateaus)
        throw Error(ErrorCode::kLimit, std::string(info.name) + "/" + std::string(info.width_key),
                    fmt::format("a width of {} has more than {} settings to try; a narrower network would be accepted",
                                shortest(most_), kMostPlateaus));
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
      return family_.channels(with(setting));
    } catch (const Error &) {
      return {};
    }
  }
  CostRow cost(double setting) override {
    return cost_of(lower(make_network(family_, with(setting), options_).graph, {}).graph, quantities(), conventions());
  }
  std::vector<Plateau> plateaus() const override { return plateaus_; }
  std::string text(double setting) const override { return fmt::format("{}={}", family_.info().width_key, shortest(setting)); }

private:
  NetworkValues with(double setting) const {
    NetworkValues values = values_;
    values[std::string(family_.info().width_key)] = shortest(setting);
    return values;
  }

  const NetworkFamily &family_;
  NetworkValues values_;
  NetworkOptions options_;
  double most_ = 0;
  std::vector<Plateau> plateaus_;
};

} // namespace

std::unique_ptr<UniformProblem> make_substitution_problem(const Network &network, const Substitute &substitute,
                                                          std::vector<Budget> budgets, std::vector<Convention> conventions,
                                                          WhereRefused where_refused, std::vector<Lowered::Kept> &kept) {
  return std::make_unique<SubstitutionProblem>(network, substitute, std::move(budgets), std::move(conventions), where_refused,
                                               kept);
}

std::unique_ptr<UniformProblem> make_width_problem(const Network &network, std::vector<Budget> budgets,
                                                   std::vector<Convention> conventions) {
  return std::make_unique<WidthProblem>(network, std::move(budgets), std::move(conventions));
}

} // namespace pare

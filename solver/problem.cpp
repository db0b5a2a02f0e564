#include "solver/problem.hpp"

#include "analysis/cost_model.hpp"

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

UniformCost &UniformCost::operator+=(const UniformCost &other) {
  parameters = checked_add(parameters, other.parameters);
  for (std::size_t i = 0; i < mult_adds.size(); ++i) mult_adds[i] += other.mult_adds[i];
  return *this;
}

UniformCost UniformCost::times(std::int64_t runs, std::int64_t owners) const {
  UniformCost out{.parameters = checked_mul(parameters, owners), .mult_adds = mult_adds};
  for (Count &count : out.mult_adds) count = count.repeated(runs);
  return out;
}

std::uint64_t ordinal_of(double value) { return std::bit_cast<std::uint64_t>(value); }
double from_ordinal(std::uint64_t ordinal) { return std::bit_cast<double>(ordinal); }

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
    : budgets_(std::move(budgets)), conventions_(std::move(conventions)) {}

Count UniformProblem::value(const UniformCost &cost, const Budget &budget) const {
  if (budget.metric == Metric::kParameters) return cost.parameters;
  for (std::size_t i = 0; i < conventions_.size(); ++i)
    if (conventions_[i].name == budget.convention) return cost.mult_adds[i];
  throw Error(ErrorCode::kUnknownName, "budget", fmt::format("unknown convention \"{}\"", budget.convention));
}

Setting UniformProblem::setting(const Plateau &plateau) const {
  Setting out{.knob = plateau.first, .first = plateau.first, .end = plateau.end, .text = {}, .costs = {}};
  if (plateau.end > plateau.first) out.knob = shortest_decimal(plateau.first, plateau.end);
  out.text = text(out.knob);
  const UniformCost cost = this->cost(plateau.first);
  out.costs.parameters = cost.parameters;
  for (std::size_t i = 0; i < conventions_.size(); ++i) out.costs.mult_adds[conventions_[i].name] = cost.mult_adds[i];
  return out;
}

namespace {

UniformCost cost_of(const Graph &graph, const std::vector<Convention> &conventions) {
  const CostReport report = count(graph);
  UniformCost out{.parameters = report.parameters, .mult_adds = {}};
  out.mult_adds.reserve(conventions.size());
  for (const Convention &convention : conventions) out.mult_adds.push_back(report.mult_adds(convention));
  return out;
}

/// The smallest ordinal in (below, above] for which `holds`; it must hold at `above` and, once true, stay true.
template <class Holds>
std::uint64_t first_ordinal(std::uint64_t below, std::uint64_t above, const Holds &holds) {
  while (above - below > 1) {
    const std::uint64_t middle = below + (above - below) / 2;
    (holds(middle) ? above : below) = middle;
  }
  return above;
}

class SubstitutionProblem final : public UniformProblem {
public:
  SubstitutionProblem(const Network &network, const Substitute &substitute, std::vector<Budget> budgets,
                      std::vector<Convention> conventions, WhereRefused where_refused, std::vector<Lowered::Kept> &kept)
      : UniformProblem(std::move(budgets), std::move(conventions)), substitute_(substitute) {
    const Substitute &baseline = baseline_substitute();
    fixed_ = cost_of(lower(network.graph, {}).graph, this->conventions());
    std::map<Key, std::size_t> known;
    std::map<std::vector<Key>, std::string> refused; // by all places of a layer
    std::set<std::vector<Key>> accepted;
    std::unordered_set<std::string> staying;
    for (const Lowered::Kept &layer : kept) staying.insert(layer.layer);
    for (const ConvSites &sites : replaceable_sites(network.graph)) {
      if (staying.contains(sites.front().name)) continue;
      std::vector<Key> keys;
      for (const ConvSite &site : sites) keys.push_back(key_of(site));
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
        const auto [place, is_new] = known.try_emplace(keys[i], sites_.size());
        if (is_new) sites_.push_back({.site = sites[i], .runs = 0, .owners = 0, .costs = {}});
        Site &site = sites_[place->second];
        ++site.runs;
        if (i == 0) ++site.owners; // the others run with its parameters
      }
    }
    if (sites_.empty()) throw Error(ErrorCode::kNotApplicable, network.name, applies_to_no_layer(substitute.text(), kept));
    // What is left once the replaced layers are taken away.
    for (const Site &s : sites_) fixed_ += lowered_cost(s.site, baseline).times(-s.runs, -s.owners);
    if (info().kind == KnobInfo::Kind::kReal)
      least_ = from_ordinal(first_ordinal(0, ordinal_of(1.0), [&](std::uint64_t o) {
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

  UniformCost cost(double setting) const override {
    UniformCost out = fixed_;
    for (const Site &s : sites_) out += site_cost(s, setting).times(s.runs, s.owners);
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
      setting = first_ordinal(setting, static_cast<std::uint64_t>(most()),
                              [&](std::uint64_t s) { return structure(static_cast<double>(s)) != own; });
    }
  }

  std::string text(double setting) const override { return with(setting).text(); }

private:
  using Key = std::tuple<std::array<std::int64_t, 15>, bool, Baseline>;
  static Key key_of(const ConvSite &s) {
    return {{s.input.channels, s.input.height, s.input.width, s.output.channels, s.kernel.height, s.kernel.width,
             s.stride.height, s.stride.width, s.padding.vertical.before, s.padding.vertical.after, s.padding.horizontal.before,
             s.padding.horizontal.after, s.dilation.height, s.dilation.width, s.groups},
            s.bias,
            s.baseline};
  }

  struct Site {
    ConvSite site;
    std::int64_t runs = 0;                          ///< places in the network like this
    std::int64_t owners = 0;                        ///< of these, how many have parameters of their own
    mutable std::map<Structure, UniformCost> costs; ///< of structures met before
  };

  const KnobInfo &info() const { return substitute_.family->info().knob; }
  Substitute with(double knob) const {
    Substitute out = substitute_;
    out.knob = knob;
    return out;
  }
  UniformCost lowered_cost(const ConvSite &site, const Substitute &substitute) const {
    scratch_.clear();
    lower_site(scratch_, site, scratch_.add_input(site.input), substitute);
    return cost_of(scratch_, conventions());
  }
  UniformCost site_cost(const Site &s, double setting) const {
    if (info().kind == KnobInfo::Kind::kInteger) {
      // Affine: two small ones tell all.
      const auto first = static_cast<double>(info().least);
      UniformCost step = known_cost(s, first + 1);
      step += known_cost(s, first).times(-1, -1);
      UniformCost out = known_cost(s, first);
      const auto steps = static_cast<std::int64_t>(setting - first);
      out += step.times(steps, steps);
      return out;
    }
    return known_cost(s, setting);
  }
  const UniformCost &known_cost(const Site &s, double setting) const {
    Structure structure = substitute_.family->resolve(s.site, substitute_.settings, setting).structure;
    const auto known = s.costs.find(structure);
    if (known != s.costs.end()) return known->second;
    return s.costs.emplace(std::move(structure), lowered_cost(s.site, with(setting))).first->second;
  }

  Substitute substitute_;
  std::vector<Site> sites_; ///< one of each kind
  UniformCost fixed_;
  double least_ = 0;
  mutable Graph scratch_;
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
    std::uint64_t at = first_ordinal(0, last, [&](std::uint64_t o) { return !structure(from_ordinal(o)).empty(); });
    const Structure final = structure(most_);
    for (;;) {
      const Structure own = structure(from_ordinal(at));
      if (own == final) {
        plateaus_.push_back({from_ordinal(at), from_ordinal(last + 1)});
        return;
      }
      const std::uint64_t next = first_ordinal(at, last, [&](std::uint64_t o) { return structure(from_ordinal(o)) != own; });
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
  UniformCost cost(double setting) const override {
    return cost_of(lower(make_network(family_, with(setting), options_).graph, {}).graph, conventions());
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

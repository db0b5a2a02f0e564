#include "solver/mixed/search.hpp"

#include "solver/mixed/enumerate.hpp"
#include "solver/mixed/exchange.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace pare::mixed {

namespace {

class Search {
public:
  Search(const CandidateTable &table, const Control &control)
      : table_(table), control_(control), watch_(control), instance_(make_instance(table)), relaxation_(instance_) {
    result_.certificate.multipliers.assign(table.budgets.size(), 0);
  }

  MixedResult run(const DualMethod &dual) {
    if (instance_.impossible) {
      result_.certificate.multipliers[*instance_.impossible] = 1;
      result_.reason = Reason::kInfeasible;
      return std::move(result_);
    }
    try {
      search(dual);
    } catch (const Stopped &stopped) {
      end(stopped.limit);
    }
    result_.certificate.value = result_.value;
    return std::move(result_);
  }

private:
  static constexpr std::size_t kGrowth = 4;
  static constexpr std::size_t kFew = 64;      ///< states
  static constexpr std::size_t kWork = 20'000; ///< copies of layers times states for each that a search among few keeps
  static constexpr std::size_t kMany = 1000;   ///< layers
  static constexpr int kMostGaps = 40;

  void search(const DualMethod &dual) {
    // Without multipliers, each layer's best is a bound.
    std::vector<double> multipliers(instance_.constraints());
    take(multipliers);
    watch_.check();
    if (!may_be_feasible()) return infeasible();
    try {
      dual(relaxation_, watch_, multipliers);
    } catch (const Stopped &) {
      take(multipliers);
      throw;
    }
    take(multipliers);
    const std::vector<Price> prices = with_neighbours();
    upper_ = floor_divide(bound_, price_.unit);
    std::size_t copies = 1;
    for (const Instance::Layer &layer : instance_.layers) copies += layer.times;
    // That all are looked at takes about as long as a search among few.
    const std::size_t all = std::clamp<std::size_t>(kWork / copies, 1, 64);
    look_nearby(prices, kFew * all, copies);
    for (std::size_t states = result_.value && copies <= kMany ? kFew : 1;; states *= kGrowth) {
      if (is_proven()) return end(Limit::kNone);
      if (is_close()) return end(Limit::kGap);
      if (result_.value) {
        // Of the better plans the best half, if there are such, are found sooner.
        const Wide half = (upper_ + static_cast<Wide>(*result_.value) + instance_.score_step) / 2;
        if (half < upper_) look(prices, all * states, true, half);
        if (!is_proven()) look(prices, all * states, true, {});
        if (is_proven()) return end(Limit::kNone);
      }
      const Found found = look(prices, states, false, {});
      if (found.complete) return result_.choice ? end(Limit::kNone) : infeasible();
      if (!result_.choice && !find_any(states)) return infeasible();
      if (is_proven()) return end(Limit::kNone);
      if (found.full) return end(is_close() ? Limit::kGap : Limit::kMemory);
    }
  }

  /// Looks for plans within gaps that grow: the less may be lost, the fewer candidates and states there are, so that all of
  /// them are soon looked at. The first that come up are the best, or near it.
  void look_nearby(const std::vector<Price> &prices, std::size_t most, std::size_t copies) {
    constexpr Wide kWidest = Wide{1} << 120; // below 2^126 when it grows
    constexpr Wide kWider = 2;
    Wide gap = usual_loss() / 16;
    // Where candidates lose nothing, it would only be a plan that is harder to find.
    if (16 * gap < price_.unit * instance_.score_step) return;
    // Of many layers, or where any plan that is near will do, few states come to one sooner.
    bool are_all = control_.relative_gap <= 0 && copies <= kMany && instance_.constraints() <= 2;
    const std::size_t few = copies <= kMany ? kFew : 1;
    if (!are_all) gap *= 16;
    for (int i = 0; i < kMostGaps && gap < kWidest && !result_.value; ++i) {
      const Wide floor = floor_divide(bound_ - gap, price_.unit);
      if (are_all) are_all = look(prices, most, true, floor).complete;
      if (!are_all) look(prices, few, false, floor);
      gap *= copies <= kMany ? kWider : 8 * kWider;
    }
  }

  /// One enumeration; of plans at least so good, or better than the best. Takes what it finds and shows.
  Found look(const std::vector<Price> &prices, std::size_t states, bool all_or_none, std::optional<Wide> at_least) {
    Query query = ask(prices, states);
    query.all_or_none = all_or_none;
    if (at_least) query.at_least = at_least;
    Found found = enumerate(instance_, query, watch_);
    if (found.complete && query.at_least) {
      if (!found.plan) upper_ = std::min(upper_, *query.at_least - 1);
      if (found.plan) upper_ = std::min(upper_, static_cast<Wide>(value_of(*found.plan)));
    }
    if (found.plan) improve(*found.plan);
    return found;
  }

  /// For plans that are better than the best so far.
  Query ask(const std::vector<Price> &prices, std::size_t states) const {
    Query out{.prices = prices,
              .shift = shift_,
              .at_least = {},
              .scored = true,
              .states = states,
              .memory_bytes = control_.memory_bytes};
    if (result_.value) out.at_least = static_cast<Wide>(*result_.value) + instance_.score_step;
    return out;
  }

  /// The median over the layers of what their eighth best candidates lose.
  Wide usual_loss() const {
    std::vector<Wide> losses;
    for (const Instance::Layer &layer : instance_.layers) {
      std::vector<Wide> worth;
      for (std::size_t c = 0; c < layer.size(); ++c) worth.push_back(-price_.worth(layer, c));
      const auto eighth = worth.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(worth.size() - 1, 7));
      std::nth_element(worth.begin(), eighth, worth.end());
      losses.push_back(*eighth - *std::min_element(worth.begin(), worth.end()));
    }
    if (losses.empty()) return 0;
    const auto median = losses.begin() + static_cast<std::ptrdiff_t>(losses.size() / 2);
    std::nth_element(losses.begin(), median, losses.end());
    return *median;
  }

  /// Phase 1: false where costs alone prove that there is no plan; the certificate then has the multipliers.
  bool may_be_feasible() {
    std::vector<double> multipliers(instance_.constraints());
    minimise_dual(relaxation_, false, watch_, multipliers);
    const Price price{.unit = 0, .multipliers = relaxation_.whole(multipliers, relaxation_.shift_for(multipliers))};
    if (upper_bound(instance_, price) >= 0) return true;
    certify(price, 0);
    return false;
  }

  /// Looks for any plan, by costs alone; false where there is none.
  bool find_any(std::size_t states) {
    // Each constraint alone, and before them the sum of all.
    const std::size_t constraints = instance_.constraints();
    std::vector<Price> prices(constraints + 1, Price{.unit = 0, .multipliers = std::vector<std::int64_t>(constraints)});
    for (std::size_t j = 0; j < constraints; ++j) {
      std::vector<double> alone(constraints);
      alone[j] = 1;
      prices[j + 1].multipliers = relaxation_.whole(alone, relaxation_.shift_for(alone));
      prices[0].multipliers[j] = prices[j + 1].multipliers[j];
    }
    Query query = ask(prices, states);
    query.scored = false;
    Found found = enumerate(instance_, query, watch_);
    if (found.plan) improve(std::move(*found.plan));
    return found.plan || !found.complete;
  }

  /// The best price, and such a little way from it: the bounds that these give are sharper for partial plans that have spent
  /// more or less than it expects.
  std::vector<Price> with_neighbours() const {
    std::vector<Price> out;
    out.reserve(1 + 4 * instance_.constraints());
    out.push_back(price_);
    const std::vector<std::int64_t> usual = relaxation_.whole(std::vector<double>(instance_.constraints(), 1), shift_);
    for (std::size_t j = 0; j < instance_.constraints(); ++j)
      for (const std::int64_t part : {64, 8})
        for (const int sign : {-1, 1}) {
          Price near = price_;
          // Of a constraint that does not bind yet, a part of what is usual for one that does.
          near.multipliers[j] += sign * ((near.multipliers[j] > 0 ? near.multipliers[j] : usual[j]) / part);
          if (near.multipliers[j] != price_.multipliers[j] && near.multipliers[j] >= 0) out.push_back(std::move(near));
        }
    return out;
  }

  void take(const std::vector<double> &multipliers) {
    const int shift = relaxation_.shift_for(multipliers);
    Price price{.unit = Wide{1} << shift, .multipliers = relaxation_.whole(multipliers, shift)};
    const Wide bound = upper_bound(instance_, price);
    // With the limits as they were given, which is what the certificate says.
    Wide given = bound;
    for (std::size_t j = 0; j < instance_.constraints(); ++j) {
      const CandidateTable::Budget &budget = table_.budgets[instance_.budgets[j]];
      given +=
          static_cast<Wide>(price.multipliers[j]) * (static_cast<Wide>(budget.sign()) * budget.limit - instance_.limits[j]);
    }
    const Wide floor = floor_divide(given, price.unit);
    if (result_.bound && floor >= *result_.bound) return;
    result_.bound = static_cast<std::int64_t>(floor);
    price_ = std::move(price);
    bound_ = bound;
    shift_ = shift;
    certify(price_, shift);
    report();
  }

  void certify(const Price &price, int shift) {
    result_.certificate.shift = shift;
    for (std::size_t j = 0; j < instance_.constraints(); ++j)
      result_.certificate.multipliers[instance_.budgets[j]] = price.multipliers[j];
  }

  /// Takes a plan that is better, and what exchanges make of it.
  void improve(Plan plan) {
    if (!take_plan(plan) || is_proven()) return;
    const Wide enough = floor_divide(bound_, price_.unit) - instance_.score_step + 1;
    exchange(instance_, price_, static_cast<std::int64_t>(enough), watch_, plan);
    take_plan(plan);
  }

  std::int64_t value_of(const Plan &plan) const {
    std::int64_t out = 0;
    for (std::size_t layer = 0; layer < plan.size(); ++layer)
      for (const std::uint32_t c : plan[layer]) out += instance_.layers[layer].scores[c];
    return out;
  }

  bool take_plan(const Plan &plan) {
    const std::int64_t value = value_of(plan);
    Choice choice(plan.size());
    for (std::size_t layer = 0; layer < plan.size(); ++layer)
      for (const std::uint32_t c : plan[layer]) choice[layer].push_back(instance_.layers[layer].ids[c]);
    if (result_.value && value <= *result_.value) return false;
    result_.value = value;
    result_.choice = std::move(choice);
    report();
    return true;
  }

  void report() const {
    if (!control_.progress) return;
    SearchProgress progress{.best = {}, .bound = {}, .seconds = watch_.seconds()};
    if (result_.value) progress.best = *result_.value;
    if (result_.bound) progress.bound = *result_.bound;
    control_.progress(progress);
  }

  bool is_proven() const {
    return result_.value && (upper_ < static_cast<Wide>(*result_.value) + instance_.score_step ||
                             bound_ < price_.unit * (static_cast<Wide>(*result_.value) + instance_.score_step));
  }
  bool is_close() const {
    if (!result_.value || control_.relative_gap <= 0) return false;
    const auto value = static_cast<double>(*result_.value);
    return static_cast<double>(*result_.bound) - value <= control_.relative_gap * std::max(std::abs(value), 1.0);
  }

  void infeasible() {
    result_.reason = Reason::kInfeasible;
    result_.bound.reset();
  }

  /// Ends with what there is; without a limit it is proven.
  void end(Limit limit) {
    if (limit == Limit::kNone || is_proven()) {
      result_.reason = Reason::kOptimal;
      if (result_.bound != result_.value) {
        result_.bound = result_.value;
        report();
      }
      return;
    }
    result_.reason = result_.choice ? Reason::kFeasible : Reason::kUnknown;
    result_.limit = limit;
  }

  const CandidateTable &table_;
  const Control &control_;
  Watch watch_;
  Instance instance_;
  Relaxation relaxation_;
  MixedResult result_;
  Price price_; ///< of the certificate
  int shift_ = 30;
  Wide bound_ = 0;                                ///< that of price_, with the instance's limits
  Wide upper_ = static_cast<Wide>(INT64_MAX) + 1; ///< no plan has more, as far as enumerations tell
};

} // namespace

MixedResult search_mixed(const CandidateTable &table, const Control &control, const DualMethod &dual) {
  return Search(table, control).run(dual);
}

} // namespace pare::mixed

#include "solver/mixed/enumerate.hpp"

#include "solver/mixed/dual.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <map>
#include <numeric>
#include <utility>
#include <vector>

namespace pare::mixed {

namespace {

/// Beyond this many states for each that is kept, states are sorted out before more are made.
constexpr std::size_t kSlack = 4;
/// And not before there are so many.
constexpr std::size_t kLeastBuffer = 4096;
/// Prices made for the states that came up.
constexpr std::size_t kAdapted = 2;

/// A layer's candidates that may be in a plan that is looked for.
template <std::size_t K>
struct Stage {
  std::size_t layer = 0;
  std::size_t times = 1;
  struct Option {
    std::array<std::int64_t, K> cost = {};
    std::int64_t score = 0;
    std::uint32_t id = 0; ///< in the instance
  };
  std::vector<Option> options;            ///< by their first loss
  std::vector<Wide> losses;               ///< of option o under price d, against the layer's best: o * prices + d
  std::array<std::int64_t, K> least = {}; ///< over the options
  std::array<std::int64_t, K> most = {};
  std::array<std::int64_t, K> rest_step = {}; ///< what differences of costs are multiples of, in this layer and those after it
};

template <std::size_t K>
struct State {
  std::array<std::int64_t, K> room; ///< what the rest may cost at most, and not more than it can
  std::int64_t value;
  double margin;  ///< by how many values its completions may be above what is asked for
  double balance; ///< which share of their margins the other prices have left, at least; decides between equals
  std::uint32_t parent;
  std::uint32_t option;
  /// Equal layers choose in descending order, so that one set of choices is met once: the next ones choose no later option.
  /// A state that others are dropped for may choose all that they may.
  std::uint32_t last;
};

/// K: constraints, or more, where those beyond them cost nothing.
template <std::size_t K>
class Enumeration {
public:
  Enumeration(const Instance &instance, const Query &query, Watch &watch)
      : instance_(instance), query_(query), watch_(watch), given_(query.prices.size()),
        price_(query.prices.begin(), query.prices.end()), unit_(query.prices.front().unit) {
    if (query.scored) price_.insert(price_.end(), kAdapted, price_.front());
    prices_ = price_.size();
    Wide least = 0; // no plan has less
    for (const Instance::Layer &layer : instance.layers)
      least += static_cast<Wide>(layer.times) * *std::min_element(layer.scores.begin(), layer.scores.end());
    floor_ = unit_ * query.at_least.value_or(least);
  }

  Found run() {
    Found out;
    if (!prepare()) return out;
    std::vector<State<K>> states(1);
    for (std::size_t j = 0; j < K; ++j) states[0].room[j] = std::min(limits_[j], rest_most_[j]);
    // Prices that differ from the sharpest see what a state has spent, where it sees none of it because all is worth the same.
    start_ = above_floor(0, states[0]);
    for (std::size_t d = 0; d < prices_; ++d)
      per_start_.push_back(1 / std::max(static_cast<double>(above_floor(d, states[0]) - start_), 1.0));
    per_value_ = unit_ == 0 ? 1 : 1 / (static_cast<double>(unit_) * static_cast<double>(instance_.score_step));
    for (std::size_t s = 0; s < stages_.size(); ++s)
      for (std::size_t copy = 0; copy < stages_[s].times; ++copy) {
        adapt(states, s, copy);
        if (copy == 0)
          for (State<K> &state : states) state.last = UINT32_MAX;
        rest_step_ = copy + 1 < stages_[s].times ? stages_[s].rest_step
                     : s + 1 < stages_.size()    ? stages_[s + 1].rest_step
                                                 : std::array<std::int64_t, K>{};
        states = next(states, stages_[s]);
        out.complete = complete_;
        out.full = full_ && !complete_;
        if (states.empty()) return out;
        std::vector<Step> &steps = history_.emplace_back();
        steps.reserve(states.size());
        for (const State<K> &state : states) steps.push_back({state.parent, state.option});
      }
    const auto best =
        std::max_element(states.begin(), states.end(), [](const State<K> &a, const State<K> &b) { return a.value < b.value; });
    out.plan = trace(static_cast<std::uint32_t>(best - states.begin()));
    return out;
  }

private:
  struct Step {
    std::uint32_t parent;
    std::uint32_t option;
  };

  std::int64_t limit(std::size_t j) const { return j < instance_.constraints() ? instance_.limits[j] : 0; }
  std::int64_t score(const Instance::Layer &layer, std::size_t c) const { return query_.scored ? layer.scores[c] : 0; }

  /// Leaves out the candidates that are in no plan that is looked for, and puts the layers in order; false where nothing is
  /// left.
  bool prepare() {
    const std::size_t constraints = instance_.constraints();
    std::vector<Wide> slack(prices_); // of each price, from its bound to the floor
    std::size_t work = 0;
    for (const Instance::Layer &layer : instance_.layers) work += layer.size() * (constraints + 1);
    for (std::size_t d = 0; d < prices_; ++d) {
      slack[d] = upper_bound(instance_, price_[d]) - floor_;
      watch_.worked(work);
    }
    for (std::size_t j = 0; j < K; ++j) limits_[j] = limit(j);
    std::array<Wide, K> least = {};
    for (const Instance::Layer &layer : instance_.layers)
      for (std::size_t j = 0; j < constraints; ++j) least[j] += static_cast<Wide>(layer.times) * layer.least[j];
    rest_.assign(prices_, 0);
    for (std::size_t i = 0; i < instance_.layers.size(); ++i) {
      const Instance::Layer &layer = instance_.layers[i];
      watch_.worked(layer.size() * (prices_ + 1) * (constraints + 1));
      std::vector<Wide> worth(layer.size() * prices_);
      std::vector<Wide> best(prices_);
      const auto raise = [&](std::size_t d, std::size_t c, bool first) {
        if (first || worth[c * prices_ + d] > best[d]) best[d] = worth[c * prices_ + d];
      };
      for (std::size_t c = 0; c < layer.size(); ++c)
        for (std::size_t d = 0; d < prices_; ++d) {
          worth[c * prices_ + d] = price_[d].worth(layer, c);
          raise(d, c, c == 0);
        }
      Stage<K> stage;
      stage.layer = i;
      stage.times = layer.times;
      std::vector<std::uint32_t> kept;
      for (std::uint32_t c = 0; c < layer.size(); ++c) {
        bool may = true;
        for (std::size_t d = 0; d < prices_ && may; ++d) may = best[d] - worth[c * prices_ + d] <= slack[d];
        for (std::size_t j = 0; j < constraints && may; ++j)
          may = least[j] + layer.costs[c * constraints + j] - layer.least[j] <= limits_[j];
        if (may) kept.push_back(c);
      }
      if (kept.empty()) return false;
      // What is left may be worth less than what was there.
      for (const std::uint32_t c : kept)
        for (std::size_t d = 0; d < prices_; ++d) raise(d, c, c == kept.front());
      std::stable_sort(kept.begin(), kept.end(),
                       [&](std::uint32_t a, std::uint32_t b) { return worth[a * prices_] > worth[b * prices_]; });
      for (const std::uint32_t c : kept) {
        typename Stage<K>::Option option;
        option.id = c;
        option.score = score(layer, c);
        for (std::size_t j = 0; j < constraints; ++j) option.cost[j] = layer.costs[c * constraints + j];
        if (dominated(stage, option)) continue;
        stage.options.push_back(option);
        for (std::size_t d = 0; d < prices_; ++d) stage.losses.push_back(best[d] - worth[c * prices_ + d]);
        for (std::size_t j = 0; j < K; ++j) {
          stage.least[j] = stage.options.size() == 1 ? option.cost[j] : std::min(stage.least[j], option.cost[j]);
          stage.most[j] = stage.options.size() == 1 ? option.cost[j] : std::max(stage.most[j], option.cost[j]);
        }
      }
      for (std::size_t d = 0; d < prices_; ++d) rest_[d] += static_cast<Wide>(stage.times) * best[d];
      for (std::size_t j = 0; j < K; ++j) {
        rest_least_[j] += static_cast<std::int64_t>(stage.times) * stage.least[j];
        rest_most_[j] += static_cast<std::int64_t>(stage.times) * stage.most[j];
      }
      best_.push_back(std::move(best));
      stages_.push_back(std::move(stage));
    }
    // Those with many candidates come last, where what is left to spend has to be met closely.
    std::stable_sort(stages_.begin(), stages_.end(),
                     [](const Stage<K> &a, const Stage<K> &b) { return a.options.size() < b.options.size(); });
    for (std::size_t j = 0; j < K; ++j)
      if (rest_least_[j] > limits_[j]) return false;
    for (std::size_t s = stages_.size(); s-- > 0;)
      for (std::size_t j = 0; j < K; ++j) {
        std::int64_t &step = stages_[s].rest_step[j];
        if (s + 1 < stages_.size()) step = stages_[s + 1].rest_step[j];
        for (const auto &option : stages_[s].options) step = std::gcd(step, option.cost[j] - stages_[s].least[j]);
      }
    std::size_t steps = 0;
    for (const Stage<K> &s : stages_) steps += s.options.size() > 1 ? s.times : 0;
    const std::size_t bytes = steps * sizeof(Step) + (kSlack + 1) * sizeof(State<K>);
    const std::size_t fit = std::max<std::size_t>(query_.memory_bytes / bytes, 1);
    full_ = fit < query_.states;
    states_ = std::min({query_.states, fit, std::size_t{UINT32_MAX}});
    return true;
  }

  /// Of more than two constraints, for which make_instance() leaves this; options before this one are worth no less.
  bool dominated(const Stage<K> &stage, const typename Stage<K>::Option &option) const {
    constexpr std::size_t kMost = 500;
    if (K <= 2 && query_.scored) return false;
    const std::size_t count = std::min(stage.options.size(), kMost);
    for (std::size_t o = 0; o < count; ++o) {
      bool beats = stage.options[o].score >= option.score;
      for (std::size_t j = 0; j < K && beats; ++j) beats = stage.options[o].cost[j] <= option.cost[j];
      if (beats) return true;
    }
    return false;
  }

  /// Replaces an adapted price by the best one for the rest after the most promising state, where it is about time again:
  /// more and more often towards the end, where little is left to make good what was spent.
  void adapt(const std::vector<State<K>> &states, std::size_t s, std::size_t copy) {
    if (!query_.scored || stages_[s].options.size() == 1) return;
    std::size_t copies = stages_[s].times - copy;
    for (std::size_t later = s + 1; later < stages_.size(); ++later) copies += stages_[later].times;
    if (copies > 32 && 4 * copies > 3 * adapted_at_) return;
    adapted_at_ = copies;
    const State<K> &state = *std::min_element(states.begin(), states.end(), more_promising);
    const std::size_t constraints = instance_.constraints();
    Instance rest;
    rest.limits.assign(state.room.begin(), state.room.begin() + static_cast<std::ptrdiff_t>(constraints));
    for (std::size_t later = s; later < stages_.size(); ++later) {
      const Stage<K> &stage = stages_[later];
      Instance::Layer &layer = rest.layers.emplace_back();
      layer.times = later == s ? stage.times - copy : stage.times;
      for (const auto &option : stage.options) {
        layer.scores.push_back(option.score);
        layer.costs.insert(layer.costs.end(), option.cost.begin(),
                           option.cost.begin() + static_cast<std::ptrdiff_t>(constraints));
      }
      layer.least.assign(stage.least.begin(), stage.least.begin() + static_cast<std::ptrdiff_t>(constraints));
      layer.most.assign(stage.most.begin(), stage.most.begin() + static_cast<std::ptrdiff_t>(constraints));
    }
    const Relaxation relaxation(rest);
    std::vector<double> multipliers(constraints);
    minimise_dual(relaxation, true, watch_, multipliers);
    const std::size_t d = given_ + turn_++ % kAdapted;
    price_[d].multipliers = relaxation.whole(multipliers, query_.shift);
    rest_[d] = 0;
    for (std::size_t later = s; later < stages_.size(); ++later) {
      Stage<K> &stage = stages_[later];
      const Instance::Layer &layer = rest.layers[later - s];
      Wide &best = best_[stage.layer][d];
      for (std::size_t o = 0; o < stage.options.size(); ++o) {
        const Wide worth = price_[d].worth(layer, o);
        if (o == 0 || worth > best) best = worth;
        stage.losses[o * prices_ + d] = worth;
      }
      for (std::size_t o = 0; o < stage.options.size(); ++o)
        stage.losses[o * prices_ + d] = best - stage.losses[o * prices_ + d];
      rest_[d] += static_cast<Wide>(layer.times) * best;
    }
  }

  static bool more_promising(const State<K> &a, const State<K> &b) {
    return a.margin != b.margin ? a.margin > b.margin : a.balance > b.balance;
  }

  /// The states after one more copy of a layer.
  std::vector<State<K>> next(const std::vector<State<K>> &states, const Stage<K> &stage) {
    for (std::size_t j = 0; j < K; ++j) {
      rest_least_[j] -= stage.least[j];
      rest_most_[j] -= stage.most[j];
    }
    std::vector<State<K>> out;
    std::size_t buffer = std::max(kSlack * states_, kLeastBuffer);
    std::vector<Wide> bounds(prices_);
    for (std::uint32_t parent = 0; parent < states.size(); ++parent) {
      const State<K> &from = states[parent];
      for (std::size_t d = 0; d < prices_; ++d) bounds[d] = above_floor(d, from);
      const auto end = static_cast<std::uint32_t>(std::min(stage.options.size(), from.last + std::size_t{1}));
      for (std::uint32_t o = 0; o < end; ++o) {
        const Wide *loss = &stage.losses[o * prices_];
        if (loss[0] > bounds[0]) break;
        extend(from, bounds, stage.options[o], loss, parent, o, out);
      }
      watch_.worked(10 * end);
      if (out.size() > buffer) {
        thin(out);
        if (out.size() > states_) {
          cut(out, states_);
          if (query_.all_or_none) return {};
        }
        buffer = std::max(buffer, 2 * out.size());
      }
    }
    for (std::size_t d = 0; d < prices_; ++d) rest_[d] -= best_[stage.layer][d];
    // Few are no proof as a rule, and need no care.
    constexpr std::size_t kFew = 16;
    if (states_ <= kFew && !query_.all_or_none && out.size() > kLeastBuffer) cut(out, kSlack * states_);
    thin(out);
    if (out.size() > states_) {
      cut(out, states_);
      if (query_.all_or_none) return {};
    }
    return out;
  }

  /// A bound of a state's completions, above the floor. The layer before which it stands is part of the rest.
  Wide above_floor(std::size_t d, const State<K> &state) const {
    Wide out = unit_ * state.value + rest_[d] - floor_;
    for (std::size_t j = 0; j < instance_.constraints(); ++j)
      out += static_cast<Wide>(price_[d].multipliers[j]) * state.room[j];
    return out;
  }

  void extend(const State<K> &from, const std::vector<Wide> &bounds, const typename Stage<K>::Option &option, const Wide *loss,
              std::uint32_t parent, std::uint32_t o, std::vector<State<K>> &out) const {
    State<K> to;
    std::array<std::int64_t, K> unused;
    bool wastes = false;
    for (std::size_t j = 0; j < K; ++j) {
      const std::int64_t room = from.room[j] - option.cost[j];
      if (room < rest_least_[j]) return;
      // What the rest cannot use is lost: states become equal by it, and bounds sharper.
      to.room[j] = std::min(room, rest_most_[j]);
      if (rest_step_[j] > 1) to.room[j] -= (to.room[j] - rest_least_[j]) % rest_step_[j];
      unused[j] = room - to.room[j];
      wastes = wastes || unused[j] > 0;
    }
    Wide margin = 0;
    double balance = 1;
    for (std::size_t d = 0; d < prices_; ++d) {
      Wide bound = bounds[d] - loss[d];
      if (wastes)
        for (std::size_t j = 0; j < instance_.constraints(); ++j)
          bound -= static_cast<Wide>(price_[d].multipliers[j]) * unused[j];
      if (bound < 0) return;
      margin = d == 0 ? bound : std::min(margin, bound);
      if (d > 0 && d < given_) balance = std::min(balance, static_cast<double>(bound - start_) * per_start_[d]);
    }
    to.value = from.value + option.score;
    to.margin = std::floor(static_cast<double>(margin) * per_value_);
    to.balance = balance;
    to.parent = parent;
    to.option = o;
    to.last = complete_ ? o : UINT32_MAX;
    out.push_back(to);
  }

  /// Sorts states, and drops those that others dominate: with no less room, and no less value.
  void thin(std::vector<State<K>> &states) {
    std::sort(states.begin(), states.end(), [&](const State<K> &a, const State<K> &b) {
      watch_.worked(4);
      for (std::size_t j = 0; j < K; ++j)
        if (a.room[j] != b.room[j]) return a.room[j] > b.room[j];
      return a.value > b.value;
    });
    std::size_t kept = 0;
    if constexpr (K == 1) {
      for (const State<K> &state : states) {
        if (kept == 0 || state.value > states[kept - 1].value)
          states[kept++] = state;
        else
          states[kept - 1].last = std::max(states[kept - 1].last, state.last);
      }
    } else if constexpr (K == 2) {
      // The best value for each second room, among those with no less of the first: falls as the room rises.
      std::map<std::int64_t, std::size_t> best; // places of the states
      for (const State<K> &state : states) {
        watch_.worked(30);
        auto at = best.lower_bound(state.room[1]);
        if (at != best.end() && states[at->second].value >= state.value) {
          states[at->second].last = std::max(states[at->second].last, state.last);
          continue;
        }
        if (at != best.end() && at->first == state.room[1]) at = best.erase(at);
        while (at != best.begin() && states[std::prev(at)->second].value <= state.value) at = best.erase(std::prev(at));
        best.emplace_hint(at, state.room[1], kept);
        states[kept++] = state;
      }
    } else {
      // All pairs would be too many; most that dominate are near.
      constexpr std::size_t kNear = 64;
      for (const State<K> &state : states) {
        watch_.worked(50);
        bool beaten = false;
        for (std::size_t back = 1; back <= std::min(kept, kNear) && !beaten; ++back) {
          State<K> &other = states[kept - back];
          beaten = other.value >= state.value;
          for (std::size_t j = 0; j < K && beaten; ++j) beaten = other.room[j] >= state.room[j];
          if (beaten) other.last = std::max(other.last, state.last);
        }
        if (!beaten) states[kept++] = state;
      }
    }
    states.resize(kept);
  }

  /// Keeps the `count` most promising.
  void cut(std::vector<State<K>> &states, std::size_t count) {
    complete_ = false;
    const auto end = states.begin() + static_cast<std::ptrdiff_t>(count);
    std::nth_element(states.begin(), end, states.end(), [&](const State<K> &a, const State<K> &b) {
      watch_.worked(4);
      return more_promising(a, b);
    });
    states.erase(end, states.end());
    // What chose later may be gone.
    for (State<K> &state : states) state.last = UINT32_MAX;
  }

  Plan trace(std::uint32_t at) const {
    Plan out(instance_.layers.size());
    std::size_t step = history_.size();
    for (std::size_t s = stages_.size(); s-- > 0;)
      for (std::size_t copy = 0; copy < stages_[s].times; ++copy) {
        const Step &taken = history_[--step][at];
        out[stages_[s].layer].push_back(stages_[s].options[taken.option].id);
        at = taken.parent;
      }
    return out;
  }

  const Instance &instance_;
  const Query &query_;
  Watch &watch_;
  std::size_t given_;        ///< prices
  std::vector<Price> price_; ///< those given, then kAdapted
  std::size_t prices_ = 0;
  Wide unit_ = 0;
  Wide floor_ = 0;
  bool complete_ = true;
  bool full_ = false;
  std::size_t states_ = 1;        ///< the most to keep
  Wide start_ = 0;                ///< the sharpest price's margin at the start
  std::vector<double> per_start_; ///< 1 / what another's margin is more than that
  double per_value_ = 1;          ///< 1 / margin between two values
  std::array<std::int64_t, K> limits_ = {};
  std::vector<Stage<K>> stages_;
  std::vector<std::vector<Wide>> best_; ///< of each layer under each price
  // Over the copies of layers to come.
  std::vector<Wide> rest_; ///< the most worth, under each price
  std::array<std::int64_t, K> rest_least_ = {};
  std::array<std::int64_t, K> rest_most_ = {};
  std::array<std::int64_t, K> rest_step_ = {}; ///< what differences of its costs are multiples of; 0: it has one cost only
  std::size_t adapted_at_ = SIZE_MAX / 4;      ///< copies to come when a price was last adapted
  std::size_t turn_ = 0;
  std::vector<std::vector<Step>> history_;
};

} // namespace

Found enumerate(const Instance &instance, const Query &query, Watch &watch) {
  const std::size_t constraints = instance.constraints();
  if (constraints <= 1) return Enumeration<1>(instance, query, watch).run();
  if (constraints <= 2) return Enumeration<2>(instance, query, watch).run();
  if (constraints <= 4) return Enumeration<4>(instance, query, watch).run();
  return Enumeration<8>(instance, query, watch).run();
}

} // namespace pare::mixed

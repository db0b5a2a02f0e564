#include "solver/proof.hpp"

#include "base/error.hpp"
#include "base/wide.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <numeric>
#include <vector>

namespace pare {

namespace {

// ------------------------------------------------------------------------------------------------- arithmetic

/// U, and the room below it, are smaller: nine of them can be added up.
constexpr Wide kMostWide = static_cast<Wide>(1) << 120;

[[noreturn]] void throw_too_wide() {
  throw Error(ErrorCode::kOverflow, "certificate",
              "the bound has more than 120 bits; smaller multipliers, or a smaller shift, would be accepted");
}

Wide narrowed(Wide value) {
  if (value > kMostWide || value < -kMostWide) throw_too_wide();
  return value;
}

Wide sum(Wide a, Wide b) {
  Wide out = 0;
  if (__builtin_add_overflow(a, b, &out)) throw_too_wide();
  return out;
}

Wide product(Wide a, std::int64_t times) {
  if (a > kMostWide / times || a < -kMostWide / times) throw_too_wide();
  return a * times;
}

/// Rounded down, as >> of a negative number is in C++20.
Wide shifted_down(Wide value, int shift) { return value >> shift; }

std::optional<std::int64_t> as_int64(Wide value) {
  if (value < INT64_MIN || value > INT64_MAX) return std::nullopt;
  return static_cast<std::int64_t>(value);
}

/// value - base is made a multiple of `step` by going down; where step is 0, all sums are the base.
Wide aligned_down(Wide value, Wide base, Wide step) {
  if (step == 0) return value >= base ? base : value;
  const Wide over = (value - base) % step;
  return value - (over < 0 ? over + step : over);
}

/// Sums of differences: those over a whole choice fit, a difference alone may wrap.
std::int64_t wrapping_sum(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}
std::int64_t wrapping_difference(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}
std::uint64_t distance(std::int64_t a, std::int64_t b) {
  return a > b ? static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b)
               : static_cast<std::uint64_t>(b) - static_cast<std::uint64_t>(a);
}

/// Spreads numbers (the finaliser of SplitMix64; Steele, Lea and Flood 2014).
std::uint64_t mixed(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31);
}

// ------------------------------------------------------------------------------------------------- the bound

/// A table with its multipliers. `scored`: else all scores count as 0, and only the budgets are of interest.
struct Priced {
  const CandidateTable &table;
  const Certificate &certificate;
  bool scored = true;

  std::size_t budgets() const { return table.budgets.size(); }
  std::int64_t score(std::size_t layer, std::size_t candidate) const {
    return scored ? table.layers[layer].scores[candidate] : 0;
  }
  std::int64_t cost(std::size_t layer, std::size_t candidate, std::size_t budget) const {
    return table.budgets[budget].sign() * table.cost(layer, candidate, budget);
  }
  std::int64_t times(std::size_t layer) const { return static_cast<std::int64_t>(table.layers[layer].names.size()); }
  Wide scaled(Wide score) const { return score * (static_cast<Wide>(1) << certificate.shift); }
  /// 2^shift score - sum_j m_j s_j cost_j
  Wide reduced(std::size_t layer, std::size_t candidate) const {
    Wide out = scaled(score(layer, candidate));
    for (std::size_t j = 0; j < budgets(); ++j)
      out = sum(out, -static_cast<Wide>(certificate.multipliers[j]) * cost(layer, candidate, j));
    return out;
  }
  Wide limit(std::size_t budget) const { return static_cast<Wide>(table.budgets[budget].sign()) * table.budgets[budget].limit; }
};

struct Bound {
  std::vector<Wide> best; ///< of the candidates' reduced values, by layer
  Wide layers = 0;        ///< the sum of these
  Wide upper = 0;         ///< U
};

Bound bound_of(const Priced &priced) {
  Bound out;
  out.best.reserve(priced.table.layers.size());
  for (std::size_t i = 0; i < priced.table.layers.size(); ++i) {
    Wide best = priced.reduced(i, 0);
    for (std::size_t c = 1; c < priced.table.layers[i].size(); ++c) best = std::max(best, priced.reduced(i, c));
    out.best.push_back(narrowed(best));
    out.layers = narrowed(sum(out.layers, product(best, priced.times(i))));
  }
  out.upper = out.layers;
  for (std::size_t j = 0; j < priced.budgets(); ++j)
    out.upper = narrowed(sum(out.upper, priced.limit(j) * priced.certificate.multipliers[j]));
  return out;
}

// ------------------------------------------------------------------------------------------------- what may take part

/// A candidate that may be part of a choice of the target or better.
struct Item {
  Wide loss = 0;
  std::int64_t score = 0;
  std::vector<std::int64_t> costs; ///< with their signs
};

struct Entry {
  std::int64_t times = 1;
  std::vector<Item> items;
};

/// The choices that have the target or more, meet the budgets, and so have losses of no more than the room.
struct Rest {
  std::vector<Entry> entries;
  std::vector<std::int64_t> limits; ///< of the signed costs
  std::vector<std::int64_t> multipliers;
  Wide target = 0;
  Wide room = 0;
  bool empty = false; ///< there is none

  std::size_t candidates() const {
    std::size_t out = 0;
    if (!empty)
      for (const Entry &entry : entries) out += entry.items.size();
    return out;
  }
};

/// The sums of one number over choices.
struct Range {
  std::int64_t least = 0, most = 0, any = 0;
  std::uint64_t step = 0; ///< all sums differ by multiples of it
};

template <class Number>
Range range_of(const Entry &entry, const Number &number) {
  Range out{.least = number(entry.items[0]), .most = number(entry.items[0]), .any = number(entry.items[0])};
  for (const Item &item : entry.items) {
    const std::int64_t value = number(item);
    out.least = std::min(out.least, value);
    out.most = std::max(out.most, value);
    out.step = std::gcd(out.step, distance(value, out.any));
  }
  return out;
}

/// Leaves out what cannot take part, as long as this tells more of the rest.
class Reduction {
public:
  /// One round at least; more where there is time.
  template <class IsOver>
  Reduction(const Priced &priced, const Bound &bound, Wide target, const IsOver &is_over)
      : priced_(priced), layers_(bound.layers) {
    rest_.target = target;
    rest_.multipliers = priced.certificate.multipliers;
    rest_.room = bound.upper - priced.scaled(target);
    if (rest_.room > kMostWide) throw_too_wide();
    if (!(rest_.empty = rest_.room < 0)) list(bound);
    for (std::size_t j = 0; j < priced.budgets(); ++j) wide_limits_.push_back(priced.limit(j));
    constexpr int kMostRounds = 16;
    for (int round = 0; round < kMostRounds && !rest_.empty; ++round)
      if (!reduce() || is_over()) break;
  }

  Rest take() { return std::move(rest_); }

private:
  void list(const Bound &bound) {
    for (std::size_t i = 0; i < bound.best.size(); ++i) {
      Entry entry{.times = priced_.times(i), .items = {}};
      for (std::size_t c = 0; c < priced_.table.layers[i].size(); ++c) {
        const Wide loss = bound.best[i] - priced_.reduced(i, c);
        if (loss > rest_.room) continue;
        Item item{.loss = loss, .score = priced_.score(i, c), .costs = {}};
        item.costs.reserve(priced_.budgets());
        for (std::size_t j = 0; j < priced_.budgets(); ++j) item.costs.push_back(priced_.cost(i, c, j));
        entry.items.push_back(std::move(item));
      }
      rest_.entries.push_back(std::move(entry));
    }
  }

  /// One round; whether it left something out.
  bool reduce() {
    const std::size_t budgets = wide_limits_.size();
    ranges_.assign(budgets, std::vector<Range>(rest_.entries.size()));
    std::vector<Range> totals(budgets);
    Range scores;
    for (std::size_t i = 0; i < rest_.entries.size(); ++i) {
      const Entry &entry = rest_.entries[i];
      const auto add = [&entry](Range &total, const Range &range) {
        total.least += entry.times * range.least;
        total.most += entry.times * range.most;
        total.any += entry.times * range.any;
        total.step = std::gcd(total.step, range.step);
      };
      for (std::size_t j = 0; j < budgets; ++j) {
        ranges_[j][i] = range_of(entry, [j](const Item &item) { return item.costs[j]; });
        add(totals[j], ranges_[j][i]);
      }
      add(scores, range_of(entry, [](const Item &item) { return item.score; }));
    }

    // The next value, and the last limits, that are sums at all.
    rest_.target = -aligned_down(-rest_.target, -static_cast<Wide>(scores.any), scores.step);
    rest_.room = folded_ + layers_ - priced_.scaled(rest_.target);
    rest_.empty = rest_.target > scores.most;
    rest_.limits.assign(budgets, 0);
    for (std::size_t j = 0; j < budgets; ++j) {
      Wide &limit = wide_limits_[j];
      limit = aligned_down(std::min<Wide>(limit, totals[j].most), totals[j].any, totals[j].step);
      if (limit < totals[j].least) rest_.empty = true;
      if (rest_.empty) return false;
      rest_.limits[j] = static_cast<std::int64_t>(limit);
      rest_.room = sum(rest_.room, limit * rest_.multipliers[j]);
    }
    // A value below every sum of scores leaves more room than there is; the least sum leaves as much.
    rest_.room = narrowed(rest_.room);
    for (std::size_t j = 0; j < budgets; ++j)
      if (rest_.limits[j] == totals[j].most) fold(j);

    Wide base = 0;
    for (const Entry &entry : rest_.entries) {
      const Wide least = least_loss(entry);
      if (base > rest_.room || least > (rest_.room - base) / entry.times) {
        rest_.empty = true;
        return false;
      }
      base += least * entry.times;
    }
    return leave_out(totals, base);
  }

  static Wide least_loss(const Entry &entry) {
    Wide out = entry.items[0].loss;
    for (const Item &item : entry.items) out = std::min(out, item.loss);
    return out;
  }

  /// A budget that every choice meets: what it leaves unused is a loss of each candidate.
  void fold(std::size_t j) {
    const std::int64_t multiplier = std::exchange(rest_.multipliers[j], 0);
    if (multiplier == 0) return;
    folded_ = narrowed(sum(folded_, static_cast<Wide>(rest_.limits[j]) * multiplier));
    for (std::size_t i = 0; i < rest_.entries.size(); ++i)
      for (Item &item : rest_.entries[i].items) {
        const auto unused = static_cast<Wide>(distance(ranges_[j][i].most, item.costs[j]));
        // What is more than the room is left out, however much more.
        item.loss =
            unused > rest_.room / multiplier ? rest_.room + 1 : std::min(rest_.room + 1, item.loss + unused * multiplier);
      }
  }

  bool leave_out(const std::vector<Range> &totals, Wide base) {
    bool fewer = false;
    for (std::size_t i = 0; i < rest_.entries.size(); ++i) {
      std::vector<Item> &items = rest_.entries[i].items;
      const Wide others = base - least_loss(rest_.entries[i]);
      const std::size_t before = items.size();
      std::erase_if(items, [&](const Item &item) {
        Wide loss = others + item.loss;
        for (std::size_t j = 0; j < totals.size() && loss <= rest_.room; ++j) {
          const std::int64_t least = totals[j].least - ranges_[j][i].least + item.costs[j];
          const std::int64_t most = totals[j].most - ranges_[j][i].most + item.costs[j];
          if (least > rest_.limits[j]) return true;
          if (most < rest_.limits[j] && rest_.multipliers[j] > 0) {
            const Wide unused = static_cast<Wide>(rest_.limits[j]) - most;
            if (unused > rest_.room / rest_.multipliers[j]) return true;
            loss += unused * rest_.multipliers[j];
          }
        }
        return loss > rest_.room;
      });
      if (items.empty()) {
        rest_.empty = true;
        return false;
      }
      fewer = fewer || items.size() < before;
    }
    return fewer;
  }

  const Priced &priced_;
  Wide layers_;     ///< the sum of the layers' best reduced values
  Wide folded_ = 0; ///< of the budgets that always hold: multiplier times limit
  std::vector<Wide> wide_limits_;
  std::vector<std::vector<Range>> ranges_; ///< of the costs, by budget and layer
  Rest rest_;
};

// ------------------------------------------------------------------------------------------------- the enumeration

/// Asks now and then whether to stop.
class Watch {
public:
  explicit Watch(const Control &control) : control_(control), begin_(std::chrono::steady_clock::now()) {}

  Limit reached() const {
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin_;
    if (control_.time_limit_seconds && seconds.count() >= *control_.time_limit_seconds) return Limit::kTime;
    if (control_.interrupted && control_.interrupted()) return Limit::kInterrupted;
    return Limit::kNone;
  }

private:
  const Control &control_;
  std::chrono::steady_clock::time_point begin_;
};

struct Outcome {
  std::optional<Wide> found; ///< the value of a choice of the target or more
  bool all = true;           ///< nothing was left out that could be one
  Limit limit = Limit::kNone;
  std::size_t states = 0;
};

/// All choices of a rest, layer by layer. M: how many budgets may be broken, or more.
template <std::size_t M>
class Enumeration {
public:
  using Costs = std::array<std::int64_t, M>;

  Enumeration(const Rest &rest, int shift, const std::vector<std::size_t> &budgets, const Watch &watch)
      : rest_(rest), highest_(rest.target + shifted_down(rest.room, shift)), watch_(watch) {
    for (std::size_t k = 0; k < budgets.size(); ++k) {
      limits_[k] = rest.limits[budgets[k]];
      multipliers_[k] = rest.multipliers[budgets[k]];
      if (multipliers_[k] > 0) most_unused_[k] = rest.room / multipliers_[k];
    }
    prepare(budgets);
    limit_tilts();
  }

  static std::size_t states_in(std::size_t bytes) { return std::max<std::size_t>(bytes / sizeof(State) / 4, 64); }

  /// With `sampled`, of more than `width` states these are kept: half of them of the smallest losses, half at random.
  Outcome run(std::size_t width, bool sampled) {
    out_ = {};
    width_ = width;
    sampled_ = sampled;
    pairs_ = 0;
    states_ = {first_};
    for (std::size_t i = 0; i + 1 < steps_.size(); ++i)
      if (!expand(steps_[i])) return out_;
    finish();
    return out_;
  }

private:
  struct State {
    Wide loss = 0;
    std::int64_t score = 0;
    Costs costs{};
    bool fresh = true; ///< made in this round
  };
  /// A candidate as it differs from the layer's best, which all layers have at first.
  struct Delta {
    Wide loss = 0;
    std::int64_t score = 0;
    Costs costs{};
  };
  struct Step {
    std::int64_t times = 1;
    std::vector<Delta> deltas;       ///< from the smallest loss up; the first is the best itself
    Costs least{}, most{};           ///< of their costs
    Costs rest_least{}, rest_most{}; ///< the same of all later steps
    Costs divisor{}, rest_divisor{}; ///< of all costs of this step and the later ones; of those of the later ones
  };
  /// Multipliers that differ from the certificate's by these, and are >= 0 as well: a bound of their own. A choice within the
  /// budgets that has the target or more keeps, for any of them,
  ///   sum over layers of (loss + tilt * cost) + (m + tilt) * (limit - cost) <= room + tilt * limit,
  /// since at a tilt of 0 that is what the room is, and both sides grow alike. What a partial choice leaves open is at least
  /// what each of its layers has least. States that have spent more or less than the certificate's multipliers expect stay
  /// within its room long after a tilt shows that they lead nowhere.
  struct Tilt {
    Costs by{};
    Wide layer = 0; ///< the least that one of the step's layers adds to its best candidate's; 0 or below
    Wide rest = 0;  ///< the same of all later steps
  };

  void prepare(const std::vector<std::size_t> &budgets) {
    for (const Entry &entry : rest_.entries) {
      const auto by_loss = [](const Item &a, const Item &b) { return a.loss < b.loss; };
      const Item best = *std::min_element(entry.items.begin(), entry.items.end(), by_loss);
      first_.loss += best.loss * entry.times;
      first_.score += best.score * entry.times;
      for (std::size_t k = 0; k < budgets.size(); ++k) first_.costs[k] += best.costs[budgets[k]] * entry.times;
      if (entry.items.size() == 1) continue;
      Step step;
      step.times = entry.times;
      step.deltas.reserve(entry.items.size());
      for (const Item &item : entry.items) {
        Delta delta{.loss = item.loss - best.loss, .score = wrapping_difference(item.score, best.score), .costs = {}};
        for (std::size_t k = 0; k < budgets.size(); ++k) {
          delta.costs[k] = item.costs[budgets[k]] - best.costs[budgets[k]];
          step.least[k] = std::min(step.least[k], delta.costs[k]);
          step.most[k] = std::max(step.most[k], delta.costs[k]);
        }
        step.deltas.push_back(delta);
      }
      // The best stays the first, which expand() takes for granted: of equal losses it came first.
      std::stable_sort(step.deltas.begin(), step.deltas.end(), [](const Delta &a, const Delta &b) { return a.loss < b.loss; });
      steps_.push_back(std::move(step));
    }
    // The last layer's candidates are looked up by the score that is missing: best the one with the most of them.
    std::stable_sort(steps_.begin(), steps_.end(),
                     [](const Step &a, const Step &b) { return a.deltas.size() < b.deltas.size(); });
    if (steps_.empty()) {
      steps_.emplace_back();
      steps_.back().deltas.emplace_back();
    } else if (steps_.back().times > 1) {
      steps_.push_back(steps_.back());
      steps_.back().times = 1;
      --steps_[steps_.size() - 2].times;
    }
    for (std::size_t i = steps_.size() - 1; i-- > 0;)
      for (std::size_t k = 0; k < M; ++k) {
        steps_[i].rest_least[k] = steps_[i + 1].rest_least[k] + steps_[i + 1].times * steps_[i + 1].least[k];
        steps_[i].rest_most[k] = steps_[i + 1].rest_most[k] + steps_[i + 1].times * steps_[i + 1].most[k];
      }
    for (std::size_t i = steps_.size(); i-- > 0;)
      for (std::size_t k = 0; k < M; ++k) {
        if (i + 1 < steps_.size()) steps_[i].rest_divisor[k] = steps_[i + 1].divisor[k];
        steps_[i].divisor[k] = steps_[i].rest_divisor[k];
        for (const Delta &delta : steps_[i].deltas) steps_[i].divisor[k] = std::gcd(steps_[i].divisor[k], delta.costs[k]);
      }
    std::sort(steps_.back().deltas.begin(), steps_.back().deltas.end(),
              [](const Delta &a, const Delta &b) { return a.score < b.score; });
  }

  // Sizes, so that sums of M <= 8 products and a loss stay below 2^127: a tilt times anything that costs, or is short of a
  // limit by, is at most 2^116.
  void limit_tilts() {
    constexpr Wide kMostProduct = static_cast<Wide>(1) << 116;
    for (std::size_t k = 0; k < M; ++k) {
      Wide reach = std::max<Wide>(limits_[k], -static_cast<Wide>(limits_[k]));
      Wide least = first_.costs[k];
      Wide most = first_.costs[k];
      for (const Step &step : steps_) {
        least += static_cast<Wide>(step.times) * step.least[k];
        most += static_cast<Wide>(step.times) * step.most[k];
      }
      // Any state's costs, their differences, and what they are short of the limit.
      reach = 2 * (reach + std::max(-least, most) + std::max<Wide>(first_.costs[k], -static_cast<Wide>(first_.costs[k]))) + 1;
      most_tilt_[k] = static_cast<std::int64_t>(std::min<Wide>(kMostProduct / reach, static_cast<Wide>(1) << 61));
      if (multipliers_[k] > most_tilt_[k]) return; // and none is made
      // What takes all the room over all that a budget can vary by.
      usual_[k] = std::max<Wide>(multipliers_[k], std::min<Wide>(most_tilt_[k], rest_.room / std::max<Wide>(most - least, 1)));
    }
    may_tilt_ = true;
  }

  /// How far a state is from being left out, under a tilt: below 0 it is.
  Wide left_of_room(const State &state, std::int64_t left, const Tilt &tilt) const {
    Wide out = rest_.room - state.loss - left * tilt.layer - tilt.rest;
    for (std::size_t k = 0; k < M; ++k) out += static_cast<Wide>(tilt.by[k]) * (static_cast<Wide>(limits_[k]) - state.costs[k]);
    return out;
  }

  static Wide least_of(const Step &step, const Costs &by) {
    Wide out = 0;
    for (const Delta &delta : step.deltas) {
      Wide own = delta.loss;
      for (std::size_t k = 0; k < M; ++k) own += static_cast<Wide>(by[k]) * delta.costs[k];
      out = std::min(out, own);
    }
    return out;
  }
  Tilt tilt_by(const Costs &by, const Step &step) const {
    Tilt out{.by = by, .layer = least_of(step, by), .rest = 0};
    for (const Step *later = &step + 1; later != steps_.data() + steps_.size(); ++later)
      out.rest += later->times * least_of(*later, by);
    return out;
  }

  using Direction = std::array<double, M>;

  /// Directions for a descent: each multiplier alone, and of two of them along the lines on which a candidate stays as good as
  /// its layer's best. The bound has its edges there, which the multipliers alone lead nowhere from.
  std::vector<Direction> directions(const Step &step) const {
    constexpr std::size_t kMost = 64;
    std::vector<Direction> out;
    for (std::size_t k = 0; k < M; ++k) {
      Direction own{};
      own[k] = 1;
      out.push_back(own);
    }
    for (const Step *later = &step; later != steps_.data() + steps_.size(); ++later)
      for (const Delta &delta : later->deltas)
        for (std::size_t k = 0; k < M; ++k)
          for (std::size_t l = k + 1; l < M && out.size() < kMost; ++l) {
            const double first = static_cast<double>(delta.costs[k]) * static_cast<double>(usual_[k]);
            const double second = static_cast<double>(delta.costs[l]) * static_cast<double>(usual_[l]);
            const double size = std::max(std::abs(first), std::abs(second));
            if (size == 0) continue;
            Direction own{};
            own[k] = second / size;
            own[l] = -first / size;
            out.push_back(own);
          }
    return out;
  }

  /// `from` and a way on; none where that is no tilt.
  std::optional<Costs> moved(const Costs &from, const Direction &direction, double by) const {
    Costs out = from;
    for (std::size_t k = 0; k < M; ++k) {
      const auto way = static_cast<std::int64_t>(direction[k] * by * static_cast<double>(usual_[k]));
      if (way > 0 ? out[k] > most_tilt_[k] - way : out[k] < -multipliers_[k] - way) return std::nullopt;
      out[k] += way;
    }
    return out;
  }

  /// Finds tilts that leave out states like some of these: a descent for each of them, by steps that shrink. Whatever it finds
  /// is valid.
  void tilt(const Step &step, std::int64_t left, const std::vector<State> &states) {
    // They take as long to find as so many pairs for each candidate to come take to look at.
    constexpr std::size_t kFirst = 50;
    constexpr std::size_t kAgain = 2000;
    constexpr std::size_t kMostCandidates = 20'000;
    std::size_t candidates = 0;
    for (const Step *later = &step; later != steps_.data() + steps_.size(); ++later) candidates += later->deltas.size();
    const bool is_time =
        is_tilted_ ? pairs_ - tilted_pairs_ >= kAgain * candidates : states.size() * step.deltas.size() >= kFirst * candidates;
    if (!may_tilt_ || !is_time || candidates > kMostCandidates) return;
    is_tilted_ = true;
    tilted_pairs_ = pairs_;
    tilts_.clear();
    const std::vector<Direction> ways = directions(step);
    constexpr std::size_t kTilts = 8;
    for (std::size_t t = 0; t < kTilts; ++t) {
      const State &state = states[(2 * t + 1) * states.size() / (2 * kTilts)];
      Tilt best = tilt_by({}, step);
      Wide least = left_of_room(state, left, best);
      for (double part = 1; part > 1.0 / 2000 && watch_.reached() == Limit::kNone; part /= 2)
        for (const Direction &way : ways)
          for (const int sign : {-1, 1}) {
            const std::optional<Costs> by = moved(best.by, way, sign * part);
            if (!by) continue;
            const Tilt other = tilt_by(*by, step);
            const Wide own = left_of_room(state, left, other);
            if (own >= least) continue;
            least = own;
            best = other;
          }
      if (best.by != Costs{}) tilts_.push_back(best);
    }
  }

  /// Whether a state can still meet the budgets and stay within the room; `left` of the step's layers may yet change. What of
  /// a limit no completion can use is a loss already: it is added, and to the costs as well, so that states become equal.
  bool settle(State &state, const Step &step, std::int64_t left) const {
    for (std::size_t k = 0; k < M; ++k) {
      if (state.costs[k] + left * step.least[k] + step.rest_least[k] > limits_[k]) return false;
      std::int64_t unused = limits_[k] - (state.costs[k] + left * step.most[k] + step.rest_most[k]);
      if (unused <= 0) {
        // Both fit: the first is a sum of costs, too.
        const std::int64_t divisor = left > 0 ? step.divisor[k] : step.rest_divisor[k];
        unused = divisor > 1 ? (limits_[k] - state.costs[k]) % divisor : 0;
        if (unused < 0) unused += divisor;
      }
      if (unused == 0) continue;
      state.costs[k] += unused;
      if (multipliers_[k] == 0) continue;
      if (unused > most_unused_[k]) return false;
      state.loss += static_cast<Wide>(unused) * multipliers_[k];
    }
    if (state.loss > rest_.room) return false;
    for (const Tilt &tilt : tilts_)
      if (left_of_room(state, left, tilt) < 0) return false;
    return true;
  }

  /// The step's layers leave their best one after the other. False where it had to stop.
  bool expand(const Step &step) {
    std::vector<State> frontier = states_;
    std::vector<State> next;
    tilts_.clear(); // those of another step
    is_tilted_ = false;
    for (std::int64_t left = step.times - 1; left >= 0 && !frontier.empty(); --left) {
      for (State &state : states_) state.fresh = false; // all of them, so that the order stays
      tilt(step, left, frontier);
      // A sample takes some of the pairs of states and candidates only, spread over all.
      const std::size_t stride = sampled_ ? std::max<std::size_t>(frontier.size() * step.deltas.size() / (16 * width_), 1) : 1;
      for (std::size_t i = 0; i < frontier.size(); ++i) {
        const State &from = frontier[i];
        for (std::size_t d = 1 + (stride > 1 ? mixed(i + pairs_) % stride : 0); d < step.deltas.size(); d += stride) {
          const Delta &delta = step.deltas[d];
          if (from.loss + delta.loss > rest_.room) break;
          ++pairs_;
          State to{.loss = from.loss + delta.loss, .score = wrapping_sum(from.score, delta.score), .costs = from.costs};
          for (std::size_t k = 0; k < M; ++k) to.costs[k] += delta.costs[k];
          if (settle(to, step, left)) next.push_back(to);
        }
        const bool many = next.size() >= std::clamp<std::size_t>(states_.size(), std::min<std::size_t>(65536, width_), width_);
        if ((many && !absorb(next)) || ((many || i % 1024 == 0) && must_stop())) return false;
      }
      if (stride > 1) out_.all = false;
      if (!absorb(next)) return false;
      frontier.clear();
      if (left > 0)
        std::copy_if(states_.begin(), states_.end(), std::back_inserter(frontier), [](const State &s) { return s.fresh; });
    }
    std::size_t kept = 0;
    for (State state : states_) {
      state.fresh = true;
      if (settle(state, step, 0)) states_[kept++] = state;
    }
    states_.resize(kept);
    std::sort(states_.begin(), states_.end(), before);
    leave_out_worse();
    return true;
  }

  bool must_stop() {
    // As long a wait for each state that memory holds.
    constexpr std::size_t kPairsPerState = 256;
    out_.limit = !sampled_ && pairs_ / kPairsPerState > width_ ? Limit::kMemory : watch_.reached();
    if (out_.limit != Limit::kNone) out_.all = false;
    return out_.limit != Limit::kNone;
  }

  /// Adds the states, which it takes, and leaves out equal and worse ones. False where they are too many.
  bool absorb(std::vector<State> &next) {
    out_.states += next.size();
    if (!next.empty()) {
      const std::size_t next_size = next.size();
      states_.insert(states_.end(), next.begin(), next.end());
      next.clear();
      const auto middle = states_.end() - static_cast<std::ptrdiff_t>(next_size);
      std::sort(middle, states_.end(), before);
      std::inplace_merge(states_.begin(), middle, states_.end(), before);
      leave_out_worse();
    }
    if (states_.size() <= width_) return true;
    out_.all = false;
    if (!sampled_) {
      out_.limit = Limit::kMemory;
      return false;
    }
    const auto half = states_.begin() + static_cast<std::ptrdiff_t>(width_ / 2);
    std::nth_element(states_.begin(), half, states_.end(),
                     [](const State &a, const State &b) { return a.loss != b.loss ? a.loss < b.loss : spread(a) < spread(b); });
    std::nth_element(half, states_.begin() + static_cast<std::ptrdiff_t>(width_), states_.end(),
                     [](const State &a, const State &b) { return spread(a) < spread(b); });
    states_.resize(width_);
    std::sort(states_.begin(), states_.end(), before); // the next are merged into them
    return true;
  }

  /// By costs; of equal ones the older comes first: what comes from it has been looked at.
  static bool before(const State &a, const State &b) {
    for (std::size_t k = 0; k < M; ++k)
      if (a.costs[k] != b.costs[k]) return a.costs[k] < b.costs[k];
    return a.score != b.score ? a.score > b.score : a.fresh < b.fresh;
  }

  static std::uint64_t spread(const State &state) {
    return mixed(static_cast<std::uint64_t>(state.score) ^ mixed(static_cast<std::uint64_t>(state.costs[0])));
  }

  /// Of states in the order of their costs: a state is worse where one before it costs no more of anything, with no less score.
  /// All of them are found for one budget and for two; for more, those that are near in the order.
  void leave_out_worse() {
    std::size_t kept = 0;
    std::map<std::int64_t, std::int64_t> scores; // by the second cost: both rise
    for (std::size_t i = 0; i < states_.size(); ++i) {
      const State &state = states_[i];
      bool worse = false;
      if constexpr (M == 2) {
        auto above = scores.upper_bound(state.costs[1]);
        worse = above != scores.begin() && std::prev(above)->second >= state.score;
        if (!worse) {
          while (above != scores.end() && above->second <= state.score) above = scores.erase(above);
          scores.insert_or_assign(state.costs[1], state.score);
        }
      } else {
        constexpr std::size_t kNear = M == 1 ? 1 : 8;
        for (std::size_t n = 1; n <= std::min(kept, kNear) && !worse; ++n) worse = is_worse(state, states_[kept - n]);
      }
      if (!worse) states_[kept++] = state;
    }
    states_.resize(kept);
  }

  static bool is_worse(const State &state, const State &than) {
    if (state.score > than.score) return false;
    for (std::size_t k = 0; k < M; ++k)
      if (state.costs[k] < than.costs[k]) return false;
    return true;
  }

  void finish() {
    const Step &step = steps_.back();
    const auto below = [](const Delta &delta, Wide score) { return delta.score < score; };
    for (std::size_t i = 0; i < states_.size(); ++i) {
      const State &state = states_[i];
      for (auto delta = std::lower_bound(step.deltas.begin(), step.deltas.end(), rest_.target - state.score, below);
           delta != step.deltas.end() && state.score + static_cast<Wide>(delta->score) <= highest_; ++delta) {
        ++pairs_;
        bool holds = true;
        for (std::size_t k = 0; k < M; ++k) holds = holds && state.costs[k] + delta->costs[k] <= limits_[k];
        if (!holds) continue;
        out_.found = state.score + static_cast<Wide>(delta->score);
        return;
      }
      if (i % 1024 == 0 && must_stop()) return;
    }
  }

  const Rest &rest_;
  Wide highest_; ///< the value that no choice exceeds
  const Watch &watch_;
  Costs limits_{};
  std::array<std::int64_t, M> multipliers_{};
  std::array<Wide, M> most_unused_{}; ///< of a budget, within the room
  State first_;
  std::vector<Step> steps_;
  // Tilts.
  bool may_tilt_ = false;
  Costs most_tilt_{};            ///< in size
  std::array<Wide, M> usual_{};  ///< the first step of the descent
  std::vector<Tilt> tilts_;      ///< for the step that is expanded
  bool is_tilted_ = false;       ///< for that step
  std::size_t tilted_pairs_ = 0; ///< how many pairs there were then

  std::size_t width_ = 0;
  bool sampled_ = false;
  std::size_t pairs_ = 0; ///< of a state and a candidate
  std::vector<State> states_;
  Outcome out_;
};

/// Small samples first: where there are many such choices, one is soon found. Then all, if they are not many more; else a
/// larger sample, and so on.
template <std::size_t M>
Outcome enumerate(const Rest &rest, int shift, const std::vector<std::size_t> &budgets, std::size_t memory_bytes,
                  const Watch &watch) {
  constexpr std::size_t kGrowth = 16;
  constexpr std::size_t kAll = 64;
  Enumeration<M> enumeration(rest, shift, budgets, watch);
  const std::size_t most = Enumeration<M>::states_in(memory_bytes);
  for (std::size_t width = std::min<std::size_t>(4096, most);; width *= kGrowth) {
    const bool is_last = width >= most / kAll;
    if (width < most) {
      const Outcome out = enumeration.run(width, true);
      if (out.found || out.all || out.limit != Limit::kNone) return out;
    }
    const Outcome out = enumeration.run(is_last ? most : width * kAll, false);
    if (out.found || out.all || is_last || out.limit != Limit::kMemory) return out;
  }
}

Outcome enumerate(const Rest &rest, int shift, std::size_t memory_bytes, const Watch &watch) {
  if (rest.empty) return {};
  std::vector<std::size_t> budgets; // those that some choice breaks
  for (std::size_t j = 0; j < rest.limits.size(); ++j) {
    std::int64_t most = 0;
    for (const Entry &entry : rest.entries)
      most += entry.times * range_of(entry, [j](const Item &item) { return item.costs[j]; }).most;
    if (most > rest.limits[j] || rest.multipliers[j] > 0) budgets.push_back(j);
  }
  if (budgets.size() <= 1) return enumerate<1>(rest, shift, budgets, memory_bytes, watch);
  if (budgets.size() == 2) return enumerate<2>(rest, shift, budgets, memory_bytes, watch);
  if (budgets.size() <= 4) return enumerate<4>(rest, shift, budgets, memory_bytes, watch);
  return enumerate<8>(rest, shift, budgets, memory_bytes, watch);
}

// ------------------------------------------------------------------------------------------------- the claim

[[noreturn]] void refuse(std::string where, std::string message) {
  throw Error(ErrorCode::kInvalidValue, std::move(where), std::move(message));
}

void check_certificate(const CandidateTable &table, const Certificate &certificate) {
  constexpr std::size_t kMostBudgets = 8;
  if (table.budgets.size() > kMostBudgets)
    refuse("budgets", fmt::format("{} budgets; at most {} would be accepted", table.budgets.size(), kMostBudgets));
  if (certificate.shift < 0 || certificate.shift > 62)
    refuse("certificate/shift", fmt::format("shift = {} must be a whole number from 0 to 62", certificate.shift));
  if (certificate.multipliers.size() != table.budgets.size())
    refuse("certificate/multipliers", fmt::format("{} multipliers of {} budgets; one for each would be accepted",
                                                  certificate.multipliers.size(), table.budgets.size()));
  for (std::size_t j = 0; j < table.budgets.size(); ++j)
    if (certificate.multipliers[j] < 0)
      refuse(fmt::format("certificate/multipliers[{}]", j),
             fmt::format("multiplier = {} must be a whole number from 0 up", certificate.multipliers[j]));
}

void check_choice(const CandidateTable &table, const Choice &choice) {
  if (choice.size() != table.layers.size())
    refuse("choice", fmt::format("{} layers; {}, those of the table, would be accepted", choice.size(), table.layers.size()));
  for (std::size_t i = 0; i < choice.size(); ++i) {
    const CandidateTable::Layer &layer = table.layers[i];
    if (choice[i].size() != layer.names.size())
      refuse(fmt::format("choice[{}]", i), fmt::format("{} candidates; {}, one for each of the equal layers, would be accepted",
                                                       choice[i].size(), layer.names.size()));
    for (const std::uint32_t candidate : choice[i])
      if (candidate >= layer.size())
        refuse(fmt::format("choice[{}]", i),
               fmt::format("candidate = {} must be a whole number from 0 to {}", candidate, layer.size() - 1));
  }
}

/// Why a choice is not what it is said to be; none where it is.
std::optional<std::string> fault_of(const CandidateTable &table, const Choice &choice, std::int64_t value) {
  std::int64_t score = 0;
  std::vector<std::int64_t> costs(table.budgets.size());
  for (std::size_t i = 0; i < choice.size(); ++i)
    for (const std::uint32_t candidate : choice[i]) {
      score += table.layers[i].scores[candidate];
      for (std::size_t j = 0; j < costs.size(); ++j) costs[j] += table.cost(i, candidate, j);
    }
  for (std::size_t j = 0; j < costs.size(); ++j) {
    const CandidateTable::Budget &budget = table.budgets[j];
    if (budget.at_least ? costs[j] < budget.limit : costs[j] > budget.limit)
      return fmt::format("the choice has {} {}, and the budget is {} {}", budget.quantity, costs[j],
                         budget.at_least ? ">=" : "<=", budget.limit);
  }
  if (score != value) return fmt::format("the choice's scores sum to {}, not to {}", score, value);
  return std::nullopt;
}

/// One claim, and what is found of it.
class Claim {
public:
  Claim(const CandidateTable &table, const Certificate &certificate, const Choice *choice, const Control &control)
      : priced_{.table = table, .certificate = certificate, .scored = certificate.value.has_value()}, choice_(choice),
        control_(control), watch_(control) {}

  Proof prove(Proven enough) {
    if (!priced_.certificate.value)
      prove_infeasible();
    else
      prove_value(*priced_.certificate.value, enough);
    return std::move(proof_);
  }

private:
  void prove_infeasible() {
    const Bound bound = bound_of(priced_);
    if (bound.upper < 0) return proven(Proven::kInfeasible, "even what costs least by the multipliers is beyond the budgets");
    const Outcome outcome = look_for(bound, 0);
    if (outcome.found) return refuted("there is a choice that meets the budgets");
    if (!outcome.all) return not_proven(outcome.limit);
    proven(Proven::kInfeasible, "no choice meets the budgets");
  }

  void prove_value(std::int64_t value, Proven enough) {
    if (choice_ != nullptr) {
      if (auto fault = fault_of(priced_.table, *choice_, value)) return refuted(std::move(*fault));
      proven(Proven::kFeasible, "the choice meets the budgets, and has the value");
      if (enough == Proven::kFeasible) return;
    }
    const Bound bound = bound_of(priced_);
    const Wide most = shifted_down(bound.upper, priced_.certificate.shift);
    proof_.bound = as_int64(most);
    proof_.gap = as_int64(most - value);
    if (most < value)
      return refuted(proof_.bound ? fmt::format("no choice has more than {}", *proof_.bound) : "no choice has that value");
    proven(Proven::kBound, "no choice is better than the bound");
    if (enough == Proven::kBound) return;

    const Outcome better = look_for(bound, static_cast<Wide>(value) + 1);
    if (better.found) return refuted_by(*better.found);
    if (!better.all) return not_proven(better.limit);
    if (choice_ == nullptr) {
      const Outcome again = look_for(bound, value);
      if (!again.found && again.all) return refuted(fmt::format("no choice that meets the budgets has the value {}", value));
      if (!again.found) return not_proven(again.limit);
    }
    proven(Proven::kOptimal, "no choice that meets the budgets is better");
  }

  Outcome look_for(const Bound &bound, Wide target) {
    const auto is_over = [this] { return watch_.reached() != Limit::kNone; };
    const Rest rest = Reduction(priced_, bound, target, is_over).take();
    Outcome out = enumerate(rest, priced_.certificate.shift, control_.memory_bytes, watch_);
    proof_.candidates = std::max(proof_.candidates, rest.candidates());
    proof_.states += out.states;
    return out;
  }

  void proven(Proven level, std::string detail) {
    proof_.proven = level;
    proof_.detail = std::move(detail);
  }
  void refuted(std::string detail) {
    proof_.proven = Proven::kNothing;
    proof_.refuted = true;
    proof_.detail = std::move(detail);
  }
  void refuted_by(Wide value) { refuted(fmt::format("there is a choice of {} that meets the budgets", *as_int64(value))); }
  void not_proven(Limit limit) {
    proof_.limit = limit;
    switch (limit) {
    case Limit::kTime: proof_.detail = "not proven: the time was over before all choices were looked at"; return;
    case Limit::kInterrupted: proof_.detail = "not proven: interrupted before all choices were looked at"; return;
    case Limit::kNone:
    case Limit::kGap:
    case Limit::kMemory: break;
    }
    proof_.limit = Limit::kMemory;
    proof_.detail =
        fmt::format("not proven: the multipliers leave more choices to look at than {} bytes hold", control_.memory_bytes);
  }

  Priced priced_;
  const Choice *choice_;
  const Control &control_;
  Watch watch_;
  Proof proof_;
};

} // namespace

Proof prove(const CandidateTable &table, const Certificate &certificate, const Choice *choice, const Control &control,
            Proven enough) {
  check_certificate(table, certificate);
  if (choice != nullptr && !certificate.value)
    refuse("choice", "a choice, and none is said to meet the budgets; no choice would be accepted");
  if (choice != nullptr) check_choice(table, *choice);
  return Claim(table, certificate, choice, control).prove(enough);
}

} // namespace pare

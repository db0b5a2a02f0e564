#include "solver/mixed/exchange.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <numeric>
#include <utility>

namespace pare::mixed {

namespace {

constexpr std::size_t kMostConstraints = 8;
constexpr std::size_t kMostAtOnce = 4;

class Exchange {
public:
  Exchange(const Instance &instance, const Price &price, Watch &watch, Plan &plan)
      : instance_(instance), price_(price), watch_(watch), plan_(plan), constraints_(instance.constraints()),
        bound_(upper_bound(instance, price)), groups_of_(instance.layers.size()) {
    for (std::size_t i = 0; i < instance.layers.size(); ++i) {
      const Instance::Layer &layer = instance.layers[i];
      std::vector<Wide> &losses = losses_.emplace_back(layer.size());
      for (std::size_t c = 0; c < layer.size(); ++c) losses[c] = price.worth(layer, c);
      const Wide best = *std::max_element(losses.begin(), losses.end());
      for (Wide &loss : losses) loss = best - loss;
      std::vector<std::uint32_t> &order = by_cost_.emplace_back(layer.size());
      std::iota(order.begin(), order.end(), 0U);
      if (constraints_ <= 2)
        std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) { return cost(i, a, 0) < cost(i, b, 0); });
      for (const std::uint32_t c : plan[i]) {
        count(i, c, true);
        value_ += layer.scores[c];
        lost_ += losses[c];
        for (std::size_t j = 0; j < constraints_; ++j) spent_[j] += cost(i, c, j);
      }
    }
  }

  void run(std::int64_t enough) {
    enough_ = enough;
    while (!is_over()) {
      const std::int64_t before = value_;
      if (constraints_ <= 2) pairs();
      if (value_ > before) continue;
      for (std::size_t at_once = constraints_ <= 2 ? 3 : 2; at_once <= kMostAtOnce && value_ == before && !is_over(); ++at_once)
        several(at_once);
      if (value_ == before) return;
    }
  }

private:
  /// Equal layers that have the same candidate.
  struct Group {
    std::size_t layer = 0;
    std::uint32_t candidate = 0;
    std::size_t count = 0;
  };

  std::int64_t cost(std::size_t layer, std::uint32_t c, std::size_t j) const {
    return j < constraints_ ? instance_.layers[layer].costs[c * constraints_ + j] : 0;
  }
  std::int64_t score(std::size_t layer, std::uint32_t c) const { return instance_.layers[layer].scores[c]; }
  std::int64_t limit(std::size_t j) const { return j < constraints_ ? instance_.limits[j] : 0; }
  bool is_over() const { return value_ >= enough_ || work_ > kMostWork; }
  void worked(std::size_t steps) {
    work_ += steps;
    watch_.worked(steps);
  }

  void count(std::size_t layer, std::uint32_t candidate, bool up) {
    for (const std::size_t g : groups_of_[layer])
      if (groups_[g].candidate == candidate) {
        groups_[g].count += up ? 1 : SIZE_MAX; // or one less
        return;
      }
    groups_of_[layer].push_back(groups_.size());
    groups_.push_back({.layer = layer, .candidate = candidate, .count = 1});
  }

  /// One of the equal layers takes another candidate.
  void change(std::size_t layer, std::uint32_t from, std::uint32_t to) {
    if (from == to) return;
    *std::find(plan_[layer].begin(), plan_[layer].end(), from) = to;
    value_ += score(layer, to) - score(layer, from);
    lost_ += losses_[layer][to] - losses_[layer][from];
    for (std::size_t j = 0; j < constraints_; ++j) spent_[j] += cost(layer, to, j) - cost(layer, from, j);
    count(layer, from, false);
    count(layer, to, true);
  }

  void pairs() {
    for (std::size_t distance = 0; distance < groups_.size(); ++distance)
      for (std::size_t a = 0; a + distance < groups_.size(); ++a) {
        if (is_over()) return;
        const Group first = groups_[a];
        const Group second = groups_[a + distance];
        if (first.count > (distance == 0 ? 1 : 0) && second.count > 0) improve(first, second);
      }
  }

  /// The best of two layers within what they and the limits leave. As the first takes less and less of the first cost, more
  /// and more candidates of the second fit beside it; of these the best within each second cost are kept.
  void improve(const Group &first, const Group &second) {
    const std::size_t a = first.layer;
    const std::size_t b = second.layer;
    const std::uint32_t of_a = first.candidate;
    const std::uint32_t of_b = second.candidate;
    std::array<std::int64_t, 2> room = {};
    for (std::size_t j = 0; j < 2; ++j) room[j] = limit(j) - (spent_[j] - cost(a, of_a, j) - cost(b, of_b, j));
    std::map<std::int64_t, std::uint32_t> best; // by second cost; scores rise with it
    std::size_t fits = 0;
    std::int64_t most = score(a, of_a) + score(b, of_b);
    std::pair<std::uint32_t, std::uint32_t> found = {of_a, of_b};
    worked(10 * (by_cost_[a].size() + by_cost_[b].size()));
    // What a better plan may lose in these two.
    const Wide may_lose = most_lost() - (lost_ - losses_[a][of_a] - losses_[b][of_b]);
    for (auto at = by_cost_[a].rbegin(); at != by_cost_[a].rend(); ++at) {
      if (losses_[a][*at] > may_lose) continue;
      for (; fits < by_cost_[b].size() && cost(b, by_cost_[b][fits], 0) <= room[0] - cost(a, *at, 0); ++fits) {
        const std::uint32_t c = by_cost_[b][fits];
        if (losses_[b][c] > may_lose) continue;
        auto after = best.upper_bound(cost(b, c, 1));
        if (after != best.begin() && score(b, std::prev(after)->second) >= score(b, c)) continue;
        while (after != best.end() && score(b, after->second) <= score(b, c)) after = best.erase(after);
        best[cost(b, c, 1)] = c;
      }
      const auto after = best.upper_bound(room[1] - cost(a, *at, 1));
      if (after == best.begin()) continue;
      const std::uint32_t c = std::prev(after)->second;
      if (score(a, *at) + score(b, c) <= most) continue;
      most = score(a, *at) + score(b, c);
      found = {*at, c};
    }
    change(a, of_a, found.first);
    change(b, of_b, found.second);
  }

  /// The losses that a better plan may have.
  Wide most_lost() const { return bound_ - price_.unit * (static_cast<Wide>(value_) + instance_.score_step); }

  /// Tries other candidates for so many layers at once. Before a better plan is tried, all of them are chosen: `picked` of them
  /// are groups with a layer to give, in ascending order.
  void several(std::size_t at_once) {
    options_.assign(instance_.layers.size(), {});
    for (std::size_t i = 0; i < options_.size(); ++i) {
      for (std::uint32_t c = 0; c < instance_.layers[i].size(); ++c)
        if (losses_[i][c] <= most_lost()) options_[i].push_back(c);
      std::sort(options_[i].begin(), options_[i].end(),
                [&](std::uint32_t a, std::uint32_t b) { return losses_[i][a] < losses_[i][b]; });
      worked(instance_.layers[i].size());
    }
    at_once_ = at_once;
    pick(0, 0);
  }

  /// Chooses the next group, the first or after; true where a better plan was found.
  bool pick(std::size_t picked, std::size_t first) {
    if (picked == at_once_) {
      Wide may_lose = most_lost() - lost_;
      std::array<std::int64_t, kMostConstraints> room = {};
      for (std::size_t j = 0; j < constraints_; ++j) room[j] = instance_.limits[j] - spent_[j];
      std::int64_t score_now = 0;
      for (std::size_t k = 0; k < at_once_; ++k) {
        const Group &group = groups_[picked_[k]];
        may_lose += losses_[group.layer][group.candidate];
        score_now += score(group.layer, group.candidate);
        for (std::size_t j = 0; j < constraints_; ++j) room[j] += cost(group.layer, group.candidate, j);
      }
      needed_ = score_now + 1;
      worked(4);
      return may_lose >= 0 && replace(0, may_lose, room, 0);
    }
    for (std::size_t g = first; g < groups_.size() && !is_over(); ++g) {
      const auto used =
          static_cast<std::size_t>(std::count(picked_.begin(), picked_.begin() + static_cast<std::ptrdiff_t>(picked), g));
      if (groups_[g].count <= used || options_[groups_[g].layer].size() < 2) continue;
      picked_[picked] = g;
      if (pick(picked + 1, g)) return true;
    }
    return false;
  }

  /// Chooses for the picked layer `k` and those after it.
  bool replace(std::size_t k, Wide may_lose, const std::array<std::int64_t, kMostConstraints> &room,
               std::int64_t score_so_far) {
    const Group group = groups_[picked_[k]];
    const std::vector<std::uint32_t> &options = options_[group.layer];
    worked(2);
    for (const std::uint32_t c : options) {
      if (losses_[group.layer][c] > may_lose) return false;
      worked(1);
      std::array<std::int64_t, kMostConstraints> left = room;
      bool fits = true;
      for (std::size_t j = 0; j < constraints_; ++j) {
        left[j] -= cost(group.layer, c, j);
        fits = fits && (k + 1 < at_once_ || left[j] >= 0);
      }
      if (!fits) continue;
      taken_[k] = c;
      const std::int64_t total = score_so_far + score(group.layer, c);
      if (k + 1 < at_once_) {
        if (replace(k + 1, may_lose - losses_[group.layer][c], left, total)) return true;
      } else if (total >= needed_) {
        std::array<Group, kMostAtOnce> from;
        for (std::size_t p = 0; p < at_once_; ++p) from[p] = groups_[picked_[p]];
        for (std::size_t p = 0; p < at_once_; ++p) change(from[p].layer, from[p].candidate, taken_[p]);
        return true;
      }
    }
    return false;
  }

  static constexpr std::size_t kMostWork = 20'000'000;

  const Instance &instance_;
  const Price &price_;
  Watch &watch_;
  Plan &plan_;
  std::size_t constraints_;
  Wide bound_;
  std::int64_t enough_ = 0;
  std::size_t work_ = 0;
  std::vector<std::vector<Wide>> losses_;           ///< of each layer's candidates under the price
  std::vector<std::vector<std::uint32_t>> by_cost_; ///< each layer's candidates, by their first cost
  std::vector<Group> groups_;                       ///< some of them empty
  std::vector<std::vector<std::size_t>> groups_of_; ///< of each layer
  std::int64_t value_ = 0;
  Wide lost_ = 0; ///< the sum of the losses
  std::array<std::int64_t, kMostConstraints> spent_ = {};
  // Of several at once.
  std::vector<std::vector<std::uint32_t>> options_; ///< of each layer, by their losses
  std::size_t at_once_ = 0;
  std::array<std::size_t, kMostAtOnce> picked_ = {};
  std::array<std::uint32_t, kMostAtOnce> taken_ = {};
  std::int64_t needed_ = 0; ///< of the picked layers' scores
};

} // namespace

void exchange(const Instance &instance, const Price &price, std::int64_t enough, Watch &watch, Plan &plan) {
  if (plan.empty()) return;
  Exchange(instance, price, watch, plan).run(enough);
}

} // namespace pare::mixed

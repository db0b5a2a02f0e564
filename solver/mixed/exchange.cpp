#include "solver/mixed/exchange.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <numeric>
#include <utility>

namespace pare {

namespace {

class Exchange {
public:
  Exchange(const Instance &instance, Watch &watch, Plan &plan) : instance_(instance), watch_(watch), plan_(plan) {
    for (std::size_t i = 0; i < instance.layers.size(); ++i) {
      const Instance::Layer &layer = instance.layers[i];
      std::vector<std::uint32_t> &order = by_cost_.emplace_back(layer.size());
      std::iota(order.begin(), order.end(), 0U);
      std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) { return cost(i, a, 0) < cost(i, b, 0); });
      for (std::size_t copy = 0; copy < layer.times; ++copy) {
        copies_.emplace_back(i, copy);
        value_ += layer.scores[plan[i][copy]];
        for (std::size_t j = 0; j < 2; ++j) spent_[j] += cost(i, plan[i][copy], j);
      }
    }
  }

  void run(std::int64_t enough) {
    constexpr std::size_t kDistances = 4;
    for (std::size_t distance = 1; distance <= std::min(kDistances, copies_.size() - 1); ++distance)
      for (std::size_t a = 0; a + distance < copies_.size(); ++a) {
        if (value_ >= enough) return;
        improve(copies_[a], copies_[a + distance]);
      }
  }

private:
  using Copy = std::pair<std::size_t, std::size_t>; ///< a layer, and which of the equal ones

  std::int64_t cost(std::size_t layer, std::uint32_t c, std::size_t j) const {
    return j < instance_.constraints() ? instance_.layers[layer].costs[c * instance_.constraints() + j] : 0;
  }
  std::int64_t limit(std::size_t j) const { return j < instance_.constraints() ? instance_.limits[j] : 0; }

  /// The best of two layers within what they and the limits leave. As the first takes less and less of the first cost, more
  /// and more candidates of the second fit beside it; of these the best within each second cost are kept.
  void improve(const Copy &first, const Copy &second) {
    const std::size_t a = first.first;
    const std::size_t b = second.first;
    std::uint32_t &of_a = plan_[a][first.second];
    std::uint32_t &of_b = plan_[b][second.second];
    const std::vector<std::int64_t> &scores_a = instance_.layers[a].scores;
    const std::vector<std::int64_t> &scores_b = instance_.layers[b].scores;
    std::array<std::int64_t, 2> room = {};
    for (std::size_t j = 0; j < 2; ++j) room[j] = limit(j) - (spent_[j] - cost(a, of_a, j) - cost(b, of_b, j));
    std::map<std::int64_t, std::uint32_t> best; // by second cost; scores rise with it
    std::size_t fits = 0;
    std::int64_t most = scores_a[of_a] + scores_b[of_b];
    std::pair<std::uint32_t, std::uint32_t> found = {of_a, of_b};
    watch_.worked(10 * (by_cost_[a].size() + by_cost_[b].size()));
    for (auto at = by_cost_[a].rbegin(); at != by_cost_[a].rend(); ++at) {
      for (; fits < by_cost_[b].size() && cost(b, by_cost_[b][fits], 0) <= room[0] - cost(a, *at, 0); ++fits) {
        const std::uint32_t c = by_cost_[b][fits];
        auto after = best.upper_bound(cost(b, c, 1));
        if (after != best.begin() && scores_b[std::prev(after)->second] >= scores_b[c]) continue;
        while (after != best.end() && scores_b[after->second] <= scores_b[c]) after = best.erase(after);
        best[cost(b, c, 1)] = c;
      }
      const auto after = best.upper_bound(room[1] - cost(a, *at, 1));
      if (after == best.begin()) continue;
      const std::uint32_t c = std::prev(after)->second;
      if (scores_a[*at] + scores_b[c] <= most) continue;
      most = scores_a[*at] + scores_b[c];
      found = {*at, c};
    }
    value_ += most - (scores_a[of_a] + scores_b[of_b]);
    for (std::size_t j = 0; j < 2; ++j)
      spent_[j] += cost(a, found.first, j) - cost(a, of_a, j) + (cost(b, found.second, j) - cost(b, of_b, j));
    of_a = found.first;
    of_b = found.second;
  }

  const Instance &instance_;
  Watch &watch_;
  Plan &plan_;
  std::vector<std::vector<std::uint32_t>> by_cost_; ///< each layer's candidates, by their first cost
  std::vector<Copy> copies_;
  std::int64_t value_ = 0;
  std::array<std::int64_t, 2> spent_ = {};
};

} // namespace

void exchange_pairs(const Instance &instance, std::int64_t enough, Watch &watch, Plan &plan) {
  if (instance.constraints() > 2 || plan.empty()) return;
  Exchange(instance, watch, plan).run(enough);
}

} // namespace pare

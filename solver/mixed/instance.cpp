#include "solver/mixed/instance.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <numeric>

namespace pare::mixed {

namespace {

/// Sums of costs over a plan lie between these.
struct Reach {
  std::int64_t least = 0;
  std::int64_t most = 0;
};

Reach reach(const CandidateTable &table, std::size_t budget) {
  Reach out;
  const std::int64_t sign = table.budgets[budget].sign();
  for (std::size_t layer = 0; layer < table.layers.size(); ++layer) {
    std::int64_t least = INT64_MAX;
    std::int64_t most = INT64_MIN;
    for (std::size_t c = 0; c < table.layers[layer].size(); ++c) {
      const std::int64_t cost = sign * table.cost(layer, c, budget);
      least = std::min(least, cost);
      most = std::max(most, cost);
    }
    const auto times = static_cast<std::int64_t>(table.layers[layer].names.size());
    out.least += times * least;
    out.most += times * most;
  }
  return out;
}

/// Which candidates to keep, in ascending order: of those that cost no more and score no less than each other, the first.
/// Exact up to two constraints; beyond them nothing is compared, since pairs would have to be.
std::vector<std::uint32_t> undominated(const Instance::Layer &layer, std::size_t constraints) {
  std::vector<std::uint32_t> order(layer.size());
  std::iota(order.begin(), order.end(), 0U);
  const auto cost = [&](std::uint32_t c, std::size_t j) { return j < constraints ? layer.costs[c * constraints + j] : 0; };
  if (constraints > 2) return order;
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    if (cost(a, 0) != cost(b, 0)) return cost(a, 0) < cost(b, 0);
    if (cost(a, 1) != cost(b, 1)) return cost(a, 1) < cost(b, 1);
    if (layer.scores[a] != layer.scores[b]) return layer.scores[a] > layer.scores[b];
    return a < b;
  });
  std::vector<std::uint32_t> out;
  // The best score for each second cost, among those whose first is no more: both rise.
  std::map<std::int64_t, std::int64_t> best;
  for (const std::uint32_t c : order) {
    const std::int64_t second = cost(c, 1);
    const std::int64_t score = layer.scores[c];
    auto after = best.upper_bound(second);
    if (after != best.begin() && std::prev(after)->second >= score) continue;
    while (after != best.end() && after->second <= score) after = best.erase(after);
    best[second] = score;
    out.push_back(c);
  }
  std::sort(out.begin(), out.end());
  return out;
}

void keep(Instance::Layer &layer, const std::vector<std::uint32_t> &kept, std::size_t constraints) {
  Instance::Layer out{.times = layer.times, .ids = {}, .costs = {}, .scores = {}, .least = {}, .most = {}};
  for (const std::uint32_t c : kept) {
    out.ids.push_back(layer.ids[c]);
    out.scores.push_back(layer.scores[c]);
    for (std::size_t j = 0; j < constraints; ++j) out.costs.push_back(layer.costs[c * constraints + j]);
  }
  for (std::size_t j = 0; j < constraints; ++j) {
    out.least.push_back(INT64_MAX);
    out.most.push_back(INT64_MIN);
    for (std::size_t c = 0; c < out.size(); ++c) {
      out.least[j] = std::min(out.least[j], out.costs[c * constraints + j]);
      out.most[j] = std::max(out.most[j], out.costs[c * constraints + j]);
    }
  }
  layer = std::move(out);
}

/// What all differences of a layer's numbers are multiples of; 0 where there are none.
template <class Number>
std::int64_t step_of(const Instance &instance, const Number &number) {
  std::uint64_t out = 0;
  for (const Instance::Layer &layer : instance.layers)
    for (std::size_t c = 1; c < layer.size(); ++c) {
      const Wide difference = static_cast<Wide>(number(layer, c)) - number(layer, 0);
      out = std::gcd(out, static_cast<std::uint64_t>(difference < 0 ? -difference : difference));
    }
  // Of two scores far apart, which are no multiples in 63 bits.
  return out > static_cast<std::uint64_t>(INT64_MAX) ? 1 : static_cast<std::int64_t>(out);
}

} // namespace

Instance make_instance(const CandidateTable &table) {
  Instance out;
  for (std::size_t budget = 0; budget < table.budgets.size(); ++budget) {
    const Wide limit = static_cast<Wide>(table.budgets[budget].sign()) * table.budgets[budget].limit;
    const Reach range = reach(table, budget);
    if (range.least > limit && !out.impossible) out.impossible = budget;
    if (range.most <= limit || range.least > limit) continue;
    out.budgets.push_back(budget);
    out.limits.push_back(static_cast<std::int64_t>(limit));
  }
  const std::size_t constraints = out.constraints();
  for (std::size_t i = 0; i < table.layers.size(); ++i) {
    const CandidateTable::Layer &from = table.layers[i];
    Instance::Layer layer{.times = from.names.size(), .ids = {}, .costs = {}, .scores = from.scores, .least = {}, .most = {}};
    layer.ids.resize(from.size());
    std::iota(layer.ids.begin(), layer.ids.end(), 0U);
    for (std::size_t c = 0; c < from.size(); ++c)
      for (const std::size_t budget : out.budgets)
        layer.costs.push_back(table.budgets[budget].sign() * table.cost(i, c, budget));
    keep(layer, undominated(layer, constraints), constraints);
    out.layers.push_back(std::move(layer));
  }
  for (std::size_t j = 0; j < constraints; ++j) {
    const std::int64_t step =
        step_of(out, [&](const Instance::Layer &layer, std::size_t c) { return layer.costs[c * constraints + j]; });
    Wide least = 0;
    for (const Instance::Layer &layer : out.layers) least += static_cast<Wide>(layer.times) * layer.least[j];
    if (step > 1) out.limits[j] = static_cast<std::int64_t>(least + floor_divide(out.limits[j] - least, step) * step);
  }
  out.score_step =
      std::max<std::int64_t>(step_of(out, [](const Instance::Layer &layer, std::size_t c) { return layer.scores[c]; }), 1);
  return out;
}

Wide upper_bound(const Instance &instance, const Price &price) {
  Wide out = 0;
  for (std::size_t j = 0; j < instance.constraints(); ++j) out += static_cast<Wide>(price.multipliers[j]) * instance.limits[j];
  for (const Instance::Layer &layer : instance.layers) {
    Wide best = price.worth(layer, 0);
    for (std::size_t c = 1; c < layer.size(); ++c) best = std::max(best, price.worth(layer, c));
    out += static_cast<Wide>(layer.times) * best;
  }
  return out;
}

} // namespace pare::mixed

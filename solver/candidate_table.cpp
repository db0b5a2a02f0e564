#include "solver/candidate_table.hpp"

#include "base/checked.hpp"
#include "base/error.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pare {

namespace {

constexpr std::size_t kMostBudgets = 8;

/// What a layer is called in messages.
std::string called(const CandidateTable &table, std::size_t layer) {
  const std::vector<std::string> &names = table.layers[layer].names;
  return names.empty() ? fmt::format("layers[{}]", layer) : names.front();
}

void check_sizes(const CandidateTable &table, std::size_t i) {
  const CandidateTable::Layer &layer = table.layers[i];
  const auto bad = [&](const char *field, const std::string &message) {
    throw Error(ErrorCode::kInvalidValue, fmt::format("{}/{}", called(table, i), field), message);
  };
  if (layer.names.empty()) bad("names", "a layer without a name; one name for each of the equal layers would be accepted");
  if (layer.size() == 0) bad("scores", "a layer without candidates; one at least would be accepted");
  if (layer.size() > UINT32_MAX) bad("scores", fmt::format("{} candidates; 2^32 - 1 at most would be accepted", layer.size()));
  const auto fits = [&](const char *field, std::size_t count, std::size_t expected) {
    if (count != expected)
      bad(field, fmt::format("{} entries of {} candidates; {} would be accepted", count, layer.size(), expected));
  };
  fits("costs", layer.costs.size(), layer.size() * table.budgets.size());
  if (!layer.texts.empty()) fits("texts", layer.texts.size(), layer.size());
  if (!layer.levels.empty()) fits("levels", layer.levels.size(), layer.size());
  for (const std::int64_t cost : layer.costs)
    if (cost < 0) bad("costs", fmt::format("a cost of {}; 0 or more would be accepted", cost));
}

} // namespace

void check_table(const CandidateTable &table) {
  if (table.budgets.size() > kMostBudgets)
    throw Error(
        ErrorCode::kLimit, "budgets",
        fmt::format("{} budgets; {} at most, a window being two, would be accepted", table.budgets.size(), kMostBudgets));
  std::vector<std::int64_t> costs(table.budgets.size());
  std::int64_t scores = 0;
  for (std::size_t i = 0; i < table.layers.size(); ++i) {
    check_sizes(table, i);
    const CandidateTable::Layer &layer = table.layers[i];
    const auto times = static_cast<std::int64_t>(layer.names.size());
    try {
      for (std::size_t j = 0; j < table.budgets.size(); ++j) {
        std::int64_t most = 0;
        for (std::size_t c = 0; c < layer.size(); ++c) most = std::max(most, table.cost(i, c, j));
        costs[j] = checked_add(costs[j], checked_mul(times, most));
      }
      std::int64_t most = 0;
      for (const std::int64_t score : layer.scores) most = std::max(most, score < 0 ? checked_mul(score, -1) : score);
      scores = checked_add(scores, checked_mul(times, most));
      checked_mul(scores, 2); // differences of scores too
    } catch (const Error &error) {
      throw error.within(called(table, i));
    }
  }
}

CandidateTable towards(const CandidateTable &table, std::size_t budget) {
  CandidateTable out;
  const std::size_t budgets = table.budgets.size();
  for (std::size_t j = 0; j < budgets; ++j)
    if (j != budget) out.budgets.push_back(table.budgets[j]);
  for (const CandidateTable::Layer &layer : table.layers) {
    CandidateTable::Layer &own = out.layers.emplace_back();
    own.names = layer.names;
    for (std::size_t c = 0; c < layer.size(); ++c) {
      for (std::size_t j = 0; j < budgets; ++j)
        if (j != budget) own.costs.push_back(layer.costs[c * budgets + j]);
      own.scores.push_back(-table.budgets[budget].sign() * layer.costs[c * budgets + budget]);
    }
  }
  return out;
}

std::int64_t nearest_alone(const CandidateTable &table, std::size_t budget) {
  std::int64_t out = 0;
  for (std::size_t layer = 0; layer < table.layers.size(); ++layer) {
    std::int64_t nearest = table.cost(layer, 0, budget);
    for (std::size_t c = 1; c < table.layers[layer].size(); ++c) {
      const std::int64_t cost = table.cost(layer, c, budget);
      nearest = table.budgets[budget].at_least ? std::max(nearest, cost) : std::min(nearest, cost);
    }
    out = checked_add(out, checked_mul(nearest, static_cast<std::int64_t>(table.layers[layer].names.size())));
  }
  return out;
}

} // namespace pare

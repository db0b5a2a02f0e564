#pragma once

// Requests of mixed plans as users write them, and choices drawn from their tables.

#include "solver/mixed/request.hpp"
#include "tests/solver/candidates.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace pare::test {

inline MixedRequest mixed_request(std::vector<std::string> families, const std::vector<std::string> &budgets) {
  MixedRequest out;
  out.families = std::move(families);
  for (const std::string &budget : budgets) out.budgets.push_back(parse_budget(budget));
  return out;
}

inline Choice random_choice(Draw &draw, const CandidateTable &table) {
  Choice out;
  for (const CandidateTable::Layer &layer : table.layers) {
    std::vector<std::uint32_t> &own = out.emplace_back();
    for (std::size_t t = 0; t < layer.names.size(); ++t)
      own.push_back(static_cast<std::uint32_t>(draw.from(0, static_cast<std::int64_t>(layer.size()) - 1)));
  }
  return out;
}

/// What a choice costs in a budget.
inline std::int64_t sum_of(const CandidateTable &table, const Choice &choice, std::size_t budget) {
  std::int64_t out = 0;
  for (std::size_t i = 0; i < choice.size(); ++i)
    for (const std::uint32_t c : choice[i]) out += table.cost(i, c, budget);
  return out;
}

/// What a choice is worth.
inline std::int64_t sum_of(const CandidateTable &table, const Choice &choice) {
  std::int64_t out = 0;
  for (std::size_t i = 0; i < choice.size(); ++i)
    for (const std::uint32_t c : choice[i]) out += table.layers[i].scores[c];
  return out;
}

} // namespace pare::test

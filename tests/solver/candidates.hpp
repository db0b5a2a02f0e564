#pragma once

// Random tables of candidates, small enough to try every choice, and certificates made from no search.

#include "solver/candidate_table.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace pare::test {

/// Whole numbers that every standard library draws alike.
class Draw {
public:
  explicit Draw(std::uint32_t seed) : engine_(seed) {}
  std::int64_t from(std::int64_t least, std::int64_t most) {
    return least + static_cast<std::int64_t>(engine_() % static_cast<std::uint64_t>(most - least + 1));
  }
  bool one_in(std::int64_t n) { return from(1, n) == 1; }

private:
  std::mt19937_64 engine_;
};

/// The best of all choices, by trying them.
struct Best {
  std::optional<std::int64_t> value;
  Choice choice;
};

inline Best best_of(const CandidateTable &table) {
  Best best;
  Choice choice;
  for (const auto &layer : table.layers) choice.emplace_back(layer.names.size(), 0);
  std::vector<std::pair<std::size_t, std::size_t>> places;
  for (std::size_t i = 0; i < choice.size(); ++i)
    for (std::size_t t = 0; t < choice[i].size(); ++t) places.emplace_back(i, t);
  for (;;) {
    std::int64_t value = 0;
    std::vector<std::int64_t> costs(table.budgets.size());
    for (const auto &[i, t] : places) {
      value += table.layers[i].scores[choice[i][t]];
      for (std::size_t j = 0; j < costs.size(); ++j) costs[j] += table.cost(i, choice[i][t], j);
    }
    bool holds = true;
    for (std::size_t j = 0; j < costs.size(); ++j)
      holds = holds && table.budgets[j].sign() * costs[j] <= table.budgets[j].sign() * table.budgets[j].limit;
    if (holds && (!best.value || value > *best.value)) best = {.value = value, .choice = choice};
    // The next choice, as an odometer counts.
    std::size_t place = 0;
    for (; place < places.size(); ++place) {
      const auto &[i, t] = places[place];
      if (++choice[i][t] < table.layers[i].size()) break;
      choice[i][t] = 0;
    }
    if (place == places.size()) return best;
  }
}

/// A table of some layers, one of them of several equal ones. Kinds: scores that have nothing to do with costs, that rise with
/// them, and that are a multiple of the first cost, so that all that counts is to fill the budget.
inline CandidateTable random_table(Draw &draw, std::int64_t most_number = 1000) {
  CandidateTable table;
  const auto budgets = static_cast<std::size_t>(draw.from(1, 3));
  const std::int64_t kind = draw.from(0, 2);
  const std::int64_t unit = draw.one_in(3) ? draw.from(2, 20) : 1; // all costs are multiples of it
  const auto layers = draw.from(2, 4);
  for (std::int64_t i = 0; i < layers; ++i) {
    CandidateTable::Layer layer;
    const std::int64_t equal = i == 0 ? draw.from(1, 3) : 1;
    for (std::int64_t t = 0; t < equal; ++t) layer.names.push_back("layer" + std::to_string(i) + "." + std::to_string(t));
    const auto candidates = draw.from(1, equal > 1 ? 4 : 7);
    for (std::int64_t c = 0; c < candidates; ++c) {
      for (std::size_t j = 0; j < budgets; ++j) layer.costs.push_back(unit * draw.from(0, most_number / unit));
      const std::int64_t first = layer.costs[layer.costs.size() - budgets];
      layer.scores.push_back(kind == 0   ? draw.from(-most_number, most_number)
                             : kind == 1 ? first + draw.from(0, most_number / 4)
                                         : 1000 * first);
      layer.texts.push_back("c" + std::to_string(c));
    }
    table.layers.push_back(std::move(layer));
  }
  // Limits at what some choice costs, and a little more or less.
  for (std::size_t j = 0; j < budgets; ++j) {
    CandidateTable::Budget budget{
        .quantity = j == 0 ? "parameters" : "mult-adds[macs]", .at_least = j > 0 && draw.one_in(2), .limit = 0};
    for (const auto &layer : table.layers)
      for (std::size_t t = 0; t < layer.names.size(); ++t)
        budget.limit +=
            layer.costs[static_cast<std::size_t>(draw.from(0, static_cast<std::int64_t>(layer.size()) - 1)) * budgets + j];
    budget.limit += draw.from(-most_number / 20, most_number / 20);
    table.budgets.push_back(std::move(budget));
  }
  return table;
}

/// U, in doubles: good enough to look for multipliers.
inline double upper_of(const CandidateTable &table, const Certificate &certificate, bool scored) {
  const double scale = static_cast<double>(std::int64_t{1} << certificate.shift);
  double upper = 0;
  for (std::size_t i = 0; i < table.layers.size(); ++i) {
    double best = 0;
    for (std::size_t c = 0; c < table.layers[i].size(); ++c) {
      double value = scored ? scale * static_cast<double>(table.layers[i].scores[c]) : 0;
      for (std::size_t j = 0; j < table.budgets.size(); ++j)
        value -= static_cast<double>(certificate.multipliers[j]) *
                 static_cast<double>(table.budgets[j].sign() * table.cost(i, c, j));
      best = c == 0 ? value : std::max(best, value);
    }
    upper += best * static_cast<double>(table.layers[i].names.size());
  }
  for (std::size_t j = 0; j < table.budgets.size(); ++j)
    upper +=
        static_cast<double>(certificate.multipliers[j]) * static_cast<double>(table.budgets[j].sign() * table.budgets[j].limit);
  return upper;
}

/// The certificate of a value, with multipliers by steps along one after the other, halved where none leads down: U is convex.
inline Certificate certificate_of(const CandidateTable &table, std::optional<std::int64_t> value, int shift = 20) {
  Certificate out{.shift = shift, .multipliers = std::vector<std::int64_t>(table.budgets.size()), .value = value};
  double upper = upper_of(table, out, value.has_value());
  for (std::int64_t step = std::int64_t{1} << (shift + 12); step > 0;) {
    bool down = false;
    for (std::int64_t &multiplier : out.multipliers)
      for (const std::int64_t other : {multiplier + step, std::max<std::int64_t>(multiplier - step, 0)}) {
        const std::int64_t before = std::exchange(multiplier, other);
        const double moved = upper_of(table, out, value.has_value());
        if (moved < upper) {
          upper = moved;
          down = true;
          break;
        }
        multiplier = before;
      }
    if (!value && upper < 0) return out; // proof enough, and it has no least
    if (!down) step /= 2;
  }
  return out;
}

/// A false claim, and what was done to a true one.
struct Forgery {
  std::string what;
  CandidateTable table;
  Certificate certificate;
};

/// The forgeries of an optimal value that change what is true: none of them may be proven.
inline std::vector<Forgery> forgeries_of(const CandidateTable &table, const Certificate &certificate, const Best &best) {
  std::vector<Forgery> out;
  const auto add = [&](const char *what, CandidateTable other, std::optional<std::int64_t> value) {
    Certificate claim = certificate;
    claim.value = value;
    if (best_of(other).value != value) out.push_back({what, std::move(other), std::move(claim)});
  };
  if (!best.value) {
    add("a value where there is none", table, 0);
    CandidateTable other = table;
    for (CandidateTable::Budget &budget : other.budgets) budget.limit += budget.sign() * 2000;
    add("wider limits", other, std::nullopt);
    return out;
  }
  add("value + 1", table, *best.value + 1);
  add("value - 1", table, *best.value - 1);
  add("infeasible", table, std::nullopt);
  for (std::size_t j = 0; j < table.budgets.size(); ++j)
    for (const std::int64_t by : {-100, -1, 1, 100}) {
      CandidateTable other = table;
      other.budgets[j].limit += by;
      add("another limit", other, best.value);
    }
  CandidateTable::Layer layer = table.layers[0];
  const std::uint32_t chosen = best.choice[0][0];
  const auto budgets = table.budgets.size();
  {
    CandidateTable other = table;
    other.layers[0].costs[chosen * budgets] += 50;
    add("a cost more", other, best.value);
    other.layers[0].costs[chosen * budgets] = 0;
    add("no cost", other, best.value);
  }
  if (layer.size() > 1) {
    CandidateTable other = table;
    CandidateTable::Layer &fewer = other.layers[0];
    fewer.scores.erase(fewer.scores.begin() + chosen);
    fewer.texts.erase(fewer.texts.begin() + chosen);
    const auto at = fewer.costs.begin() + static_cast<std::ptrdiff_t>(chosen * budgets);
    fewer.costs.erase(at, at + static_cast<std::ptrdiff_t>(budgets));
    add("a candidate less", other, best.value);
  }
  return out;
}

} // namespace pare::test

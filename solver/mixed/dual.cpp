#include "solver/mixed/dual.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

namespace pare::mixed {

Relaxation::Relaxation(const Instance &instance) {
  const std::size_t constraints = instance.constraints();
  std::vector<double> least(constraints);
  std::vector<double> most(constraints);
  double lowest = 0;
  double highest = 0;
  for (const Instance::Layer &layer : instance.layers) {
    const auto times = static_cast<double>(layer.times);
    for (std::size_t j = 0; j < constraints; ++j) {
      least[j] += times * static_cast<double>(layer.least[j]);
      most[j] += times * static_cast<double>(layer.most[j]);
    }
    const auto [low, high] = std::minmax_element(layer.scores.begin(), layer.scores.end());
    lowest += times * static_cast<double>(*low);
    highest += times * static_cast<double>(*high);
    work_ += layer.size() * (constraints + 1);
  }
  score_scale_ = std::max(highest - lowest, 1.0);
  for (std::size_t j = 0; j < constraints; ++j) {
    const auto limit = static_cast<double>(instance.limits[j]);
    cost_scale_.push_back(std::max(most[j] - least[j], 1.0));
    limits_.push_back(limit / cost_scale_[j]);
    reach_.push_back(std::max({std::abs(least[j]), std::abs(most[j]), std::abs(limit), 1.0}));
  }
  for (const Instance::Layer &from : instance.layers) {
    Layer layer{.times = static_cast<double>(from.times), .scores = {}, .costs = {}};
    for (std::size_t c = 0; c < from.size(); ++c) {
      layer.scores.push_back(static_cast<double>(from.scores[c]) / score_scale_);
      for (std::size_t j = 0; j < constraints; ++j)
        layer.costs.push_back(static_cast<double>(from.costs[c * constraints + j]) / cost_scale_[j]);
    }
    layers_.push_back(std::move(layer));
  }
}

Relaxation::Plan Relaxation::best(bool scored, const std::vector<double> &multipliers) const {
  const std::size_t constraints = multipliers.size();
  Plan out;
  out.excess.assign(limits_.begin(), limits_.end());
  for (double &excess : out.excess) excess = -excess;
  for (const Layer &layer : layers_) {
    std::size_t best = 0;
    double most = -HUGE_VAL;
    const double *cost = layer.costs.data();
    for (std::size_t c = 0; c < layer.scores.size(); ++c, cost += constraints) {
      double worth = scored ? layer.scores[c] : 0;
      for (std::size_t j = 0; j < constraints; ++j) worth -= multipliers[j] * cost[j];
      if (worth > most) {
        most = worth;
        best = c;
      }
    }
    if (scored) out.score += layer.times * layer.scores[best];
    for (std::size_t j = 0; j < constraints; ++j) out.excess[j] += layer.times * layer.costs[best * constraints + j];
  }
  return out;
}

double Relaxation::bound(const Plan &plan, const std::vector<double> &multipliers) {
  double out = plan.score;
  for (std::size_t j = 0; j < multipliers.size(); ++j) out -= multipliers[j] * plan.excess[j];
  return out;
}

double Relaxation::real(const std::vector<double> &multipliers, std::size_t j) const {
  return multipliers[j] * (score_scale_ / cost_scale_[j]);
}

double Relaxation::most(std::size_t j) const {
  // Sums over 8 constraints, and differences of them, stay below 2^127. A sum of costs over any plan or part of one, any
  // difference of two candidates' costs over all layers, and what a limit leaves of it are at most 2 reach in size, reach being
  // the largest size of a limit and of the sums of the layers' least and most costs; check_table() has it below 2^63. So a
  // multiplier times one of these is at most 2^121, and 8 of them 2^124. A unit is 2^30 at most and scores sum to less than
  // 2^63, so that what they add is below 2^95. A bound less a floor, or a loss, is a difference of two such sums: below 2^126.
  constexpr double kMostProduct = 0x1p120;
  constexpr double kMostMultiplier = 0x1p61;
  return std::min(kMostMultiplier, kMostProduct / reach_[j]);
}

int Relaxation::shift_for(const std::vector<double> &multipliers) const {
  int out = 30;
  for (std::size_t j = 0; j < multipliers.size(); ++j)
    while (out > 0 && std::ldexp(real(multipliers, j), out) > most(j)) --out;
  return out;
}

std::vector<std::int64_t> Relaxation::whole(const std::vector<double> &multipliers, int shift) const {
  std::vector<std::int64_t> out;
  for (std::size_t j = 0; j < multipliers.size(); ++j)
    out.push_back(static_cast<std::int64_t>(std::round(std::clamp(std::ldexp(real(multipliers, j), shift), 0.0, most(j)))));
  return out;
}

namespace {

/// The linear programme over the plans seen so far: shares of them that make up one plan, with the most score, where every
/// unit over a limit costs `penalty`. The simplex method, its small basis solved anew at each step.
class Master {
public:
  Master(std::size_t constraints, double penalty) : rows_(constraints + 1) {
    for (std::size_t j = 0; j < constraints; ++j) {
      columns_.push_back(unit(j, 1, 0));
      columns_.push_back(unit(j, -1, -penalty));
    }
  }

  void add(const Relaxation::Plan &plan) {
    Column column{.price = plan.score, .entries = plan.excess};
    column.entries.push_back(1);
    columns_.push_back(std::move(column));
    if (!basis_.empty()) return;
    // The first plan, and for each constraint what it leaves or is over.
    for (std::size_t j = 0; j + 1 < rows_; ++j) basis_.push_back(2 * j + (plan.excess[j] > 0 ? 1 : 0));
    basis_.push_back(columns_.size() - 1);
  }

  /// The multipliers of the constraints, and the value last; none where the basis is singular.
  std::optional<std::vector<double>> solve() {
    constexpr int kMostSteps = 500;
    constexpr double kTolerance = 1e-13;
    std::optional<std::vector<double>> out;
    for (int step = 0; step < kMostSteps; ++step) {
      std::vector<double> prices;
      for (const std::size_t b : basis_) prices.push_back(columns_[b].price);
      const auto duals = linear(true, prices);
      if (!duals) return out;
      out = duals;
      std::size_t enters = columns_.size();
      double most = kTolerance;
      for (std::size_t c = 0; c < columns_.size(); ++c) {
        double gain = columns_[c].price;
        double size = 1;
        for (std::size_t r = 0; r < rows_; ++r) {
          gain -= (*duals)[r] * columns_[c].entries[r];
          size += std::abs((*duals)[r] * columns_[c].entries[r]);
        }
        if (gain / size > most && std::find(basis_.begin(), basis_.end(), c) == basis_.end()) {
          most = gain / size;
          enters = c;
        }
      }
      if (enters == columns_.size()) return out;
      std::vector<double> right(rows_);
      right.back() = 1;
      const auto level = linear(false, right);
      const auto direction = linear(false, columns_[enters].entries);
      if (!level || !direction) return out;
      std::size_t leaves = rows_;
      double least = HUGE_VAL;
      for (std::size_t r = 0; r < rows_; ++r) {
        if ((*direction)[r] <= 1e-11) continue;
        const double ratio = std::max((*level)[r], 0.0) / (*direction)[r];
        if (ratio < least) {
          least = ratio;
          leaves = r;
        }
      }
      if (leaves == rows_) return out;
      basis_[leaves] = enters;
    }
    return out;
  }

private:
  struct Column {
    double price = 0;
    std::vector<double> entries; ///< of the constraints, then of the sum of shares
  };
  Column unit(std::size_t row, double entry, double price) const {
    Column out{.price = price, .entries = std::vector<double>(rows_)};
    out.entries[row] = entry;
    return out;
  }

  /// Solves basis * x = right, or its transpose, by elimination with pivots.
  std::optional<std::vector<double>> linear(bool transposed, const std::vector<double> &right) const {
    std::vector<std::vector<double>> matrix(rows_, std::vector<double>(rows_ + 1));
    for (std::size_t r = 0; r < rows_; ++r) {
      for (std::size_t c = 0; c < rows_; ++c)
        matrix[r][c] = transposed ? columns_[basis_[r]].entries[c] : columns_[basis_[c]].entries[r];
      matrix[r][rows_] = right[r];
    }
    for (std::size_t p = 0; p < rows_; ++p) {
      std::size_t pivot = p;
      for (std::size_t r = p + 1; r < rows_; ++r)
        if (std::abs(matrix[r][p]) > std::abs(matrix[pivot][p])) pivot = r;
      if (std::abs(matrix[pivot][p]) < 1e-14) return std::nullopt;
      std::swap(matrix[p], matrix[pivot]);
      for (std::size_t r = 0; r < rows_; ++r) {
        if (r == p || matrix[r][p] == 0) continue;
        const double factor = matrix[r][p] / matrix[p][p];
        for (std::size_t c = p; c <= rows_; ++c) matrix[r][c] -= factor * matrix[p][c];
      }
    }
    std::vector<double> out(rows_);
    for (std::size_t r = 0; r < rows_; ++r) out[r] = matrix[r][rows_] / matrix[r][r];
    return out;
  }

  std::size_t rows_;
  std::vector<Column> columns_;
  std::vector<std::size_t> basis_;
};

} // namespace

void minimise_dual(const Relaxation &relaxation, bool scored, Watch &watch, std::vector<double> &multipliers) {
  constexpr int kMostPlans = 400;
  // A penalty that no reasonable multiplier reaches, or a unit, by which what is over the limits is measured itself.
  Master master(relaxation.constraints(), scored ? 1e9 : 1);
  std::vector<double> point = multipliers;
  double least = HUGE_VAL;
  for (int plans = 0; plans < kMostPlans; ++plans) {
    watch.worked(relaxation.work());
    const Relaxation::Plan plan = relaxation.best(scored, point);
    const double bound = Relaxation::bound(plan, point);
    if (bound < least) {
      least = bound;
      multipliers = point;
    }
    if (!scored && bound < -1e-9) return;
    master.add(plan);
    const auto duals = master.solve();
    if (!duals) return;
    const double value = duals->back();
    if (!scored && value > -1e-12) return;
    if (least - value <= 1e-14 * std::max(std::abs(value), 1.0)) return;
    point.assign(duals->begin(), duals->end() - 1);
    for (double &multiplier : point) multiplier = std::max(multiplier, 0.0);
    if (point == multipliers) return;
  }
}

} // namespace pare::mixed

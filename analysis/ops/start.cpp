#include "analysis/ops/start.hpp"

#include <cmath>

namespace pare {

double default_bound(const Extents &weight) {
  std::int64_t fan_in = 1;
  for (std::size_t i = 1; i < weight.rank(); ++i) fan_in = checked_mul(fan_in, weight[i]);
  return 1 / std::sqrt(static_cast<double>(fan_in));
}

Start Initialisation::convolution_weight(const Extents &weight) const {
  if (!convolutions_by_fan_out) return Start::uniform(default_bound(weight));
  return Start::normal(0, std::sqrt(2 / static_cast<double>(checked_mul(weight[0], weight[2], weight[3]))));
}

Start Initialisation::convolution_bias(const Extents &weight) const {
  return zero_convolution_biases ? Start::constant(0) : Start::uniform(default_bound(weight));
}

Start Initialisation::linear_weight(const Extents &weight) const { return Start::uniform(default_bound(weight)); }

Start Initialisation::linear_bias(const Extents &weight) const {
  return zero_linear_biases ? Start::constant(0) : Start::uniform(default_bound(weight));
}

} // namespace pare

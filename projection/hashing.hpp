#pragma once

#include "projection/projection.hpp"

#include <span>
#include <string>
#include <vector>

namespace pare {

/// The index of a hashed weight, and its signs where it has any.
class HashIndex {
public:
  /// Of the layer of that name, whose buffers must be there.
  HashIndex(const std::string &layer, const DenseTensors &buffers);

  /// The values v that are the best in sum_e weights[e] (targets[e] - sign_e v[index_e])^2: of each the mean, with the signs,
  /// of what it stands for. `products` are weights[e] targets[e]. One that stands for nothing is 0.
  std::vector<double> averaged(std::size_t values, std::span<const double> products, std::span<const double> weights) const;
  /// sign_e v[index_e]
  std::vector<double> gathered(std::span<const double> values) const;

private:
  std::vector<std::size_t> index_;
  std::vector<double> signs_;
};

/// Writes "NAME.hashed_weight".
void put_hashed(const std::string &layer, std::vector<double> values, DenseTensors &out);

} // namespace pare

#include "projection/hashing.hpp"

#include <cassert>

namespace pare {

HashIndex::HashIndex(const std::string &layer, const DenseTensors &buffers) {
  const auto index = buffers.find(layer + ".idxs");
  assert(index != buffers.end());
  index_.assign(index->second.values.begin(), index->second.values.end());
  if (const auto signs = buffers.find(layer + ".signs"); signs != buffers.end()) signs_ = signs->second.values;
  signs_.resize(index_.size(), 1.0);
}

std::vector<double> HashIndex::averaged(std::size_t values, std::span<const double> products,
                                        std::span<const double> weights) const {
  std::vector<double> out(values);
  std::vector<double> sums(values);
  for (std::size_t e = 0; e < index_.size(); ++e) {
    out[index_[e]] += signs_[e] * products[e];
    sums[index_[e]] += weights[e];
  }
  for (std::size_t k = 0; k < values; ++k) out[k] = sums[k] > 0 ? out[k] / sums[k] : 0;
  return out;
}

std::vector<double> HashIndex::gathered(std::span<const double> values) const {
  std::vector<double> out;
  out.reserve(index_.size());
  for (std::size_t e = 0; e < index_.size(); ++e) out.push_back(signs_[e] * values[index_[e]]);
  return out;
}

void put_hashed(const std::string &layer, std::vector<double> values, DenseTensors &out) {
  out[layer + ".hashed_weight"] = {.extents = {static_cast<std::int64_t>(values.size())}, .values = std::move(values)};
}

} // namespace pare

#include "projection/blocks.hpp"

namespace pare {

std::vector<numerics::Svd> WeightInBlocks::decomposed(const Cut &cut, const numerics::Matrix &map) const {
  std::vector<numerics::Svd> out;
  out.reserve(cut.count);
  for (std::size_t block = 0; block < cut.count; ++block) {
    numerics::Matrix own(cut.rows, cut.columns);
    for (std::size_t row = 0; row < cut.rows; ++row)
      for (std::size_t column = 0; column < cut.columns; ++column)
        if (const std::size_t place = cut.place(block, row, column); place != kNowhere) own(row, column) = map.values[place];
    out.emplace_back(std::move(own));
  }
  return out;
}

Projection WeightInBlocks::project(const Structure &structure, const DenseTensors & /*buffers*/, std::size_t sweeps) {
  const Cut cut_here = cut(structure);
  const auto find = [&](const numerics::Matrix &target) {
    NearMap out{.map = numerics::Matrix(target.rows, target.columns), .parameters = {}};
    const std::vector<numerics::Svd> blocks = decomposed(cut_here, target);
    std::vector<numerics::Svd::Factors> factors;
    for (std::size_t block = 0; block < blocks.size(); ++block) {
      factors.push_back(blocks[block].factors(rank(structure, block)));
      const numerics::Matrix near = numerics::product(factors.back().left, factors.back().right);
      for (std::size_t row = 0; row < cut_here.rows; ++row)
        for (std::size_t column = 0; column < cut_here.columns; ++column)
          if (const std::size_t place = cut_here.place(block, row, column); place != kNowhere)
            out.map.values[place] = near(row, column);
    }
    out.parameters = parameters(structure, factors);
    return out;
  };
  Projection out = project_by_turns(site_, separable_, find, sweeps);
  out.is_nearest = site_.pointwise();
  return out;
}

double WeightInBlocks::share_kept(const Structure &structure) {
  if (Structure by = cut_by(structure); known_ != by) {
    first_ = decomposed(cut(structure), separable_.target());
    known_ = std::move(by);
  }
  double kept = 0;
  for (std::size_t block = 0; block < first_.size(); ++block) kept += first_[block].energy_kept(rank(structure, block));
  return separable_.share(kept);
}

} // namespace pare

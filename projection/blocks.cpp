#include "projection/blocks.hpp"

#include <algorithm>

namespace pare {

numerics::Matrix WeightInBlocks::cut_out(const Cut &cut, std::size_t block, const numerics::Matrix &map) {
  numerics::Matrix out(cut.rows, cut.columns);
  for (std::size_t row = 0; row < cut.rows; ++row)
    for (std::size_t column = 0; column < cut.columns; ++column)
      if (const std::size_t place = cut.place(block, row, column); place != kNowhere) out(row, column) = map.values[place];
  return out;
}

Projection WeightInBlocks::project(const Structure &structure, const DenseTensors & /*buffers*/, std::size_t sweeps) {
  const Cut cut_here = cut(structure);
  const auto find = [&](const numerics::Matrix &target) {
    NearMap out{.map = numerics::Matrix(target.rows, target.columns), .parameters = {}};
    std::vector<numerics::Svd::Factors> factors;
    for (std::size_t block = 0; block < cut_here.count; ++block) {
      const std::size_t own = rank(structure, block);
      if (own == 0) {
        factors.push_back({.left = numerics::Matrix(cut_here.rows, 0), .right = numerics::Matrix(0, cut_here.columns)});
        continue;
      }
      factors.push_back(numerics::Svd(cut_out(cut_here, block, target)).factors(own));
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
  const Cut cut_here = cut(structure);
  if (Structure by = cut_by(structure); known_ != by) {
    first_.assign(cut_here.count, std::nullopt);
    known_ = std::move(by);
  }
  double kept = 0;
  for (std::size_t block = 0; block < cut_here.count; ++block) {
    const std::size_t own = rank(structure, block);
    if (own == 0) continue;
    if (own >= std::min(cut_here.rows, cut_here.columns)) {
      kept += numerics::energy(cut_out(cut_here, block, separable_.target()).values); // all of it
      continue;
    }
    if (!first_[block]) first_[block].emplace(cut_out(cut_here, block, separable_.target()));
    kept += first_[block]->energy_kept(own);
  }
  return separable_.share(kept);
}

} // namespace pare

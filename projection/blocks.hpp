#pragma once

#include "projection/numerics.hpp"
#include "projection/projector.hpp"
#include "projection/separable.hpp"

#include <functional>
#include <optional>
#include <span>
#include <vector>

namespace pare {

/// Families whose map, behind a depthwise, is made of matrices that do not depend on each other, each of low rank: cut out of
/// the map, or all of it rearranged. Of a map the nearest such is the nearest of each matrix (Eckart and Young 1936); with a
/// depthwise they are found by turns.
class WeightInBlocks : public WeightProjector {
public:
  WeightInBlocks(const ConvSite &site, const DenseTensor &weight) : site_(site), separable_(site, weight) {}
  Projection project(const Structure &structure, const DenseTensors &buffers, std::size_t sweeps) final;
  double share_kept(const Structure &structure) final;

protected:
  static constexpr std::size_t kNowhere = SIZE_MAX;
  /// So many matrices of one size, and where each of their numbers is in the map [c_o, c_i], row by row: kNowhere, where it is
  /// filled up with zeros.
  struct Cut {
    std::size_t count = 0;
    std::size_t rows = 0;
    std::size_t columns = 0;
    std::function<std::size_t(std::size_t block, std::size_t row, std::size_t column)> place;
  };
  virtual Cut cut(const Structure &structure) const = 0;
  virtual std::size_t rank(const Structure &structure, std::size_t block) const = 0;
  /// The parameters of these matrices.
  virtual DenseTensors parameters(const Structure &structure, std::span<const numerics::Svd::Factors> blocks) const = 0;
  /// What structures that are cut alike have in common.
  virtual Structure cut_by(const Structure &structure) const = 0;

  const ConvSite &site() const { return site_; }

private:
  static numerics::Matrix cut_out(const Cut &cut, std::size_t block, const numerics::Matrix &map);

  ConvSite site_;
  Separable separable_;
  /// Of the target that it begins with, cut as was asked for last; made when asked for.
  std::optional<Structure> known_;
  std::vector<std::optional<numerics::Svd>> first_;
};

} // namespace pare

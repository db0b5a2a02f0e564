#include "projection/projector.hpp"
#include "projection/separable.hpp"

#include <algorithm>

namespace pare {

namespace {

/// W' = U V diag(d), with U of r orthonormal columns: what is kept is the sum over the channels of ||U^T W_i d_i||^2. Given d
/// the best U are the leading left singular vectors of the map's target, given U the best d_i the leading right one of U^T W_i:
/// each sweep is one of both, and keeps as much or more. It begins with the better of two, which are there for all r at once: d
/// of the nearest separable weight, which is the best where r is no restriction, and U of the weight's unfolding [c_o, c_i
/// k^2], which is the best where r = 1.
class WeightOfGeneric final : public WeightProjector {
public:
  WeightOfGeneric(const ConvSite &site, const DenseTensor &weight)
      : site_(site), separable_(site, weight), target_(separable_.target()),
        most_(static_cast<std::size_t>(std::min(site.in_channels(), site.out_channels()))) {
    if (site.pointwise()) return;
    const auto rows = static_cast<std::size_t>(site.out_channels());
    const numerics::Svd unfolding(numerics::Matrix(rows, weight.values.size() / rows, weight.values));
    basis_ = unfolding.left(std::min(most_, unfolding.energies().size()));
    basis_energies_ = separable_.energies_for(basis_);
  }
  Projection project(const Structure &structure, const DenseTensors & /*buffers*/, std::size_t sweeps) override {
    const std::size_t rank = used(structure);
    Separable separable = separable_;
    numerics::Matrix basis;
    if (begins_with_basis(rank)) {
      basis = numerics::Matrix(basis_.rows, rank);
      for (std::size_t o = 0; o < basis.rows; ++o)
        for (std::size_t j = 0; j < rank; ++j) basis(o, j) = basis_(o, j);
      separable.turn(separable.directions_for(basis));
    } else {
      basis = target_.left(rank);
    }
    Projection out{.parameters = {}, .energy_kept = share_kept(structure), .is_nearest = site_.pointwise() || rank == most_};
    if (!out.is_nearest)
      sweep(sweeps, out.energy_kept, [&] {
        basis = numerics::Svd(separable.target()).left(rank);
        separable.turn(separable.directions_for(basis));
        const auto kept = numerics::transposed_product(basis, separable.target());
        return out.energy_kept = separable.share(numerics::energy(kept.values));
      });
    const numerics::Svd inside(numerics::transposed_product(basis, separable.target()));
    numerics::Svd::Factors factors = inside.factors(rank);
    factors.left = numerics::product(basis, factors.left);
    // A rank beyond what is of use repeats rows behind columns of 0: the map stays, and gradients reach it.
    const auto whole = static_cast<std::size_t>(structure[0]);
    numerics::Matrix expand(factors.left.rows, whole);
    numerics::Matrix contract(whole, factors.right.columns);
    for (std::size_t j = 0; j < whole; ++j) {
      for (std::size_t o = 0; o < expand.rows && j < rank; ++o) expand(o, j) = factors.left(o, j);
      for (std::size_t i = 0; i < contract.columns; ++i) contract(j, i) = factors.right(j % rank, i);
    }
    put_depthwise(site_, separable.depthwise(), out.parameters);
    out.parameters[site_.name + ".lowrank_contract.weight"] = {.extents = {structure[0], site_.in_channels(), 1, 1},
                                                               .values = std::move(contract.values)};
    out.parameters[site_.name + ".lowrank_expand.weight"] = {.extents = {site_.out_channels(), structure[0], 1, 1},
                                                             .values = std::move(expand.values)};
    return out;
  }
  double share_kept(const Structure &structure) override {
    const std::size_t rank = used(structure);
    return separable_.share(begins_with_basis(rank) ? basis_energies_[rank - 1] : target_.energy_kept(rank));
  }

private:
  std::size_t used(const Structure &structure) const { return std::min(static_cast<std::size_t>(structure[0]), most_); }
  bool begins_with_basis(std::size_t rank) const {
    return !site_.pointwise() && basis_energies_[rank - 1] > target_.energy_kept(rank);
  }

  ConvSite site_;
  Separable separable_;
  numerics::Svd target_;
  std::size_t most_; ///< the rank that a map can have
  numerics::Matrix basis_;
  std::vector<double> basis_energies_; ///< by rank
};

class GenericProjector final : public Projector {
public:
  std::string_view family() const override { return "generic"; }
  std::unique_ptr<WeightProjector> at(const ConvSite &site, const Settings & /*settings*/,
                                      const DenseTensor &weight) const override {
    return std::make_unique<WeightOfGeneric>(site, weight);
  }
  bool has_share(const ConvSite & /*site*/, const Settings & /*settings*/) const override { return true; }
};

} // namespace

const Projector &projector_generic() {
  static const GenericProjector instance;
  return instance;
}

} // namespace pare

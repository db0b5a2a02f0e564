#include "projection/projector.hpp"
#include "projection/separable.hpp"

namespace pare {

namespace {

/// Behind a depthwise that is settled the nearest map of rank r is the target's truncated singular value decomposition, for all
/// r at once. The sweeps turn the depthwise to what is best for the r left vectors, and make these anew, each of which keeps as
/// much or more.
class WeightOfGeneric final : public WeightProjector {
public:
  WeightOfGeneric(const ConvSite &site, const DenseTensor &weight)
      : site_(site), separable_(site, weight), target_(separable_.target()) {}
  Projection project(const Structure &structure, const DenseTensors & /*buffers*/, std::size_t sweeps) override {
    const auto rank = static_cast<std::size_t>(structure[0]);
    Separable separable = separable_;
    numerics::Svd target = target_;
    Projection out{.parameters = {}, .energy_kept = share_kept(structure), .is_nearest = site_.pointwise()};
    if (!site_.pointwise())
      sweep(sweeps, out.energy_kept, [&] {
        separable.turn(separable.directions_for(target.left(rank)));
        target = numerics::Svd(separable.target());
        return out.energy_kept = separable.share(target.energy_kept(rank));
      });
    put_depthwise(site_, separable.depthwise(), out.parameters);
    numerics::Svd::Factors factors = target.factors(rank);
    out.parameters[site_.name + ".lowrank_contract.weight"] = {.extents = {structure[0], site_.in_channels(), 1, 1},
                                                               .values = std::move(factors.right.values)};
    out.parameters[site_.name + ".lowrank_expand.weight"] = {.extents = {site_.out_channels(), structure[0], 1, 1},
                                                             .values = std::move(factors.left.values)};
    return out;
  }
  double share_kept(const Structure &structure) override {
    return separable_.share(target_.energy_kept(static_cast<std::size_t>(structure[0])));
  }

private:
  ConvSite site_;
  Separable separable_;
  numerics::Svd target_;
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

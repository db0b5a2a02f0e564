#include "projection/numerics.hpp"
#include "projection/projector.hpp"

namespace pare {

namespace {

/// The weight as a tensor [c_o, c_i, k^2], whose last mode is left as it is.
class WeightOfTucker2 final : public WeightProjector {
public:
  WeightOfTucker2(const ConvSite &site, const DenseTensor &weight)
      : site_(site), energy_(numerics::energy(weight.values)),
        decomposition_({static_cast<std::size_t>(site.out_channels()), static_cast<std::size_t>(site.in_channels()),
                        static_cast<std::size_t>(site.kernel.area())},
                       weight.values) {}
  Projection project(const Structure &structure, const DenseTensors & /*buffers*/, std::size_t sweeps) override {
    const auto parts = decomposition_.parts(ranks_of(structure), sweeps);
    // Of a matrix the leading singular vectors on both sides.
    Projection out{.parameters = {}, .energy_kept = share(parts.energy_kept), .is_nearest = site_.pointwise()};
    const numerics::Matrix &inputs = parts.factors[1];
    DenseTensor &in = out.parameters[site_.name + ".tucker_in.weight"];
    in.extents = {structure[0], site_.in_channels(), 1, 1};
    for (std::size_t r = 0; r < inputs.columns; ++r)
      for (std::size_t i = 0; i < inputs.rows; ++i) in.values.push_back(inputs(i, r));
    const std::size_t area = parts.factors[2].rows;
    const numerics::Matrix core(parts.core.size() / area, area, parts.core);
    numerics::Matrix basis(area, area); // of the last mode, transposed
    for (std::size_t x = 0; x < area; ++x)
      for (std::size_t y = 0; y < area; ++y) basis(y, x) = parts.factors[2](x, y);
    out.parameters[site_.name + ".tucker_core.weight"] = {
        .extents = {structure[1], structure[0], site_.kernel.height, site_.kernel.width},
        .values = numerics::product(core, basis).values};
    out.parameters[site_.name + ".tucker_out.weight"] = {.extents = {site_.out_channels(), structure[1], 1, 1},
                                                         .values = parts.factors[0].values};
    return out;
  }
  double share_kept(const Structure &structure) override { return share(decomposition_.energy_kept(ranks_of(structure))); }

private:
  Numbers ranks_of(const Structure &structure) const { return {structure[1], structure[0], site_.kernel.area()}; }
  double share(double kept) const { return energy_ == 0 ? 1 : kept / energy_; }

  ConvSite site_;
  double energy_;
  numerics::TuckerDecomposition decomposition_;
};

class Tucker2Projector final : public Projector {
public:
  std::string_view family() const override { return "tucker2"; }
  std::unique_ptr<WeightProjector> at(const ConvSite &site, const Settings & /*settings*/,
                                      const DenseTensor &weight) const override {
    return std::make_unique<WeightOfTucker2>(site, weight);
  }
  bool has_share(const ConvSite & /*site*/, const Settings & /*settings*/) const override { return true; }
};

} // namespace

const Projector &projector_tucker2() {
  static const Tucker2Projector instance;
  return instance;
}

} // namespace pare

#include "projection/hashing.hpp"
#include "projection/projector.hpp"
#include "projection/separable.hpp"

namespace pare {

namespace {

/// Given the depthwise the values of the map are weighted means, and given these the depthwise is one of least squares: by
/// turns, each keeps as much or more.
class WeightOfSepHashed final : public WeightProjector {
public:
  WeightOfSepHashed(const ConvSite &site, const DenseTensor &weight) : site_(site), separable_(site, weight) {}
  Projection project(const Structure &structure, const DenseTensors &buffers, std::size_t sweeps) override {
    const std::string layer = site_.name + ".hashed";
    const HashIndex index(layer, buffers);
    numerics::Matrix depthwise = separable_.depthwise();
    std::vector<double> values;
    numerics::Matrix map(separable_.target().rows, separable_.target().columns);
    const auto set_values = [&] {
      values = index.averaged(static_cast<std::size_t>(structure[0]), separable_.target_for(depthwise).values,
                              separable_.norms_of(depthwise).values);
      map.values = index.gathered(values);
      return separable_.share_of(map, depthwise);
    };
    Projection out{.parameters = {}, .energy_kept = set_values(), .is_nearest = site_.pointwise()};
    if (!site_.pointwise())
      sweep(sweeps, out.energy_kept, [&] {
        depthwise = separable_.depthwise_for(map);
        return out.energy_kept = set_values();
      });
    put_depthwise(site_, depthwise, out.parameters);
    put_hashed(layer, std::move(values), out.parameters);
    return out;
  }

private:
  ConvSite site_;
  Separable separable_;
};

class SepHashedProjector final : public Projector {
public:
  std::string_view family() const override { return "sep_hashed"; }
  std::unique_ptr<WeightProjector> at(const ConvSite &site, const Settings & /*settings*/,
                                      const DenseTensor &weight) const override {
    return std::make_unique<WeightOfSepHashed>(site, weight);
  }
  // What is kept depends on the index, which every student draws for itself.
  bool has_share(const ConvSite & /*site*/, const Settings & /*settings*/) const override { return false; }
};

} // namespace

const Projector &projector_sep_hashed() {
  static const SepHashedProjector instance;
  return instance;
}

} // namespace pare

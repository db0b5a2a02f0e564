#include "projection/hashing.hpp"
#include "projection/projector.hpp"
#include "projection/separable.hpp"

namespace pare {

namespace {

/// As sep_hashed, with the depthwise's values weighted means too.
class WeightOfHashedSeparable final : public WeightProjector {
public:
  WeightOfHashedSeparable(const ConvSite &site, const DenseTensor &weight) : site_(site), separable_(site, weight) {}
  Projection project(const Structure &structure, const DenseTensors &buffers, std::size_t sweeps) override {
    const std::string behind = site_.name + ".hashed";
    const std::string front = site_.name + ".grouped";
    const HashIndex index(behind, buffers);
    numerics::Matrix depthwise = separable_.depthwise();
    numerics::Matrix map = separable_.target();
    std::vector<double> values;
    const auto set_values = [&] {
      values = index.averaged(static_cast<std::size_t>(structure[0]), separable_.target_for(depthwise).values,
                              separable_.norms_of(depthwise).values);
      map.values = index.gathered(values);
      return separable_.share_of(map, depthwise);
    };
    Projection out{.parameters = {}, .energy_kept = 0, .is_nearest = site_.pointwise()};
    if (site_.pointwise()) {
      out.energy_kept = set_values();
    } else {
      const HashIndex front_index(front, buffers);
      std::vector<double> front_values;
      const auto turn = [&] { // for the map as it is
        const Separable::Normal normal = separable_.normal_equations(map);
        std::vector<double> weights;
        for (const double norm : normal.norms) weights.insert(weights.end(), depthwise.columns, norm);
        front_values = front_index.averaged(static_cast<std::size_t>(structure[1]), normal.products.values, weights);
        depthwise.values = front_index.gathered(front_values);
        return set_values();
      };
      out.energy_kept = turn();
      sweep(sweeps, out.energy_kept, [&] { return out.energy_kept = turn(); });
      put_hashed(front, std::move(front_values), out.parameters);
    }
    put_hashed(behind, std::move(values), out.parameters);
    return out;
  }

private:
  ConvSite site_;
  Separable separable_;
};

class HashedSeparableProjector final : public Projector {
public:
  std::string_view family() const override { return "hashed_separable"; }
  std::unique_ptr<WeightProjector> at(const ConvSite &site, const Settings & /*settings*/,
                                      const DenseTensor &weight) const override {
    return std::make_unique<WeightOfHashedSeparable>(site, weight);
  }
  // What is kept depends on the index, which every student draws for itself.
  bool has_share(const ConvSite & /*site*/, const Settings & /*settings*/) const override { return false; }
};

} // namespace

const Projector &projector_hashed_separable() {
  static const HashedSeparableProjector instance;
  return instance;
}

} // namespace pare

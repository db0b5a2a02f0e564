#include "projection/hashing.hpp"
#include "projection/projector.hpp"
#include "projection/separable.hpp"

namespace pare {

namespace {

/// The mean of the weights that share a value is their least-squares solution.
class WeightOfHashed final : public WeightProjector {
public:
  WeightOfHashed(const ConvSite &site, const DenseTensor &weight) : name_(site.name), weight_(weight) {}
  Projection project(const Structure &structure, const DenseTensors &buffers, std::size_t /*sweeps*/) override {
    const HashIndex index(name_, buffers);
    const std::vector<double> ones(weight_.values.size(), 1.0);
    std::vector<double> values = index.averaged(static_cast<std::size_t>(structure[0]), weight_.values, ones);
    const double whole = numerics::energy(weight_.values);
    Projection out{
        .parameters = {}, .energy_kept = whole == 0 ? 1 : numerics::energy(index.gathered(values)) / whole, .is_nearest = true};
    put_hashed(name_, std::move(values), out.parameters);
    return out;
  }

private:
  std::string name_;
  const DenseTensor &weight_;
};

class HashedProjector final : public Projector {
public:
  std::string_view family() const override { return "hashed"; }
  std::unique_ptr<WeightProjector> at(const ConvSite &site, const Settings & /*settings*/,
                                      const DenseTensor &weight) const override {
    return std::make_unique<WeightOfHashed>(site, weight);
  }
  // What is kept depends on the index, which every student draws for itself.
  bool has_share(const ConvSite & /*site*/, const Settings & /*settings*/) const override { return false; }
};

} // namespace

const Projector &projector_hashed() {
  static const HashedProjector instance;
  return instance;
}

} // namespace pare

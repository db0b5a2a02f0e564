#include "projection/projector.hpp"
#include "projection/separable.hpp"

namespace pare {

namespace {

class WeightOfSep final : public WeightProjector {
public:
  WeightOfSep(const ConvSite &site, const DenseTensor &weight) : site_(site), separable_(site, weight) {}
  Projection project(const Structure & /*structure*/, const DenseTensors & /*buffers*/, std::size_t /*sweeps*/) override {
    Projection out{.parameters = {}, .energy_kept = share_kept({}), .is_nearest = true};
    put_depthwise(site_, separable_.depthwise(), out.parameters);
    out.parameters[site_.name + ".pointwise.weight"] = {.extents = {site_.out_channels(), site_.in_channels(), 1, 1},
                                                        .values = separable_.target().values};
    return out;
  }
  double share_kept(const Structure & /*structure*/) override {
    return separable_.share(numerics::energy(separable_.target().values));
  }

private:
  ConvSite site_;
  Separable separable_;
};

class SepProjector final : public Projector {
public:
  std::string_view family() const override { return "sep"; }
  std::unique_ptr<WeightProjector> at(const ConvSite &site, const Settings & /*settings*/,
                                      const DenseTensor &weight) const override {
    return std::make_unique<WeightOfSep>(site, weight);
  }
  bool has_share(const ConvSite & /*site*/, const Settings & /*settings*/) const override { return true; }
};

} // namespace

const Projector &projector_sep() {
  static const SepProjector instance;
  return instance;
}

} // namespace pare

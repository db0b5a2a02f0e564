#include "projection/projector.hpp"

#include <cassert>
#include <memory>

namespace pare {

namespace {

/// The weight of a linear layer itself, seen as [c_o, c_i, 1, 1] before.
class WeightOfLinear final : public WeightProjector {
public:
  WeightOfLinear(const ConvSite &site, const DenseTensor &weight) : site_(site), weight_(weight) {}
  Projection project(const Structure & /*structure*/, const DenseTensors & /*buffers*/, std::size_t /*sweeps*/) override {
    const Extents extents{site_.out_channels(), site_.in_channels()};
    return {.parameters = {{site_.name + ".weight", {.extents = extents, .values = weight_.values}}},
            .energy_kept = 1,
            .is_nearest = true};
  }
  double share_kept(const Structure & /*structure*/) override { return 1; }

private:
  ConvSite site_;
  const DenseTensor &weight_;
};

/// The layer as it is, of whichever kind: a separable weight's projection on the separable ones is the weight itself.
class BaselineProjector final : public Projector {
public:
  std::string_view family() const override { return "baseline"; }
  std::unique_ptr<WeightProjector> at(const ConvSite &site, const Settings &settings,
                                      const DenseTensor &weight) const override {
    if (site.baseline == Baseline::kLinear) return std::make_unique<WeightOfLinear>(site, weight);
    const Projector *own = find_projector(site.baseline == Baseline::kSep ? "sep" : "convolution");
    assert(own != nullptr);
    return own->at(site, settings, weight);
  }
  bool has_share(const ConvSite & /*site*/, const Settings & /*settings*/) const override { return true; }
};

} // namespace

const Projector &projector_baseline() {
  static const BaselineProjector instance;
  return instance;
}

} // namespace pare

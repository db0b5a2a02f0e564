#include "projection/projector.hpp"

namespace pare {

namespace {

/// The weight itself.
class WeightOfConvolution final : public WeightProjector {
public:
  WeightOfConvolution(const ConvSite &site, const DenseTensor &weight) : name_(site.name), weight_(weight) {}
  Projection project(const Structure & /*structure*/, const DenseTensors & /*buffers*/, std::size_t /*sweeps*/) override {
    return {.parameters = {{name_ + ".conv.weight", weight_}}, .energy_kept = 1, .is_nearest = true};
  }
  double share_kept(const Structure & /*structure*/) override { return 1; }

private:
  std::string name_;
  const DenseTensor &weight_;
};

class ConvolutionProjector final : public Projector {
public:
  std::string_view family() const override { return "convolution"; }
  std::unique_ptr<WeightProjector> at(const ConvSite &site, const Settings & /*settings*/,
                                      const DenseTensor &weight) const override {
    return std::make_unique<WeightOfConvolution>(site, weight);
  }
  bool has_share(const ConvSite & /*site*/, const Settings & /*settings*/) const override { return true; }
};

} // namespace

const Projector &projector_convolution() {
  static const ConvolutionProjector instance;
  return instance;
}

} // namespace pare

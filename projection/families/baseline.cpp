#include "projection/projector.hpp"

#include <cassert>

namespace pare {

namespace {

/// The layer as it is, of whichever kind: a separable weight's projection on the separable ones is the weight itself.
class BaselineProjector final : public Projector {
public:
  std::string_view family() const override { return "baseline"; }
  std::unique_ptr<WeightProjector> at(const ConvSite &site, const Settings &settings,
                                      const DenseTensor &weight) const override {
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

#include "projection/numerics.hpp"
#include "projection/projector.hpp"
#include "projection/separable.hpp"

namespace pare {

namespace {

/// The weight as a matrix [c_i k_h, c_o k_w], of which a rank is what the channels between the two passes are.
class WeightOfSpatial final : public WeightProjector {
public:
  WeightOfSpatial(const ConvSite &site, const DenseTensor &weight)
      : site_(site), inputs_(static_cast<std::size_t>(site.in_channels())),
        height_(static_cast<std::size_t>(site.kernel.height)), width_(static_cast<std::size_t>(site.kernel.width)),
        outputs_(static_cast<std::size_t>(site.out_channels())), energy_(numerics::energy(weight.values)),
        svd_(rearranged(weight)) {}
  Projection project(const Structure &structure, const DenseTensors & /*buffers*/, std::size_t /*sweeps*/) override {
    const auto rank = static_cast<std::size_t>(structure[0]);
    const auto [left, right] = svd_.factors(rank);
    Projection out{.parameters = {}, .energy_kept = share_kept(structure), .is_nearest = true};
    DenseTensor &vertical = out.parameters[site_.name + ".vertical.weight"];
    vertical.extents = {structure[0], site_.in_channels(), site_.kernel.height, 1};
    for (std::size_t k = 0; k < rank; ++k)
      for (std::size_t row = 0; row < left.rows; ++row) vertical.values.push_back(left(row, k));
    DenseTensor &horizontal = out.parameters[site_.name + ".horizontal.weight"];
    horizontal.extents = {site_.out_channels(), structure[0], 1, site_.kernel.width};
    for (std::size_t o = 0; o < outputs_; ++o)
      for (std::size_t k = 0; k < rank; ++k)
        for (std::size_t x = 0; x < width_; ++x) horizontal.values.push_back(right(k, o * width_ + x));
    return out;
  }
  double share_kept(const Structure &structure) override {
    return energy_ == 0 ? 1 : svd_.energy_kept(static_cast<std::size_t>(structure[0])) / energy_;
  }

private:
  numerics::Matrix rearranged(const DenseTensor &weight) const {
    numerics::Matrix out(inputs_ * height_, outputs_ * width_);
    std::size_t at = 0;
    for (std::size_t o = 0; o < outputs_; ++o)
      for (std::size_t row = 0; row < out.rows; ++row)
        for (std::size_t x = 0; x < width_; ++x) out(row, o * width_ + x) = weight.values[at++];
    return out;
  }

  ConvSite site_;
  std::size_t inputs_;
  std::size_t height_;
  std::size_t width_;
  std::size_t outputs_;
  double energy_;
  numerics::Svd svd_;
};

class SpatialProjector final : public Projector {
public:
  std::string_view family() const override { return "spatial"; }
  std::unique_ptr<WeightProjector> at(const ConvSite &site, const Settings & /*settings*/,
                                      const DenseTensor &weight) const override {
    return std::make_unique<WeightOfSpatial>(site, weight);
  }
  bool has_share(const ConvSite & /*site*/, const Settings & /*settings*/) const override { return true; }
};

} // namespace

const Projector &projector_spatial() {
  static const SpatialProjector instance;
  return instance;
}

} // namespace pare

#include "projection/projector.hpp"
#include "projection/separable.hpp"

namespace pare {

namespace {

/// Numbers that are one number of a circulant block have their mean.
class WeightOfBlockCirculant final : public WeightProjector {
public:
  WeightOfBlockCirculant(const ConvSite &site, const DenseTensor &weight) : site_(site), separable_(site, weight) {}
  Projection project(const Structure &structure, const DenseTensors & /*buffers*/, std::size_t sweeps) override {
    Projection out = project_by_turns(
        site_, separable_, [&](const numerics::Matrix &target) { return averaged(structure[0], target); }, sweeps);
    out.is_nearest = site_.pointwise();
    return out;
  }
  double share_kept(const Structure &structure) override {
    return separable_.share(numerics::energy(averaged(structure[0], separable_.target()).map.values));
  }

private:
  NearMap averaged(std::int64_t size, const numerics::Matrix &target) const {
    const auto block = static_cast<std::size_t>(size);
    const std::size_t across = target.columns / block;
    DenseTensor columns{.extents = {site_.out_channels() / size, site_.in_channels() / size, size},
                        .values = std::vector<double>(target.values.size() / block)};
    const auto place = [&](std::size_t o, std::size_t i) {
      return (o / block * across + i / block) * block + (o % block + block - i % block) % block;
    };
    NearMap out{.map = numerics::Matrix(target.rows, target.columns), .parameters = {}};
    for (std::size_t o = 0; o < target.rows; ++o)
      for (std::size_t i = 0; i < target.columns; ++i) columns.values[place(o, i)] += target(o, i) / static_cast<double>(block);
    for (std::size_t o = 0; o < target.rows; ++o)
      for (std::size_t i = 0; i < target.columns; ++i) out.map(o, i) = columns.values[place(o, i)];
    out.parameters[site_.name + ".weight_columns"] = std::move(columns);
    return out;
  }

  ConvSite site_;
  Separable separable_;
};

class BlockCirculantProjector final : public Projector {
public:
  std::string_view family() const override { return "block_circulant"; }
  std::unique_ptr<WeightProjector> at(const ConvSite &site, const Settings & /*settings*/,
                                      const DenseTensor &weight) const override {
    return std::make_unique<WeightOfBlockCirculant>(site, weight);
  }
  bool has_share(const ConvSite & /*site*/, const Settings & /*settings*/) const override { return true; }
};

} // namespace

const Projector &projector_block_circulant() {
  static const BlockCirculantProjector instance;
  return instance;
}

} // namespace pare

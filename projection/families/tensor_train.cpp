#include "projection/projector.hpp"
#include "projection/separable.hpp"

#include <fmt/format.h>

namespace pare {

namespace {

class WeightOfTensorTrain final : public WeightProjector {
public:
  WeightOfTensorTrain(const ConvSite &site, const DenseTensor &weight) : site_(site), separable_(site, weight) {}
  Projection project(const Structure &structure, const DenseTensors & /*buffers*/, std::size_t sweeps) override {
    const auto [modes, ranks] = parts_of(structure);
    const auto find = [&, n = modes, r = ranks](const numerics::Matrix &target) {
      const auto cores = numerics::TensorTrainSvd(n, target.values).cores(r);
      NearMap out{.map = numerics::Matrix(target.rows, target.columns, numerics::TensorTrainSvd::merged(n, cores)),
                  .parameters = {}};
      const auto rank = [&](std::size_t k) { return k == 0 || k == n.size() ? 1 : r[k - 1]; };
      for (std::size_t k = 0; k < n.size(); ++k)
        out.parameters[fmt::format("{}.weight_core_{}", site_.name, k)] = {
            .extents = {rank(k), static_cast<std::int64_t>(n[k]), rank(k + 1)}, .values = cores[k]};
      return out;
    };
    Projection out = project_by_turns(site_, separable_, find, sweeps);
    out.is_nearest = site_.pointwise() && modes.size() == 2; // a matrix of low rank
    return out;
  }
  double share_kept(const Structure &structure) override {
    const auto [modes, ranks] = parts_of(structure);
    if (!decomposition_) decomposition_.emplace(modes, separable_.target().values);
    return separable_.share(decomposition_->energy_kept(ranks));
  }

private:
  /// n_1 ... n_d and r_1 ... r_{d-1}.
  static std::pair<numerics::Modes, Numbers> parts_of(const Structure &structure) {
    const auto end = structure.begin() + static_cast<std::ptrdiff_t>((structure.size() + 1) / 2);
    return {numerics::Modes(structure.begin(), end), Numbers(end, structure.end())};
  }

  ConvSite site_;
  Separable separable_;
  std::optional<numerics::TensorTrainSvd> decomposition_; ///< of the target that it begins with
};

class TensorTrainProjector final : public Projector {
public:
  std::string_view family() const override { return "tensor_train"; }
  std::unique_ptr<WeightProjector> at(const ConvSite &site, const Settings & /*settings*/,
                                      const DenseTensor &weight) const override {
    return std::make_unique<WeightOfTensorTrain>(site, weight);
  }
  bool has_share(const ConvSite & /*site*/, const Settings & /*settings*/) const override { return true; }
};

} // namespace

const Projector &projector_tensor_train() {
  static const TensorTrainProjector instance;
  return instance;
}

} // namespace pare

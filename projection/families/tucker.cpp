#include "projection/projector.hpp"
#include "projection/separable.hpp"

#include <fmt/format.h>

namespace pare {

namespace {

/// n_1 ... n_d, R_1 ... R_d, and of a core that is stored as a train q_0 ... q_d.
struct TuckerNumbers {
  numerics::Modes modes;
  Numbers ranks;
  Numbers train;

  TuckerNumbers(const Structure &structure, std::size_t d) {
    const auto at = [&](std::size_t k) { return structure.begin() + static_cast<std::ptrdiff_t>(k); };
    modes.assign(at(0), at(d));
    ranks.assign(at(d), at(2 * d));
    train.assign(at(2 * d), structure.end());
  }
};

class WeightOfTucker final : public WeightProjector {
public:
  WeightOfTucker(const ConvSite &site, std::size_t dimensions, const DenseTensor &weight)
      : site_(site), dimensions_(dimensions), separable_(site, weight) {}
  Projection project(const Structure &structure, const DenseTensors & /*buffers*/, std::size_t sweeps) override {
    const TuckerNumbers numbers(structure, dimensions_);
    const auto find = [&](const numerics::Matrix &target) {
      const auto parts = numerics::TuckerDecomposition(numbers.modes, target.values).parts(numbers.ranks, sweeps);
      return NearMap{.map = numerics::Matrix(target.rows, target.columns, numerics::TuckerDecomposition::merged(parts)),
                     .parameters = parameters_of(numbers, parts)};
    };
    Projection out = project_by_turns(site_, separable_, find, sweeps);
    out.is_nearest = site_.pointwise() && dimensions_ == 2; // a matrix of low rank
    return out;
  }
  double share_kept(const Structure &structure) override {
    const TuckerNumbers numbers(structure, dimensions_);
    if (!decomposition_) decomposition_.emplace(numbers.modes, separable_.target().values);
    return separable_.share(decomposition_->energy_kept(numbers.ranks));
  }

private:
  DenseTensors parameters_of(const TuckerNumbers &numbers, const numerics::TuckerDecomposition::Parts &parts) const {
    DenseTensors out;
    for (std::size_t k = 0; k < dimensions_; ++k)
      out[fmt::format("{}.weight_u_{}", site_.name, k)] = {
          .extents = {static_cast<std::int64_t>(numbers.modes[k]), numbers.ranks[k]}, .values = parts.factors[k].values};
    const std::string core = site_.name + ".weight_core";
    if (numbers.train.empty()) {
      DenseTensor &whole = out[core];
      for (const std::int64_t rank : numbers.ranks) whole.extents.push_back(rank);
      whole.values = parts.core;
      return out;
    }
    // Untruncated: the core itself.
    const numerics::Modes ranks(numbers.ranks.begin(), numbers.ranks.end());
    const auto cores = numerics::TensorTrainSvd(ranks, parts.core).cores(std::span(numbers.train).subspan(1, dimensions_ - 1));
    for (std::size_t k = 0; k < dimensions_; ++k)
      out[fmt::format("{}_{}", core, k)] = {.extents = {numbers.train[k], numbers.ranks[k], numbers.train[k + 1]},
                                            .values = cores[k]};
    return out;
  }

  ConvSite site_;
  std::size_t dimensions_;
  Separable separable_;
  std::optional<numerics::TuckerDecomposition> decomposition_; ///< of the target that it begins with
};

class TuckerProjector final : public Projector {
public:
  std::string_view family() const override { return "tucker"; }
  std::unique_ptr<WeightProjector> at(const ConvSite &site, const Settings &settings,
                                      const DenseTensor &weight) const override {
    return std::make_unique<WeightOfTucker>(site, static_cast<std::size_t>(setting_of(family(), settings, "dimensions")),
                                            weight);
  }
  bool has_share(const ConvSite & /*site*/, const Settings & /*settings*/) const override { return true; }
};

} // namespace

const Projector &projector_tucker() {
  static const TuckerProjector instance;
  return instance;
}

} // namespace pare

#include "projection/numerics.hpp"
#include "projection/projector.hpp"
#include "projection/separable.hpp"

#include <fmt/format.h>

#include <optional>

namespace pare {

namespace {

/// The train of the map with each pair of modes beside each other.
class WeightOfTensorTrainMatrix final : public WeightProjector {
public:
  WeightOfTensorTrainMatrix(const ConvSite &site, std::size_t dimensions, const DenseTensor &weight)
      : site_(site), dimensions_(dimensions), separable_(site, weight) {}
  Projection project(const Structure &structure, const DenseTensors & /*buffers*/, std::size_t sweeps) override {
    const Pairs pairs(structure, dimensions_);
    const Numbers ranks = ranks_of(structure);
    const auto find = [&](const numerics::Matrix &target) {
      const auto cores = numerics::TensorTrainSvd(pairs.modes, pairs.beside(target)).cores(ranks);
      NearMap out{.map = pairs.apart(numerics::TensorTrainSvd::merged(pairs.modes, cores), target), .parameters = {}};
      for (std::size_t k = 0; k < dimensions_; ++k)
        out.parameters[fmt::format("{}.weight_core_{}", site_.name, k)] = {
            .extents = {k > 0 ? ranks[k - 1] : 1, structure[k], structure[dimensions_ + k], k + 1 < dimensions_ ? ranks[k] : 1},
            .values = cores[k]};
      return out;
    };
    Projection out = project_by_turns(site_, separable_, find, sweeps);
    out.is_nearest = site_.pointwise() && dimensions_ == 2; // a matrix of low rank
    return out;
  }
  double share_kept(const Structure &structure) override {
    if (!decomposition_) {
      const Pairs pairs(structure, dimensions_);
      decomposition_.emplace(pairs.modes, pairs.beside(separable_.target()));
    }
    return separable_.share(decomposition_->energy_kept(ranks_of(structure)));
  }

private:
  Numbers ranks_of(const Structure &structure) const {
    return {structure.begin() + static_cast<std::ptrdiff_t>(2 * dimensions_), structure.end()};
  }
  /// Modes m_k n_k, and where their numbers are in the map.
  struct Pairs {
    numerics::Modes outputs;
    numerics::Modes inputs;
    numerics::Modes modes;

    Pairs(const Structure &structure, std::size_t d) {
      for (std::size_t k = 0; k < d; ++k) {
        outputs.push_back(static_cast<std::size_t>(structure[k]));
        inputs.push_back(static_cast<std::size_t>(structure[d + k]));
        modes.push_back(outputs.back() * inputs.back());
      }
    }
    std::size_t place(std::size_t element, std::size_t columns) const {
      std::size_t output = 0;
      std::size_t input = 0;
      std::size_t outputs_behind = 1;
      std::size_t inputs_behind = 1;
      for (std::size_t k = modes.size(); k-- > 0;) {
        const std::size_t pair = element % modes[k];
        element /= modes[k];
        output += pair / inputs[k] * outputs_behind;
        input += pair % inputs[k] * inputs_behind;
        outputs_behind *= outputs[k];
        inputs_behind *= inputs[k];
      }
      return output * columns + input;
    }
    std::vector<double> beside(const numerics::Matrix &map) const {
      std::vector<double> out(map.values.size());
      for (std::size_t e = 0; e < out.size(); ++e) out[e] = map.values[place(e, map.columns)];
      return out;
    }
    numerics::Matrix apart(const std::vector<double> &values, const numerics::Matrix &like) const {
      numerics::Matrix out(like.rows, like.columns);
      for (std::size_t e = 0; e < values.size(); ++e) out.values[place(e, like.columns)] = values[e];
      return out;
    }
  };

  ConvSite site_;
  std::size_t dimensions_;
  Separable separable_;
  std::optional<numerics::TensorTrainSvd> decomposition_; ///< of the target that it begins with
};

class TensorTrainMatrixProjector final : public Projector {
public:
  std::string_view family() const override { return "tt_matrix"; }
  std::unique_ptr<WeightProjector> at(const ConvSite &site, const Settings &settings,
                                      const DenseTensor &weight) const override {
    return std::make_unique<WeightOfTensorTrainMatrix>(
        site, static_cast<std::size_t>(setting_of(family(), settings, "dimensions")), weight);
  }
  bool has_share(const ConvSite & /*site*/, const Settings & /*settings*/) const override { return true; }
};

} // namespace

const Projector &projector_tt_matrix() {
  static const TensorTrainMatrixProjector instance;
  return instance;
}

} // namespace pare

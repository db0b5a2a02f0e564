#include "projection/projector.hpp"
#include "projection/separable.hpp"

#include <algorithm>

namespace pare {

namespace {

/// Of the weights of each output's own group the nearest separable ones; the others are 0 whatever the parameters.
class WeightOfGrouped final : public WeightProjector {
public:
  WeightOfGrouped(const ConvSite &site, bool is_shuffled, const DenseTensor &weight)
      : site_(site), is_shuffled_(is_shuffled), weight_(weight) {}
  Projection project(const Structure &structure, const DenseTensors & /*buffers*/, std::size_t /*sweeps*/) override {
    const Blocks blocks(site_, is_shuffled_, structure);
    const DenseTensor own = cut(blocks);
    const Separable separable(site_, own);
    Projection out{.parameters = {}, .energy_kept = share(separable), .is_nearest = true};
    put_depthwise(site_, separable.depthwise(), out.parameters);
    DenseTensor &rows = out.parameters[site_.name + ".grouped_pointwise.weight"];
    rows.extents = {site_.out_channels(), site_.in_channels() / structure[0], 1, 1};
    for (std::size_t row = 0; row < blocks.outputs; ++row)
      for (std::size_t column = 0; column < blocks.columns; ++column)
        rows.values.push_back(separable.target()(blocks.output_of(row), blocks.group_of(row) * blocks.columns + column));
    return out;
  }
  double share_kept(const Structure &structure) override {
    return share(Separable(site_, cut(Blocks(site_, is_shuffled_, structure))));
  }

private:
  struct Blocks {
    std::size_t outputs, groups, rows, columns;
    bool is_shuffled;
    Blocks(const ConvSite &site, bool shuffled, const Structure &structure)
        : outputs(static_cast<std::size_t>(site.out_channels())), groups(static_cast<std::size_t>(structure[0])),
          rows(outputs / groups), columns(static_cast<std::size_t>(site.in_channels()) / groups), is_shuffled(shuffled) {}
    std::size_t group_of(std::size_t row) const { return row / rows; }
    /// Where the shuffle puts it.
    std::size_t output_of(std::size_t row) const { return is_shuffled ? row % rows * groups + row / rows : row; }
  };
  DenseTensor cut(const Blocks &blocks) const {
    DenseTensor out{.extents = weight_.extents, .values = std::vector<double>(weight_.values.size())};
    const std::size_t filter = weight_.values.size() / blocks.outputs;
    const std::size_t block = filter / blocks.groups;
    for (std::size_t row = 0; row < blocks.outputs; ++row) {
      const auto from = static_cast<std::ptrdiff_t>(blocks.output_of(row) * filter + blocks.group_of(row) * block);
      std::copy_n(weight_.values.begin() + from, block, out.values.begin() + from);
    }
    return out;
  }
  double share(const Separable &separable) const {
    const double whole = numerics::energy(weight_.values);
    return whole == 0 ? 1 : numerics::energy(separable.target().values) / whole;
  }

  ConvSite site_;
  bool is_shuffled_;
  const DenseTensor &weight_;
};

class GroupedProjector final : public Projector {
public:
  std::string_view family() const override { return "grouped"; }
  std::unique_ptr<WeightProjector> at(const ConvSite &site, const Settings &settings,
                                      const DenseTensor &weight) const override {
    return std::make_unique<WeightOfGrouped>(site, setting_of(family(), settings, "shuffle") != 0, weight);
  }
  bool has_share(const ConvSite & /*site*/, const Settings & /*settings*/) const override { return true; }
};

} // namespace

const Projector &projector_grouped() {
  static const GroupedProjector instance;
  return instance;
}

} // namespace pare

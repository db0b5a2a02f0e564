#include "projection/blocks.hpp"

namespace pare {

namespace {

/// The weight between inputs of a block i_1 and outputs of a place o_0 in theirs is a matrix [n_1, m_0] of rank r, apart from
/// all others.
class WeightOfBlockTensorTrain final : public WeightInBlocks {
public:
  using WeightInBlocks::WeightInBlocks;

private:
  struct Sizes {
    std::size_t m_0, m_1, n_0, n_1, r;
    explicit Sizes(const Structure &structure)
        : m_0(static_cast<std::size_t>(structure[0])), m_1(static_cast<std::size_t>(structure[1])),
          n_0(static_cast<std::size_t>(structure[2])), n_1(static_cast<std::size_t>(structure[3])),
          r(static_cast<std::size_t>(structure[4])) {}
  };
  /// Block i_1 n_0 + o_0.
  Cut cut(const Structure &structure) const override {
    const Sizes s(structure);
    return {.count = s.m_1 * s.n_0,
            .rows = s.n_1,
            .columns = s.m_0,
            .place = [s](std::size_t block, std::size_t row, std::size_t column) {
              return (row * s.n_0 + block % s.n_0) * s.m_0 * s.m_1 + block / s.n_0 * s.m_0 + column;
            }};
  }
  Structure cut_by(const Structure & /*structure*/) const override { return {}; }
  std::size_t rank(const Structure &structure, std::size_t /*block*/) const override { return Sizes(structure).r; }
  DenseTensors parameters(const Structure &structure, std::span<const numerics::Svd::Factors> blocks) const override {
    const Sizes s(structure);
    DenseTensors out;
    DenseTensor &first = out[site().name + ".weight_core_0"]; // [m_1, n_0, r, m_0]
    first.extents = {structure[1], structure[2], structure[4], structure[0]};
    for (const auto &block : blocks)
      first.values.insert(first.values.end(), block.right.values.begin(), block.right.values.end());
    DenseTensor &second = out[site().name + ".weight_core_1"]; // [n_0, n_1, m_1, r]
    second.extents = {structure[2], structure[3], structure[1], structure[4]};
    for (std::size_t o_0 = 0; o_0 < s.n_0; ++o_0)
      for (std::size_t o_1 = 0; o_1 < s.n_1; ++o_1)
        for (std::size_t i_1 = 0; i_1 < s.m_1; ++i_1)
          for (std::size_t k = 0; k < s.r; ++k) second.values.push_back(blocks[i_1 * s.n_0 + o_0].left(o_1, k));
    return out;
  }
};

class BlockTensorTrainProjector final : public Projector {
public:
  std::string_view family() const override { return "btt"; }
  std::unique_ptr<WeightProjector> at(const ConvSite &site, const Settings & /*settings*/,
                                      const DenseTensor &weight) const override {
    return std::make_unique<WeightOfBlockTensorTrain>(site, weight);
  }
  bool has_share(const ConvSite & /*site*/, const Settings & /*settings*/) const override { return true; }
};

} // namespace

const Projector &projector_btt() {
  static const BlockTensorTrainProjector instance;
  return instance;
}

} // namespace pare

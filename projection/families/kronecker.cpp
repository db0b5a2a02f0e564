#include "projection/blocks.hpp"

namespace pare {

namespace {

/// Rearranged, a sum of K Kronecker products is a matrix [m_1 n_1, m_2 n_2] of rank K (Van Loan and Pitsianis 1993).
class WeightOfKronecker final : public WeightInBlocks {
public:
  using WeightInBlocks::WeightInBlocks;

private:
  Cut cut(const Structure &structure) const override {
    const Modes m(structure);
    return {
        .count = 1, .rows = m.m_1 * m.n_1, .columns = m.m_2 * m.n_2, .place = [m](auto, std::size_t row, std::size_t column) {
          const std::size_t output = row / m.n_1 * m.m_2 + column / m.n_2;
          return output * m.n_1 * m.n_2 + row % m.n_1 * m.n_2 + column % m.n_2;
        }};
  }
  Structure cut_by(const Structure & /*structure*/) const override { return {}; }
  std::size_t rank(const Structure &structure, std::size_t /*block*/) const override {
    return static_cast<std::size_t>(structure.back());
  }
  DenseTensors parameters(const Structure &structure, std::span<const numerics::Svd::Factors> blocks) const override {
    const auto &[left, right] = blocks.front();
    DenseTensors out;
    DenseTensor &a = out[site().name + ".weight_a"];
    DenseTensor &b = out[site().name + ".weight_b"];
    a.extents = {structure[4], structure[0], structure[2]};
    b.extents = {structure[4], structure[1], structure[3]};
    for (std::size_t term = 0; term < left.columns; ++term)
      for (std::size_t i = 0; i < left.rows; ++i) a.values.push_back(left(i, term));
    b.values = right.values;
    return out;
  }

  struct Modes {
    std::size_t m_1, m_2, n_1, n_2;
    explicit Modes(const Structure &structure)
        : m_1(static_cast<std::size_t>(structure[0])), m_2(static_cast<std::size_t>(structure[1])),
          n_1(static_cast<std::size_t>(structure[2])), n_2(static_cast<std::size_t>(structure[3])) {}
  };
};

class KroneckerProjector final : public Projector {
public:
  std::string_view family() const override { return "kronecker"; }
  std::unique_ptr<WeightProjector> at(const ConvSite &site, const Settings & /*settings*/,
                                      const DenseTensor &weight) const override {
    return std::make_unique<WeightOfKronecker>(site, weight);
  }
  bool has_share(const ConvSite & /*site*/, const Settings & /*settings*/) const override { return true; }
};

} // namespace

const Projector &projector_kronecker() {
  static const KroneckerProjector instance;
  return instance;
}

} // namespace pare

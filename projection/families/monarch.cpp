#include "projection/blocks.hpp"

#include <algorithm>

namespace pare {

namespace {

/// Between input block k and those outputs that are number l in their group of q it is a matrix [b, a], apart from all others:
/// its rank is how many of the h numbers behind block k lie in block l of the second map.
class WeightOfMonarch final : public WeightInBlocks {
public:
  using WeightInBlocks::WeightInBlocks;

private:
  struct Sizes {
    std::size_t c_o, c_i, q, a, b, h;
    Sizes(const ConvSite &site, const Structure &structure)
        : c_o(static_cast<std::size_t>(site.out_channels())), c_i(static_cast<std::size_t>(site.in_channels())),
          q(static_cast<std::size_t>(structure[0])), a((c_i + q - 1) / q), b((c_o + q - 1) / q), h(std::min(a, b)) {}
    /// The numbers between, k h to k h + h - 1, of which those that are l modulo q are block l's; calls take(number).
    template <class Take>
    void over_between(std::size_t block, const Take &take) const {
      const std::size_t begin = block / q * h;
      for (std::size_t number = begin + (block % q + q - begin % q) % q; number < begin + h; number += q) take(number);
    }
  };
  /// Block k q + l.
  Cut cut(const Structure &structure) const override {
    const Sizes s(site(), structure);
    return {
        .count = s.q * s.q, .rows = s.b, .columns = s.a, .place = [s](std::size_t block, std::size_t row, std::size_t column) {
          const std::size_t output = row * s.q + block % s.q;
          const std::size_t input = block / s.q * s.a + column;
          return output < s.c_o && input < s.c_i ? output * s.c_i + input : kNowhere;
        }};
  }
  Structure cut_by(const Structure &structure) const override { return structure; }
  std::size_t rank(const Structure &structure, std::size_t block) const override {
    std::size_t out = 0;
    Sizes(site(), structure).over_between(block, [&](std::size_t) { ++out; });
    return out;
  }
  DenseTensors parameters(const Structure &structure, std::span<const numerics::Svd::Factors> blocks) const override {
    const Sizes s(site(), structure);
    const auto whole = [](std::size_t value) { return static_cast<std::int64_t>(value); };
    DenseTensor first{.extents = {whole(s.q * s.h), whole(s.a), 1, 1}, .values = std::vector<double>(s.q * s.h * s.a)};
    DenseTensor second{.extents = {whole(s.q * s.b), whole(s.h), 1, 1}, .values = std::vector<double>(s.q * s.b * s.h)};
    for (std::size_t block = 0; block < blocks.size(); ++block) {
      std::size_t k = 0;
      s.over_between(block, [&](std::size_t number) {
        for (std::size_t column = 0; column < s.a; ++column)
          first.values[number * s.a + column] = blocks[block].right(k, column);
        for (std::size_t row = 0; row < s.b; ++row)
          second.values[(block % s.q * s.b + row) * s.h + number / s.q] = blocks[block].left(row, k);
        ++k;
      });
    }
    DenseTensors out;
    out[site().name + ".monarch_first.weight"] = std::move(first);
    out[site().name + ".monarch_second.weight"] = std::move(second);
    return out;
  }
};

class MonarchProjector final : public Projector {
public:
  std::string_view family() const override { return "monarch"; }
  std::unique_ptr<WeightProjector> at(const ConvSite &site, const Settings & /*settings*/,
                                      const DenseTensor &weight) const override {
    return std::make_unique<WeightOfMonarch>(site, weight);
  }
  bool has_share(const ConvSite & /*site*/, const Settings & /*settings*/) const override { return true; }
};

} // namespace

const Projector &projector_monarch() {
  static const MonarchProjector instance;
  return instance;
}

} // namespace pare

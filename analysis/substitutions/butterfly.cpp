#include "analysis/substitutions/parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>

namespace pare {

namespace {

class Butterfly final : public Substitution {
public:
  const SubstitutionInfo &info() const override {
    static const SubstitutionInfo info{
        .name = "butterfly",
        .description =
            "depthwise k x k, then a 1 x 1 of L butterflies, each log2(N) factors of N / 2 blocks 2 x 2, of strides 1 "
            "to N / 2 and, every other one, back; N is the least power of two from max(c_i, c_o, 2) up, filled up "
            "with zeros",
        .source = "Learning Fast Algorithms for Linear Transforms Using Butterfly Factorizations, Dao et al. 2019",
        .example = "butterfly:layers=1",
        .evaluations = {Evaluation::kFactored, Evaluation::kDense},
        .decay_scaled = true,
        .among_all = false,
        .knob = {.kind = KnobInfo::Kind::kInteger, .name = "layers", .description = "number of butterflies", .least = 1}};
    return info;
  }
  Resolved resolve(const ConvSite & /*site*/, const Settings & /*settings*/, double knob) const override {
    return {.structure = {static_cast<std::int64_t>(knob)}, .refusal = {}};
  }
  CostsIn costs_in(const Settings & /*settings*/) const override { return CostsIn::kStructure; }
  DegreesOfFreedom degrees_of_freedom(const ConvSite &site, const Settings & /*settings*/,
                                      const Structure &structure) const override {
    // Of the 2 N p L numbers, p = log2(N), a scale of each channel between two factors changes nothing, and of those between
    // two butterflies, whose factors have one stride, a 2 x 2 matrix of each pair. Where channels are filled up it is less.
    const std::int64_t size = size_of(site);
    const auto bits = static_cast<std::int64_t>(std::countr_zero(static_cast<std::uint64_t>(size)));
    const std::int64_t free = checked_mul(size, checked_add(checked_mul(structure[0], bits - 1), 2));
    const std::int64_t map = checked_mul(site.in_channels(), site.out_channels());
    return {.value = checked_add(parts::depthwise_weights(site), std::min(free, map)),
            .is_estimate = size != site.in_channels() || size != site.out_channels()};
  }
  NodeId lower(Builder &builder, const ConvSite &site, NodeId x, const Settings & /*settings*/, const Structure &structure,
               Evaluation evaluation) const override {
    const std::int64_t layers = structure[0];
    constexpr std::int64_t kMostLayers = 1 << 12; // each has a tensor for each factor; papers have one or two
    if (layers > kMostLayers)
      throw Error(ErrorCode::kLimit, site.name + "/layers", fmt::format("layers = {} must be at most {}", layers, kMostLayers));
    const std::int64_t size = size_of(site);
    const auto bits = static_cast<std::size_t>(std::countr_zero(static_cast<std::uint64_t>(size)));
    const Extents blocks{size / 2, 2, 2};
    x = parts::depthwise(builder, site, x);
    Graph &graph = builder.graph();
    const LayerId layer = builder.layer(site.name, "butterfly");

    // Bit i of a channel's number is seen as a dimension of 2, the highest the slowest; a factor puts another label in the
    // place of one bit's, and has all the others in common with what it is applied to.
    std::vector<std::int64_t> now(bits);
    for (std::size_t i = 0; i < bits; ++i) now[i] = static_cast<std::int64_t>(i);
    const std::vector<std::int64_t> inputs = now;
    std::int64_t next = static_cast<std::int64_t>(bits);
    const auto legs = [](const std::vector<std::int64_t> &of_bits, std::initializer_list<std::int64_t> behind = {},
                         std::size_t but = SIZE_MAX) {
      Legs out;
      for (std::size_t i = of_bits.size(); i-- > 0;)
        if (i != but) out.push_back({of_bits[i], 2});
      for (const std::int64_t label : behind) out.push_back({label, 2});
      return out;
    };
    struct Factor {
      NodeId weight;
      Legs own; ///< [all bits but one, that bit behind it, that bit before it]
      std::vector<std::int64_t> behind;
    };
    std::vector<Factor> factors;
    for (std::int64_t l = 0; l < layers; ++l)
      for (std::size_t step = 0; step < bits; ++step) {
        const std::size_t bit = l % 2 == 0 ? step : bits - 1 - step;
        const NodeId weight = builder.parameter(layer, fmt::format("layers.{}.{}", l, step), blocks,
                                                Start::normal(0, std::sqrt(0.5)), true); // keeps the variance
        Factor factor{.weight = weight, .own = legs(now, {next, now[bit]}, bit), .behind = {}};
        now[bit] = next++;
        factor.behind = now;
        factors.push_back(std::move(factor));
      }

    const Conv pointwise = parts::pointwise_op(site);
    // The 2019 counter is told what the factors do.
    const std::int64_t s = checked_mul(site.output.batch, site.output.positions());
    const std::int64_t factored = checked_mul(s, checked_mul(2, size, static_cast<std::int64_t>(factors.size())));
    if (evaluation == Evaluation::kDense) {
      Legs merged = factors.front().own;
      NodeId weight = factors.front().weight;
      // What the first butterfly has not reached is one label of a row and of a column.
      std::vector<bool> reached(bits, false);
      for (std::size_t f = 0; f < factors.size(); ++f) {
        if (f < bits) reached[f] = true;
        if (f == 0) continue;
        Legs made = legs(factors[f].behind);
        for (std::size_t i = bits; i-- > 0;)
          if (reached[i]) made.push_back({inputs[i], 2});
        weight = graph.add(layer, ContractWeights{.a = factors[f].own, .b = merged, .out = made}, {factors[f].weight, weight},
                           Spelling::kFunction);
        merged = std::move(made);
      }
      weight = graph.add(layer, Reshape{.extents = {size, size, 1, 1}}, {weight}, Spelling::kFunction);
      if (const Extents wanted = parts::pointwise_extents(site); graph.weight(weight) != wanted)
        weight = graph.add(layer, BlockDiagonal{.rows = wanted[0], .columns = wanted[1]}, {weight}, Spelling::kFunction);
      return parts::computed_conv(builder, site, layer, pointwise, x, weight, factored);
    }
    x = parts::padded_to(builder, layer, x, size);
    Contract step{.x = legs(inputs), .weight = {}, .out = {}, .stride = pointwise.stride, .padding = pointwise.padding};
    for (const Factor &factor : factors) {
      step.weight = factor.own;
      step.out = legs(factor.behind);
      x = graph.add(layer, step, {x, factor.weight}, Spelling::kFunction);
      step = {.x = step.out, .weight = {}, .out = {}};
    }
    graph.attach(x, Event::kReferenceMac, factored);
    x = parts::cut_to(builder, layer, x, site.out_channels());
    return parts::with_own_bias(builder, site, layer, x, parts::pointwise_extents(site));
  }
  ClosedForm closed_form(const Settings & /*settings*/, Evaluation evaluation) const override {
    ClosedForm form{.definitions = {{"N", "power_of_two(max(c_i, c_o))"}},
                    .parameters = "D + 2 * N * log2(N) * layers + b",
                    .mult_adds = "S * (D + 2 * N * log2(N) * layers)",
                    .per_batch = "0",
                    .lower_bound = "S * (D + min(c_i * c_o, 2 * N * log2(N) * layers))"};
    if (evaluation == Evaluation::kDense) {
      form.mult_adds = "S * (D + c_i * c_o)";
      form.per_batch = "2 * N * (N - 2) + (layers - 1) * 2 * N * N * log2(N)";
    }
    return form;
  }

private:
  static std::int64_t size_of(const ConvSite &site) {
    const std::int64_t channels = std::max({site.in_channels(), site.out_channels(), std::int64_t{2}});
    return static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(channels)));
  }
};

} // namespace

const Substitution &substitution_butterfly() {
  static const Butterfly instance;
  return instance;
}

} // namespace pare

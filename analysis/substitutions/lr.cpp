#include "analysis/substitutions/parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace pare {

namespace {

class TiedLowRank final : public Substitution {
public:
  const SubstitutionInfo &info() const override {
    static const SubstitutionInfo info{
        .name = "lr",
        .description =
            "tied low rank: input repeated to c_o channels, then V and its transpose, V of r x c_o; c_i must divide c_o",
        .source = "the research log of Gray et al., 2019",
        .example = "LR_0.1",
        .evaluations = {Evaluation::kFactored, Evaluation::kDense, Evaluation::kContraction},
        .decay_scaled = true,
        .knob = {.kind = KnobInfo::Kind::kReal,
                 .name = "rank_scale",
                 .description = "rank as a fraction of the larger number of channels",
                 .least = 1},
        .numbers = parts::rank_numbers("rows of V"),
        .keys = {},
        .reference_names = {{.name = "LR", .keys = {}, .knob = {}}}};
    return info;
  }
  Resolved resolve(const ConvSite &site, const Settings & /*settings*/, double knob) const override {
    if (auto refusal = check(site)) return {.structure = {}, .refusal = std::move(refusal)};
    return parts::scaled_rank(site, knob);
  }
  NumberRanges number_ranges(const ConvSite &site, const Settings & /*settings*/) const override {
    if (auto refusal = check(site)) return {.ranges = {}, .refusal = std::move(refusal)};
    return parts::scaled_rank_range(site);
  }
  Structure structure_of(const ConvSite & /*site*/, const Settings & /*settings*/, const Numbers &numbers) const override {
    return numbers;
  }
  Numbers numbers_of(const ConvSite & /*site*/, const Settings & /*settings*/, const Structure &structure) const override {
    return structure;
  }
  CostsIn costs_in(const Settings & /*settings*/) const override { return CostsIn::kNumbers; }
  DegreesOfFreedom degrees_of_freedom(const ConvSite &site, const Settings & /*settings*/,
                                      const Structure &structure) const override {
    // W = V^T V E, with E the identity below itself c_o / c_i times. Up to r = c_i the columns of W are those of V^T, and V^T
    // V, which is V up to a rotation, follows. Beyond, E^T W = (V E)^T V E is symmetric, which is all that r = c_i says.
    const std::int64_t r = std::min(structure[0], site.in_channels());
    return {.value = parts::depthwise_weights(site) + checked_mul(r, site.out_channels()) - r * (r - 1) / 2};
  }
  NodeId lower(Builder &builder, const ConvSite &site, NodeId x, const Settings & /*settings*/, const Structure &structure,
               Evaluation evaluation) const override {
    x = parts::depthwise(builder, site, x);
    const std::int64_t rank = structure[0];
    const std::int64_t c_i = site.in_channels();
    const std::int64_t c_o = site.out_channels();
    Graph &graph = builder.graph();
    const LayerId layer = builder.layer(site.name, "lr");
    // The reference counts both maps at the output positions.
    const Count macs = checked_mul(site.output.batch, site.output.positions(), checked_mul(rank, c_o));
    const bool is_factored = evaluation == Evaluation::kFactored;
    if (is_factored && c_o != c_i) x = graph.add(layer, RepeatChannels{.times = c_o / c_i}, {x}, Spelling::kFunction);
    const Extents extents{rank, c_o, 1, 1};
    const NodeId v =
        builder.parameter(layer, "lowrank.weight", extents, graph.initialisation().convolution_weight(extents), true);
    if (is_factored) {
      x = graph.add(layer, parts::pointwise_op(site), {x, v}, Spelling::kFunction);
      graph.attach(x, Event::kReferenceMac, macs);
      const NodeId transposed = graph.add(layer, Transpose{}, {v}, Spelling::kFunction);
      return parts::computed_conv(builder, site, layer, {}, x, transposed, macs);
    }
    // y = V^T (V E) x, where E repeats x: V E is the sum of V's columns that meet the same channel.
    TensorNetwork network;
    const std::int64_t r = network.label(rank);
    const std::int64_t o = network.label(c_o);
    const std::int64_t i = network.label(c_i);
    network.inputs = {i};
    network.outputs = {o};
    network.elements = {{r, o}, {r, i}};
    const std::int64_t copy = network.label(c_o / c_i);
    const NodeId repeated =
        c_o == c_i ? v
                   : graph.add(layer,
                               ContractWeights{
                                   .a = network.legs(std::array{r, copy, i}), .b = {}, .out = network.legs(std::array{r, i})},
                               {v}, Spelling::kFunction);
    const Contraction contraction = cheapest_contraction(network);
    const Extents bias_behind{c_o, rank, 1, 1}; // as where it is factored
    if (evaluation == Evaluation::kContraction && !contraction.is_dense()) {
      x = parts::contracted(builder, site, layer, x, network, contraction, std::array{v, repeated}, macs + macs);
      return parts::with_own_bias(builder, site, layer, x, bias_behind);
    }
    const NodeId product = graph.add(layer,
                                     ContractWeights{.a = network.legs(std::array{r, o}),
                                                     .b = network.legs(std::array{r, i}),
                                                     .out = network.legs(std::array{o, i})},
                                     {v, repeated}, Spelling::kFunction);
    const NodeId weight = graph.add(layer, Reshape{.extents = parts::pointwise_extents(site)}, {product}, Spelling::kFunction);
    return parts::computed_conv(builder, site, layer, parts::pointwise_op(site), x, weight, macs + macs, bias_behind);
  }
  ClosedForm closed_form(const Settings & /*settings*/, Evaluation evaluation) const override {
    ClosedForm form{.definitions = {{"r", "int(rank_scale * max(c_i, c_o))"}, {"f", "min(r, c_i)"}},
                    .parameters = "D + r * c_o + b",
                    .mult_adds = "S * (D + 2 * r * c_o)",
                    .per_batch = "0",
                    .floor = "S * (D + f * c_o - f * (f - 1) / 2)",
                    .lower_bound = "S * (D + min(c_i * c_o, r * c_o))"};
    if (evaluation == Evaluation::kDense) {
      form.mult_adds = "S * (D + c_i * c_o)";
      form.per_batch = "r * c_i * c_o";
    } else if (evaluation == Evaluation::kContraction) {
      form.mult_adds = "S * (D + min(r * (c_i + c_o), c_i * c_o))";
      // Two steps where these cost no more, since they need no merge.
      form.definitions.push_back({"g", "c_i * c_o // (r * (c_i + c_o))"});
      form.per_batch = "(1 - min(g, 1)) * r * c_i * c_o";
    }
    return form;
  }

private:
  static std::optional<Refusal> check(const ConvSite &site) {
    if (site.out_channels() % site.in_channels() == 0) return std::nullopt;
    return Refusal{"out_channels",
                   fmt::format("in_channels = {} must divide out_channels = {}: the input is repeated to reach them",
                               site.in_channels(), site.out_channels()),
                   false};
  }
};

} // namespace

const Substitution &substitution_lr() {
  static const TiedLowRank instance;
  return instance;
}

} // namespace pare

#include "analysis/substitutions/parts.hpp"

#include <numeric>

namespace pare {

namespace {

class Grouped final : public Substitution {
  enum Key : std::size_t { kShuffle };

public:
  const SubstitutionInfo &info() const override {
    static const SubstitutionInfo info{
        .name = "grouped",
        .description = "depthwise k x k, then a grouped 1 x 1 whose channels are shuffled; groups are lowered by 1 until they "
                       "divide",
        .source = "ResNeXt, Xie et al. 2017; ShuffleNet, Zhang et al. 2018",
        .example = "grouped:groups=4",
        .evaluations = {Evaluation::kFactored, Evaluation::kDense},
        .decay_scaled = true,
        .among_all = false,
        .knob = {.kind = KnobInfo::Kind::kGroups,
                 .name = "groups",
                 .description = "groups of the 1 x 1 convolution",
                 .least = 1},
        .keys = {{.name = "shuffle",
                  .description = "whether the output channels are shuffled, so that groups mix from layer to layer",
                  .standard = 1,
                  .least = 0,
                  .most = 1,
                  .choices = {"no", "yes"}}}};
    return info;
  }
  Resolved resolve(const ConvSite &site, const Settings & /*settings*/, double knob) const override {
    return {.structure = {parts::divisor_at_most(std::gcd(site.in_channels(), site.out_channels()), knob)}, .refusal = {}};
  }
  std::vector<std::int64_t> group_channels(const ConvSite &site, const Settings & /*settings*/,
                                           const Structure &structure) const override {
    return {site.in_channels() / structure[0], site.out_channels() / structure[0]};
  }
  DegreesOfFreedom degrees_of_freedom(const ConvSite &site, const Settings & /*settings*/,
                                      const Structure &structure) const override {
    return {.value = checked_add(parts::depthwise_weights(site),
                                 checked_mul(site.in_channels(), site.out_channels()) / structure[0])};
  }
  NodeId lower(Builder &builder, const ConvSite &site, NodeId x, const Settings &settings, const Structure &structure,
               Evaluation evaluation) const override {
    Graph &graph = builder.graph();
    const std::int64_t groups = structure[0];
    x = parts::depthwise(builder, site, x);
    const Extents extents{site.out_channels(), site.in_channels() / groups, 1, 1};
    const auto [layer, weight] = parts::conv_weight(builder, site.name + ".grouped_pointwise", extents);
    const std::int64_t row_groups = settings[kShuffle] != 0 ? groups : 1; // of one group it is as it was
    Conv op = parts::pointwise_op(site);
    if (evaluation == Evaluation::kDense) {
      const NodeId dense =
          graph.add(layer, BlockDiagonal{.groups = groups, .row_groups = row_groups}, {weight}, Spelling::kFunction);
      return parts::computed_conv(builder, site, layer, op, x, dense,
                                  checked_mul(site.output.elements(), site.in_channels() / groups), extents);
    }
    op.groups = groups;
    x = graph.add(layer, op, {x, weight}, Spelling::kModule);
    if (row_groups > 1) x = graph.add(layer, ShuffleChannels{.groups = groups}, {x}, Spelling::kFunction);
    return parts::with_own_bias(builder, site, layer, x, extents); // of the channels as they are behind the shuffle
  }
  ClosedForm closed_form(const Settings & /*settings*/, Evaluation evaluation) const override {
    return {.definitions = {{"g", "divisor(gcd(c_i, c_o), groups)"}},
            .parameters = "D + c_i * c_o / g + b",
            .mult_adds = evaluation == Evaluation::kDense ? "S * (D + c_i * c_o)" : "S * (D + c_i * c_o / g)",
            .per_batch = "0",
            .floor = "S * (D + c_i * c_o / g)",
            .lower_bound = "S * (D + c_i * c_o / g)"};
  }
};

} // namespace

const Substitution &substitution_grouped() {
  static const Grouped instance;
  return instance;
}

} // namespace pare

#include "analysis/substitutions/parts.hpp"

#include <numeric>

namespace pare {

namespace {

class BlockCirculant final : public Substitution {
public:
  const SubstitutionInfo &info() const override {
    static const SubstitutionInfo info{
        .name = "block_circulant",
        .description = "depthwise k x k, then a 1 x 1 whose weight is made of circulant blocks, each said by its first column; "
                       "blocks are lowered by 1 until they divide",
        .source = "CirCNN, Ding et al. 2017",
        .example = "block_circulant:block=4",
        .evaluations = {Evaluation::kDense},
        .decay_scaled = true,
        .among_all = false,
        .knob = {.kind = KnobInfo::Kind::kGroups, .name = "block", .description = "rows and columns of a block", .least = 1}};
    return info;
  }
  Resolved resolve(const ConvSite &site, const Settings & /*settings*/, double knob) const override {
    return {.structure = {parts::divisor_at_most(std::gcd(site.in_channels(), site.out_channels()), knob)}, .refusal = {}};
  }
  std::vector<std::int64_t> group_channels(const ConvSite & /*site*/, const Settings & /*settings*/,
                                           const Structure &structure) const override {
    return {structure[0]};
  }
  DegreesOfFreedom degrees_of_freedom(const ConvSite &site, const Settings & /*settings*/,
                                      const Structure &structure) const override {
    return {.value = checked_add(parts::depthwise_weights(site),
                                 checked_mul(site.in_channels(), site.out_channels()) / structure[0])};
  }
  NodeId lower(Builder &builder, const ConvSite &site, NodeId x, const Settings & /*settings*/, const Structure &structure,
               Evaluation /*evaluation*/) const override {
    x = parts::depthwise(builder, site, x);
    const LayerId layer = builder.layer(site.name, "block_circulant");
    const std::int64_t block = structure[0];
    const NodeId columns =
        builder.parameter(layer, "weight_columns", {site.out_channels() / block, site.in_channels() / block, block},
                          Start::uniform(default_bound(parts::pointwise_extents(site))), true);
    const NodeId weight = builder.graph().add(layer, CirculantMerge{}, {columns}, Spelling::kFunction);
    return parts::computed_pointwise(builder, site, layer, x, weight);
  }
  ClosedForm closed_form(const Settings & /*settings*/, Evaluation /*evaluation*/) const override {
    return {.definitions = {{"s", "divisor(gcd(c_i, c_o), block)"}},
            .parameters = "D + c_i * c_o / s + b",
            .mult_adds = "S * (D + c_i * c_o)",
            .per_batch = "0",
            .floor = "S * (D + c_i * c_o / s)",
            .lower_bound = "S * (D + c_i * c_o / s)"};
  }
};

} // namespace

const Substitution &substitution_block_circulant() {
  static const BlockCirculant instance;
  return instance;
}

} // namespace pare

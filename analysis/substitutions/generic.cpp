#include "analysis/substitutions/parts.hpp"

#include <algorithm>

namespace pare {

namespace {

class Generic final : public Substitution {
public:
  const SubstitutionInfo &info() const override {
    static const SubstitutionInfo info{
        .name = "generic",
        .description = "low rank: depthwise k x k, 1 x 1 down to r channels, 1 x 1 up, r = int(rank_scale max(c_i, c_o))",
        .source = "the linear bottleneck of Gray et al. 2019 (https://github.com/BayesWatch/deficient-efficient)",
        .example = "Generic_0.1",
        .evaluations = {Evaluation::kFactored},
        .decay_scaled = true,
        .knob = {.kind = KnobInfo::Kind::kReal,
                 .name = "rank_scale",
                 .description = "rank as a fraction of the larger number of channels",
                 .least = 1},
        .numbers = parts::rank_numbers("channels between the two"),
        .keys = {},
        .reference_names = {{.name = "Generic", .keys = {}, .knob = {}}}};
    return info;
  }
  Resolved resolve(const ConvSite &site, const Settings & /*settings*/, double knob) const override {
    return parts::scaled_rank(site, knob);
  }
  NumberRanges number_ranges(const ConvSite &site, const Settings & /*settings*/) const override {
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
    const std::int64_t c_i = site.in_channels();
    const std::int64_t c_o = site.out_channels();
    const std::int64_t r = std::min({structure[0], c_i, c_o});
    return {.value = parts::depthwise_weights(site) + checked_mul(r, c_i + c_o - r)};
  }
  NodeId lower(Builder &builder, const ConvSite &site, NodeId x, const Settings & /*settings*/, const Structure &structure,
               Evaluation /*evaluation*/) const override {
    x = parts::depthwise(builder, site, x);
    x = builder.conv(site.name + ".lowrank_contract", x, parts::pointwise(site, structure[0]), true);
    return builder.conv(site.name + ".lowrank_expand", x, {.out_channels = site.out_channels(), .bias = site.bias}, true);
  }
  ClosedForm closed_form(const Settings & /*settings*/, Evaluation /*evaluation*/) const override {
    return {.definitions = {{"r", "int(rank_scale * max(c_i, c_o))"}},
            .parameters = "D + r * (c_i + c_o) + b",
            .mult_adds = "S * (D + r * (c_i + c_o))",
            .per_batch = "0",
            .floor = "S * (D + min(r, c_i, c_o) * (c_i + c_o - min(r, c_i, c_o)))"};
  }
};

} // namespace

const Substitution &substitution_generic() {
  static const Generic instance;
  return instance;
}

} // namespace pare

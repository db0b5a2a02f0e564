#include "analysis/substitutions/parts.hpp"

namespace pare {

namespace {

class BaselineLayer final : public Substitution {
public:
  const SubstitutionInfo &info() const override {
    static const SubstitutionInfo info{
        .name = "baseline",
        .description = "the layer as the network has it: a full convolution, depthwise separable or a linear layer where it is "
                       "marked so",
        .source = "",
        .example = "Conv",
        .evaluations = {Evaluation::kFactored},
        .accepts_groups = true,
        .among_all = false,
        .baselines = {Baseline::kConv, Baseline::kSep, Baseline::kLinear},
        .knob = {},
        .keys = {},
        .reference_names = {
            {.name = "Conv", .suffix = ReferenceName::Suffix::kNone, .keys = {}, .knob = {}, .knob_offset = 0}}};
    return info;
  }
  Resolved resolve(const ConvSite & /*site*/, const Settings & /*settings*/, double /*knob*/) const override { return {}; }
  DegreesOfFreedom degrees_of_freedom(const ConvSite &site, const Settings & /*settings*/,
                                      const Structure & /*structure*/) const override {
    return layer(site.baseline).degrees_of_freedom(site, {}, {});
  }
  NodeId lower(Builder &builder, const ConvSite &site, NodeId x, const Settings & /*settings*/, const Structure & /*structure*/,
               Evaluation evaluation) const override {
    // Under its own name, as in a network that does not mark it.
    if (site.baseline == Baseline::kLinear) return builder.linear(site.name, x, site.out_channels(), site.bias);
    return layer(site.baseline).lower(builder, site, x, {}, {}, evaluation);
  }
  ClosedForm closed_form(const Settings & /*settings*/, Evaluation evaluation) const override {
    return layer(Baseline::kConv).closed_form({}, evaluation);
  }

private:
  static const Substitution &layer(Baseline baseline) {
    return find_substitution(baseline == Baseline::kSep ? "sep" : "convolution");
  }
};

} // namespace

const Substitution &substitution_baseline() {
  static const BaselineLayer instance;
  return instance;
}

} // namespace pare

#include "analysis/substitutions/parts.hpp"

namespace pare {

namespace {

class Separable final : public Substitution {
public:
  const SubstitutionInfo &info() const override {
    static const SubstitutionInfo info{
        .name = "sep",
        .description = "depthwise separable: a depthwise k x k, then a dense 1 x 1",
        .source = "Sifre 2014; Chollet 2017",
        .example = "Sep",
        .evaluations = {Evaluation::kFactored},
        .baselines = {Baseline::kSep},
        .knob = {},
        .keys = {},
        .reference_names = {{.name = "Sep", .suffix = ReferenceName::Suffix::kNone, .keys = {}, .knob = {}, .knob_offset = 0}}};
    return info;
  }
  Resolved resolve(const ConvSite & /*site*/, const Settings & /*settings*/, double /*knob*/) const override { return {}; }
  DegreesOfFreedom degrees_of_freedom(const ConvSite &site, const Settings & /*settings*/,
                                      const Structure & /*structure*/) const override {
    return {.value = parts::depthwise_weights(site) + checked_mul(site.in_channels(), site.out_channels())};
  }
  NodeId lower(Builder &builder, const ConvSite &site, NodeId x, const Settings & /*settings*/, const Structure & /*structure*/,
               Evaluation /*evaluation*/) const override {
    x = parts::depthwise(builder, site, x);
    ConvOptions options = parts::pointwise(site, site.out_channels());
    options.bias = site.bias;
    return builder.conv(site.name + ".pointwise", x, options);
  }
  ClosedForm closed_form(const Settings & /*settings*/, Evaluation /*evaluation*/) const override {
    return {.definitions = {}, .parameters = "D + c_i * c_o + b", .mult_adds = "S * (D + c_i * c_o)", .per_batch = "0"};
  }
};

} // namespace

const Substitution &substitution_sep() {
  static const Separable instance;
  return instance;
}

} // namespace pare

#include "analysis/substitutions/parts.hpp"

namespace pare {

namespace {

class Convolution final : public Substitution {
public:
  const SubstitutionInfo &info() const override {
    static const SubstitutionInfo info{.name = "convolution",
                                       .description = "the full k x k convolution, whatever stands there",
                                       .source = "LeCun et al. 1989",
                                       .example = "convolution",
                                       .evaluations = {Evaluation::kFactored},
                                       .accepts_groups = true,
                                       .among_all = false,
                                       .baselines = {Baseline::kConv},
                                       .knob = {},
                                       .keys = {},
                                       .reference_names = {}};
    return info;
  }
  Resolved resolve(const ConvSite & /*site*/, const Settings & /*settings*/, double /*knob*/) const override { return {}; }
  DegreesOfFreedom degrees_of_freedom(const ConvSite &site, const Settings & /*settings*/,
                                      const Structure & /*structure*/) const override {
    return {.value = site.weights()};
  }
  NodeId lower(Builder &builder, const ConvSite &site, NodeId x, const Settings & /*settings*/, const Structure & /*structure*/,
               Evaluation /*evaluation*/) const override {
    return builder.conv(site.name + ".conv", x,
                        {.out_channels = site.out_channels(),
                         .kernel = site.kernel,
                         .stride = site.stride,
                         .padding = site.padding,
                         .dilation = site.dilation,
                         .groups = site.groups,
                         .bias = site.bias});
  }
  ClosedForm closed_form(const Settings & /*settings*/, Evaluation /*evaluation*/) const override {
    return {.definitions = {},
            .parameters = "c_i * c_o * k_h * k_w + b",
            .mult_adds = "S * c_i * c_o * k_h * k_w",
            .per_batch = "0"};
  }
};

} // namespace

const Substitution &substitution_convolution() {
  static const Convolution instance;
  return instance;
}

} // namespace pare

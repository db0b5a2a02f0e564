#include "analysis/substitutions/parts.hpp"

#include <fmt/format.h>

namespace pare {

namespace {

class Narrow final : public Substitution {
public:
  const SubstitutionInfo &info() const override {
    static const SubstitutionInfo info{
        .name = "narrow",
        .description = "k x k to r = int(rank_scale c_o) channels, then a dense 1 x 1",
        .source = "Denton et al. 2014",
        .example = "Narrow_0.25",
        .evaluations = {Evaluation::kFactored},
        .decay_scaled = true,
        .knob = {.kind = KnobInfo::Kind::kReal, .name = "rank_scale", .description = "r as a fraction of c_o"},
        .keys = {},
        .reference_names = {{.name = "Narrow", .keys = {}, .knob = {}}}};
    return info;
  }
  Resolved resolve(const ConvSite &site, const Settings & /*settings*/, double knob) const override {
    const auto rank = static_cast<std::int64_t>(knob * static_cast<double>(site.out_channels()));
    if (rank >= 1) return {.structure = {rank}, .refusal = {}};
    return {.structure = {},
            .refusal =
                Refusal{"rank_scale", fmt::format("r = int({} * {}) must be at least 1", knob, site.out_channels()), true}};
  }
  NodeId lower(Builder &builder, const ConvSite &site, NodeId x, const Settings & /*settings*/, const Structure &structure,
               Evaluation /*evaluation*/) const override {
    x = builder.conv(site.name + ".narrow", x,
                     {.out_channels = structure[0],
                      .kernel = site.kernel,
                      .stride = site.stride,
                      .padding = site.padding,
                      .dilation = site.dilation},
                     true);
    return builder.conv(site.name + ".widen", x, {.out_channels = site.out_channels(), .bias = site.bias}, true);
  }
  ClosedForm closed_form(const Settings & /*settings*/, Evaluation /*evaluation*/) const override {
    return {.definitions = {{"r", "int(rank_scale * c_o)"}},
            .parameters = "r * (c_i * k_h * k_w + c_o) + b",
            .mult_adds = "S * r * (c_i * k_h * k_w + c_o)",
            .per_batch = "0"};
  }
};

} // namespace

const Substitution &substitution_narrow() {
  static const Narrow instance;
  return instance;
}

} // namespace pare

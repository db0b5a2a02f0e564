#pragma once

#include "analysis/substitution.hpp"

/// The bottleneck of He et al. 2016 without its nonlinearities: 1 x 1 down to r channels, k x k, 1 x 1 up.
class Bottleneck final : public pare::Substitution {
public:
  const pare::SubstitutionInfo &info() const override {
    static const pare::SubstitutionInfo info{
        .name = "bottleneck",
        .description = "1 x 1 down to r = int(rank_scale c_o) channels, k x k, 1 x 1 up",
        .source = "He et al. 2016",
        .example = "bottleneck:rank_scale=0.25",
        .evaluations = {pare::Evaluation::kFactored},
        .decay_scaled = true,
        .knob = {.kind = pare::KnobInfo::Kind::kReal, .name = "rank_scale", .description = "r as a fraction of c_o"},
        .keys = {},
        .reference_names = {}};
    return info;
  }
  pare::Resolved resolve(const pare::ConvSite &site, const pare::Settings & /*settings*/, double knob) const override {
    const auto rank = static_cast<std::int64_t>(knob * static_cast<double>(site.out_channels()));
    if (rank >= 1) return {.structure = {rank}, .refusal = {}};
    return {.structure = {},
            .refusal = pare::Refusal{"rank_scale", "r = 0 must be at least 1; a larger one would be accepted", true}};
  }
  pare::NodeId lower(pare::Builder &b, const pare::ConvSite &site, pare::NodeId x, const pare::Settings & /*settings*/,
                     const pare::Structure &structure, pare::Evaluation /*evaluation*/) const override {
    x = b.conv(site.name + ".down", x, {.out_channels = structure[0]}, true);
    x = b.conv(site.name + ".conv", x,
               {.out_channels = structure[0],
                .kernel = site.kernel,
                .stride = site.stride,
                .padding = site.padding,
                .dilation = site.dilation},
               true);
    return b.conv(site.name + ".up", x, {.out_channels = site.out_channels(), .bias = site.bias}, true);
  }
  pare::ClosedForm closed_form(const pare::Settings & /*settings*/, pare::Evaluation /*evaluation*/) const override {
    return {.definitions = {{"r", "int(rank_scale * c_o)"}},
            .parameters = "r * (c_i + r * k_h * k_w + c_o) + b",
            .mult_adds = "S_in * c_i * r + S * r * (r * k_h * k_w + c_o)",
            .per_batch = "0"};
  }
};

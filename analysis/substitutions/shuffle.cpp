#include "analysis/substitutions/parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace pare {

namespace {

class Shuffle final : public Substitution {
  enum Key : std::size_t { kBottleneck };

public:
  const SubstitutionInfo &info() const override {
    static const SubstitutionInfo info{.name = "shuffle",
                                       .description = "linear ShuffleNet: grouped 1 x 1 to c_o // 4 channels, shuffle, "
                                                      "depthwise k x k, grouped 1 x 1; groups are lowered "
                                                      "by 1 until they divide",
                                       .source = "ShuffleNet, Zhang et al. 2018",
                                       .example = "Shuffle_4",
                                       .evaluations = {Evaluation::kFactored},
                                       .decay_scaled = true,
                                       .knob = {.kind = KnobInfo::Kind::kGroups,
                                                .name = "groups",
                                                .description = "groups of the two 1 x 1 convolutions",
                                                .least = 1},
                                       .keys = {{.name = "bottleneck",
                                                 .description = "out_channels // bottleneck channels between the two",
                                                 .standard = 4,
                                                 .least = 1,
                                                 .most = 1 << 20,
                                                 .choices = {}}},
                                       .reference_names = {{.name = "Shuffle", .keys = {4}, .knob = {}}}};
    return info;
  }
  Resolved resolve(const ConvSite &site, const Settings &settings, double knob) const override {
    const std::int64_t between = site.out_channels() / settings[kBottleneck];
    if (between < 1)
      return {.structure = {},
              .refusal =
                  Refusal{"out_channels",
                          fmt::format("out_channels = {} must be at least {}: there are out_channels // {} channels between",
                                      site.out_channels(), settings[kBottleneck], settings[kBottleneck]),
                          false}};
    // Lowered by 1 until it divides c_i, c_o and what is between.
    const std::int64_t common = std::gcd(std::gcd(site.in_channels(), site.out_channels()), between);
    return {.structure = {parts::divisor_at_most(common, knob)}, .refusal = {}};
  }
  std::vector<std::int64_t> group_channels(const ConvSite &site, const Settings &settings,
                                           const Structure &structure) const override {
    const std::int64_t groups = structure[0];
    return {site.in_channels() / groups, site.out_channels() / settings[kBottleneck] / groups, site.out_channels() / groups};
  }
  NodeId lower(Builder &builder, const ConvSite &site, NodeId x, const Settings &settings, const Structure &structure,
               Evaluation /*evaluation*/) const override {
    const std::int64_t groups = structure[0];
    const std::int64_t between = site.out_channels() / settings[kBottleneck];
    x = builder.conv(site.name + ".shuffle_gconv1", x, {.out_channels = between, .groups = groups}, true);
    x = builder.op(site.name + ".shuffle", ShuffleChannels{.groups = groups}, {x}, Spelling::kFunction);
    x = builder.conv(site.name + ".shuffle_dwconv", x,
                     {.out_channels = between,
                      .kernel = site.kernel,
                      .stride = site.stride,
                      .padding = site.padding,
                      .dilation = site.dilation,
                      .groups = between},
                     true);
    return builder.conv(site.name + ".shuffle_gconv2", x,
                        {.out_channels = site.out_channels(), .groups = groups, .bias = site.bias}, true);
  }
  ClosedForm closed_form(const Settings &settings, Evaluation /*evaluation*/) const override {
    return {.definitions = {{"m", fmt::format("c_o // {}", settings[kBottleneck])},
                            {"g", "divisor(gcd(gcd(c_i, c_o), m), groups)"}},
            .parameters = "c_i * m / g + m * k_h * k_w + m * c_o / g + b",
            .mult_adds = "S_in * c_i * m / g + S * (m * k_h * k_w + m * c_o / g)",
            .per_batch = "0"};
  }
};

} // namespace

const Substitution &substitution_shuffle() {
  static const Shuffle instance;
  return instance;
}

} // namespace pare

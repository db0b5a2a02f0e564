#include "analysis/substitutions/parts.hpp"

#include <algorithm>

namespace pare {

namespace {

using namespace parts::hashing;

class HashedSeparable final : public Substitution {
public:
  const SubstitutionInfo &info() const override {
    static const SubstitutionInfo info{
        .name = "hashed_separable",
        .description =
            "depthwise k x k and 1 x 1, both hashed, sharing a budget of int(ratio (c_i k^2 + c_i c_o)) values in proportion",
        .source = "the research log of Gray et al., December 2018",
        .example = "HashedSeparable_0.1",
        .evaluations = {Evaluation::kDense},
        .decay_scaled = false,
        .knob = {.kind = KnobInfo::Kind::kReal,
                 .name = "ratio",
                 .description = "shared values as a fraction of the separable convolution's weights",
                 .least = 1},
        .numbers = {.name = "values", .description = "shared values of both parts together, in proportion"},
        .keys = parts::hashing::keys(),
        .reference_names = {{.name = "HashedSeparable", .keys = {0, kReference, 0, 1}, .knob = {}}}};
    return info;
  }
  Resolved resolve(const ConvSite &site, const Settings &settings, double knob) const override {
    const auto [pointwise, depthwise] = sizes(site);
    if (depthwise == 0) {
      const std::int64_t values = budget(pointwise, settings, knob);
      return {.structure = {values}, .refusal = check_values(values, pointwise, settings, "K")};
    }
    const std::int64_t both = checked_add(depthwise, pointwise);
    const Structure shares = structure_of(site, settings, {budget(both, settings, knob)});
    const std::int64_t most = std::min(depthwise, pointwise); // of the part that has fewer, at a ratio of 1
    auto refusal = check_values(shares[1], most, settings, "K of the depthwise");
    if (!refusal) refusal = check_values(shares[0], most, settings, "K of the pointwise");
    return {.structure = shares, .refusal = refusal};
  }
  NumberRanges number_ranges(const ConvSite &site, const Settings &settings) const override {
    const auto [pointwise, depthwise] = sizes(site);
    if (depthwise == 0) return values_range(pointwise, settings);
    const std::int64_t fewer = std::min(pointwise, depthwise);
    NumberRanges out = values_range(fewer, settings);
    if (out.refusal) return out;
    // The least budget of which the part that has fewer gets as many as it needs.
    const std::int64_t both = checked_add(depthwise, pointwise);
    const std::int64_t least = out.ranges[0].least;
    std::int64_t values = checked_add(checked_mul(least, both), fewer - 1) / fewer;
    while (share(values, fewer, both) < least) ++values;
    out.ranges[0] = {values, both};
    return out;
  }
  Structure structure_of(const ConvSite &site, const Settings & /*settings*/, const Numbers &values) const override {
    const auto [pointwise, depthwise] = sizes(site);
    if (depthwise == 0) return values;
    const std::int64_t both = checked_add(depthwise, pointwise);
    return {share(values[0], pointwise, both), share(values[0], depthwise, both)};
  }
  Numbers numbers_of(const ConvSite &site, const Settings &settings, const Structure &structure) const override {
    if (structure.size() == 1) return structure;
    // Of a budget at most one value is lost when it is shared out.
    const std::int64_t sum = structure[0] + structure[1];
    return structure_of(site, settings, {sum}) == structure ? Numbers{sum} : Numbers{sum + 1};
  }
  CostsIn costs_in(const Settings & /*settings*/) const override { return CostsIn::kStructure; }
  DegreesOfFreedom degrees_of_freedom(const ConvSite & /*site*/, const Settings &settings,
                                      const Structure &structure) const override {
    DegreesOfFreedom out{.value = 0, .is_estimate = true};
    for (const std::int64_t values : structure) out.value += values_in_use(values, settings);
    return out;
  }
  NodeId lower(Builder &builder, const ConvSite &site, NodeId x, const Settings &settings, const Structure &structure,
               Evaluation /*evaluation*/) const override {
    if (!site.pointwise())
      x = parts::hashing::conv(builder, site.name + ".grouped", x, settings, structure[1],
                               {.out_channels = site.in_channels(),
                                .kernel = site.kernel,
                                .stride = site.stride,
                                .padding = site.padding,
                                .dilation = site.dilation,
                                .groups = site.in_channels()},
                               true);
    ConvOptions options = parts::pointwise(site, site.out_channels());
    options.bias = site.bias;
    return parts::hashing::conv(builder, site.name + ".hashed", x, settings, structure[0], options, true);
  }
  ClosedForm closed_form(const Settings &settings, Evaluation /*evaluation*/) const override {
    return {.definitions = {{"K", budget_expression("D + c_i * c_o", settings)},
                            {"K_d", "int(K * D / (D + c_i * c_o))"},
                            {"K_p", "int(K * c_i * c_o / (D + c_i * c_o))"}},
            .parameters = settings[kBias] != 0 ? "K_d + min(D, c_i) + K_p + c_o" : "K_d + K_p + b",
            .mult_adds = "S * (D + c_i * c_o)",
            .per_batch = "0"};
  }

private:
  /// Weights of the pointwise, and of the depthwise if there is one.
  static std::pair<std::int64_t, std::int64_t> sizes(const ConvSite &site) {
    return {checked_mul(site.in_channels(), site.out_channels()),
            site.pointwise() ? 0 : checked_mul(site.in_channels(), site.kernel.area())};
  }
  // In doubles, the product first, as the 2019 code.
  static std::int64_t share(std::int64_t values, std::int64_t part, std::int64_t whole) {
    return static_cast<std::int64_t>(static_cast<double>(values) * static_cast<double>(part) / static_cast<double>(whole));
  }
};

} // namespace

const Substitution &substitution_hashed_separable() {
  static const HashedSeparable instance;
  return instance;
}

} // namespace pare

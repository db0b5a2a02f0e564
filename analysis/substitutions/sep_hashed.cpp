#include "analysis/substitutions/parts.hpp"

#include <fmt/format.h>

namespace pare {

namespace {

using namespace parts::hashing;
constexpr std::size_t kOf = 4; // the key behind those of hashing
enum Of : std::int64_t { kPointwise, kConvolution };

std::vector<KeyInfo> all_keys() {
  std::vector<KeyInfo> out = parts::hashing::keys();
  out.push_back(
      {.name = "of",
       .description = "what the ratio is of: the pointwise weights, or those of the full convolution less the depthwise",
       .standard = kPointwise,
       .least = 0,
       .most = 1,
       .choices = {"pointwise", "convolution"}});
  return out;
}

class SepHashed final : public Substitution {
public:
  const SubstitutionInfo &info() const override {
    static const SubstitutionInfo info{
        .name = "sep_hashed",
        .description = "depthwise k x k, then a hashed 1 x 1 with K = int(ratio c_i c_o) shared values",
        .source = "HashedNets, Chen et al. 2015; Gray et al. 2019",
        .example = "SepHashed_0.1",
        .evaluations = {Evaluation::kDense},
        .decay_scaled = false,
        .knob = {.kind = KnobInfo::Kind::kReal,
                 .name = "ratio",
                 .description = "shared values as a fraction of the pointwise weights",
                 .least = 1},
        .numbers = parts::hashing::numbers("shared values"),
        .keys = all_keys(),
        .reference_names = {{.name = "SepHashed", .keys = {0, kReference, 0, 1, kPointwise}, .knob = {}},
                            {.name = "SepHashedDecimate",
                             .suffix = ReferenceName::Suffix::kNone,
                             .keys = {10, kReference, 0, 1, kConvolution},
                             .knob = {},
                             .knob_offset = 0}}};
    return info;
  }
  Resolved resolve(const ConvSite &site, const Settings &settings, double knob) const override {
    const auto [numbers, depthwise] = sizes(site, settings);
    const std::int64_t total = budget(numbers, settings, knob);
    const std::int64_t values = total - depthwise;
    if (values < 1 && depthwise > 0)
      return {.structure = {},
              .refusal = check_values(values, numbers - depthwise, settings,
                                      fmt::format("K (a budget of {} values less the depthwise's {})", total, depthwise))};
    return {.structure = {values}, .refusal = check_values(values, numbers - depthwise, settings, "K")};
  }
  NumberRanges number_ranges(const ConvSite &site, const Settings &settings) const override {
    const auto [numbers, depthwise] = sizes(site, settings);
    return values_range(numbers - depthwise, settings);
  }
  Structure structure_of(const ConvSite & /*site*/, const Settings & /*settings*/, const Numbers &values) const override {
    return values;
  }
  Numbers numbers_of(const ConvSite & /*site*/, const Settings & /*settings*/, const Structure &structure) const override {
    return structure;
  }
  CostsIn costs_in(const Settings & /*settings*/) const override { return CostsIn::kNumbers; }
  DegreesOfFreedom degrees_of_freedom(const ConvSite &site, const Settings &settings,
                                      const Structure &structure) const override {
    return {.value = parts::depthwise_weights(site) + values_in_use(structure[0], settings), .is_estimate = true};
  }
  NodeId lower(Builder &builder, const ConvSite &site, NodeId x, const Settings &settings, const Structure &structure,
               Evaluation /*evaluation*/) const override {
    x = parts::depthwise(builder, site, x);
    ConvOptions options = parts::pointwise(site, site.out_channels());
    options.bias = site.bias;
    return parts::hashing::conv(builder, site.name + ".hashed", x, settings, structure[0], options, true);
  }
  ClosedForm closed_form(const Settings &settings, Evaluation /*evaluation*/) const override {
    // Where k = 1 there is no depthwise (D = 0), and both budgets are of c_i c_o.
    const Expression numbers = settings[kOf] == kConvolution ? "c_i * c_o * k_h * k_w" : "c_i * c_o";
    const Expression less = settings[kOf] == kConvolution ? " - D" : "";
    return {.definitions = {{"K", budget_expression(numbers, settings) + less}},
            .parameters = settings[kBias] != 0 ? "D + K + c_o" : "D + K + b",
            .mult_adds = "S * (D + c_i * c_o)",
            .per_batch = "0"};
  }

private:
  /// Numbers that the ratio is of, and those of them that the depthwise in front has.
  static std::pair<std::int64_t, std::int64_t> sizes(const ConvSite &site, const Settings &settings) {
    const std::int64_t pointwise = checked_mul(site.in_channels(), site.out_channels());
    if (settings[kOf] == kPointwise || site.pointwise()) return {pointwise, 0};
    return {checked_mul(pointwise, site.kernel.area()), checked_mul(site.in_channels(), site.kernel.area())};
  }
};

} // namespace

const Substitution &substitution_sep_hashed() {
  static const SepHashed instance;
  return instance;
}

} // namespace pare

#include "analysis/substitutions/parts.hpp"

namespace pare {

namespace {

using namespace parts::hashing;

class Hashed final : public Substitution {
public:
  const SubstitutionInfo &info() const override {
    static const SubstitutionInfo info{
        .name = "hashed",
        .description = "k x k convolution whose weights are drawn from K = int(ratio c_i c_o k^2) shared values",
        .source = "HashedNets, Chen et al. 2015",
        .example = "Hashed_0.1",
        .evaluations = {Evaluation::kDense},
        .decay_scaled = false,
        .among_all = false, // its mult-adds are those of the full convolution
        .knob = {.kind = KnobInfo::Kind::kReal,
                 .name = "ratio",
                 .description = "shared values as a fraction of the weights",
                 .least = 1},
        .numbers = parts::hashing::numbers("shared values"),
        .keys = parts::hashing::keys(),
        .reference_names = {{.name = "Hashed", .keys = {0, kReference, 0, 1}, .knob = {}},
                            {.name = "HashedDecimate",
                             .suffix = ReferenceName::Suffix::kNone,
                             .keys = {10, kReference, 0, 1},
                             .knob = {},
                             .knob_offset = 0}}};
    return info;
  }
  Resolved resolve(const ConvSite &site, const Settings &settings, double knob) const override {
    const std::int64_t values = budget(weights(site), settings, knob);
    return {.structure = {values}, .refusal = check_values(values, weights(site), settings, "K")};
  }
  NumberRanges number_ranges(const ConvSite &site, const Settings &settings) const override {
    return values_range(weights(site), settings);
  }
  Structure structure_of(const ConvSite & /*site*/, const Settings & /*settings*/, const Numbers &values) const override {
    return values;
  }
  Numbers numbers_of(const ConvSite & /*site*/, const Settings & /*settings*/, const Structure &structure) const override {
    return structure;
  }
  CostsIn costs_in(const Settings & /*settings*/) const override { return CostsIn::kNumbers; }
  DegreesOfFreedom degrees_of_freedom(const ConvSite & /*site*/, const Settings &settings,
                                      const Structure &structure) const override {
    // As an estimate: of the values some may be drawn by no weight.
    return {.value = values_in_use(structure[0], settings), .is_estimate = true};
  }
  NodeId lower(Builder &builder, const ConvSite &site, NodeId x, const Settings &settings, const Structure &structure,
               Evaluation /*evaluation*/) const override {
    return parts::hashing::conv(builder, site.name, x, settings, structure[0],
                                {.out_channels = site.out_channels(),
                                 .kernel = site.kernel,
                                 .stride = site.stride,
                                 .padding = site.padding,
                                 .dilation = site.dilation,
                                 .bias = site.bias},
                                false);
  }
  ClosedForm closed_form(const Settings &settings, Evaluation /*evaluation*/) const override {
    return {.definitions = {{"K", budget_expression("c_i * c_o * k_h * k_w", settings)}},
            .parameters = settings[kBias] != 0 ? "K + c_o" : "K + b",
            .mult_adds = "S * c_i * c_o * k_h * k_w",
            .per_batch = "0"};
  }

private:
  static std::int64_t weights(const ConvSite &site) {
    return checked_mul(site.in_channels(), site.out_channels(), site.kernel.area());
  }
};

} // namespace

const Substitution &substitution_hashed() {
  static const Hashed instance;
  return instance;
}

} // namespace pare

#include "analysis/substitutions/parts.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pare {

namespace {

class CanonicalPolyadic final : public Substitution {
  enum Key : std::size_t { kDimensions, kRankOf };

public:
  const SubstitutionInfo &info() const override {
    static const SubstitutionInfo info{
        .name = "cp",
        .description = "depthwise k x k, then a 1 x 1 whose flattened weight is a canonical polyadic decomposition, R = max(1, "
                       "round(rank_scale min n_k))",
        .source = "Hitchcock 1927; Lebedev et al. 2015",
        .example = "CP_0.1",
        .evaluations = {Evaluation::kDense, Evaluation::kContraction},
        .decay_scaled = true,
        .knob = {.kind = KnobInfo::Kind::kReal,
                 .name = "rank_scale",
                 .description = "rank as a fraction of the smallest mode",
                 .least = 1},
        .numbers = parts::rank_numbers("terms"),
        .keys = {parts::dimensions_key(), parts::rank_of_key()},
        .reference_names = {{.name = "CP", .keys = {3, parts::kModes}, .knob = {}}}};
    return info;
  }
  Resolved resolve(const ConvSite &site, const Settings &settings, double knob) const override {
    Resolved modes = parts::flattened_modes(site, settings[kDimensions]);
    if (!modes.refusal)
      modes.structure.push_back(
          parts::rank(site, settings[kRankOf], knob, *std::min_element(modes.structure.begin(), modes.structure.end())));
    return modes;
  }
  NumberRanges number_ranges(const ConvSite &site, const Settings &settings) const override {
    Resolved largest = resolve(site, settings, 1.0);
    if (largest.refusal) return {.ranges = {}, .refusal = std::move(largest.refusal)};
    return {.ranges = {{1, largest.structure.back()}}, .refusal = {}};
  }
  Structure structure_of(const ConvSite &site, const Settings &settings, const Numbers &numbers) const override {
    Structure out = parts::flattened_modes(site, settings[kDimensions]).structure;
    out.push_back(numbers[0]);
    return out;
  }
  Numbers numbers_of(const ConvSite & /*site*/, const Settings & /*settings*/, const Structure &structure) const override {
    return {structure.back()};
  }
  CostsIn costs_in(const Settings & /*settings*/) const override { return CostsIn::kNumbers; }
  NodeId lower(Builder &builder, const ConvSite &site, NodeId x, const Settings &settings, const Structure &structure,
               Evaluation evaluation) const override {
    const auto d = static_cast<std::size_t>(settings[kDimensions]);
    x = parts::depthwise(builder, site, x);
    const LayerId layer = builder.layer(site.name, "cp");
    const Extents extents = parts::pointwise_extents(site);
    const double deviation = parts::product_deviation(site, static_cast<double>(structure[d]), d);
    std::vector<NodeId> factors;
    for (std::size_t k = 0; k < d; ++k)
      factors.push_back(builder.parameter(layer, fmt::format("weight_u_{}", k), {structure[k], structure[d]},
                                          Start::normal(0, deviation), true));
    if (evaluation == Evaluation::kContraction)
      return parts::flattened_contraction(builder, site, layer, x,
                                          polyadic_tensors(std::span(structure).first(d), structure[d]), factors);
    const NodeId weight = builder.graph().add(layer, CpMerge{.extents = extents}, factors, Spelling::kFunction);
    return parts::computed_pointwise(builder, site, layer, x, weight);
  }
  ClosedForm closed_form(const Settings &settings, Evaluation evaluation) const override {
    const std::int64_t d = settings[kDimensions];
    ClosedForm form{.definitions = parts::mode_definitions(d),
                    .parameters = "",
                    .mult_adds = "S * (D + c_i * c_o)",
                    .per_batch = "c_o * c_i * R"};
    Expression modes;
    Expression sum;
    for (std::int64_t k = 1; k <= d; ++k) {
      modes += (k > 1 ? ", " : "") + parts::indexed("n", k);
      sum += (k > 1 ? " + " : "") + parts::indexed("n", k);
    }
    form.definitions.push_back({"R", parts::rank_expression(settings[kRankOf], "min(" + modes + ")")});
    form.parameters = "D + R * (" + sum + ") + b";
    form.lower_bound = "S * (D + min(c_i * c_o, R * (" + sum + ")))";
    if (evaluation == Evaluation::kContraction) parts::set_contraction(form, "polyadic", parts::list_of("n", 1, d) + ", R");
    return form;
  }
};

} // namespace

const Substitution &substitution_cp() {
  static const CanonicalPolyadic instance;
  return instance;
}

} // namespace pare

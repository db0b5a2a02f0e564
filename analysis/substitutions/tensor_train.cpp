#include "analysis/substitutions/parts.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pare {

namespace {

class TensorTrain final : public Substitution {
  enum Key : std::size_t { kDimensions, kRankOf };

public:
  const SubstitutionInfo &info() const override {
    static const SubstitutionInfo info{
        .name = "tensor_train",
        .description =
            "depthwise k x k, then a 1 x 1 whose flattened weight is a tensor train, r_k = max(1, round(rank_scale min(n_k, "
            "n_k+1)))",
        .source = "Oseledets 2011; Tensorizing Neural Networks, Novikov et al. 2015",
        .example = "TensorTrain_0.1",
        .evaluations = {Evaluation::kDense, Evaluation::kContraction},
        .decay_scaled = true,
        .knob = {.kind = KnobInfo::Kind::kReal,
                 .name = "rank_scale",
                 .description = "ranks as a fraction of the smaller neighbouring mode",
                 .least = 1},
        .numbers = parts::ranks_numbers("r_1/r_2, one between each two cores"),
        .keys = {parts::dimensions_key(), parts::rank_of_key()},
        .reference_names = {{.name = "TensorTrain", .keys = {3, parts::kModes}, .knob = {}}}};
    return info;
  }
  Resolved resolve(const ConvSite &site, const Settings &settings, double knob) const override {
    Resolved modes = parts::flattened_modes(site, settings[kDimensions]);
    if (modes.refusal) return modes;
    // structure: n_1 ... n_d, r_1 ... r_{d-1}
    const Structure n = modes.structure;
    for (std::size_t k = 0; k + 1 < n.size(); ++k)
      modes.structure.push_back(
          std::min(parts::rank(site, settings[kRankOf], knob, std::min(n[k], n[k + 1])), parts::most_train_rank(n, k)));
    return modes;
  }
  NumberRanges number_ranges(const ConvSite &site, const Settings &settings) const override {
    Resolved modes = parts::flattened_modes(site, settings[kDimensions]);
    NumberRanges out{.ranges = {}, .refusal = std::move(modes.refusal)};
    if (out.refusal) return out;
    for (std::size_t k = 0; k + 1 < modes.structure.size(); ++k)
      out.ranges.push_back({1, parts::most_train_rank(modes.structure, k)});
    return out;
  }
  Structure structure_of(const ConvSite &site, const Settings &settings, const Numbers &numbers) const override {
    Structure out = parts::flattened_modes(site, settings[kDimensions]).structure;
    out.insert(out.end(), numbers.begin(), numbers.end());
    return out;
  }
  Numbers numbers_of(const ConvSite & /*site*/, const Settings &settings, const Structure &structure) const override {
    const auto d = static_cast<std::size_t>(settings[kDimensions]);
    return parts::part(structure, d, d - 1);
  }
  CostsIn costs_in(const Settings & /*settings*/) const override { return CostsIn::kNumbers; }
  DegreesOfFreedom degrees_of_freedom(const ConvSite &site, const Settings &settings,
                                      const Structure &structure) const override {
    const auto d = static_cast<std::size_t>(settings[kDimensions]);
    const std::span<const std::int64_t> all(structure);
    return {.value = checked_add(parts::depthwise_weights(site), parts::train_freedom(all.first(d), all.subspan(d)))};
  }
  NodeId lower(Builder &builder, const ConvSite &site, NodeId x, const Settings &settings, const Structure &structure,
               Evaluation evaluation) const override {
    const auto d = static_cast<std::size_t>(settings[kDimensions]);
    x = parts::depthwise(builder, site, x);
    const LayerId layer = builder.layer(site.name, "tensor_train");
    const auto rank = [&](std::size_t k) { return k == 0 || k == d ? 1 : structure[d + k - 1]; };
    const Extents extents = parts::pointwise_extents(site);
    std::vector<NodeId> cores;
    for (std::size_t k = 0; k < d; ++k)
      cores.push_back(builder.parameter(layer, fmt::format("weight_core_{}", k), {rank(k), structure[k], rank(k + 1)},
                                        Start::core("weight", k, default_bound(extents)), true));
    if (evaluation == Evaluation::kContraction)
      return parts::flattened_contraction(builder, site, layer, x,
                                          train_tensors(std::span(structure).first(d), std::span(structure).subspan(d)), cores);
    const NodeId weight = builder.graph().add(layer, TtMerge{.extents = extents}, cores, Spelling::kFunction);
    return parts::computed_pointwise(builder, site, layer, x, weight);
  }
  ClosedForm closed_form(const Settings &settings, Evaluation evaluation) const override {
    using parts::indexed;
    using parts::product;
    const std::int64_t d = settings[kDimensions];
    ClosedForm form{
        .definitions = parts::mode_definitions(d), .parameters = "", .mult_adds = "S * (D + c_i * c_o)", .per_batch = ""};
    for (std::int64_t k = 1; k < d; ++k) {
      Expression rank = parts::rank_expression(settings[kRankOf], fmt::format("min(n_{}, n_{})", k, k + 1));
      // Only a rank that is not of the modes can be more than the unfolding allows.
      if (settings[kRankOf] == parts::kChannels)
        rank = fmt::format("min({}, {}, {})", rank, product("n", 1, k), product("n", k + 1, d));
      form.definitions.push_back({indexed("r", k), rank});
    }
    std::vector<Expression> modes;
    for (std::int64_t k = 1; k <= d; ++k) modes.push_back(indexed("n", k));
    const Expression cores = parts::train_numbers(modes, "r");
    for (std::int64_t k = 2; k <= d; ++k)
      form.per_batch +=
          (k > 2 ? " + " : "") + product("n", 1, k) + fmt::format(" * r_{}", k - 1) + (k < d ? fmt::format(" * r_{}", k) : "");
    if (evaluation == Evaluation::kContraction)
      parts::set_contraction(form, "train", fmt::format("{}, {}", parts::list_of("n", 1, d), parts::list_of("r", 1, d - 1)));
    form.parameters = "D + " + cores + " + b";

    form.floor = "S * (D + " + parts::train_freedom_expression(form.definitions, modes) + ")";
    form.lower_bound = fmt::format("S * (D + min(c_i * c_o, {}))", cores);
    form.novikov = fmt::format("S * (D + {} * max({}) * max({}) * max({}) * max(c_o, c_i))", d, parts::list_of("r", 1, d - 1),
                               parts::list_of("r", 1, d - 1), parts::list_of("n", 1, d));
    return form;
  }
};

} // namespace

const Substitution &substitution_tensor_train() {
  static const TensorTrain instance;
  return instance;
}

} // namespace pare

#include "analysis/substitutions/parts.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pare {

namespace {

enum Key : std::size_t { kDimensions, kRankOf };

class TensorTrain final : public Substitution {
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
          std::min(parts::rank(site, settings[kRankOf], knob, std::min(n[k], n[k + 1])), most_rank(n, k)));
    return modes;
  }
  NumberRanges number_ranges(const ConvSite &site, const Settings &settings) const override {
    Resolved modes = parts::flattened_modes(site, settings[kDimensions]);
    NumberRanges out{.ranges = {}, .refusal = std::move(modes.refusal)};
    if (out.refusal) return out;
    for (std::size_t k = 0; k + 1 < modes.structure.size(); ++k) out.ranges.push_back({1, most_rank(modes.structure, k)});
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
    Structure r(d + 1, 1); // r_0 ... r_d
    for (std::size_t k = 1; k < d; ++k) r[k] = structure[d + k - 1];
    // Reduced to what the unfoldings can have: r_k <= min(r_{k-1} n_k, n_{k+1} r_{k+1}), swept both ways.
    for (std::size_t k = 1; k < d; ++k) r[k] = std::min(r[k], r[k - 1] * structure[k - 1]);
    for (std::size_t k = d - 1; k >= 1; --k) r[k] = std::min(r[k], structure[k] * r[k + 1]);
    std::int64_t value = parts::depthwise_weights(site);
    for (std::size_t k = 0; k < d; ++k) value = checked_add(value, checked_mul(r[k], structure[k], r[k + 1]));
    for (std::size_t k = 1; k < d; ++k) value -= r[k] * r[k];
    return {.value = value};
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
    // The numbers of all cores with these ranks.
    const auto cores = [&](std::string_view rank) {
      Expression out;
      for (std::int64_t k = 1; k <= d; ++k)
        out += (k > 1 ? fmt::format(" + {} * ", indexed(rank, k - 1)) : "") + indexed("n", k) +
               (k < d ? fmt::format(" * {}", indexed(rank, k)) : "");
      return out;
    };
    for (std::int64_t k = 2; k <= d; ++k)
      form.per_batch +=
          (k > 2 ? " + " : "") + product("n", 1, k) + fmt::format(" * r_{}", k - 1) + (k < d ? fmt::format(" * r_{}", k) : "");
    if (evaluation == Evaluation::kContraction)
      parts::set_contraction(form, "train", fmt::format("{}, {}", parts::list_of("n", 1, d), parts::list_of("r", 1, d - 1)));
    form.parameters = "D + " + cores("r") + " + b";

    // Ranks that the unfoldings can have, swept from the left (a) and back (f).
    for (std::int64_t k = 1; k < d; ++k)
      form.definitions.push_back(
          {indexed("a", k), fmt::format("min(r_{}, {}n_{})", k, k > 1 ? fmt::format("a_{} * ", k - 1) : "", k)});
    for (std::int64_t k = d - 1; k >= 1; --k)
      form.definitions.push_back(
          {indexed("f", k), fmt::format("min(a_{}, n_{}{})", k, k + 1, k + 1 < d ? fmt::format(" * f_{}", k + 1) : "")});
    form.floor = "S * (D + " + cores("f");
    for (std::int64_t k = 1; k < d; ++k) form.floor += fmt::format(" - f_{} * f_{}", k, k);
    form.floor += ")";
    form.lower_bound = fmt::format("S * (D + min(c_i * c_o, {}))", cores("r"));
    form.novikov = fmt::format("S * (D + {} * max({}) * max({}) * max({}) * max(c_o, c_i))", d, parts::list_of("r", 1, d - 1),
                               parts::list_of("r", 1, d - 1), parts::list_of("n", 1, d));
    return form;
  }

private:
  /// The largest rank that the unfolding behind mode k, counted from 0, can have.
  static std::int64_t most_rank(const Structure &modes, std::size_t k) {
    std::int64_t left = 1;
    std::int64_t right = 1;
    for (std::size_t j = 0; j < modes.size(); ++j) (j <= k ? left : right) *= modes[j];
    return std::min(left, right);
  }
};

} // namespace

const Substitution &substitution_tensor_train() {
  static const TensorTrain instance;
  return instance;
}

} // namespace pare

#include "analysis/substitutions/parts.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pare {

namespace {

class Tucker final : public Substitution {
  enum Key : std::size_t { kDimensions, kCore, kRankOf };
  enum Core : std::int64_t { kFull, kTrain };

public:
  const SubstitutionInfo &info() const override {
    static const SubstitutionInfo info{
        .name = "tucker",
        .description = "depthwise k x k, then a 1 x 1 whose flattened weight is a Tucker decomposition, R_k = max(1, "
                       "round(rank_scale n_k))",
        .source = "Tucker 1966; Gray et al. 2019",
        .example = "Tucker_0.1",
        .evaluations = {Evaluation::kDense, Evaluation::kContraction},
        .decay_scaled = true,
        .knob = {.kind = KnobInfo::Kind::kReal,
                 .name = "rank_scale",
                 .description = "ranks as a fraction of their modes",
                 .least = 1},
        .numbers = parts::ranks_numbers("R_1/R_2/..., one of each mode"),
        .keys = {parts::dimensions_key(),
                 {.name = "core",
                  .description = "full: prod R_k numbers; train: stored as an untruncated tensor train, as in the 2019 code",
                  .standard = kFull,
                  .least = 0,
                  .most = 1,
                  .choices = {"full", "train"}},
                 parts::rank_of_key()},
        .reference_names = {{.name = "Tucker", .keys = {3, kTrain, parts::kModes}, .knob = {}}}};
    return info;
  }
  Resolved resolve(const ConvSite &site, const Settings &settings, double knob) const override {
    Resolved modes = parts::flattened_modes(site, settings[kDimensions]);
    if (modes.refusal) return modes;
    Numbers ranks;
    for (std::int64_t mode : modes.structure) ranks.push_back(std::min(mode, parts::rank(site, settings[kRankOf], knob, mode)));
    return {.structure = with_ranks(std::move(modes.structure), settings, ranks), .refusal = {}};
  }
  NumberRanges number_ranges(const ConvSite &site, const Settings &settings) const override {
    Resolved modes = parts::flattened_modes(site, settings[kDimensions]);
    NumberRanges out{.ranges = {}, .refusal = std::move(modes.refusal)};
    if (out.refusal) return out;
    for (const std::int64_t mode : modes.structure) out.ranges.push_back({1, mode});
    return out;
  }
  Structure structure_of(const ConvSite &site, const Settings &settings, const Numbers &numbers) const override {
    return with_ranks(parts::flattened_modes(site, settings[kDimensions]).structure, settings, numbers);
  }
  Numbers numbers_of(const ConvSite & /*site*/, const Settings &settings, const Structure &structure) const override {
    const auto d = static_cast<std::size_t>(settings[kDimensions]);
    return parts::part(structure, d, d);
  }
  CostsIn costs_in(const Settings &settings) const override {
    return settings[kCore] == kFull ? CostsIn::kNumbers : CostsIn::kStructure;
  }
  DegreesOfFreedom degrees_of_freedom(const ConvSite &site, const Settings &settings,
                                      const Structure &structure) const override {
    // A core that is stored as an untruncated train is any core.
    const auto d = static_cast<std::size_t>(settings[kDimensions]);
    Structure ranks = parts::part(structure, d, d);
    // Reduced to what the unfoldings can have: R_k is at most the product of the others.
    for (bool is_stable = false; !is_stable;) {
      is_stable = true;
      for (std::size_t k = 0; k < d; ++k) {
        std::int64_t others = 1;
        for (std::size_t j = 0; j < d; ++j)
          if (j != k) others *= ranks[j];
        is_stable = is_stable && ranks[k] <= others;
        ranks[k] = std::min(ranks[k], others);
      }
    }
    std::int64_t core = 1;
    std::int64_t value = parts::depthwise_weights(site);
    for (std::size_t k = 0; k < d; ++k) {
      core *= ranks[k];
      value = checked_add(value, checked_mul(structure[k] - ranks[k], ranks[k]));
    }
    return {.value = value + core};
  }
  NodeId lower(Builder &builder, const ConvSite &site, NodeId x, const Settings &settings, const Structure &structure,
               Evaluation evaluation) const override {
    const auto d = static_cast<std::size_t>(settings[kDimensions]);
    x = parts::depthwise(builder, site, x);
    Graph &graph = builder.graph();
    const LayerId layer = builder.layer(site.name, "tucker");
    const Extents weight_extents = parts::pointwise_extents(site);
    const double bound = default_bound(weight_extents);
    const std::span modes = std::span(structure).first(d);
    const std::span ranks = std::span(structure).subspan(d, d);
    const bool is_train = settings[kCore] == kTrain;
    // In the order in which they were always made: a train's core and factor after each other, a full core before all factors.
    std::vector<NodeId> factors;
    std::vector<NodeId> cores;
    if (!is_train)
      cores.push_back(builder.parameter(layer, "weight_core", extents_of(ranks), Start::core("weight", 0, bound), true));
    for (std::size_t k = 0; k < d; ++k) {
      if (is_train)
        cores.push_back(builder.parameter(layer, fmt::format("weight_core_{}", k),
                                          {structure[2 * d + k], ranks[k], structure[2 * d + k + 1]},
                                          Start::core("weight", k, bound), true));
      factors.push_back(builder.parameter(layer, fmt::format("weight_u_{}", k), {modes[k], ranks[k]},
                                          Start::factor("weight", k, bound), true));
    }
    if (evaluation == Evaluation::kContraction) {
      std::vector<NodeId> tensors = factors;
      tensors.insert(tensors.end(), cores.begin(), cores.end());
      return parts::flattened_contraction(
          builder, site, layer, x,
          is_train ? tucker_train_tensors(modes, ranks, std::span(structure).subspan(2 * d + 1, d - 1))
                   : tucker_tensors(modes, ranks),
          tensors);
    }
    const auto expanded = [&](NodeId core, std::int64_t mode, NodeId factor) {
      return graph.add(layer, ModeProduct{.mode = mode}, {core, factor}, Spelling::kFunction);
    };
    NodeId weight = cores.front();
    if (is_train) {
      for (std::size_t k = 0; k < d; ++k) cores[k] = expanded(cores[k], 1, factors[k]);
      weight = graph.add(layer, TtMerge{.extents = weight_extents}, cores, Spelling::kFunction);
    } else {
      for (std::size_t k = 0; k < d; ++k) weight = expanded(weight, static_cast<std::int64_t>(k), factors[k]);
      weight = graph.add(layer, Reshape{.extents = weight_extents}, {weight}, Spelling::kFunction);
    }
    return parts::computed_pointwise(builder, site, layer, x, weight);
  }
  ClosedForm closed_form(const Settings &settings, Evaluation evaluation) const override {
    const std::int64_t d = settings[kDimensions];
    ClosedForm form{
        .definitions = parts::mode_definitions(d), .parameters = "", .mult_adds = "S * (D + c_i * c_o)", .per_batch = ""};
    for (std::int64_t k = 1; k <= d; ++k) {
      const std::string mode = parts::indexed("n", k);
      const Expression rank = parts::rank_expression(settings[kRankOf], mode);
      form.definitions.push_back(
          {parts::indexed("R", k), settings[kRankOf] == parts::kChannels ? fmt::format("min({}, {})", mode, rank) : rank});
      form.parameters += fmt::format("{}n_{} * R_{}", k > 1 ? " + " : "", k, k);
    }
    using parts::product;
    Expression numbers = fmt::format("{}, {}", parts::list_of("n", 1, d), parts::list_of("R", 1, d));
    if (settings[kCore] == kTrain) {
      const auto q = [&](std::int64_t k) { return k == 0 || k == d ? Expression("1") : parts::indexed("q", k); };
      for (std::int64_t k = d - 1; k >= 1; --k)
        form.definitions.push_back({parts::indexed("q", k), fmt::format("min({}, {}, R_{} * {})", product("n", 1, k),
                                                                        product("n", k + 1, d), k + 1, q(k + 1))});
      for (std::int64_t k = 1; k <= d; ++k) {
        form.parameters += fmt::format(" + {} * R_{} * {}", q(k - 1), k, q(k));
        form.per_batch += fmt::format("{}{} * n_{} * R_{} * {}", k > 1 ? " + " : "", q(k - 1), k, k, q(k));
      }
      for (std::int64_t k = 2; k <= d; ++k)
        form.per_batch += fmt::format(" + {} * {} * {}", product("n", 1, k), q(k - 1), q(k));
      numbers += ", " + parts::list_of("q", 1, d - 1);
    } else {
      form.parameters += " + " + product("R", 1, d);
      for (std::int64_t k = 1; k <= d; ++k)
        form.per_batch += fmt::format("{}{} * {}", k > 1 ? " + " : "", product("n", 1, k), product("R", k, d));
    }
    if (evaluation == Evaluation::kContraction)
      parts::set_contraction(form, settings[kCore] == kTrain ? "tucker_train" : "tucker", numbers);
    form.lower_bound = fmt::format("S * (D + min(c_i * c_o, {}))", form.parameters);
    form.parameters = "D + " + form.parameters + " + b";

    // A rank is at most the product of the others; where one is more, the others are not.
    for (std::int64_t k = 1; k <= d; ++k) {
      Expression others;
      for (std::int64_t j = 1; j <= d; ++j)
        if (j != k) others += (others.empty() ? "" : " * ") + parts::indexed(j < k ? "f" : "R", j);
      form.definitions.push_back({parts::indexed("f", k), fmt::format("min(R_{}, {})", k, others)});
    }
    form.floor = "S * (D + " + product("f", 1, d);
    for (std::int64_t k = 1; k <= d; ++k) form.floor += fmt::format(" + (n_{} - f_{}) * f_{}", k, k, k);
    form.floor += ")";
    return form;
  }

private:
  static Extents extents_of(std::span<const std::int64_t> values) {
    Extents out;
    for (const std::int64_t value : values) out.push_back(value);
    return out;
  }
  /// n_1 ... n_d, R_1 ... R_d, and for a train q_0 ... q_d.
  static Structure with_ranks(Structure modes, const Settings &settings, const Numbers &ranks) {
    const std::size_t d = modes.size();
    Structure q(d + 1, 1);
    // q_k = min(n_1 ... n_k, n_{k+1} ... n_d, R_{k+1} q_{k+1}), from the right: the cut of the modes, not of the core.
    for (std::size_t k = d - 1; k >= 1 && settings[kCore] == kTrain; --k) {
      std::int64_t left = 1;
      std::int64_t right = 1;
      for (std::size_t j = 0; j < d; ++j) (j < k ? left : right) *= modes[j];
      q[k] = std::min({left, right, checked_mul(ranks[k], q[k + 1])});
    }
    modes.insert(modes.end(), ranks.begin(), ranks.end());
    if (settings[kCore] == kTrain) modes.insert(modes.end(), q.begin(), q.end());
    return modes;
  }
};

} // namespace

const Substitution &substitution_tucker() {
  static const Tucker instance;
  return instance;
}

} // namespace pare

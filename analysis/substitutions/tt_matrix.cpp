#include "analysis/substitutions/parts.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pare {

namespace {

class TensorTrainMatrix final : public Substitution {
  enum Key : std::size_t { kDimensions };

public:
  const SubstitutionInfo &info() const override {
    static const SubstitutionInfo info{
        .name = "tt_matrix",
        .description =
            "depthwise k x k, then a 1 x 1 whose weight is a train of matrices m_k x n_k, r_k = max(1, round(rank_scale "
            "min(m_k n_k, m_k+1 n_k+1)))",
        .source = "Oseledets 2010; Tensorizing Neural Networks, Novikov et al. 2015",
        .example = "tt_matrix:rank_scale=0.1",
        .evaluations = {Evaluation::kFactored, Evaluation::kDense, Evaluation::kContraction},
        .decay_scaled = true,
        .among_all = false,
        .knob = {.kind = KnobInfo::Kind::kReal,
                 .name = "rank_scale",
                 .description = "ranks as a fraction of the smaller neighbouring pair of modes, multiplied",
                 .least = 1},
        .numbers = parts::ranks_numbers("r_1/r_2, one between each two cores"),
        .keys = {{.name = "dimensions",
                  .description = "modes that the output channels, and the input channels, are given",
                  .standard = 3,
                  .least = 2,
                  .most = static_cast<std::int64_t>(Extents::kMaxRank),
                  .choices = {}}}};
    return info;
  }
  Resolved resolve(const ConvSite &site, const Settings &settings, double knob) const override {
    // structure: m_1 ... m_d, n_1 ... n_d, r_1 ... r_{d-1}
    Resolved out = parts::paired_modes(site, settings[kDimensions]);
    if (out.refusal) return out;
    const Structure pairs = pairs_of(out.structure);
    for (std::size_t k = 0; k + 1 < pairs.size(); ++k)
      out.structure.push_back(parts::rank(site, parts::kModes, knob, std::min(pairs[k], pairs[k + 1])));
    return out;
  }
  NumberRanges number_ranges(const ConvSite &site, const Settings &settings) const override {
    Resolved modes = parts::paired_modes(site, settings[kDimensions]);
    NumberRanges out{.ranges = {}, .refusal = std::move(modes.refusal)};
    if (out.refusal) return out;
    const Structure pairs = pairs_of(modes.structure);
    for (std::size_t k = 0; k + 1 < pairs.size(); ++k) out.ranges.push_back({1, parts::most_train_rank(pairs, k)});
    return out;
  }
  Structure structure_of(const ConvSite &site, const Settings &settings, const Numbers &numbers) const override {
    Structure out = parts::paired_modes(site, settings[kDimensions]).structure;
    out.insert(out.end(), numbers.begin(), numbers.end());
    return out;
  }
  Numbers numbers_of(const ConvSite & /*site*/, const Settings &settings, const Structure &structure) const override {
    const auto d = static_cast<std::size_t>(settings[kDimensions]);
    return parts::part(structure, 2 * d, d - 1);
  }
  CostsIn costs_in(const Settings & /*settings*/) const override { return CostsIn::kNumbers; }
  DegreesOfFreedom degrees_of_freedom(const ConvSite &site, const Settings &settings,
                                      const Structure &structure) const override {
    const auto d = static_cast<std::size_t>(settings[kDimensions]);
    const Structure pairs = pairs_of(parts::part(structure, 0, 2 * d));
    return {.value =
                checked_add(parts::depthwise_weights(site), parts::train_freedom(pairs, std::span(structure).subspan(2 * d)))};
  }
  NodeId lower(Builder &builder, const ConvSite &site, NodeId x, const Settings &settings, const Structure &structure,
               Evaluation evaluation) const override {
    const auto d = static_cast<std::size_t>(settings[kDimensions]);
    x = parts::depthwise(builder, site, x);
    const LayerId layer = builder.layer(site.name, "tt_matrix");
    const std::span<const std::int64_t> all(structure);
    const std::span<const std::int64_t> ranks = all.subspan(2 * d);
    double terms = 1;
    for (const std::int64_t rank : ranks) terms *= static_cast<double>(rank);
    const Start start = Start::normal(0, parts::product_deviation(site, terms, d));
    std::vector<NodeId> cores;
    std::vector<Contraction::Group> from_last; // whatever the ranks, so that no count falls as one of them rises
    for (std::size_t k = 0; k < d; ++k) {
      cores.push_back(builder.parameter(layer, fmt::format("weight_core_{}", k),
                                        {k > 0 ? ranks[k - 1] : 1, structure[k], structure[d + k], k + 1 < d ? ranks[k] : 1},
                                        start, true));
      from_last.push_back(Contraction::Group{1} << (d - 1 - k));
    }
    return parts::network_map(builder, site, layer, x, train_matrix_network(all.first(d), all.subspan(d, d), ranks), cores,
                              evaluation, {&from_last, 1});
  }
  ClosedForm closed_form(const Settings &settings, Evaluation evaluation) const override {
    using parts::indexed;
    const std::int64_t d = settings[kDimensions];
    ClosedForm form{.definitions = parts::paired_mode_definitions(d), .parameters = "", .mult_adds = "", .per_batch = "0"};
    for (std::int64_t k = 1; k < d; ++k)
      form.definitions.push_back(
          {indexed("r", k),
           parts::rank_expression(parts::kModes, fmt::format("min(m_{} * n_{}, m_{} * n_{})", k, k, k + 1, k + 1))});
    std::vector<Expression> pairs;
    for (std::int64_t k = 1; k <= d; ++k) pairs.push_back(fmt::format("m_{} * n_{}", k, k));
    const Expression cores = parts::train_numbers(pairs, "r");
    form.parameters = "D + " + cores + " + b";

    if (evaluation == Evaluation::kFactored) {
      // Core k at one position, once all behind it have been taken in: modes of those are outputs, those before it inputs.
      form.mult_adds = "S * (D";
      for (std::int64_t k = 1; k <= d; ++k) {
        form.mult_adds += k > 1 ? fmt::format(" + r_{} * {} * ", k - 1, parts::product("n", 1, k - 1)) : " + ";
        form.mult_adds += fmt::format("m_{} * n_{}", k, k);
        if (k < d) form.mult_adds += fmt::format(" * {} * r_{}", parts::product("m", k + 1, d), k);
      }
      form.mult_adds += ")";
    } else if (evaluation == Evaluation::kDense) {
      form.mult_adds = "S * (D + c_i * c_o)";
      form.per_batch = "";
      for (std::int64_t k = 2; k <= d; ++k)
        form.per_batch += (k > 2 ? " + " : "") + parts::product("m", 1, k) + " * " + parts::product("n", 1, k) +
                          fmt::format(" * r_{}", k - 1) + (k < d ? fmt::format(" * r_{}", k) : "");
    } else {
      const Expression numbers =
          fmt::format("{}, {}, {}", parts::list_of("m", 1, d), parts::list_of("n", 1, d), parts::list_of("r", 1, d - 1));
      form.mult_adds = "S * (D + train_matrix_contraction(" + numbers + "))";
      form.per_batch = "train_matrix_merges(" + numbers + ")";
    }
    form.floor = "S * (D + " + parts::train_freedom_expression(form.definitions, pairs) + ")";
    form.lower_bound = "S * (D + min(c_i * c_o, " + cores + "))";
    const Expression ranks = parts::list_of("r", 1, d - 1);
    form.novikov = fmt::format("S * (D + {} * max({}) * max({}) * max({}, {}) * max(c_o, c_i))", d, ranks, ranks,
                               parts::list_of("m", 1, d), parts::list_of("n", 1, d));
    return form;
  }

private:
  /// m_k n_k, of m_1 ... m_d, n_1 ... n_d.
  static Structure pairs_of(const Structure &modes) {
    const std::size_t d = modes.size() / 2;
    Structure out;
    for (std::size_t k = 0; k < d; ++k) out.push_back(checked_mul(modes[k], modes[d + k]));
    return out;
  }
};

} // namespace

const Substitution &substitution_tt_matrix() {
  static const TensorTrainMatrix instance;
  return instance;
}

} // namespace pare

#include "analysis/substitutions/parts.hpp"

#include <algorithm>

namespace pare {

namespace {

class BlockTensorTrain final : public Substitution {
  /// Of the structure m_0, m_1, n_0, n_1, r: input channel i_1 m_0 + i_0 and output channel o_1 n_0 + o_0.
  enum Place : std::size_t { kM0, kM1, kN0, kN1, kRank };

public:
  const SubstitutionInfo &info() const override {
    static const SubstitutionInfo info{
        .name = "btt",
        .description =
            "depthwise k x k, then a 1 x 1 of two block-diagonal maps: m_1 blocks of m_0 channels to n_0 r, then n_0 blocks of "
            "m_1 r to n_1; c_i = m_0 m_1, c_o = n_0 n_1, r = max(1, round(rank_scale min(m_0, n_1)))",
        .source = "block tensor train: Compute Better Spent, Qiu et al. 2024",
        .example = "btt:rank_scale=0.1",
        .evaluations = {Evaluation::kFactored, Evaluation::kDense, Evaluation::kContraction},
        .decay_scaled = true,
        .among_all = false,
        .knob = {.kind = KnobInfo::Kind::kReal,
                 .name = "rank_scale",
                 .description = "rank as a fraction of that which any weight needs",
                 .least = 1},
        .numbers = parts::rank_numbers("of each block n_1 x m_0 of the weight")};
    return info;
  }
  Resolved resolve(const ConvSite &site, const Settings & /*settings*/, double knob) const override {
    Resolved out = modes(site);
    if (!out.refusal) out.structure.push_back(parts::rank(site, parts::kModes, knob, most_rank(out.structure)));
    return out;
  }
  NumberRanges number_ranges(const ConvSite &site, const Settings & /*settings*/) const override {
    Resolved own = modes(site);
    if (own.refusal) return {.ranges = {}, .refusal = std::move(own.refusal)};
    return {.ranges = {{1, most_rank(own.structure)}}, .refusal = {}};
  }
  Structure structure_of(const ConvSite &site, const Settings & /*settings*/, const Numbers &numbers) const override {
    Structure out = modes(site).structure;
    out.push_back(numbers[0]);
    return out;
  }
  Numbers numbers_of(const ConvSite & /*site*/, const Settings & /*settings*/, const Structure &structure) const override {
    return {structure[kRank]};
  }
  CostsIn costs_in(const Settings & /*settings*/) const override { return CostsIn::kNumbers; }
  DegreesOfFreedom degrees_of_freedom(const ConvSite &site, const Settings & /*settings*/,
                                      const Structure &structure) const override {
    // Each of m_1 n_0 blocks is any matrix n_1 x m_0 of rank r.
    const std::int64_t r = structure[kRank];
    return {.value = checked_add(
                parts::depthwise_weights(site),
                checked_mul(structure[kM1], structure[kN0], checked_mul(r, checked_add(structure[kM0], structure[kN1]) - r)))};
  }
  NodeId lower(Builder &builder, const ConvSite &site, NodeId x, const Settings & /*settings*/, const Structure &structure,
               Evaluation evaluation) const override {
    x = parts::depthwise(builder, site, x);
    const LayerId layer = builder.layer(site.name, "btt");
    TensorNetwork network;
    std::array<std::int64_t, 5> label{};
    for (std::size_t i = 0; i < label.size(); ++i) label[i] = network.label(structure[i]);
    network.inputs = {label[kM1], label[kM0]};
    network.outputs = {label[kN1], label[kN0]};
    network.elements = {{label[kM1], label[kN0], label[kRank], label[kM0]}, {label[kN0], label[kN1], label[kM1], label[kRank]}};
    const std::int64_t between = checked_mul(structure[kM1], structure[kRank]);
    const std::vector<NodeId> cores = {
        builder.parameter(layer, "weight_core_0", {structure[kM1], structure[kN0], structure[kRank], structure[kM0]},
                          Start::uniform(default_bound({1, structure[kM0]})), true),
        builder.parameter(layer, "weight_core_1", {structure[kN0], structure[kN1], structure[kM1], structure[kRank]},
                          Start::uniform(default_bound({1, between})), true)};
    const std::vector<std::vector<Contraction::Group>> orders{{1, 2}};
    return parts::network_map(builder, site, layer, x, network, cores, evaluation, orders);
  }
  ClosedForm closed_form(const Settings & /*settings*/, Evaluation evaluation) const override {
    const Expression numbers = "r * m_1 * n_0 * (m_0 + n_1)";
    ClosedForm form{.definitions = {{"m_1", "mode(1, 2, c_i)"},
                                    {"m_0", "mode(2, 2, c_i)"},
                                    {"n_1", "mode(1, 2, c_o)"},
                                    {"n_0", "mode(2, 2, c_o)"},
                                    {"r", parts::rank_expression(parts::kModes, "min(m_0, n_1)")}},
                    .parameters = "D + " + numbers + " + b",
                    .mult_adds = "",
                    .per_batch = ""};
    const parts::Way factored{"S * (D + " + numbers + ")", "0"};
    const parts::Way dense{"S * (D + c_i * c_o)", "c_i * c_o * r"};
    if (evaluation == Evaluation::kContraction) {
      parts::set_cheapest(form, std::array{factored, dense});
    } else {
      const parts::Way &own = evaluation == Evaluation::kDense ? dense : factored;
      form.mult_adds = own.macs;
      form.per_batch = own.per_batch;
    }
    form.floor = "S * (D + m_1 * n_0 * r * (m_0 + n_1 - r))";
    form.lower_bound = "S * (D + min(c_i * c_o, " + numbers + "))";
    return form;
  }

private:
  static Resolved modes(const ConvSite &site) {
    Resolved out = parts::paired_modes(site, 2); // of c_o, then of c_i, the slower first
    if (!out.refusal) out.structure = {out.structure[3], out.structure[2], out.structure[1], out.structure[0]};
    return out;
  }
  static std::int64_t most_rank(const Structure &modes) { return std::min(modes[kM0], modes[kN1]); }
};

} // namespace

const Substitution &substitution_btt() {
  static const BlockTensorTrain instance;
  return instance;
}

} // namespace pare

#include "analysis/substitutions/parts.hpp"

#include <algorithm>

namespace pare {

namespace {

class Kronecker final : public Substitution {
public:
  const SubstitutionInfo &info() const override {
    static const SubstitutionInfo info{
        .name = "kronecker",
        .description = "depthwise k x k, then a 1 x 1 whose weight is a sum of K Kronecker products of m_1 x n_1 and m_2 x n_2 "
                       "matrices, K = max(1, round(rank_scale min(m_1 n_1, m_2 n_2)))",
        .source = "Van Loan and Pitsianis 1993; Exploiting local structures with the Kronecker layer, Zhou et al. 2015",
        .example = "kronecker:rank_scale=0.05",
        .evaluations = {Evaluation::kFactored, Evaluation::kDense, Evaluation::kContraction},
        .decay_scaled = true,
        .among_all = false,
        .knob = {.kind = KnobInfo::Kind::kReal,
                 .name = "rank_scale",
                 .description = "terms as a fraction of those that any weight needs",
                 .least = 1},
        .numbers = {.name = "terms", .description = "Kronecker products in the sum", .are_distinct = true}};
    return info;
  }
  Resolved resolve(const ConvSite &site, const Settings & /*settings*/, double knob) const override {
    // structure: m_1, m_2, n_1, n_2, K
    Resolved out = parts::paired_modes(site, 2);
    if (!out.refusal) out.structure.push_back(parts::rank(site, parts::kModes, knob, most_terms(out.structure)));
    return out;
  }
  NumberRanges number_ranges(const ConvSite &site, const Settings & /*settings*/) const override {
    Resolved modes = parts::paired_modes(site, 2);
    if (modes.refusal) return {.ranges = {}, .refusal = std::move(modes.refusal)};
    return {.ranges = {{1, most_terms(modes.structure)}}, .refusal = {}};
  }
  Structure structure_of(const ConvSite &site, const Settings & /*settings*/, const Numbers &numbers) const override {
    Structure out = parts::paired_modes(site, 2).structure;
    out.push_back(numbers[0]);
    return out;
  }
  Numbers numbers_of(const ConvSite & /*site*/, const Settings & /*settings*/, const Structure &structure) const override {
    return {structure.back()};
  }
  CostsIn costs_in(const Settings & /*settings*/) const override { return CostsIn::kNumbers; }
  DegreesOfFreedom degrees_of_freedom(const ConvSite &site, const Settings & /*settings*/,
                                      const Structure &structure) const override {
    // Rearranged, it is any matrix of rank K, m_1 n_1 x m_2 n_2 (Van Loan and Pitsianis 1993).
    const std::int64_t first = checked_mul(structure[0], structure[2]);
    const std::int64_t second = checked_mul(structure[1], structure[3]);
    return {.value = checked_add(parts::depthwise_weights(site),
                                 checked_mul(structure[4], checked_add(first, second) - structure[4]))};
  }
  NodeId lower(Builder &builder, const ConvSite &site, NodeId x, const Settings & /*settings*/, const Structure &structure,
               Evaluation evaluation) const override {
    x = parts::depthwise(builder, site, x);
    const LayerId layer = builder.layer(site.name, "kronecker");
    const auto terms = static_cast<double>(structure[4]);
    TensorNetwork network;
    const std::int64_t m_1 = network.label(structure[0]);
    const std::int64_t m_2 = network.label(structure[1]);
    const std::int64_t n_1 = network.label(structure[2]);
    const std::int64_t n_2 = network.label(structure[3]);
    const std::int64_t term = network.label(structure[4]);
    network.outputs = {m_1, m_2};
    network.inputs = {n_1, n_2};
    network.elements = {{term, m_1, n_1}, {term, m_2, n_2}};
    const Start start = Start::normal(0, parts::product_deviation(site, terms, 2));
    const std::vector<NodeId> factors = {
        builder.parameter(layer, "weight_a", {structure[4], structure[0], structure[2]}, start, true),
        builder.parameter(layer, "weight_b", {structure[4], structure[1], structure[3]}, start, true)};
    const std::vector<std::vector<Contraction::Group>> orders{{1, 2}, {2, 1}};
    return parts::network_map(builder, site, layer, x, network, factors, evaluation, orders);
  }
  ClosedForm closed_form(const Settings & /*settings*/, Evaluation evaluation) const override {
    ClosedForm form{.definitions = parts::paired_mode_definitions(2), .parameters = "", .mult_adds = "", .per_batch = "0"};
    form.definitions.push_back({"K", parts::rank_expression(parts::kModes, "min(m_1 * n_1, m_2 * n_2)")});
    const Expression numbers = "K * (m_1 * n_1 + m_2 * n_2)";
    form.parameters = "D + " + numbers + " + b";
    const parts::Way first{"S * (D + K * (m_1 * n_1 * n_2 + m_1 * m_2 * n_2))", "0"};
    const parts::Way second{"S * (D + K * (m_2 * n_1 * n_2 + m_1 * m_2 * n_1))", "0"};
    const parts::Way dense{"S * (D + c_i * c_o)", "c_i * c_o * K"};
    if (evaluation == Evaluation::kFactored)
      form.mult_adds = "min(" + first.macs + ", " + second.macs + ")";
    else if (evaluation == Evaluation::kDense)
      std::tie(form.mult_adds, form.per_batch) = std::tie(dense.macs, dense.per_batch);
    else
      parts::set_cheapest(form, std::array{first, second, dense});
    form.floor = "S * (D + K * (m_1 * n_1 + m_2 * n_2 - K))";
    form.lower_bound = "S * (D + min(c_i * c_o, " + numbers + "))";
    return form;
  }

private:
  static std::int64_t most_terms(const Structure &modes) {
    return std::min(checked_mul(modes[0], modes[2]), checked_mul(modes[1], modes[3]));
  }
};

} // namespace

const Substitution &substitution_kronecker() {
  static const Kronecker instance;
  return instance;
}

} // namespace pare

#include "analysis/substitutions/parts.hpp"

#include <algorithm>
#include <array>

namespace pare {

namespace {

class Monarch final : public Substitution {
public:
  const SubstitutionInfo &info() const override {
    static const SubstitutionInfo info{
        .name = "monarch",
        .description = "depthwise k x k, then a 1 x 1 of two block-diagonal maps of q blocks with a stride permutation behind "
                       "each, q = min(blocks, c_i, c_o); channels are filled up with zeros to multiples of q",
        .source = "Monarch, Dao et al. 2022",
        .example = "monarch:blocks=4",
        .evaluations = {Evaluation::kFactored, Evaluation::kDense, Evaluation::kContraction},
        .decay_scaled = true,
        .among_all = false,
        .knob = {.kind = KnobInfo::Kind::kGroups, .name = "blocks", .description = "blocks of each map", .least = 1}};
    return info;
  }
  Resolved resolve(const ConvSite &site, const Settings & /*settings*/, double knob) const override {
    const std::int64_t most = std::min(site.in_channels(), site.out_channels());
    return {.structure = {static_cast<std::int64_t>(std::min(knob, static_cast<double>(most)))}, .refusal = {}};
  }
  std::vector<std::int64_t> group_channels(const ConvSite &site, const Settings & /*settings*/,
                                           const Structure &structure) const override {
    return {per_block(site.in_channels(), structure[0]), per_block(site.out_channels(), structure[0])};
  }
  DegreesOfFreedom degrees_of_freedom(const ConvSite &site, const Settings & /*settings*/,
                                      const Structure &structure) const override {
    // Between an input block k and those outputs that are l modulo q it is a matrix of a rank of its own: of the numbers from k
    // h to k h + h - 1 those that are l modulo q.
    const std::int64_t q = structure[0];
    const std::int64_t a = per_block(site.in_channels(), q);
    const std::int64_t h = std::min(a, per_block(site.out_channels(), q));
    std::int64_t value = parts::depthwise_weights(site);
    for (std::int64_t k = 0; k < q; ++k) {
      const std::int64_t columns = std::clamp<std::int64_t>(site.in_channels() - k * a, 0, a);
      for (std::int64_t l = 0; l < q; ++l) {
        const std::int64_t rows = (site.out_channels() - l + q - 1) / q;
        const std::int64_t behind = (l - k * h % q + q) % q; // of the first of them from k h
        const std::int64_t rank = std::min({behind < h ? (h - 1 - behind) / q + 1 : 0, rows, columns});
        value = checked_add(value, checked_mul(rank, rows + columns - rank));
      }
    }
    return {.value = value};
  }
  NodeId lower(Builder &builder, const ConvSite &site, NodeId x, const Settings & /*settings*/, const Structure &structure,
               Evaluation evaluation) const override {
    Graph &graph = builder.graph();
    const std::int64_t q = structure[0];
    const std::int64_t a = per_block(site.in_channels(), q);
    const std::int64_t b = per_block(site.out_channels(), q);
    const std::int64_t h = std::min(a, b);
    x = parts::depthwise(builder, site, x);
    const Extents first_extents{checked_mul(q, h), a, 1, 1};
    const Extents second_extents{checked_mul(q, b), h, 1, 1};
    const auto [first_layer, first] = parts::conv_weight(builder, site.name + ".monarch_first", first_extents);
    const auto [second_layer, second] = parts::conv_weight(builder, site.name + ".monarch_second", second_extents);

    Conv op = parts::pointwise_op(site);
    const std::int64_t s = checked_mul(site.output.batch, site.output.positions());
    const std::int64_t factored = checked_mul(s, checked_mul(q, h, checked_add(a, b)));
    const bool is_dense =
        evaluation == Evaluation::kDense ||
        (evaluation == Evaluation::kContraction && checked_mul(s, site.in_channels(), site.out_channels()) < factored);
    if (is_dense) {
      const Leg out{0, site.out_channels()};
      const Leg between{1, first_extents[0]};
      const Leg in{2, site.in_channels()};
      const NodeId left =
          graph.add(second_layer, BlockDiagonal{.groups = q, .row_groups = q, .rows = out.size}, {second}, Spelling::kFunction);
      const NodeId right = graph.add(second_layer, BlockDiagonal{.groups = q, .row_groups = h, .columns = in.size}, {first},
                                     Spelling::kFunction);
      NodeId weight = graph.add(second_layer, ContractWeights{.a = {out, between}, .b = {between, in}, .out = {out, in}},
                                {left, right}, Spelling::kFunction);
      weight = graph.add(second_layer, Reshape{.extents = {out.size, in.size, 1, 1}}, {weight}, Spelling::kFunction);
      // The 2019 counter sees modules, as if nothing were merged.
      return parts::computed_conv(builder, site, second_layer, op, x, weight, factored, second_extents);
    }
    x = parts::padded_to(builder, first_layer, x, checked_mul(q, a));
    op.groups = q;
    x = graph.add(first_layer, op, {x, first}, Spelling::kModule);
    // Element j of block k is number k h + j of those between; read as (h, q), they change to (q, h).
    x = graph.add(first_layer, ShuffleChannels{.groups = h}, {x}, Spelling::kFunction);
    x = graph.add(second_layer, Conv{.groups = q}, {x, second}, Spelling::kModule);
    x = graph.add(second_layer, ShuffleChannels{.groups = q}, {x}, Spelling::kFunction);
    x = parts::cut_to(builder, second_layer, x, site.out_channels());
    return parts::with_own_bias(builder, site, second_layer, x, second_extents);
  }
  ClosedForm closed_form(const Settings & /*settings*/, Evaluation evaluation) const override {
    const Expression numbers = "q * h * (a + b_o)";
    ClosedForm form{
        .definitions = {{"q", "min(blocks, c_i, c_o)"}, {"a", "ceil(c_i / q)"}, {"b_o", "ceil(c_o / q)"}, {"h", "min(a, b_o)"}},
        .parameters = "D + " + numbers + " + b",
        .mult_adds = "",
        .per_batch = ""};
    const std::array<parts::Way, 2> ways{{{"S * (D + " + numbers + ")", "0"}, {"S * (D + c_i * c_o)", "c_o * q * h * c_i"}}};
    if (evaluation == Evaluation::kContraction) {
      parts::set_cheapest(form, ways);
    } else {
      const parts::Way &own = ways[evaluation == Evaluation::kDense ? 1 : 0];
      form.mult_adds = own.macs;
      form.per_batch = own.per_batch;
    }
    form.lower_bound = "S * (D + min(c_i * c_o, " + numbers + "))";
    return form;
  }

private:
  static std::int64_t per_block(std::int64_t channels, std::int64_t blocks) { return (channels + blocks - 1) / blocks; }
};

} // namespace

const Substitution &substitution_monarch() {
  static const Monarch instance;
  return instance;
}

} // namespace pare

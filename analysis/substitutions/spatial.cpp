#include "analysis/substitutions/parts.hpp"

#include <algorithm>
#include <array>

namespace pare {

namespace {

class Spatial final : public Substitution {
public:
  const SubstitutionInfo &info() const override {
    static const SubstitutionInfo info{
        .name = "spatial",
        .description = "spatial low rank: k_h x 1 down to r channels, 1 x k_w up, r = max(1, round(rank_scale min(c_i k_h, c_o "
                       "k_w)))",
        .source = "Speeding up convolutional neural networks with low rank expansions, Jaderberg et al. 2014",
        .example = "spatial:rank_scale=0.1",
        .evaluations = {Evaluation::kFactored, Evaluation::kDense, Evaluation::kContraction},
        .decay_scaled = true,
        .among_all = false,
        .knob = {.kind = KnobInfo::Kind::kReal,
                 .name = "rank_scale",
                 .description = "rank as a fraction of that which any weight needs",
                 .least = 1},
        .numbers = parts::rank_numbers("channels between the two")};
    return info;
  }
  Resolved resolve(const ConvSite &site, const Settings & /*settings*/, double knob) const override {
    return {.structure = {parts::rank(site, parts::kModes, knob, most_rank(site))}, .refusal = {}};
  }
  NumberRanges number_ranges(const ConvSite &site, const Settings & /*settings*/) const override {
    return {.ranges = {{1, most_rank(site)}}, .refusal = {}};
  }
  Structure structure_of(const ConvSite & /*site*/, const Settings & /*settings*/, const Numbers &numbers) const override {
    return numbers;
  }
  Numbers numbers_of(const ConvSite & /*site*/, const Settings & /*settings*/, const Structure &structure) const override {
    return structure;
  }
  CostsIn costs_in(const Settings & /*settings*/) const override { return CostsIn::kNumbers; }
  DegreesOfFreedom degrees_of_freedom(const ConvSite &site, const Settings & /*settings*/,
                                      const Structure &structure) const override {
    const std::int64_t rows = checked_mul(site.in_channels(), site.kernel.height);
    const std::int64_t columns = checked_mul(site.out_channels(), site.kernel.width);
    return {.value = checked_mul(structure[0], checked_add(rows, columns) - structure[0])};
  }
  NodeId lower(Builder &builder, const ConvSite &site, NodeId x, const Settings & /*settings*/, const Structure &structure,
               Evaluation evaluation) const override {
    Graph &graph = builder.graph();
    const std::int64_t c_i = site.in_channels();
    const std::int64_t c_o = site.out_channels();
    const auto [height, width] = site.kernel;
    const std::int64_t r = structure[0];
    const parts::ConvWeight vertical = parts::conv_weight(builder, site.name + ".vertical", {r, c_i, height, 1});
    const Extents across{c_o, r, 1, width};
    const parts::ConvWeight horizontal = parts::conv_weight(builder, site.name + ".horizontal", across);
    const auto conv = [&](LayerId layer, const Conv &op, NodeId weight, bool is_last, Spelling spelling) {
      std::vector<NodeId> inputs{x, weight};
      if (is_last && site.bias)
        inputs.push_back(
            builder.parameter(horizontal.layer, "bias", {c_o}, graph.initialisation().convolution_bias(across), true));
      x = graph.add(layer, op, inputs, spelling);
    };

    const std::int64_t s = checked_mul(site.output.batch, site.output.positions());
    const std::int64_t s_v = checked_mul(site.output.batch, site.output.height, site.input.width);
    const std::int64_t factored =
        checked_add(checked_mul(s_v, r, checked_mul(c_i, height)), checked_mul(s, c_o, checked_mul(r, width)));
    if (evaluation == Evaluation::kDense ||
        (evaluation == Evaluation::kContraction && checked_mul(s, c_o, checked_mul(c_i, site.kernel.area())) < factored)) {
      // Labels: c_o 0, c_i 1, the kernel's rows 2 and columns 3, r 4.
      const Leg row{2, height};
      const Leg column{3, width};
      const NodeId merged = graph.add(horizontal.layer,
                                      ContractWeights{.a = {{0, c_o}, {4, r}, column},
                                                      .b = {{4, r}, {1, c_i}, row},
                                                      .out = {{0, c_o}, {1, c_i}, row, column}},
                                      {horizontal.weight, vertical.weight}, Spelling::kFunction);
      const NodeId weight =
          graph.add(horizontal.layer, Reshape{.extents = {c_o, c_i, height, width}}, {merged}, Spelling::kFunction);
      conv(horizontal.layer, {.stride = site.stride, .padding = site.padding, .dilation = site.dilation}, weight, true,
           Spelling::kFunction);
      graph.attach(x, Event::kReferenceMac, factored); // the 2019 counter sees modules, as if nothing were merged
      return x;
    }
    conv(vertical.layer,
         {.stride = {site.stride.height, 1},
          .padding = {.vertical = site.padding.vertical, .horizontal = 0},
          .dilation = {site.dilation.height, 1}},
         vertical.weight, false, Spelling::kModule);
    conv(horizontal.layer,
         {.stride = {1, site.stride.width},
          .padding = {.vertical = 0, .horizontal = site.padding.horizontal},
          .dilation = {1, site.dilation.width}},
         horizontal.weight, true, Spelling::kModule);
    return x;
  }
  ClosedForm closed_form(const Settings & /*settings*/, Evaluation evaluation) const override {
    const Expression numbers = "r * (c_i * k_h + c_o * k_w)";
    ClosedForm form{.definitions = {{"r", parts::rank_expression(parts::kModes, "min(c_i * k_h, c_o * k_w)")}},
                    .parameters = numbers + " + b",
                    .mult_adds = "",
                    .per_batch = "",
                    .floor = "min(S, S_v) * r * (c_i * k_h + c_o * k_w - r)",
                    .lower_bound = "min(S, S_v) * min(c_i * c_o * k_h * k_w, " + numbers + ")"};
    const std::array<parts::Way, 2> ways{
        {{"S_v * r * c_i * k_h + S * r * c_o * k_w", "0"}, {"S * c_i * c_o * k_h * k_w", "c_o * c_i * k_h * k_w * r"}}};
    if (evaluation == Evaluation::kContraction) {
      parts::set_cheapest(form, ways);
    } else {
      const parts::Way &own = ways[evaluation == Evaluation::kDense ? 1 : 0];
      form.mult_adds = own.macs;
      form.per_batch = own.per_batch;
    }
    return form;
  }

private:
  static std::int64_t most_rank(const ConvSite &site) {
    return std::min(checked_mul(site.in_channels(), site.kernel.height), checked_mul(site.out_channels(), site.kernel.width));
  }
};

} // namespace

const Substitution &substitution_spatial() {
  static const Spatial instance;
  return instance;
}

} // namespace pare

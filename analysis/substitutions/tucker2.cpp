#include "analysis/substitutions/parts.hpp"

#include <algorithm>
#include <array>

namespace pare {

namespace {

class Tucker2 final : public Substitution {
public:
  const SubstitutionInfo &info() const override {
    static const SubstitutionInfo info{
        .name = "tucker2",
        .description = "Tucker-2 of the k x k kernel: 1 x 1 down to r_i channels, k x k to r_o, 1 x 1 up, r_i = max(1, "
                       "round(rank_scale c_i)), r_o = max(1, round(rank_scale c_o))",
        .source =
            "Compression of deep convolutional neural networks for fast and low power mobile applications, Kim et al. 2016",
        .example = "tucker2:rank_scale=0.1",
        .evaluations = {Evaluation::kFactored, Evaluation::kDense, Evaluation::kContraction},
        .decay_scaled = true,
        .among_all = false,
        .knob = {.kind = KnobInfo::Kind::kReal,
                 .name = "rank_scale",
                 .description = "ranks as a fraction of the channels",
                 .least = 1},
        .numbers = parts::ranks_numbers("r_i/r_o, of the input and of the output channels")};
    return info;
  }
  Resolved resolve(const ConvSite &site, const Settings & /*settings*/, double knob) const override {
    return {.structure = {parts::rank(site, parts::kModes, knob, site.in_channels()),
                          parts::rank(site, parts::kModes, knob, site.out_channels())},
            .refusal = {}};
  }
  NumberRanges number_ranges(const ConvSite &site, const Settings & /*settings*/) const override {
    return {.ranges = {{1, site.in_channels()}, {1, site.out_channels()}}, .refusal = {}};
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
    // Tucker of (c_i, c_o, k^2) whose last mode is full.
    const std::int64_t k = site.kernel.area();
    const std::int64_t r_i = std::min(structure[0], checked_mul(structure[1], k));
    const std::int64_t r_o = std::min(structure[1], checked_mul(r_i, k));
    return {.value = checked_add(checked_mul(r_i, r_o, k), checked_add(checked_mul(r_i, site.in_channels() - r_i),
                                                                       checked_mul(r_o, site.out_channels() - r_o)))};
  }
  NodeId lower(Builder &builder, const ConvSite &site, NodeId x, const Settings & /*settings*/, const Structure &structure,
               Evaluation evaluation) const override {
    Graph &graph = builder.graph();
    const std::int64_t c_i = site.in_channels();
    const std::int64_t c_o = site.out_channels();
    const std::int64_t height = site.kernel.height; // clang captures no structured binding
    const std::int64_t width = site.kernel.width;
    const std::int64_t k = site.kernel.area();
    const std::int64_t r_i = structure[0];
    const std::int64_t r_o = structure[1];
    const std::int64_t s = checked_mul(site.output.batch, site.output.positions());
    const std::int64_t s_in = checked_mul(site.input.batch, site.input.positions());

    const parts::ConvWeight in = parts::conv_weight(builder, site.name + ".tucker_in", {r_i, c_i, 1, 1});
    const parts::ConvWeight core = parts::conv_weight(builder, site.name + ".tucker_core", {r_o, r_i, height, width});
    const parts::ConvWeight out = parts::conv_weight(builder, site.name + ".tucker_out", {c_o, r_o, 1, 1});
    const Count factored = checked_add(checked_add(checked_mul(s_in, c_i, r_i), checked_mul(s, r_i, checked_mul(r_o, k))),
                                       checked_mul(s, r_o, c_o));

    Group groups = kApart;
    if (evaluation == Evaluation::kDense) groups = kAllFromIn;
    if (evaluation == Evaluation::kContraction) {
      const std::int64_t in_core = checked_mul(r_o, r_i, checked_mul(c_i, k));
      const std::int64_t core_out = checked_mul(c_o, r_o, checked_mul(r_i, k));
      const std::int64_t dense = checked_mul(s, c_i, checked_mul(c_o, k));
      // By Group.
      const std::array<std::pair<std::int64_t, std::int64_t>, 5> ways{
          {{factored.whole(), 0},
           {checked_add(checked_mul(s, c_i, checked_mul(r_o, k)), checked_mul(s, r_o, c_o)), in_core},
           {checked_add(checked_mul(s_in, c_i, r_i), checked_mul(s, r_i, checked_mul(c_o, k))), core_out},
           {dense, checked_add(in_core, checked_mul(c_o, r_o, checked_mul(c_i, k)))},
           {dense, checked_add(core_out, checked_mul(c_o, r_i, checked_mul(c_i, k)))}}};
      groups = static_cast<Group>(parts::cheapest_way(ways));
    }

    // Legs of a weight [out, in, k]: c_o is 0, r_o 1, r_i 2, c_i 3, the kernel 4.
    const std::array<std::int64_t, 5> sizes{c_o, r_o, r_i, c_i, k};
    const auto legs = [&](std::initializer_list<std::int64_t> labels) {
      Legs made;
      for (const std::int64_t label : labels) made.push_back({label, sizes[static_cast<std::size_t>(label)]});
      return made;
    };
    const auto merge = [&](NodeId a, const Legs &of_a, NodeId b, const Legs &of_b, const Legs &result) {
      const NodeId merged =
          graph.add(core.layer, ContractWeights{.a = of_a, .b = of_b, .out = result}, {a, b}, Spelling::kFunction);
      return graph.add(core.layer, Reshape{.extents = {result[0].size, result[1].size, height, width}}, {merged},
                       Spelling::kFunction);
    };
    NodeId kernel = core.weight;
    const bool takes_in = groups == kInWithCore || groups == kAllFromIn || groups == kAllFromOut;
    const bool takes_out = groups == kCoreWithOut || groups == kAllFromIn || groups == kAllFromOut;
    if (groups == kInWithCore || groups == kAllFromIn)
      kernel = merge(kernel, legs({1, 2, 4}), in.weight, legs({2, 3}), legs({1, 3, 4}));
    if (groups == kAllFromIn) kernel = merge(out.weight, legs({0, 1}), kernel, legs({1, 3, 4}), legs({0, 3, 4}));
    if (groups == kCoreWithOut || groups == kAllFromOut)
      kernel = merge(out.weight, legs({0, 1}), kernel, legs({1, 2, 4}), legs({0, 2, 4}));
    if (groups == kAllFromOut) kernel = merge(kernel, legs({0, 2, 4}), in.weight, legs({2, 3}), legs({0, 3, 4}));

    // The 2019 counter sees modules, as if nothing were merged.
    const Spelling spelling = groups == kApart ? Spelling::kModule : Spelling::kFunction;
    const auto conv = [&](LayerId layer, const Conv &op, NodeId weight, bool is_last) {
      std::vector<NodeId> inputs{x, weight};
      if (is_last && site.bias)
        inputs.push_back(
            builder.parameter(out.layer, "bias", {c_o}, graph.initialisation().convolution_bias({c_o, r_o, 1, 1}), true));
      x = graph.add(layer, op, inputs, spelling);
    };
    if (!takes_in) conv(in.layer, {}, in.weight, false);
    conv(core.layer, {.stride = site.stride, .padding = site.padding, .dilation = site.dilation}, kernel, takes_out);
    if (!takes_out) conv(out.layer, {}, out.weight, true);
    if (spelling == Spelling::kFunction) graph.attach(x, Event::kReferenceMac, factored);
    return x;
  }
  ClosedForm closed_form(const Settings & /*settings*/, Evaluation evaluation) const override {
    const Expression numbers = "c_i * r_i + r_i * r_o * k_h * k_w + r_o * c_o";
    ClosedForm form{.definitions = {{"r_i", parts::rank_expression(parts::kModes, "c_i")},
                                    {"r_o", parts::rank_expression(parts::kModes, "c_o")},
                                    {"f_i", "min(r_i, r_o * k_h * k_w)"},
                                    {"f_o", "min(r_o, f_i * k_h * k_w)"}},
                    .parameters = numbers + " + b",
                    .mult_adds = "",
                    .per_batch = "",
                    .floor = "min(S, S_in) * (f_i * f_o * k_h * k_w + f_i * (c_i - f_i) + f_o * (c_o - f_o))",
                    .lower_bound = "min(S, S_in) * min(c_i * c_o * k_h * k_w, " + numbers + ")"};
    const Expression in_core = "r_o * r_i * c_i * k_h * k_w";
    const Expression core_out = "c_o * r_o * r_i * k_h * k_w";
    const Expression dense = "S * c_i * c_o * k_h * k_w";
    const std::array<parts::Way, 5> ways{{{"S_in * c_i * r_i + S * (r_i * r_o * k_h * k_w + r_o * c_o)", "0"},
                                          {"S * (c_i * r_o * k_h * k_w + r_o * c_o)", in_core},
                                          {"S_in * c_i * r_i + S * r_i * c_o * k_h * k_w", core_out},
                                          {dense, in_core + " + c_o * r_o * c_i * k_h * k_w"},
                                          {dense, core_out + " + c_o * r_i * c_i * k_h * k_w"}}};
    if (evaluation == Evaluation::kContraction) {
      parts::set_cheapest(form, ways);
    } else {
      const parts::Way &own = ways[evaluation == Evaluation::kDense ? kAllFromIn : kApart];
      form.mult_adds = own.macs;
      form.per_batch = own.per_batch;
    }
    return form;
  }

private:
  /// What is merged once per batch; all three, beginning with the first or with the last.
  enum Group : std::size_t { kApart, kInWithCore, kCoreWithOut, kAllFromIn, kAllFromOut };
};

} // namespace

const Substitution &substitution_tucker2() {
  static const Tucker2 instance;
  return instance;
}

} // namespace pare

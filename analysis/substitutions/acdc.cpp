#include "analysis/substitutions/parts.hpp"

#include <fmt/format.h>

#include <cmath>

namespace pare {

namespace {

class Acdc final : public Substitution {
  enum Key : std::size_t { kRiffle };
  enum Riffle : std::int64_t { kInner, kOuter };

public:
  const SubstitutionInfo &info() const override {
    static const SubstitutionInfo info{
        .name = "acdc",
        .description = "depthwise k x k, then a product of L factors A C D C^-1 with riffles on N = max(c_i, c_o) channels",
        .source = "ACDC, Moczulski et al. 2016",
        .example = "ACDC_12",
        .evaluations = {Evaluation::kDense, Evaluation::kFast},
        .decay_scaled = true,
        .knob = {.kind = KnobInfo::Kind::kInteger, .name = "layers", .description = "number of factors", .least = 1},
        .keys = {{.name = "riffle",
                  .description = "inner: inside each factor and behind it; outer: behind it only",
                  .standard = kInner,
                  .least = 0,
                  .most = 1,
                  .choices = {"inner", "outer"}}},
        // The 2019 code builds one factor fewer than it is asked for; the bare names ask for 12. Its OriginalACDC computes the
        // same map as its ACDC (tests/golden/numerics), by transforms of the activations.
        .reference_names = {{.name = "ACDC", .keys = {kInner}, .knob = 11.0, .knob_offset = -1},
                            {.name = "OriginalACDC",
                             .suffix = ReferenceName::Suffix::kNone,
                             .keys = {kInner},
                             .knob = 11.0,
                             .knob_offset = -1}}};
    return info;
  }
  Resolved resolve(const ConvSite &site, const Settings & /*settings*/, double knob) const override {
    const std::int64_t c_i = site.in_channels();
    const std::int64_t c_o = site.out_channels();
    const auto refuse = [](std::string field, std::string message) {
      return Resolved{.structure = {}, .refusal = Refusal{std::move(field), std::move(message), false}};
    };
    const std::int64_t size = std::max(c_i, c_o);
    if (size % 2 != 0)
      return refuse("out_channels", fmt::format("N = max(in_channels = {}, out_channels = {}) must be even", c_i, c_o));
    if (c_o < c_i && c_i % c_o != 0)
      return refuse("out_channels",
                    fmt::format("out_channels = {} must divide in_channels = {}, which are summed in groups", c_o, c_i));
    const std::int64_t appended = appended_channels(c_i, c_o);
    if (appended > c_i)
      return refuse("in_channels",
                    fmt::format("{} channels would have to be copied for the input to divide out_channels = {}, and there "
                                "are only {}",
                                appended, c_o, c_i));
    return {.structure = {static_cast<std::int64_t>(knob)}, .refusal = {}};
  }
  CostsIn costs_in(const Settings & /*settings*/) const override { return CostsIn::kStructure; }
  NodeId lower(Builder &builder, const ConvSite &site, NodeId x, const Settings &settings, const Structure &structure,
               Evaluation evaluation) const override {
    const std::int64_t c_i = site.in_channels();
    const std::int64_t c_o = site.out_channels();
    const std::int64_t size = std::max(c_i, c_o);
    const std::int64_t factors = structure[0];
    constexpr std::int64_t kMostFactors = 1 << 16; // each has two tensors of its own; papers have a dozen
    if (factors > kMostFactors)
      throw Error(ErrorCode::kLimit, site.name + "/layers",
                  fmt::format("layers = {} must be at most {}", factors, kMostFactors));
    x = parts::depthwise(builder, site, x);
    Graph &graph = builder.graph();
    const LayerId layer = builder.layer(site.name, "acdc");

    if (const std::int64_t appended = appended_channels(c_i, c_o); appended > 0) {
      const NodeId first = graph.add(layer, SliceChannels{.begin = 0, .count = appended}, {x}, Spelling::kFunction);
      x = graph.add(layer, Concat{}, {x, first}, Spelling::kFunction);
    }
    if (const std::int64_t times = size / builder.shape(x).channels; times > 1)
      x = graph.add(layer, RepeatChannels{.times = times}, {x}, Spelling::kFunction);

    std::vector<NodeId> diagonals;
    diagonals.reserve(static_cast<std::size_t>(2 * factors));
    for (std::int64_t i = 0; i < factors; ++i)
      for (const char *diagonal : {"A", "D"})
        diagonals.push_back(
            builder.parameter(layer, fmt::format("layers.{}.{}", i, diagonal), {size, 1}, Start::normal(1, 0.01), true));
    // The reference counts fast transforms, behind a depthwise at the layer's input positions, before the stride.
    const Shape &positions = site.pointwise() ? site.output : site.input;
    const Count transforms =
        fast_transforms(size).repeated(factors).repeated(checked_mul(positions.batch, positions.positions()));
    const Conv pointwise = parts::pointwise_op(site);
    const bool is_inner = settings[kRiffle] == kInner;
    if (evaluation == Evaluation::kFast) {
      // The product of the factors is applied from its last.
      AcdcTransform factor{.inner_riffle = is_inner, .stride = pointwise.stride, .padding = pointwise.padding};
      for (auto i = static_cast<std::size_t>(factors); i-- > 0;) {
        x = graph.add(layer, factor, {x, diagonals[2 * i], diagonals[2 * i + 1]}, Spelling::kFunction);
        factor = {.inner_riffle = is_inner};
      }
    } else {
      const NodeId weight = graph.add(layer, AcdcProduct{.inner_riffle = is_inner}, diagonals, Spelling::kFunction);
      // The replaced convolution's bias belongs to its output, so it can join the convolution only where nothing is summed
      // after it.
      if (c_o >= c_i) return parts::computed_conv(builder, site, layer, pointwise, x, weight, transforms);
      x = graph.add(layer, pointwise, {x, weight}, Spelling::kFunction);
    }
    graph.attach(x, Event::kReferenceMac, transforms);
    if (c_o < c_i) x = graph.add(layer, SumChannels{.size = c_i / c_o}, {x}, Spelling::kFunction);
    // The bias starts as behind a square map: of N channels, or of those that are left.
    return parts::with_own_bias(builder, site, layer, x, {c_o, c_o});
  }
  ClosedForm closed_form(const Settings & /*settings*/, Evaluation evaluation) const override {
    ClosedForm form{.definitions = {{"N", "max(c_i, c_o)"}},
                    .parameters = "D + 2 * N * layers + b",
                    .mult_adds = "S * (D + N * N)",
                    .per_batch = "(2 * layers - 1) * N * N * N"};
    if (evaluation == Evaluation::kFast) {
      form.mult_adds = "S * (D + layers * ceil(4 * N + 5 * N * log2(N)))";
      form.per_batch = "0";
    }
    return form;
  }

private:
  /// The smallest a with (c_i + a) | c_o; 0 where c_o <= c_i.
  static std::int64_t appended_channels(std::int64_t c_i, std::int64_t c_o) {
    if (c_o <= c_i) return 0;
    // c_o / (c_i + a) is the largest divisor of c_o that is at most c_o / c_i.
    std::int64_t times = c_o / c_i;
    while (c_o % times != 0) --times;
    return c_o / times - c_i;
  }
  /// Of one factor at one position, as the reference says: 4 N + 5 N log2 N. What is made of it is multiplied exactly, so that
  /// a cost is affine in the number of factors to the last digit.
  static Count fast_transforms(std::int64_t size) {
    const auto n = static_cast<double>(size);
    const double value = 4 * n + 5 * n * std::log2(n);
    if (std::nearbyint(value) == value && value < 9007199254740992.0) return static_cast<std::int64_t>(value);
    return Count::from_real(value);
  }
};

} // namespace

const Substitution &substitution_acdc() {
  static const Acdc instance;
  return instance;
}

} // namespace pare

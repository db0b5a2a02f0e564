#include "analysis/substitutions/parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace pare::parts {

NodeId depthwise(Builder &builder, const ConvSite &site, NodeId x) {
  if (site.pointwise()) return x;
  return builder.conv(site.name + ".grouped", x,
                      {.out_channels = site.in_channels(),
                       .kernel = site.kernel,
                       .stride = site.stride,
                       .padding = site.padding,
                       .dilation = site.dilation,
                       .groups = site.in_channels()});
}

Conv pointwise_op(const ConvSite &site) {
  if (!site.pointwise()) return {};
  return {.stride = site.stride, .padding = site.padding, .dilation = site.dilation};
}

ConvOptions pointwise(const ConvSite &site, std::int64_t out_channels) {
  const Conv op = pointwise_op(site);
  return {.out_channels = out_channels, .stride = op.stride, .padding = op.padding, .dilation = op.dilation};
}

Extents pointwise_extents(const ConvSite &site) { return {site.out_channels(), site.in_channels(), 1, 1}; }

namespace {

/// Starts as behind a convolution with a weight of these extents.
NodeId own_bias(Builder &builder, const ConvSite &site, LayerId layer, const Extents &weight) {
  return builder.parameter(layer, "bias", {site.out_channels()}, Start::uniform(default_bound(weight)));
}

} // namespace

NodeId computed_conv(Builder &builder, const ConvSite &site, LayerId layer, const Conv &conv, NodeId x, NodeId weight,
                     Count reference_macs, std::optional<Extents> bias_behind) {
  std::vector<NodeId> inputs = {x, weight};
  if (site.bias) inputs.push_back(own_bias(builder, site, layer, bias_behind.value_or(builder.graph().weight(weight))));
  const NodeId node = builder.graph().add(layer, conv, inputs, Spelling::kFunction);
  builder.graph().attach(node, Event::kReferenceMac, reference_macs);
  return node;
}

NodeId computed_pointwise(Builder &builder, const ConvSite &site, LayerId layer, NodeId x, NodeId weight) {
  const Count macs = checked_mul(site.output.elements(), site.in_channels());
  return computed_conv(builder, site, layer, pointwise_op(site), x, weight, macs);
}

NodeId with_own_bias(Builder &builder, const ConvSite &site, LayerId layer, NodeId x, const Extents &weight) {
  if (!site.bias) return x;
  return builder.graph().add(layer, AddBias{}, {x, own_bias(builder, site, layer, weight)}, Spelling::kFunction);
}

NodeId contracted(Builder &builder, const ConvSite &site, LayerId layer, NodeId x, const TensorNetwork &network,
                  const Contraction &contraction, std::span<const NodeId> elements, Count reference_macs) {
  const Conv op = pointwise_op(site);
  x = write_contraction(builder.graph(), layer, network, contraction, elements, x, op.stride, op.padding);
  builder.graph().attach(x, Event::kReferenceMac, reference_macs);
  return x;
}

namespace {

/// In that order, dense where that is as cheap, with the convolution's own bias.
NodeId contracted_map(Builder &builder, const ConvSite &site, LayerId layer, NodeId x, const TensorNetwork &network,
                      const Contraction &contraction, std::span<const NodeId> elements) {
  Graph &graph = builder.graph();
  if (contraction.is_dense()) {
    const NodeId merged = merge_group(graph, layer, network, elements, contraction.groups.front());
    const NodeId weight = graph.add(layer, Reshape{.extents = pointwise_extents(site)}, {merged}, Spelling::kFunction);
    return computed_pointwise(builder, site, layer, x, weight);
  }
  x = contracted(builder, site, layer, x, network, contraction, elements,
                 checked_mul(site.output.elements(), site.in_channels())); // it knows the dense map only
  return with_own_bias(builder, site, layer, x, pointwise_extents(site));
}

} // namespace

NodeId flattened_contraction(Builder &builder, const ConvSite &site, LayerId layer, NodeId x, const FlattenedTensors &flattened,
                             std::span<const NodeId> tensors) {
  Graph &graph = builder.graph();
  const Straddled straddled = straddle(flattened, site.out_channels(), site.in_channels());
  const Contraction contraction = cheapest_contraction(straddled.network);
  const std::vector<NodeId> elements = write_elements(graph, layer, straddled, tensors);
  return contracted_map(builder, site, layer, x, straddled.network, contraction, elements);
}

NodeId network_map(Builder &builder, const ConvSite &site, LayerId layer, NodeId x, const TensorNetwork &network,
                   std::span<const NodeId> elements, Evaluation evaluation,
                   std::span<const std::vector<Contraction::Group>> orders) {
  if (evaluation == Evaluation::kDense) {
    Graph &graph = builder.graph();
    const NodeId merged = merge_in_order(graph, layer, network, elements);
    const NodeId weight = graph.add(layer, Reshape{.extents = pointwise_extents(site)}, {merged}, Spelling::kFunction);
    return computed_pointwise(builder, site, layer, x, weight);
  }
  if (evaluation == Evaluation::kContraction)
    return contracted_map(builder, site, layer, x, network, cheapest_contraction(network), elements);
  Contraction cheapest = contraction_in(network, orders.front());
  for (const std::vector<Contraction::Group> &order : orders.subspan(1))
    if (Contraction other = contraction_in(network, order); other.macs < cheapest.macs) cheapest = std::move(other);
  return contracted_map(builder, site, layer, x, network, cheapest, elements);
}

NodeId padded_to(Builder &builder, LayerId layer, NodeId x, std::int64_t channels) {
  Graph &graph = builder.graph();
  const std::int64_t own = builder.shape(x).channels;
  const std::int64_t lacking = channels - own;
  if (lacking == 0) return x;
  NodeId zeros = graph.add(layer, Zeros{}, {x}, Spelling::kFunction);
  if (const std::int64_t times = (lacking + own - 1) / own; times > 1)
    zeros = graph.add(layer, RepeatChannels{.times = times}, {zeros}, Spelling::kFunction);
  zeros = cut_to(builder, layer, zeros, lacking);
  return graph.add(layer, Concat{}, {x, zeros}, Spelling::kFunction);
}

NodeId cut_to(Builder &builder, LayerId layer, NodeId x, std::int64_t channels) {
  if (builder.shape(x).channels == channels) return x;
  return builder.graph().add(layer, SliceChannels{.begin = 0, .count = channels}, {x}, Spelling::kFunction);
}

ConvWeight conv_weight(Builder &builder, const std::string &name, const Extents &extents) {
  const LayerId layer = builder.layer(name, Conv::kKind);
  return {layer,
          builder.parameter(layer, "weight", extents, builder.graph().initialisation().convolution_weight(extents), true)};
}

double product_deviation(const ConvSite &site, double terms, std::size_t factors) {
  const double bound = default_bound(pointwise_extents(site)); // uniform within it has a variance of bound^2 / 3
  return std::pow(bound * bound / 3 / terms, 1 / (2 * static_cast<double>(factors)));
}

std::int64_t divisor_at_most(std::int64_t n, double wanted) {
  const auto most = static_cast<std::int64_t>(std::min(wanted, static_cast<double>(n)));
  std::int64_t out = 1;
  for (std::int64_t d = 1; d * d <= n; ++d) {
    if (n % d != 0) continue;
    if (d <= most) out = std::max(out, d);
    if (n / d <= most) out = std::max(out, n / d);
  }
  return out;
}

void set_cheapest(ClosedForm &form, std::span<const Way> ways) {
  Expression macs;
  Expression both;
  for (const Way &way : ways) {
    macs += (macs.empty() ? "" : ", ") + way.macs;
    both += (both.empty() ? "" : ", ") + way.macs + ", " + way.per_batch;
  }
  form.mult_adds = "min(" + macs + ")";
  form.per_batch = "second_of_least(" + both + ")";
}

std::size_t cheapest_way(std::span<const std::pair<std::int64_t, std::int64_t>> ways) {
  return static_cast<std::size_t>(std::min_element(ways.begin(), ways.end()) - ways.begin());
}

Resolved scaled_rank(const ConvSite &site, double scale) {
  const std::int64_t channels = std::max(site.in_channels(), site.out_channels());
  const auto rank = static_cast<std::int64_t>(scale * static_cast<double>(channels));
  if (rank >= 1) return {.structure = {rank}, .refusal = {}};
  return {.structure = {},
          .refusal =
              Refusal{"rank_scale",
                      fmt::format("rank = int({} x {}) = 0 must be at least 1; a rank_scale from {} up would be accepted",
                                  shortest(scale), channels, shortest(1.0 / static_cast<double>(channels))),
                      true}};
}

NumberRanges scaled_rank_range(const ConvSite &site) {
  return {.ranges = {{1, std::max(site.in_channels(), site.out_channels())}}, .refusal = {}};
}

NumbersInfo rank_numbers(std::string_view description) {
  return {.name = "rank", .description = description, .are_ranks = true, .are_distinct = true};
}
NumbersInfo ranks_numbers(std::string_view description) {
  return {.name = "ranks", .description = description, .are_several = true, .are_ranks = true, .are_distinct = true};
}

Numbers part(const Structure &structure, std::size_t first, std::size_t count) {
  const auto begin = structure.begin() + static_cast<std::ptrdiff_t>(first);
  return {begin, begin + static_cast<std::ptrdiff_t>(count)};
}

std::int64_t rank(const ConvSite &site, std::int64_t rank_of, double scale, std::int64_t n) {
  const auto channels = static_cast<double>(std::max(site.in_channels(), site.out_channels()));
  const double rank = rank_of == kChannels ? std::trunc(scale * channels) : std::nearbyint(scale * static_cast<double>(n));
  return std::max<std::int64_t>(1, static_cast<std::int64_t>(rank));
}

Expression rank_expression(std::int64_t rank_of, const std::string &n) {
  return rank_of == kChannels ? "max(1, int(rank_scale * max(c_i, c_o)))" : fmt::format("max(1, round(rank_scale * {}))", n);
}

KeyInfo rank_of_key() {
  return {.name = "rank_of",
          .description = "what rank_scale is a fraction of: the modes, or the larger number of channels, int() (December 2018)",
          .standard = kModes,
          .least = 0,
          .most = 1,
          .choices = {"modes", "channels"}};
}

Resolved flattened_modes(const ConvSite &site, std::int64_t dimensions) {
  if (dimensions == 2) return {.structure = {site.out_channels(), site.in_channels()}, .refusal = {}};
  const std::int64_t elements = checked_mul(site.out_channels(), site.in_channels());
  Resolved out{.structure = dimensionize(elements, dimensions), .refusal = {}};
  std::int64_t product = 1;
  for (std::int64_t mode : out.structure) product = checked_mul(product, mode);
  if (product != elements)
    out.refusal =
        Refusal{"dimensions",
                fmt::format("the {} modes of {} numbers, each {}, do not multiply to them; another number of dimensions "
                            "would be accepted",
                            dimensions, elements, out.structure[0]),
                false};
  return out;
}

Resolved paired_modes(const ConvSite &site, std::int64_t dimensions) {
  Resolved out;
  for (const std::int64_t channels : {site.out_channels(), site.in_channels()}) {
    const std::vector<std::int64_t> modes = dimensionize(channels, dimensions);
    std::int64_t product = 1;
    for (const std::int64_t mode : modes) product = checked_mul(product, mode);
    if (product != channels)
      return {.structure = {},
              .refusal = Refusal{"dimensions",
                                 fmt::format("the {} modes of {} channels, each {}, do not multiply to them; another number of "
                                             "dimensions would be accepted",
                                             dimensions, channels, modes[0]),
                                 false}};
    out.structure.insert(out.structure.end(), modes.begin(), modes.end());
  }
  return out;
}

std::vector<Definition> paired_mode_definitions(std::int64_t dimensions) {
  std::vector<Definition> out;
  for (const auto &[symbol, channels] : {std::pair{"m", "c_o"}, {"n", "c_i"}})
    for (std::int64_t k = 1; k <= dimensions; ++k)
      out.push_back({indexed(symbol, k), fmt::format("mode({}, {}, {})", k, dimensions, channels)});
  return out;
}

std::int64_t most_train_rank(std::span<const std::int64_t> modes, std::size_t k) {
  std::int64_t left = 1;
  std::int64_t right = 1;
  for (std::size_t j = 0; j < modes.size(); ++j) (j <= k ? left : right) = checked_mul(j <= k ? left : right, modes[j]);
  return std::min(left, right);
}

std::int64_t train_freedom(std::span<const std::int64_t> modes, std::span<const std::int64_t> ranks) {
  const std::size_t d = modes.size();
  std::vector<std::int64_t> r(d + 1, 1); // r_0 ... r_d
  for (std::size_t k = 1; k < d; ++k) r[k] = ranks[k - 1];
  // Reduced to what the unfoldings can have: r_k <= min(r_{k-1} n_k, n_{k+1} r_{k+1}), swept both ways.
  for (std::size_t k = 1; k < d; ++k) r[k] = std::min(r[k], checked_mul(r[k - 1], modes[k - 1]));
  for (std::size_t k = d - 1; k >= 1; --k) r[k] = std::min(r[k], checked_mul(modes[k], r[k + 1]));
  std::int64_t out = 0;
  for (std::size_t k = 0; k < d; ++k) out = checked_add(out, checked_mul(r[k], modes[k], r[k + 1]));
  for (std::size_t k = 1; k < d; ++k) out -= r[k] * r[k];
  return out;
}

Expression train_numbers(std::span<const Expression> modes, std::string_view rank) {
  const auto d = static_cast<std::int64_t>(modes.size());
  Expression out;
  for (std::int64_t k = 1; k <= d; ++k)
    out += (k > 1 ? fmt::format(" + {} * ", indexed(rank, k - 1)) : "") + modes[static_cast<std::size_t>(k - 1)] +
           (k < d ? fmt::format(" * {}", indexed(rank, k)) : "");
  return out;
}

Expression train_freedom_expression(std::vector<Definition> &definitions, std::span<const Expression> modes) {
  const auto d = static_cast<std::int64_t>(modes.size());
  const auto mode = [&](std::int64_t k) { return modes[static_cast<std::size_t>(k - 1)]; };
  // Ranks that the unfoldings can have, swept from the left (a) and back (f).
  for (std::int64_t k = 1; k < d; ++k)
    definitions.push_back(
        {indexed("a", k), fmt::format("min(r_{}, {}{})", k, k > 1 ? fmt::format("a_{} * ", k - 1) : "", mode(k))});
  for (std::int64_t k = d - 1; k >= 1; --k)
    definitions.push_back(
        {indexed("f", k), fmt::format("min(a_{}, {}{})", k, mode(k + 1), k + 1 < d ? fmt::format(" * f_{}", k + 1) : "")});
  Expression out = train_numbers(modes, "f");
  for (std::int64_t k = 1; k < d; ++k) out += fmt::format(" - f_{} * f_{}", k, k);
  return out;
}

KeyInfo dimensions_key() {
  return {.name = "dimensions",
          .description = "dimensions that the flattened [c_o, c_i] weight is given (2 keeps the matrix)",
          .standard = 3,
          .least = 2,
          .most = static_cast<std::int64_t>(Extents::kMaxRank),
          .choices = {}};
}

std::string indexed(std::string_view symbol, std::int64_t index) { return fmt::format("{}_{}", symbol, index); }

Expression list_of(std::string_view symbol, std::int64_t first, std::int64_t last) {
  Expression out;
  for (std::int64_t j = first; j <= last; ++j) out += (out.empty() ? "" : ", ") + indexed(symbol, j);
  return out;
}

void set_contraction(ClosedForm &form, std::string_view kind, const Expression &numbers) {
  form.mult_adds = fmt::format("S * (D + {}_contraction(c_o, c_i, {}))", kind, numbers);
  form.per_batch = fmt::format("{}_merges(c_o, c_i, {})", kind, numbers);
}

Expression product(std::string_view symbol, std::int64_t first, std::int64_t last) {
  Expression out;
  for (std::int64_t j = first; j <= last; ++j) out += (out.empty() ? "" : " * ") + indexed(symbol, j);
  return out;
}

std::vector<Definition> mode_definitions(std::int64_t dimensions) {
  if (dimensions == 2) return {{"n_1", "c_o"}, {"n_2", "c_i"}};
  std::vector<Definition> out;
  for (std::int64_t k = 1; k <= dimensions; ++k)
    out.push_back({indexed("n", k), fmt::format("mode({}, {}, c_o * c_i)", k, dimensions)});
  return out;
}

namespace hashing {

std::vector<KeyInfo> keys() {
  return {{.name = "divisor",
           .description = "values = numbers // divisor instead of int(numbers x ratio); 0: not used",
           .standard = 0,
           .least = 0,
           .most = std::int64_t{1} << 40,
           .choices = {},
           .sets_knob = true},
          {.name = "index",
           .description = "all: every value is drawn; reference: the last one never is, as in the 2019 code",
           .standard = kAll,
           .least = 0,
           .most = 1,
           .choices = {"all", "reference"}},
          {.name = "sign",
           .description = "a random sign for each weight (HashedNets, equation 7)",
           .standard = 0,
           .least = 0,
           .most = 1,
           .choices = {"no", "yes"}},
          {.name = "bias",
           .description = "a bias, whether or not the convolution had one",
           .standard = 1,
           .least = 0,
           .most = 1,
           .choices = {"no", "yes"}}};
}

NumbersInfo numbers(std::string_view description) {
  return {.name = "values", .description = description, .are_distinct = true};
}

NumberRanges values_range(std::int64_t most, const Settings &settings) {
  if (auto refusal = check_values(most, most, settings, "K")) {
    refusal->field = "values";
    return {.ranges = {}, .refusal = std::move(refusal)};
  }
  return {.ranges = {{least_values(settings), most}}, .refusal = {}};
}

std::optional<Refusal> check_values(std::int64_t values, std::int64_t most, const Settings &settings, std::string_view what) {
  const std::int64_t least = least_values(settings);
  if (values >= least) return std::nullopt;
  const bool divided = settings[kDivisor] > 0;
  return Refusal{
      divided ? "divisor" : "ratio",
      fmt::format("{} = {} must be at least {}{}; {} would be accepted", what, values, least,
                  least == 2 ? " (the reference index never draws the last value)" : "",
                  most < least ? "a convolution with more weights" : (divided ? "a smaller divisor" : "a larger ratio")),
      !divided && most >= least};
}

std::int64_t budget(std::int64_t numbers, const Settings &settings, double ratio) {
  if (settings[kDivisor] > 0) return numbers / settings[kDivisor];
  return static_cast<std::int64_t>(static_cast<double>(numbers) * ratio);
}

Expression budget_expression(const std::string &numbers, const Settings &settings) {
  if (settings[kDivisor] > 0) return fmt::format("({}) // {}", numbers, settings[kDivisor]);
  return fmt::format("int(({}) * ratio)", numbers);
}

NodeId conv(Builder &builder, const std::string &name, NodeId x, const Settings &settings, std::int64_t values,
            const ConvOptions &options, bool bias_decay_scaled) {
  const Shape input = builder.shape(x);
  const Extents extents{options.out_channels, input.channels / options.groups, options.kernel.height, options.kernel.width};
  const std::int64_t numbers = extents.elements();
  const LayerId layer = builder.layer(name, "hashed");
  const Start start = Start::uniform(default_bound(extents)); // the first values of a default weight
  const NodeId value = builder.parameter(layer, "hashed_weight", {values}, start, true);
  const NodeId index = builder.buffer(layer, "idxs", {numbers}, settings[kIndex] == kReference ? values - 1 : values);
  Graph &graph = builder.graph();
  std::vector<NodeId> inputs = {value, index};
  if (settings[kSign] != 0) inputs.push_back(builder.buffer(layer, "signs", {numbers}, 0));
  const NodeId weight = graph.add(layer, Gather{.extents = extents}, inputs, Spelling::kFunction);
  inputs = {x, weight};
  if (settings[kBias] != 0 || options.bias)
    inputs.push_back(builder.parameter(layer, "bias", {options.out_channels}, start, bias_decay_scaled));
  const NodeId node = graph.add(
      layer, Conv{.stride = options.stride, .padding = options.padding, .dilation = options.dilation, .groups = options.groups},
      inputs, Spelling::kFunction);
  // The reference counter forgets the dilation when it computes the output size.
  const auto positions = [](std::int64_t size, std::int64_t kernel, std::int64_t stride, const Sides &padding) {
    return (checked_add(size, padding.sum()) - kernel) / stride + 1;
  };
  const std::int64_t height = positions(input.height, options.kernel.height, options.stride.height, options.padding.vertical);
  const std::int64_t width = positions(input.width, options.kernel.width, options.stride.width, options.padding.horizontal);
  graph.attach(node, Event::kReferenceMac, checked_mul(input.batch, checked_mul(height, width), numbers));
  return node;
}

} // namespace hashing

} // namespace pare::parts

#pragma once

#include "analysis/contraction.hpp"
#include "analysis/substitution.hpp"

#include <span>

namespace pare::parts {

/// Most substitutes put a full depthwise k x k (layer "NAME.grouped", carrying stride, padding and dilation) in front where
/// k > 1, and nothing where k = 1.
NodeId depthwise(Builder &builder, const ConvSite &site, NodeId x);
inline std::int64_t depthwise_weights(const ConvSite &site) {
  return site.pointwise() ? 0 : checked_mul(site.in_channels(), site.kernel.area());
}
/// Options of the map behind it: 1 x 1, with stride and padding of its own only where there is no depthwise.
ConvOptions pointwise(const ConvSite &site, std::int64_t out_channels);
/// Of its dense weight: [c_o, c_i, 1, 1].
Extents pointwise_extents(const ConvSite &site);
Conv pointwise_op(const ConvSite &site);

/// A convolution in `layer` whose weight is computed, with the replaced convolution's own bias ("NAME.bias") if it has one.
/// Counted by the reference counter at `reference_macs`. The bias starts as behind a weight of the extents `bias_behind`, by
/// default the computed one's.
NodeId computed_conv(Builder &builder, const ConvSite &site, LayerId layer, const Conv &conv, NodeId x, NodeId weight,
                     Count reference_macs, std::optional<Extents> bias_behind = {});
/// That bias by itself, behind x, if there is one: it starts as behind a convolution with a weight of these extents.
NodeId with_own_bias(Builder &builder, const ConvSite &site, LayerId layer, NodeId x, const Extents &weight);

/// The same for a dense 1 x 1 with a computed weight [c_o, c_i, 1, 1], which the reference counter counts as what it is.
NodeId computed_pointwise(Builder &builder, const ConvSite &site, LayerId layer, NodeId x, NodeId weight);

/// The pointwise map as a network of tensors, `elements`, in the order of a contraction, without a bias. `layer` is theirs.
/// Counted by the reference counter at `reference_macs`.
NodeId contracted(Builder &builder, const ConvSite &site, LayerId layer, NodeId x, const TensorNetwork &network,
                  const Contraction &contraction, std::span<const NodeId> elements, Count reference_macs);
/// The pointwise map whose flattened weight is `flattened`, contracted; dense where that is as cheap.
NodeId flattened_contraction(Builder &builder, const ConvSite &site, LayerId layer, NodeId x, const FlattenedTensors &flattened,
                             std::span<const NodeId> tensors);

/// A pointwise map whose weight is a network of tensors, `elements`, in an evaluation of its family: factored, the cheapest of
/// `orders`, in each of which x takes in the elements one by one; dense, the elements merged one after the other; or
/// contracted. With the convolution's own bias.
NodeId network_map(Builder &builder, const ConvSite &site, LayerId layer, NodeId x, const TensorNetwork &network,
                   std::span<const NodeId> elements, Evaluation evaluation,
                   std::span<const std::vector<Contraction::Group>> orders);
/// x with zeros behind its channels, so that there are so many; x itself where it has them. And without them again.
NodeId padded_to(Builder &builder, LayerId layer, NodeId x, std::int64_t channels);
NodeId cut_to(Builder &builder, LayerId layer, NodeId x, std::int64_t channels);
/// The weight of a convolution, [c_o, c_i / groups, k_h, k_w], "NAME.weight" in a layer of its own, which starts and decays as
/// a substitute's does.
struct ConvWeight {
  LayerId layer = 0;
  NodeId weight = 0;
};
ConvWeight conv_weight(Builder &builder, const std::string &name, const Extents &extents);
/// The deviation of the normal numbers whose products, of so many of them each, add up in `terms` to a weight of the variance
/// that a default one has.
double product_deviation(const ConvSite &site, double terms, std::size_t factors);

/// The largest divisor of n that is at most `wanted`, which is 1 or more: groups "lowered by 1 until they divide".
std::int64_t divisor_at_most(std::int64_t n, double wanted);

/// One of the ways in which a map can be done: work on activations and, in that order, once per batch.
struct Way {
  Expression macs;
  Expression per_batch;
};
/// A form's mult-adds and work per batch where the cheapest of these is taken; of those that are alike the one with the least
/// work per batch.
void set_cheapest(ClosedForm &form, std::span<const Way> ways);
/// Which of these is that.
std::size_t cheapest_way(std::span<const std::pair<std::int64_t, std::int64_t>> ways);

/// int(scale max(c_i, c_o)), refused where it is 0.
Resolved scaled_rank(const ConvSite &site, double scale);
/// What it can be.
NumberRanges scaled_rank_range(const ConvSite &site);
/// Ranks as a user gives them: one, or several as r_1/r_2.
NumbersInfo rank_numbers(std::string_view description);
NumbersInfo ranks_numbers(std::string_view description);
/// The part of a structure from `first` on, `count` numbers of it.
Numbers part(const Structure &structure, std::size_t first, std::size_t count);

/// Modes of the flattened [c_o, c_i] weight; a weight that has `dimensions` dimensions keeps them. Refused where the
/// modes do not multiply to c_o c_i.
Resolved flattened_modes(const ConvSite &site, std::int64_t dimensions);
KeyInfo dimensions_key();

/// What rank_scale is a fraction of. kModes: each its own, max(1, round(rank_scale n)), n as the family says; kChannels: one
/// for all, max(1, int(rank_scale max(c_i, c_o))), as in the matrix experiments of December 2018. Cut to what the format can
/// use.
enum RankOf : std::int64_t { kModes, kChannels };
KeyInfo rank_of_key();
std::int64_t rank(const ConvSite &site, std::int64_t rank_of, double scale, std::int64_t n);
/// The same as a formula.
Expression rank_expression(std::int64_t rank_of, const std::string &n);
/// Two mode lists, m of c_o and n of c_i, of `dimensions` each, refused where they do not multiply to these.
Resolved paired_modes(const ConvSite &site, std::int64_t dimensions);
/// "m_1" ..., "n_1" ... as definitions, for closed forms.
std::vector<Definition> paired_mode_definitions(std::int64_t dimensions);
/// The largest rank that the unfolding behind mode k, counted from 0, can have.
std::int64_t most_train_rank(std::span<const std::int64_t> modes, std::size_t k);
/// Degrees of freedom of a tensor train of these modes and ranks, r_1 ... r_{d-1}, and the same as definitions, of a_k and f_k,
/// and an expression; `modes` is of each mode what the formula says in its place.
std::int64_t train_freedom(std::span<const std::int64_t> modes, std::span<const std::int64_t> ranks);
Expression train_freedom_expression(std::vector<Definition> &definitions, std::span<const Expression> modes);
/// The numbers of all cores of a tensor train, r_{k-1} n_k r_k, with these symbols of ranks.
Expression train_numbers(std::span<const Expression> modes, std::string_view rank);
/// "n_1" ... as definitions, for closed forms.
std::vector<Definition> mode_definitions(std::int64_t dimensions);
/// "n_2"
std::string indexed(std::string_view symbol, std::int64_t index);
/// "n_1, n_2, n_3"
Expression list_of(std::string_view symbol, std::int64_t first, std::int64_t last);
/// A form's mult-adds and work per batch where it is contracted: by the functions KIND_contraction and KIND_merges of c_o, c_i
/// and the numbers of the flattened weight.
void set_contraction(ClosedForm &form, std::string_view kind, const Expression &numbers);
/// "n_1 * n_2 * n_3"
Expression product(std::string_view symbol, std::int64_t first, std::int64_t last);

/// Hashing, shared by the three hashed families. Keys in this order.
namespace hashing {
enum Key : std::size_t { kDivisor, kIndex, kSign, kBias };
enum Index : std::int64_t { kAll, kReference };
std::vector<KeyInfo> keys();
NumbersInfo numbers(std::string_view description);
/// Values that there can be: `most` at a ratio of 1, refused where these are too few.
NumberRanges values_range(std::int64_t most, const Settings &settings);
/// Those that the index may draw.
inline std::int64_t values_in_use(std::int64_t values, const Settings &settings) {
  return settings[kIndex] == kReference ? values - 1 : values;
}
/// The least that the index draws from.
inline std::int64_t least_values(const Settings &settings) { return settings[kIndex] == kReference ? 2 : 1; }
/// Refused where there would be no values to draw from. `most`: the values at a ratio, or a divisor, of 1.
std::optional<Refusal> check_values(std::int64_t values, std::int64_t most, const Settings &settings, std::string_view what);
/// Values K of a budget: n // divisor where one is set, else int(double(n) * ratio).
std::int64_t budget(std::int64_t numbers, const Settings &settings, double ratio);
Expression budget_expression(const std::string &numbers, const Settings &settings);
/// A convolution with hashed weight: layer `name`, parameters "hashed_weight" [K] and "bias", buffer "idxs".
NodeId conv(Builder &builder, const std::string &name, NodeId x, const Settings &settings, std::int64_t values,
            const ConvOptions &options, bool bias_decay_scaled);
} // namespace hashing

} // namespace pare::parts
